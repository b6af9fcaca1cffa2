# SPDX-License-Identifier: GPL-3.0-or-later
"""What WireGuard says of itself: `wggw log` names peers, whoever carries the packets, and leaves nothing switched on."""

import json
import pathlib
import signal

from lab import SERVER, eventually

CONTROL = pathlib.Path("/proc/dynamic_debug/control")
#: What a first handshake consists of at the side that answers, on every backend.
HANDSHAKE = ["receiving-initiation", "sending-response", "keypair-created", "receiving-keepalive"]


class Reader:
    """A `wggw log` that runs on the gateway, and what it has written so far."""

    def __init__(self, lab, *arguments):
        self.lab = lab
        self.path = f"/run/wggw/log.{len(arguments)}.{id(self)}"
        lab.run("gateway", "mkdir", "-p", "/run/wggw")
        self.process = lab.start("gateway", "sh", "-c", 'exec wggw log "$@" >"$0" 2>&1', self.path, *arguments)

    def lines(self):
        return self.lab.run("gateway", "cat", self.path, check=False).out.splitlines()

    def end(self, how):
        """Signals it, and returns how it ended."""
        self.process.send_signal(how)
        return self.process.wait(20)


def speaks():
    """Which of the kernel's lines about WireGuard are switched on."""
    lines = CONTROL.read_text().splitlines() if CONTROL.exists() else []
    return [line for line in lines if "[wireguard]" in line and "p" in line.split(" ")[2]]


def log(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    before = speaks()
    text, objects = Reader(lab), Reader(lab, "--json", "laptop")
    ready = (lambda: len(speaks()) > len(before)) if lab.datapath == "kernel" else (lambda: readers(lab) == 2)
    checks.check("two readers listen", eventually(ready, 10))
    lab.connect()
    lab.pings("laptop", SERVER[4])

    def events():
        return [json.loads(line) for line in objects.lines()]

    eventually(lambda: set(HANDSHAKE) <= {event["event"] for event in events()}, 20)
    seen = [event["event"] for event in events()]
    checks.equal("a handshake is told in the order in which it happens",
                 [event for event in seen if event in HANDSHAKE][:3], HANDSHAKE[:3])
    checks.check("and the keepalive that confirms it", "receiving-keepalive" in seen, seen)
    checks.check("always with the peer's name", events() and all(event["peer"] == "laptop" for event in events()), events())
    lines = [line.split("  ") for line in text.lines()]
    checks.check("the same as text", any(
        len(line) >= 3 and line[1] == "laptop" and line[-1].startswith("Receiving handshake initiation (") for line in lines), lines)
    checks.equal("Ctrl-C ends it well", text.end(signal.SIGINT), 0)
    checks.check("the other one goes on", lab.datapath != "kernel" or len(speaks()) > len(before), speaks())
    objects.end(signal.SIGKILL)
    checks.check("nothing is left on after SIGKILL", eventually(lambda: speaks() == before, 10), speaks())
    if lab.datapath == "userspace":
        remembered = [json.loads(line) for line in lab.wggw("log", "--since-start", "--no-follow", "--json").out.splitlines()]
        checks.check("what was before is remembered",
                     set(HANDSHAKE) <= {event["event"] for event in remembered if event["peer"] == "laptop"}, remembered)


def readers(lab):
    """How many connections the datapath's event socket has."""
    # By the name under which it was bound, before it was renamed.
    return sum("ESTAB" in line and "/wg0.events" in line for line in lab.run("gateway", "ss", "-xH").out.splitlines())
