# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab in which a scenario starts again and again from the same state."""

import base64
import dataclasses
import pathlib
import re
import socket

import probes
import scenarios
from gateway import Gateway, Records
from lab import CLIENT, FAR, CommandFailed


@dataclasses.dataclass(frozen=True)
class State:
    """What wggw remembers, and what is on the box."""
    records: Records
    box: dict


@dataclasses.dataclass(frozen=True)
class Lesson:
    """What a scenario comes to where nothing goes wrong."""
    #: The state directory that it starts from.
    saved: dict
    old: State
    new: State
    #: (role, kind, n): the name of that call.
    calls: dict


class Bench:
    def __init__(self, lab):
        self.lab = lab
        self.gateway = Gateway(lab)
        self.bare = self.gateway.look()
        self._bases = {"nothing": {}}
        self._make_bases()
        self._make_client()
        self.prober = probes.Prober(lab, self._probes())
        #: Of what runs since before the case.
        self.standing = []

    # What is made once

    def _make_bases(self):
        for command in scenarios.SITE:
            self.do(*command)
        self._bases["drafted"] = self.gateway.save()
        self.do("apply")
        self._bases["applied"] = self.gateway.save()
        profile = self.lab.wggw("profile", "export").out
        place = pathlib.Path(f"/run/wggw-lab/{self.lab.name}/gateway{scenarios.PROFILE}")
        place.write_text(re.sub(r"(?m)^mtu = \d+", "mtu = 1360", profile))

    def _make_client(self):
        """The guest, by wireguard-go, which sends everything through the tunnel that the probes say."""
        self.lab.connect("guest")
        for address in FAR.values():
            self.lab.run("laptop", "ip", "route", "replace", address, "dev", CLIENT)
        dump = self.lab.run("laptop", "wg", "show", CLIENT, "dump").out.splitlines()[1].split("\t")
        key, preshared = (base64.b64decode(text).hex() for text in dump[:2])
        self._client = (f"set=1\nreplace_peers=true\npublic_key={key}\nprotocol_version=1\n"
                        f"preshared_key={preshared}\nendpoint={dump[2]}\nallowed_ip=0.0.0.0/0\nallowed_ip=::/0\n"
                        "persistent_keepalive_interval=1\n\n").encode()

    def _probes(self):
        probes.prepare(self.lab, scenarios.TUNNELS)
        own = {peer["name"]: peer["addresses"] for peer in self.lab.json("gateway", "wggw", "list", "--json")}
        by_family = lambda addresses: {6 if ":" in address else 4: address for address in addresses}
        gateway = self.lab.tunnel_addresses("gateway", "wg0")
        return probes.probes(self.lab, by_family(own["guest"]), by_family(own["laptop"]), gateway)

    def end(self):
        self.gateway.clear()
        self.prober.end()

    # What is done each time

    def do(self, *command):
        """A command of the preparation, which has to succeed."""
        ended = self.gateway.run(*command)
        if ended.code:
            raise CommandFailed(f"wggw {' '.join(command)}: status {ended.code}: {ended.said}\n{ended.hung}")

    def call_on(self):
        """The guest forgets its session and makes a new one at once, as after a long silence."""
        path = f"/run/wggw-lab/{self.lab.name}/laptop/run/wireguard/{CLIENT}.sock"
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(path)
            control.sendall(self._client)
            answer = control.recv(100)
        if b"errno=0" not in answer:
            raise CommandFailed(f"the client says {answer}")

    def state(self):
        return State(self.gateway.records(), self.gateway.look())

    def start(self, scenario, saved):
        """To where a scenario starts. What then runs is under a filter, in `standing`."""
        self.gateway.clear()
        self.gateway.restore(saved)
        self.standing = []
        if self.gateway.records().is_up:
            self._stand("up", names={"datapath": "running"})
        for command in scenario.live:
            self._stand(*command, names={"datapath": "running"})

    def _stand(self, *command, names):
        ended, watch = self.gateway.run_supervised(*command, names={**names, "command": "before"})
        if ended.code:
            raise CommandFailed(f"wggw {' '.join(command)}: status {ended.code}: {ended.said}\n{ended.hung}")
        self.standing.append(watch)

    def learn(self, scenario):
        """Goes through a scenario unharmed."""
        self.gateway.clear()
        self.gateway.restore(self._bases[scenario.base])
        # Drafts need no tunnel.
        if scenario.base == "applied" and scenario.touches_box:
            self.do("up")
        for command in scenario.prepare:
            self.do(*command)
        saved = self.gateway.save()
        self.start(scenario, saved)
        old = self.state()
        for watch in self.standing:
            watch.arm(record=True)
        if scenario.is_guard:
            self.gateway.set_deadline(0)
            if not self.gateway.settles(lambda: self.gateway.records().pending is None and self.gateway.records().is_settled):
                raise CommandFailed(f"the guard does nothing\n{self.gateway.report()}")
            watches = self.standing
        else:
            ended, watch = self.gateway.run_supervised(*scenario.command, armed=(None, None, True))
            if ended.code:
                raise CommandFailed(f"wggw {' '.join(scenario.command)}: status {ended.code}: {ended.said}\n{ended.hung}")
            watches = [*self.standing, watch]
        seen = {}
        for watch in watches:
            watch.disarm()
            seen.update(watch.seen)
        return Lesson(saved, old, self.state(), seen)

