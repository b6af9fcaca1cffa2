# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway lets by beside the tunnel, what becomes of the tunnel's packets without it, and what is the Internet."""

import time

from lab import FAR, ROOT, SERVER, eventually

FAMILIES = (4, 6)
SERVICES = ROOT / "scripts/lab-services.py"
FORWARDING = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}


def set_forwarding(lab, version, on):
    """As a box may have it before wggw comes; taken back with the lab."""
    before = lab.run("gateway", "sysctl", "-n", FORWARDING[version]).out.strip()
    lab.at_reset("gateway", "sysctl", "-q", "-w", f"{FORWARDING[version]}={before}")
    lab.run("gateway", "sysctl", "-q", "-w", f"{FORWARDING[version]}={int(on)}")


def other_families(lab, checks):
    """A router of one family is none of the other because of wggw, and stays one of the first."""
    inward = lambda version: lab.fetch("far", SERVER[version], limit=1)
    # The way from the Internet to the LAN; for IPv4, which the LAN hides behind NAT, by a route as a customer's network has it.
    lab.run("internet", "ip", "route", "add", "192.168.1.0/24", "via", lab.public[4])
    lab.at_reset("internet", "ip", "route", "delete", "192.168.1.0/24")
    for forwarded, other in ((4, 6), (6, 4)):
        set_forwarding(lab, forwarded, True)
        set_forwarding(lab, other, False)
        checks.check(f"before: IPv{forwarded} from the Internet reaches the LAN", inward(forwarded).startswith("hello"))
        checks.check(f"before: IPv{other} does not", inward(other).startswith("no answer"))
        lab.run("gateway", "find", "/var/lib/wggw", "-mindepth", "1", "-delete")
        lab.init()
        lab.wggw("add-peer", "laptop")
        lab.wggw("apply")
        lab.connect()
        for version in FAMILIES:
            checks.check(f"with IPv{forwarded} alone before: IPv{version} goes through the tunnel", lab.pings("laptop", SERVER[version]))
        checks.equal(f"IPv{forwarded} is forwarded as before", inward(forwarded)[:5], "hello")
        checks.check(f"IPv{other} is not forwarded for others", inward(other).startswith("no answer"), inward(other))
        lab.disconnect()
        lab.wggw("down")
        checks.check(f"after down: IPv{forwarded} as before", inward(forwarded).startswith("hello"))
        checks.check(f"after down: IPv{other} as before", inward(other).startswith("no answer"))


class Passing:
    """Counts what comes by a host with an address on it, wherever it is going."""

    def __init__(self, lab, host, side, *addresses):
        self.lab, self.host = lab, host
        rules = "".join(f"{'ip6' if ':' in address else 'ip'} {side} {address} counter name seen\n" for address in addresses)
        lab.run(host, "nft", "-f", "-", stdin="""
            table inet passing {
                counter seen { }
                chain prerouting {
                    type filter hook prerouting priority -300;
                    %s
                }
            }""" % rules)
        lab.at_reset(host, "nft", "delete", "table", "inet", "passing")

    def count(self):
        found = self.lab.json(self.host, "nft", "-j", "list", "counter", "inet", "passing", "seen")["nftables"]
        return next(item["counter"]["packets"] for item in found if "counter" in item)

    def end(self):
        self.lab.run(self.host, "nft", "delete", "table", "inet", "passing", check=False)


#: Sends datagrams to addresses, a hundred a second each, until its input ends.
SENDER = """
import select, socket, sys
senders = [(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM), address)
           for address in sys.argv[1:]]
for number, (sender, _) in enumerate(senders): sender.bind(("", 9000 + number))
while not select.select([sys.stdin], [], [], 0.01)[0]:
    for sender, address in senders:
        try: sender.sendto(b"x", (address, 9999))
        except OSError: pass
"""


def end_of_the_tunnel(lab):
    """The tunnel's interface goes without wggw: its datapath is killed, or somebody deletes it."""
    if lab.datapath == "userspace":
        inside = lab.run("gateway", "sh", "-c", "ip netns pids $(ip netns identify $$)").out.split()
        for pid in lab.run("gateway", "pgrep", "-f", "[w]ggw datapath wg0", check=False).out.split():
            if pid in inside:
                lab.run("gateway", "kill", "-KILL", pid)
    else:
        lab.run("gateway", "ip", "link", "delete", "wg0")
    eventually(lambda: lab.run("gateway", "ip", "link", "show", "wg0", check=False).code)


def without_the_tunnel(lab, checks):
    """What is the tunnel's goes into it or nowhere: while the datapath starts anew, and after it died."""
    lab.init()
    lab.wggw("add-peer", "laptop", "--route", "10.66.0.0/24", "fd66::/64")
    lab.wggw("apply")
    lab.connect()
    checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
    own = lab.tunnel_addresses()
    # A peer, an address of the tunnel's subnet that nobody has, and a network behind the peer.
    targets = [*own.values(), "192.168.2.77", "10.66.0.9", "fd66::9"]
    if lab.shape == "one-arm":
        for address in targets:
            lab.run("server", "ip", "route", "add", address, "via", lab.gateway[6 if ":" in address else 4])
            lab.at_reset("server", "ip", "route", "delete", address)
    uplink = "internet" if lab.shape == "router" else "router"
    seen = Passing(lab, uplink, "daddr", *targets)
    senders = [lab.start(host, "/usr/bin/env", "python3", "-Ic", SENDER, *targets) for host in ("server", "gateway")]
    try:
        for _ in range(3):
            lab.wggw("apply", "--restart")
        checks.equal("while the datapath starts anew, nothing leaves by the uplink", seen.count(), 0)
        end_of_the_tunnel(lab)
        time.sleep(1)
        checks.equal("after the tunnel's end, nothing leaves by the uplink", seen.count(), 0)
        checks.check("a ping of the gateway itself has no answer", lab.is_silent("gateway", own[4]))
        for chain in ("incoming", "outgoing"):
            lab.run("gateway", "nft", "delete", "chain", "inet", "wggw", chain)
        checks.check("but for the filter, it would", eventually(seen.count), seen.count())
    finally:
        for sender in senders:
            sender.communicate("end\n", timeout=30)
        seen.end()
    lab.wggw("up")
    lab.connect()
    checks.check("`up` brings the tunnel back", lab.pings("laptop", SERVER[4]))
    gateway = lab.tunnel_addresses("gateway", "wg0")
    for version in FAMILIES:
        checks.check(f"IPv{version}: the gateway reaches itself at the tunnel's address", lab.pings("gateway", gateway[version]))


def stolen_source(lab, checks):
    """Nobody in the LAN sends as a peer, and makes the gateway take the answers for the peer's own connections."""
    lab.init("routed")
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.set_router_route()
    lab.connect()
    own = lab.tunnel_addresses()
    for version in FAMILIES if lab.shape == "one-arm" else ():
        lab.run("server", "ip", "route", "add", FAR[version], "via", lab.gateway[version])
        lab.at_reset("server", "ip", "route", "delete", FAR[version])
    stolen = {version: f"{own[version]}/{32 if version == 4 else 128}" for version in FAMILIES}
    for version in FAMILIES:
        lab.run("server", "ip", "address", "add", stolen[version], "dev", "lo", *(("nodad",) if version == 6 else ()))
        lab.at_reset("server", "ip", "address", "delete", stolen[version], "dev", "lo")
    at_far = Passing(lab, "far", "saddr", *own.values(), lab.public[4])
    send = lambda: [lab.is_silent("server", FAR[version], "-I", own[version]) for version in FAMILIES]
    send()
    checks.equal("what the LAN sends as a peer does not leave", at_far.count(), 0)
    if lab.shape == "router":
        lab.run("gateway", "nft", "delete", "chain", "inet", "wggw", "incoming")
        send()
        checks.check("but for the filter, it would", at_far.count() >= 2, at_far.count())
        lab.wggw("apply")
    at_far.end()
    for version in FAMILIES:
        lab.run("server", "ip", "address", "delete", stolen[version], "dev", "lo")
    checks.check("the peer itself still comes through", lab.pings("laptop", SERVER[4], "-I", own[4]))


#: Where a guest with full tunnel has no business: on whose host, which interface, and the address.
PRIVATE = (("a private network behind the LAN's router", "10.20.0.1"), ("the provider's shared network", "100.64.7.1"),
           ("the cloud's metadata", "169.254.169.254"), ("a unique local network", "fd20::1"))


def internet(lab, checks):
    """Full tunnel leads to the Internet: not to what is private beyond the egress, nor to the router as the gateway."""
    lab.init("masquerade", "--full-tunnel")
    lab.wggw("add-peer", "guest", "--allow", f"{SERVER[4]}:443/tcp")
    lab.wggw("apply")
    beyond = "router" if lab.shape == "one-arm" else "internet"
    for _, address in PRIVATE:
        lab.run(beyond, "ip", "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo",
                *(("nodad",) if ":" in address else ()))
        lab.at_reset(beyond, "ip", "address", "delete", f"{address}/{128 if ':' in address else 32}", "dev", "lo")
    # HTTP there, as an admin page that lets in who comes from the gateway.
    services = lab.start(beyond, "/usr/bin/env", "python3", "-I", str(SERVICES), beyond)
    try:
        services.stdout.readline()
        lab.connect("guest")
        for version in FAMILIES:
            checks.contains(f"IPv{version}: the Internet", lab.fetch("laptop", FAR[version]), "hello from far")
        places = [*PRIVATE, ("the public address of the endpoint", "198.51.100.2"),
                  ("the network at the egress", "198.51.100.1" if lab.shape == "router" else "192.168.1.254"),
                  ("the LAN beyond the policy", SERVER[4])]
        for what, address in places:
            answer = lab.fetch("laptop", address, limit=1)
            checks.check(f"not to {what} ({address})", answer.startswith("no answer"), answer)
        # What the policy names is allowed, wherever it is.
        lab.wggw("set-peer", "guest", "--allow", f"{SERVER[4]}:443/tcp", "--allow", "10.20.0.1:80/tcp", "--allow", "169.254.169.254:80/tcp")
        lab.wggw("apply")
        for address in ("10.20.0.1", "169.254.169.254"):
            checks.contains(f"what the policy names: {address}", lab.fetch("laptop", address), f"hello from {beyond}")
        answer = lab.fetch("laptop", "100.64.7.1", limit=1)
        checks.check("and nothing else of it", answer.startswith("no answer"), answer)
        listed = [line for line in lab.wggw("list").out.splitlines() if line.startswith("guest")]
        checks.contains("list says that the guest may reach the Internet", listed[0], "and 2 more, Internet")
    finally:
        services.kill()
        services.communicate()
