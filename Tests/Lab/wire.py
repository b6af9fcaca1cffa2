# SPDX-License-Identifier: GPL-3.0-or-later
"""A WireGuard by itself, beside Debian's wireguard-go: what `wg` sets and shows, and what can be seen on the wire.

The same checks hold for the built-in datapath and for the kernel's: nobody shall be able to tell them apart. Beside the
kernel's stands another of the kernel's, since wireguard-go refuses to run where there is one."""

import re
import time

from lab import PATIENCE, SERVER, eventually
from peers import BULK

#: The one that is looked at is on the gateway, the other on the LAN host.
HERE = {4: "192.168.1.127", 6: "2001:db8:1::127"}
SECOND = "192.168.1.201"
INSIDE = {"gateway": ("10.70.0.1", "fd70::1"), "server": ("10.70.0.2", "fd70::2")}
PORT = 7000
TUNNEL = "wt0"


class Wire:
    """Two WireGuard interfaces, keys set, each other's peer, the far one with an endpoint."""

    def __init__(self, lab, psk=True):
        self.lab = lab
        if lab.datapath == "kernel":
            for host in INSIDE:
                lab.run(host, "ip", "link", "add", TUNNEL, "type", "wireguard")
        else:
            self.here("wggw", "datapath", TUNNEL)
            self.there("wireguard-go", TUNNEL)
        for host in INSIDE:
            lab.at_reset(host, "ip", "link", "delete", TUNNEL)
        self.private = {host: lab.run(host, "wg", "genkey").out.strip() for host in INSIDE}
        self.public = {host: lab.run(host, "wg", "pubkey", stdin=key).out.strip() for host, key in self.private.items()}
        self.psk = lab.run("server", "wg", "genpsk").out.strip() if psk else None
        for host, other in (("gateway", "server"), ("server", "gateway")):
            self.secret(host, "private-key", self.private[host])
            lab.run(host, "wg", "set", TUNNEL, "listen-port", PORT, "peer", self.public[other], "allowed-ips",
                    ",".join(self.hosts(other)))
            if psk:
                self.secret(host, "peer", self.public[other], "preshared-key", self.psk)
            for inner, length in zip(INSIDE[host], (24, 64)):
                lab.run(host, "ip", "address", "add", f"{inner}/{length}", "dev", TUNNEL)
            lab.run(host, "ip", "link", "set", TUNNEL, "mtu", 1420, "up")
        self.dial("server", HERE[4])

    def here(self, *command, **options):
        return self.lab.run("gateway", *command, **options)

    def there(self, *command, **options):
        return self.lab.run("server", *command, **options)

    def hosts(self, host):
        return [f"{INSIDE[host][0]}/32", f"{INSIDE[host][1]}/128"]

    def secret(self, host, *words):
        """`wg set` with a key that it reads from its input."""
        *words, key = words
        self.lab.run(host, "wg", "set", TUNNEL, *words, "/dev/stdin", stdin=key)

    def dial(self, host, address, port=PORT):
        """Lets a host send to an address from now on."""
        other = self.public["gateway" if host == "server" else "server"]
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        self.lab.run(host, "wg", "set", TUNNEL, "peer", other, "endpoint", target)

    def show(self, host, what):
        """The one value that `wg show INTERFACE WHAT` prints for the other."""
        other = self.public["gateway" if host == "server" else "server"]
        lines = self.lab.run(host, "wg", "show", TUNNEL, what).out.splitlines()
        return next((line.split("\t", 1)[1] for line in lines if line.startswith(other)), None)

    def pings(self, *options, host="server", address=None, seconds=3):
        other = INSIDE["gateway" if host == "server" else "server"]
        return self.lab.pings(host, address or other[0], *options, seconds=seconds)

    def is_silent(self, *options, host="server"):
        return self.lab.is_silent(host, INSIDE["gateway" if host == "server" else "server"][0], *options)

    def carries(self, megabytes=3):
        """Whether so much comes back equal through an echo behind the tunnel, and how long that took in seconds."""
        start = time.monotonic()
        done = self.here("/usr/bin/env", "python3", "-Ic", BULK, INSIDE["server"][0], megabytes, check=False, limit=60)
        return "equal" in done.out, time.monotonic() - start, done.out + done.err

    def count(self, host, *rules):
        """Counters on what comes in from outside, one per condition in nft's words."""
        lines = "".join(f"add rule inet seen input {rule} counter\n" for rule in rules)
        self.lab.run(host, "nft", "-f", "-", stdin="add table inet seen\ndelete table inet seen\nadd table inet seen\n"
                     "add chain inet seen input { type filter hook input priority -10; }\n" + lines)

    def counted(self, host):
        """Packets per condition, in the order of `count`."""
        listing = self.lab.run(host, "nft", "list", "table", "inet", "seen").out
        return [int(packets) for packets in re.findall(r"counter packets (\d+)", listing)]


def subcommands(lab, checks):
    """Unmodified `wg` in all that it can ask and set."""
    wire = Wire(lab)
    checks.check("it answers as responder", wire.pings())
    checks.check("IPv6 goes through as well", wire.pings(address=INSIDE["gateway"][1]))
    now = time.time()
    handshake = int(wire.show("gateway", "latest-handshakes"))
    checks.check("the handshake's time is in the epoch", abs(handshake - now) < 60 * 5, (handshake, now))
    dump = wire.here("wg", "show", TUNNEL, "dump").out.splitlines()
    checks.equal("dump: the interface", dump[0].split("\t"),
                 [wire.private["gateway"], wire.public["gateway"], str(PORT), "off"])
    checks.equal("dump: the peer", dump[1].split("\t")[:4],
                 [wire.public["server"], wire.psk, f"{SERVER[4]}:{PORT}", ",".join(wire.hosts("server"))])
    received, sent = map(int, wire.show("gateway", "transfer").split())
    checks.check("bytes are counted both ways", received >= 2 * 148 and sent >= 92, (received, sent))
    configuration = wire.here("wg", "showconf", TUNNEL).out
    # What a client restores must not cut what goes on.
    wire.here("wg", "syncconf", TUNNEL, "/dev/stdin", stdin=configuration)
    checks.equal("syncconf of the same keeps the session", int(wire.show("gateway", "latest-handshakes")), handshake)
    checks.check("and packets go on", wire.pings("-c", "3", "-i", "0.1"))
    checks.equal("without another handshake", int(wire.show("server", "latest-handshakes")), handshake)
    wire.here("wg", "addconf", TUNNEL, "/dev/stdin",
              stdin=f"[Peer]\nPublicKey = {wire.private['server']}\nAllowedIPs = 10.71.0.0/16\n")
    checks.equal("addconf adds a peer", len(wire.here("wg", "show", TUNNEL, "peers").out.split()), 2)
    wire.here("wg", "set", TUNNEL, "peer", wire.private["server"], "allowed-ips", f"{INSIDE['server'][0]}/32",
              "persistent-keepalive", "21")
    checks.equal("an allowed IP that goes to another peer leaves the first", wire.show("gateway", "allowed-ips"),
                 f"{INSIDE['server'][1]}/128")
    checks.check("and with it its packets", wire.is_silent())
    wire.here("wg", "set", TUNNEL, "peer", wire.private["server"], "remove")
    wire.here("wg", "setconf", TUNNEL, "/dev/stdin", stdin=configuration)
    checks.equal("setconf brings all back", wire.show("gateway", "allowed-ips"), " ".join(wire.hosts("server")))
    wire.here("wg", "set", TUNNEL, "peer", wire.public["gateway"], "allowed-ips", "10.72.0.0/16")
    checks.check("its own key is no peer", wire.public["gateway"] not in wire.here("wg", "show", TUNNEL, "peers").out)
    done = wire.here("wg", "set", TUNNEL, "peer", "nonsense", check=False)
    checks.check("nonsense is refused", done.code != 0, done.out)
    checks.check("the LAN host is reached as initiator too", wire.pings(host="gateway", seconds=7))
    new = wire.here("wg", "genkey").out.strip()
    wire.secret("gateway", "private-key", new)
    wire.public["gateway"] = wire.here("wg", "show", TUNNEL, "public-key").out.strip()
    checks.check("a new private key keeps the peer", wire.show("gateway", "allowed-ips"))
    wire.there("wg", "set", TUNNEL, "peer", wire.public["gateway"], "endpoint", f"{HERE[4]}:{PORT}", "allowed-ips",
               ",".join(wire.hosts("gateway")))
    wire.secret("server", "peer", wire.public["gateway"], "preshared-key", wire.psk)
    checks.check("and works with the new key, by a new handshake", wire.pings(seconds=7))


def outside(lab, checks):
    """Addresses on the outside: asked at the second one, moved to IPv6 and back, gone."""
    wire = Wire(lab)
    wire.here("ip", "address", "add", f"{SECOND}/24", "dev", "eth0")
    wire.dial("server", SECOND)
    checks.check("a second address answers", wire.pings())
    equal, _, seen = wire.carries()
    checks.check("and carries megabytes both ways", equal, seen)
    checks.equal("all of them from where it was asked", wire.show("server", "endpoints"), f"{SECOND}:{PORT}")
    for version in (6, 4, 6):
        wire.dial("server", HERE[version])
        checks.check(f"the other dials IPv{version}: it answers there", wire.pings())
        endpoint = f"[{SERVER[6]}]:{PORT}" if version == 6 else f"{SERVER[4]}:{PORT}"
        checks.equal("and has moved to it, whole", wire.show("gateway", "endpoints"), endpoint)
    equal, _, seen = wire.carries()
    checks.check("IPv6 outside carries megabytes", equal, seen)
    wire.dial("server", SECOND)
    checks.check("back at the second address", wire.pings())
    wire.here("ip", "address", "delete", f"{SECOND}/24", "dev", "eth0")
    checks.check("that address is gone: it goes on from another", wire.pings("-c", "2", host="gateway"))
    checks.equal("which the other learns", wire.show("server", "endpoints"), f"{HERE[4]}:{PORT}")


def settings(lab, checks):
    """What is changed under a session: port, mark, MTU, down and up, a path that takes less than the interface."""
    wire = Wire(lab)
    checks.check("it works", wire.pings())
    wire.here("wg", "set", TUNNEL, "listen-port", PORT + 1)
    checks.check("another port: it goes on from there", wire.pings(host="gateway"))
    checks.equal("and the other learns it", wire.show("server", "endpoints"), f"{HERE[4]}:{PORT + 1}")
    wire.here("nft", "-f", "-", stdin="add table inet marked\n"
              "add chain inet marked output { type filter hook output priority 0; }\n"
              "add rule inet marked output meta mark 0x77 udp sport 7001 counter\n")
    wire.here("wg", "set", TUNNEL, "fwmark", "0x77")
    checks.check("with a mark it works", wire.pings(host="gateway"))
    marked = wire.here("nft", "list", "table", "inet", "marked").out
    checks.check("and its packets bear it", not re.search(r"packets 0 ", marked), marked)
    wire.here("wg", "set", TUNNEL, "fwmark", "off")
    wire.here("ip", "link", "set", TUNNEL, "mtu", 1280)
    equal, _, seen = wire.carries(1)
    checks.check("a smaller MTU of the interface is followed", equal, seen)
    wire.here("ip", "link", "set", TUNNEL, "mtu", 1420)
    wire.here("ip", "link", "set", TUNNEL, "down")
    checks.check("down: nobody answers", wire.is_silent())
    wire.here("ip", "link", "set", TUNNEL, "up")
    checks.check("up again: a new session", wire.pings(host="gateway", seconds=7))
    checks.check("both ways", wire.pings(seconds=7))
    _, before, _ = wire.carries(4)
    wire.here("ip", "route", "add", f"{SERVER[4]}/32", "dev", "eth0", "mtu", "1300")
    lab.at_reset("gateway", "ip", "route", "delete", f"{SERVER[4]}/32", "dev", "eth0")
    equal, after, seen = wire.carries(4)
    checks.check("a path of 1300 outside still carries", equal, seen)
    # The fault that others have here is TCP at 1 Mbit/s: half a minute for these four megabytes each way.
    checks.check("and not at a crawl", after < 10 * before + 5 * PATIENCE, f"{before:.2f} s, then {after:.2f} s")


def sizes(lab, checks):
    """What an observer sees: sizes, marks, and silence towards strangers."""
    wire = Wire(lab)
    from_here = f"udp sport {PORT} udp length"
    # UDP's own header counts into its length: 8 bytes.
    wire.count("server", *(f"{from_here} {size + 8}" for size in (148, 92, 32, 64, 1452)))
    checks.check("it answers", wire.pings("-s", "0"))
    checks.equal("one response of 92 bytes; 28 bytes inside are 64 outside", wire.counted("server")[:4], [0, 1, 0, 1])
    checks.check("the largest packet", wire.pings("-s", "1392", "-M", "do"))
    checks.equal("1420 bytes inside are 1452 outside: padding stops at the MTU", wire.counted("server")[4], 1)
    checks.check("one more does not go", wire.is_silent("-s", "1393", "-M", "do", host="gateway"))
    marks = (f"udp sport {PORT} ip ecn ect0", f"udp sport {PORT} ip ecn not-ect", f"udp sport {PORT} ip dscp != 0")
    wire.count("server", *marks)
    checks.check("a ping with DSCP EF and ECT(0)", wire.pings("-Q", "0xba", host="gateway"))
    ect, plain, dscp = wire.counted("server")
    checks.check("outside ECN is the same, and DSCP is not told", ect >= 1 and dscp == 0, (ect, plain, dscp))
    strangers = """
import os, random, socket, sys
rng = random.Random(7)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7777))
s.connect((sys.argv[1], int(sys.argv[2])))
for _ in range(3000):
    kind = rng.choice((1, 2, 3, 4, rng.randrange(256)))
    size = rng.choice((148, 92, 64, 32, 48, 0, 1, 4, 15, 16, 31, 1452, rng.randrange(1500)))
    s.send((bytes([kind, 0, 0, 0]) + rng.randbytes(size))[:size])
"""
    wire.count("server", "udp dport 7777", "icmp type destination-unreachable")
    wire.there("/usr/bin/env", "python3", "-Ic", strangers, HERE[4], PORT)
    checks.equal("3,000 messages of a stranger get no answer", wire.counted("server"), [0, 0])
    checks.check("and the peer is served as before", wire.pings())


def nobody(lab, checks):
    """Packets to nobody, from somebody else, and around in a circle."""
    wire = Wire(lab)
    checks.check("it works", wire.pings())
    done = wire.here("ping", "-n", "-c", "1", "-w", "3", "10.70.0.77", check=False)
    checks.contains("to no peer: unreachable, at once", done.out, "Destination Host Unreachable")
    done = wire.here("ping", "-n", "-c", "1", "-w", "3", "fd70::77", check=False)
    checks.contains("IPv6 as well", done.out, "Destination unreachable")
    wire.there("ip", "address", "add", "10.70.0.9/32", "dev", TUNNEL)
    checks.check("from an address that the peer may not have: nothing", wire.is_silent("-I", "10.70.0.9"))
    # Everything to the peer, the peer's own endpoint too: each packet would be wrapped again and again.
    wire.here("wg", "set", TUNNEL, "peer", wire.public["server"], "allowed-ips", "0.0.0.0/0,::/0")
    wire.here("ip", "route", "add", f"{SERVER[4]}/32", "dev", TUNNEL)
    before = int(wire.show("gateway", "transfer").split()[1])
    wire.here("ping", "-n", "-c", "5", "-i", "0.2", "-w", "3", INSIDE["server"][0], check=False)
    sent = int(wire.show("gateway", "transfer").split()[1]) - before
    checks.check("a route into itself does not melt the box", sent < 200_000, f"{sent} bytes sent")
    wire.here("ip", "route", "delete", f"{SERVER[4]}/32", "dev", TUNNEL)
    checks.check("without it all is well", wire.pings(host="gateway", seconds=7))


def ends(lab, checks):
    """How a datapath ends, and what it leaves: nothing."""
    for how in ("SIGTERM", "a deleted interface", *(["a removed socket"] if lab.datapath == "userspace" else [])):
        wire = Wire(lab, psk=False)
        checks.check("it works", wire.pings())
        if how == "SIGTERM" and lab.datapath == "userspace":
            mode = wire.here("stat", "-c", "%a %U", f"/run/wireguard/{TUNNEL}.sock").out.split()
            checks.check("its socket is its owner's alone", int(mode[0], 8) & 0o077 == 0, mode)
            done = wire.here("wggw", "datapath", TUNNEL, check=False)
            checks.check("a second one of that name is refused", done.code == 1 and TUNNEL in done.err, done.err)
            checks.check("and does no harm", wire.pings())
            inside = wire.here("sh", "-c", "ip netns pids $(ip netns identify $$)").out.split()
            for pid in inside:
                if "datapath" in wire.here("cat", f"/proc/{pid}/cmdline", check=False).out:
                    wire.here("kill", "-TERM", pid, check=False)
        elif how == "a removed socket":
            wire.here("rm", f"/run/wireguard/{TUNNEL}.sock")
        else:
            wire.here("ip", "link", "delete", TUNNEL)
        for what, command in (("interface", ["ip", "link", "show", TUNNEL]),
                              ("socket", ["test", "-e", f"/run/wireguard/{TUNNEL}.sock"])):
            checks.check(f"{how}: its {what} is gone", eventually(lambda: wire.here(*command, check=False).code != 0))
        wire.there("ip", "link", "delete", TUNNEL)
        eventually(lambda: wire.there("test", "-e", f"/run/wireguard/{TUNNEL}.sock", check=False).code != 0)
