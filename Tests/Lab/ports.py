# SPDX-License-Identifier: GPL-3.0-or-later
"""One tunnel at several UDP ports: packets of the peer's, counted on the gateway's cable, and a resolver that keeps port 53 for the LAN."""

import contextlib
import re

from lab import CLIENT, SERVER, eventually
from tunnel import python

PORTS = (51820, 443, 53)

#: A server at UDP port 53 of every address, and who asks one.
RESOLVER = """
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 53))
# Nobody outside could ask this one, so it is in nobody's way.
inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
inside.bind(("127.0.0.53", 443))
print("ready", flush=True)
while True:
    asked, who = s.recvfrom(2000)
    s.sendto(b"resolver", who)
"""
QUESTION = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1.5)
s.sendto(b"question", (sys.argv[1], 53))
try: print(s.recv(2000).decode())
except OSError: print("silence")
"""


def seen(lab):
    """A table of the gateway that counts what comes in and goes out by the uplink, by the port here."""
    rules = {"in": ("prerouting priority raw", f"iifname {lab.egress_interface}", "dport"),
             "out": ("postrouting priority 300", f"oifname {lab.egress_interface}", "sport")}
    lines = [f"counter {way}{port} {{ }}" for way in rules for port in PORTS]
    for way, (hook, where, field) in rules.items():
        lines += [f"chain {way} {{ type filter hook {hook};", *[f"{where} udp {field} {port} counter name {way}{port}" for port in PORTS], "}"]
    return "table inet seen {\n" + "\n".join(lines) + "\n}"


def counted(lab):
    """Since the last time: which ports were seen, in and out."""
    text = lab.run("gateway", "nft", "reset", "counters", "table", "inet", "seen").out
    return {name for name, count in re.findall(r"counter (\w+) \{\s*packets (\d+)", text) if count != "0"}


def ask(lab, host, address):
    return lab.run(host, "/usr/bin/env", "python3", "-Ic", QUESTION, address).out.strip()


@contextlib.contextmanager
def resolver(lab):
    process = python(lab, "gateway", RESOLVER)
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()


def several(lab, checks):
    lab.run("gateway", "nft", "-f", "-", stdin=seen(lab))
    lab.at_reset("gateway", "nft", "delete", "table", "inet", "seen")
    if lab.shape == "one-arm":
        # The LAN's router sends these on as well.
        lab.run("router", "nft", "add", "rule", "inet", "router", "prerouting",
                'iifname "wan" udp dport { 443, 53 } dnat ip to 192.168.1.127')
    with resolver(lab):
        gateway = [lab.gateway[version] for version in (4, 6)]
        checks.equal("the LAN has a resolver here", [ask(lab, "server", address) for address in gateway], ["resolver"] * 2)
        lab.init()
        lab.wggw("add-peer", "laptop")
        lab.wggw("apply")
        lab.wggw("init", "--listen-port", "51820,443,53")
        # It tries already, again and again, and the kernel knows it as one who means nobody.
        dial(lab, 443)
        checks.check("before an apply it is in vain", lab.is_silent("laptop", SERVER[4]))
        applied = lab.wggw("apply")
        checks.check("who tried before comes in", lab.pings("laptop", SERVER[4], seconds=8))
        checks.contains("apply names the program that has a port", applied.err, "has UDP port 53", "from the LAN still")
        checks.check("and no other port", "has UDP port 443" not in applied.err, applied.err)
        again = lab.wggw("plan")
        checks.contains("an apply again changes nothing", again.out + again.err, "nothing to do")
        checks.contains("status tells the ports", lab.wggw("status").out, "port 51820, 53, 443")
        listed = lab.run("gateway", "nft", "--stateless", "list", "table", "inet", "wggw").out
        checks.equal("nft lists it as the plan wrote it", listed, compiled(lab))
        checks.equal("the LAN still has its resolver", [ask(lab, "server", address) for address in gateway], ["resolver"] * 2)
        checks.equal("nobody outside has it", ask(lab, "laptop", "itzxa.com"), "silence")
        for port in PORTS[::-1]:
            at_port(lab, checks, port)
        checks.equal("the peer has the resolver, too, through the tunnel", ask(lab, "laptop", gateway[0]), "resolver")
    refused = lab.wggw("export", "laptop", "--port", "1194", check=False)
    checks.contains("a port that is none of them is refused with those that are", refused.err, "51820, 53, 443")
    forgotten(lab, checks)
    if lab.shape == "router":
        # With one arm this address is the LAN's, and the laptop would send what is for it into the tunnel.
        lab.wggw("init", "--endpoint", f"[{lab.public[6]}]:51820")
        at_port(lab, checks, 443)
        checks.check("by IPv6 as well", endpoint(lab).startswith("[2001:db8:7::2]"), endpoint(lab))
        lab.wggw("init", "--endpoint", "itzxa.com:51820")
        dial(lab, 443)
    lab.wggw("init", "--listen-port", "40077,443,53")
    lab.wggw("apply")
    checks.check("WireGuard's own port changes under the session", lab.pings("laptop", SERVER[4], seconds=8))
    lab.wggw("init", "--listen-port", "51820,443,53")
    lab.wggw("apply")
    checks.check("and back", lab.pings("laptop", SERVER[4], seconds=8))
    firewall(lab, checks)
    lab.wggw("init", "--listen-port", "51820")
    lab.wggw("apply")
    checks.check("and is gone without the ports", "dnat" not in lab.run("gateway", "nft", "list", "table", "inet", "wggw").out)
    lab.run("gateway", "conntrack", "-D", "-p", "udp", "--dport", "443", check=False)
    checks.check("nothing comes by them any more", lab.is_silent("laptop", SERVER[4]))


def compiled(lab):
    """The table as wggw says it."""
    return lab.wggw("show", "--nft").out


def at_port(lab, checks, port):
    """The laptop dials at a port: everything comes in there and goes out from there, also after it has moved."""
    dial(lab, port)
    counted(lab)
    checks.check(f"{port}: the LAN answers", lab.pings("laptop", SERVER[4], seconds=6))
    checks.equal(f"{port}: nothing passes at another port", counted(lab), {f"in{port}", f"out{port}"})
    before = endpoint(lab)
    lab.run("laptop", "wg", "set", CLIENT, "listen-port", 40000 + port % 1000)
    checks.check(f"{port}: the gateway learns where it moved", eventually(
        lambda: lab.pings("laptop", SERVER[4], seconds=1) and endpoint(lab) != before), before)
    checks.equal(f"{port}: by that port", counted(lab), {f"in{port}", f"out{port}"})


def dial(lab, port):
    lab.disconnect("laptop")
    with open(f"/run/wggw-lab/{lab.name}/laptop/etc/wireguard/{CLIENT}.conf", "w") as file:
        file.write(lab.wggw("export", "laptop", "--port", port).out)
    lab.run("laptop", "wg-quick", "up", CLIENT)


def endpoint(lab):
    return lab.run("gateway", "wg", "show", "wg0", "endpoints").out.split()[-1]


def lose_session(lab):
    """The gateway has no keys any more, and knows where the laptop was."""
    lab.run("gateway", "ip", "link", "set", "wg0", "down")
    lab.run("gateway", "ip", "link", "set", "wg0", "up")
    lab.wggw("up")


def forgotten(lab, checks):
    """The gateway begins: from the port where the kernel knows the peer to have come in, else from WireGuard's own."""
    at_port(lab, checks, 443)
    inner = lab.tunnel_addresses()[4]
    lose_session(lab)
    counted(lab)
    checks.check("the gateway's own handshake reaches the peer", lab.pings("gateway", inner, seconds=6))
    checks.equal("from the port that it came by", counted(lab), {"in443", "out443"})
    lab.run("gateway", "conntrack", "-D", "-p", "udp", "--dport", "443")
    counted(lab)
    checks.check("forgotten, the peer behind NAT is not reached", lab.is_silent("gateway", inner))
    checks.check("since it comes from WireGuard's own port", "out51820" in counted(lab))
    checks.check("the peer's next packet brings it back", lab.pings("laptop", SERVER[4], seconds=6))
    checks.check("and both ways", lab.pings("gateway", inner, seconds=6))
    checks.check("by its port", "out443" in counted(lab))


def firewall(lab, checks):
    """Somebody else's rules: who lets WireGuard's own port in at `input` lets the others in, and who drops one before is named."""
    lab.run("gateway", "nft", "-f", "-", stdin="""
        table inet strict {
            chain early { type filter hook prerouting priority mangle; udp dport 443 drop; }
            chain in { type filter hook input priority filter; policy drop; ct state established accept; udp dport 51820 accept; }
        }
        """)
    lab.at_reset("gateway", "nft", "delete", "table", "inet", "strict")
    said = lab.wggw("plan").err
    checks.contains("who drops a port before it is sent on is named", said, "inet strict early", "udp dport 443 accept")
    checks.check("who lets WireGuard's own in is not", "strict in " not in said, said)
    lab.run("gateway", "sh", "-ec", re.search("nft insert rule .*443 accept", said).group())
    lab.run("gateway", "conntrack", "-D", "-p", "udp", "--dport", "443", check=False)
    checks.check("with that rule it passes", lab.pings("laptop", SERVER[4], seconds=8))
    lab.run("gateway", "nft", "delete", "table", "inet", "strict")
    forwarding(lab, checks)


def forwarding(lab, checks):
    """Somebody else's port forwarding, loaded after wggw's table and so before it in the kernel's order: at another port wggw's goes
    first all the same, and who takes WireGuard's own is named."""
    lab.run("gateway", "nft", "-f", "-", stdin="""
        table ip nat {
            chain PREROUTING { type nat hook prerouting priority dstnat; udp dport { 443, 51820 } redirect to :8443; }
        }
        """)
    lab.at_reset("gateway", "nft", "delete", "table", "ip", "nat")
    lab.run("gateway", "conntrack", "-D", "-p", "udp", check=False)
    said = lab.wggw("plan").err
    remedy = "iptables -t nat -I PREROUTING -p udp --dport 51820 -j ACCEPT"
    checks.contains("who sends WireGuard's own port elsewhere is named", said, "ip nat PREROUTING", "elsewhere", remedy)
    checks.check("and not for a port that is the tunnel's first", "443 -j" not in said, said)
    checks.equal("status ends with 1", lab.wggw("status", check=False).code, 1)
    checks.check("what comes at another port is the tunnel's", lab.pings("laptop", SERVER[4], seconds=8))
    dial(lab, 51820)
    checks.check("at WireGuard's own it is in vain", lab.is_silent("laptop", SERVER[4]))
    lab.run("gateway", "nft", "insert", "rule", "ip", "nat", "PREROUTING", "udp", "dport", "51820", "accept")
    lab.run("gateway", "conntrack", "-D", "-p", "udp", check=False)
    checks.check("not with the rule that lets it through", lab.pings("laptop", SERVER[4], seconds=8))
    checks.check("and nobody is named any more", "PREROUTING" not in lab.wggw("plan").err)
    lab.run("gateway", "nft", "delete", "table", "ip", "nat")
    dial(lab, 443)
