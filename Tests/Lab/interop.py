# SPDX-License-Identifier: GPL-3.0-or-later
"""wggw's datapath and the kernel's WireGuard on the two ends of one cable, each in either role."""

import os
import re
import subprocess
import time

from lab import PATIENCE, ROOT, CommandFailed, eventually
from peers import BULK
from traffic import ECHO_SESSION

#: The ends, by what runs there.
ENDS = ("built-in", "kernel")
OTHER = dict(zip(ENDS, reversed(ENDS)))
#: Seconds after which the initiator has to ask for new keys (whitepaper 6.2), and some more.
REKEY = 120 + 6
#: There and back on each of the two connections: together they share the time until the rekey.
MEGABYTES = (100 if PATIENCE <= 1 else 40, 20)


class Cable:
    """Two network namespaces, one per end, with a cable between them."""

    def __init__(self):
        self.names = {end: f"wggw-test-{os.getpid()}-{end}" for end in ENDS}
        self.number = {end: i + 1 for i, end in enumerate(ENDS)}
        self.processes = []

    def __enter__(self):
        for end, name in self.names.items():
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "cable", "netns", self.names["built-in"], "type", "veth",
            "peer", "name", "cable", "netns", self.names["kernel"])
        for end in ENDS:
            settings = ["link set lo up", "link set cable up",
                        *(f"address add {self.outside(end, version, home)}/{24 if version == 4 else 64} dev cable"
                          + (" nodad" if version == 6 else "") for version, home in ((4, 1), (4, 2), (6, 1)))]
            run("ip", "-n", self.names[end], "-batch", "-", stdin="\n".join(settings) + "\n")
            self.on(end, "nft", "-f", "-", stdin=COUNTERS)
            self.start(end, "/usr/bin/env", "python3", "-I", str(ROOT / "scripts/lab-services.py"), end).stdout.readline()
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.communicate()
        for name in self.names.values():
            # With it go the interfaces, and with them the datapaths.
            run("ip", "netns", "delete", name)

    def outside(self, end, version, home=1):
        """The address of an end's network card; each has two homes."""
        return f"192.0.2.{home}{self.number[end]}" if version == 4 else f"2001:db8::{home}{self.number[end]}"

    def on(self, end, *command, **options):
        return run("ip", "netns", "exec", self.names[end], *command, **options)

    def start(self, end, *command):
        process = subprocess.Popen(["ip", "netns", "exec", self.names[end], *command], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.processes.append(process)
        return process

    def messages(self, end):
        """How many handshake messages came in at an end, {"initiations": …, "responses": …} by UDP port."""
        text = self.on(end, "nft", "list", "counters").out
        return {name: int(count) for name, count in re.findall(r"counter (\w+) \{\s*packets (\d+)", text)}


class Tunnel:
    """An interface at each end of the cable, with keys and a preshared key; nobody knows an endpoint yet."""

    def __init__(self, cable, number):
        self.cable, self.number, self.port = cable, number, 51820 + number
        self.interface = {end: f"{end[0]}w{os.getpid()}-{number}"[-15:] for end in ENDS}
        private = {end: run("wg", "genkey").out for end in ENDS}
        self.key = {end: run("wg", "pubkey", stdin=private[end]).out.strip() for end in ENDS}
        self.preshared = run("wg", "genpsk").out
        cable.on("built-in", os.environ["WGGW_BIN"], "datapath", self.interface["built-in"])
        cable.on("kernel", "ip", "link", "add", self.interface["kernel"], "type", "wireguard")
        for end in ENDS:
            self.wg(end, "listen-port", str(self.port), "private-key", "/dev/stdin", stdin=private[end])
            settings = [f"link set {self.interface[end]} mtu 1420 up",
                        *(f"address add {self.inside(end, version)}/{24 if version == 4 else 64} dev {self.interface[end]}"
                          for version in (4, 6))]
            run("ip", "-n", cable.names[end], "-batch", "-", stdin="\n".join(settings) + "\n")

    def inside(self, end, version):
        last = self.cable.number[end]
        return f"10.9.{self.number}.{last}" if version == 4 else f"fd09:{self.number}::{last}"

    def wg(self, end, *settings, stdin=None):
        return self.cable.on(end, "wg", "set", self.interface[end], *settings, stdin=stdin)

    def show(self, end, what):
        return self.cable.on(end, "wg", "show", self.interface[end], what).out.split()[1:]

    def begin(self, initiator, version):
        """Both ends as new to each other; only the initiator knows where the other one is."""
        for end in ENDS:
            other = OTHER[end]
            self.wg(end, "peer", self.key[other], "remove")
            self.wg(end, "peer", self.key[other], "preshared-key", "/dev/stdin", "allowed-ips",
                    f"{self.inside(other, 4)}/32,{self.inside(other, 6)}/128", stdin=self.preshared)
        self.dial(initiator, version)

    def dial(self, end, version, home=1):
        host = self.cable.outside(OTHER[end], version, home)
        self.wg(end, "peer", self.key[OTHER[end]], "endpoint", f"[{host}]:{self.port}" if version == 6 else f"{host}:{self.port}")

    def pings(self, end, version, seconds=3):
        return self.cable.on(end, "ping", "-n", "-c", "1", "-w", str(int(seconds * PATIENCE)), self.inside(OTHER[end], version),
                             check=False).code == 0

    def handshake(self, end):
        """Seconds since the epoch."""
        return int(self.show(end, "latest-handshakes")[0])


def interoperation(checks):
    with Cable() as cable:
        # The two that wait for new keys go first; the wait is filled with the rest.
        waiting = [Rekeying(checks, Tunnel(cable, number), initiator, version)
                   for number, (initiator, version) in enumerate(zip(ENDS, (4, 6)), 1)]
        tunnel = Tunnel(cable, 3)
        for initiator in ENDS:
            for version in (4, 6):
                handshake(checks, cable, tunnel, initiator, version)
        wrong_preshared_key(checks, tunnel)
        for end in ENDS:
            roaming(checks, cable, tunnel, end)
        for rekeying, megabytes in zip(waiting, MEGABYTES):
            rekeying.bulk(megabytes)
        for rekeying in waiting:
            rekeying.end()


def handshake(checks, cable, tunnel, initiator, version):
    what = f"{initiator} initiates over IPv{version}"
    before = {end: cable.messages(end) for end in ENDS}
    tunnel.begin(initiator, version)
    for inside in (4, 6):
        checks.check(f"{what}: IPv{inside} goes through", tunnel.pings(initiator, inside))
        checks.check(f"{what}: and from the other end", tunnel.pings(OTHER[initiator], inside))
    came = {end: {name: count - before[end][name] for name, count in cable.messages(end).items()} for end in ENDS}
    # The tunnels that wait for new keys have had their handshakes before.
    checks.equal(f"{what}: one initiation, one response, of its own", came,
                 {initiator: {"initiations": 0, "responses": 1}, OTHER[initiator]: {"initiations": 1, "responses": 0}})
    home = cable.outside(initiator, version)
    checks.equal(f"{what}: the responder learns the endpoint", tunnel.show(OTHER[initiator], "endpoints"),
                 [f"[{home}]:{tunnel.port}" if version == 6 else f"{home}:{tunnel.port}"])


def wrong_preshared_key(checks, tunnel):
    for initiator in ENDS:
        tunnel.begin(initiator, 4)
        tunnel.wg(OTHER[initiator], "peer", tunnel.key[initiator], "preshared-key", "/dev/stdin", stdin=run("wg", "genpsk").out)
        checks.check(f"{initiator} initiates with another preshared key: nothing goes through",
                     not tunnel.pings(initiator, 4, seconds=1 / PATIENCE))
        checks.equal(f"{initiator} initiates with another preshared key: no handshake", tunnel.handshake(initiator), 0)


def roaming(checks, cable, tunnel, end):
    """An end gets another port, another address and another family under a TCP connection."""
    other = OTHER[end]
    tunnel.begin(end, 4)
    session = cable.start(end, "/usr/bin/env", "python3", "-Ic", ECHO_SESSION, tunnel.inside(other, 4))
    checks.equal(f"{end} roams: a TCP connection is open", session.stdout.readline().strip(), "open")
    seen = lambda: tunnel.show(other, "endpoints")[0]
    tunnel.wg(end, "listen-port", "40404")
    checks.check(f"{end} roams to another port", eventually(lambda: seen().endswith(":40404"), 10), seen())
    first, second = cable.outside(end, 4), cable.outside(end, 4, home=2)
    cable.on(end, "ip", "route", "replace", "192.0.2.0/24", "dev", "cable", "src", second)
    cable.on(end, "ip", "address", "delete", f"{first}/24", "dev", "cable")
    # A secondary address goes with the first, unless the kernel was told otherwise.
    cable.on(end, "ip", "address", "replace", f"{second}/24", "dev", "cable")
    checks.check(f"{end} roams to another address", eventually(lambda: seen() == f"{second}:40404", 10), seen())

    def is_at_ipv6():
        # Again and again: a packet that was on its way brings the old endpoint back.
        tunnel.dial(end, 6)
        return seen() == f"[{cable.outside(end, 6)}]:40404"

    checks.check(f"{end} roams to IPv6", eventually(is_at_ipv6, 10), seen())
    out = session.communicate("end\n", timeout=60 * PATIENCE)[0].split()
    checks.check(f"{end} roams: the TCP connection lived on", out[:1] == ["echoed"] and int(out[1]) > 10, out)
    cable.on(end, "ip", "address", "replace", f"{first}/24", "dev", "cable")
    tunnel.wg(end, "listen-port", str(tunnel.port))


class Rekeying:
    """A tunnel under a steady trickle, until its initiator has had to ask for new keys."""

    def __init__(self, checks, tunnel, initiator, version):
        self.checks, self.tunnel, self.initiator, self.version = checks, tunnel, initiator, version
        self.what = f"{initiator} initiates over IPv{version}, for {REKEY} s"
        tunnel.begin(initiator, version)
        self.trickle = tunnel.cable.start(initiator, "/usr/bin/env", "python3", "-Ic", ECHO_SESSION,
                                          tunnel.inside(OTHER[initiator], 4), "0.1")
        checks.equal(f"{self.what}: a TCP connection is open", self.trickle.stdout.readline().strip(), "open")
        self.begun = time.monotonic()
        self.first = {end: tunnel.handshake(end) for end in ENDS}

    def bulk(self, megabytes):
        begun = time.monotonic()
        done = self.tunnel.cable.on(self.initiator, "/usr/bin/env", "python3", "-Ic", BULK,
                                    self.tunnel.inside(OTHER[self.initiator], 6), str(megabytes), check=False)
        seconds = time.monotonic() - begun
        self.checks.check(f"{self.what}: {megabytes} MB each way on one TCP connection are equal "
                          f"({seconds:.0f} s, {megabytes / seconds:.1f} MB/s each way)", "equal" in done.out, done.out + done.err)

    def end(self):
        time.sleep(max(0, self.begun + REKEY - time.monotonic()))
        now = lambda: {end: self.tunnel.handshake(end) for end in ENDS}
        self.checks.check(f"{self.what}: both ends have new keys",
                          eventually(lambda: all(now()[end] >= self.first[end] + 119 for end in ENDS), 10), (self.first, now()))
        out = self.trickle.communicate("end\n", timeout=60 * PATIENCE)[0].split()
        self.checks.check(f"{self.what}: the TCP connection lived through it ({' '.join(out[2:])} ms)",
                          out[:1] == ["echoed"] and int(out[1]) > 100, out)


def run(*command, check=True, stdin=None, limit=600):
    """Runs to the end; `.code`, `.out`, `.err`. Raises `CommandFailed` on another status than 0 unless told not to."""
    done = subprocess.run(command, capture_output=True, text=True, input=stdin or "", timeout=limit)
    if check and done.returncode:
        raise CommandFailed(f"{' '.join(command)}: status {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    done.code, done.out, done.err = done.returncode, done.stdout, done.stderr
    return done


#: By the third tunnel's port: message types 1 and 2 with their reserved bytes.
COUNTERS = """
table inet wire {
    counter initiations { }
    counter responses { }
    chain input {
        type filter hook input priority 0;
        udp dport 51823 @th,64,32 0x01000000 counter name initiations
        udp dport 51823 @th,64,32 0x02000000 counter name responses
    }
}
"""
