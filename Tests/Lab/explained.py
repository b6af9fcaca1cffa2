# SPDX-License-Identifier: GPL-3.0-or-later
"""`wggw explain` against faults that somebody else puts into a working gateway, one at a time. A real packet is the judge: what
is said to arrive has to, what is said to stop must not; and the cause that is named has to be the fault."""

import json
import time

from lab import CLIENT, FAR, PATIENCE, SERVER, eventually

#: What `explain` says by its status.
ANSWERS = {0: "arrives", 3: "stops", 4: "cannot_tell"}
#: An address that nobody in the LAN has.
NOBODY = "192.168.1.99"


class Fault:
    """One thing done to a box. `words` are in the cause that has to be named; without words the flow still arrives. `undo` is a
    list of commands as `do`; what wggw sets itself is put back by `wggw up` in any case."""

    def __init__(self, name, do, words=(), undo=(), flow=None, live=False):
        self.name, self.do, self.undo, self.flow, self.live = name, do, undo, flow, live
        self.words = (words,) if isinstance(words, str) else tuple(words)


def gateway(*command):
    return ("gateway", *command)


def nft(text, name="inet f"):
    """A table of somebody's own, and what takes it away."""
    # A rule ends with its line.
    return [("nft", f"table {name} {{ {text} }}".replace(" }", "\n}").replace(" chain", "\nchain"))], [gateway("nft", "delete", "table", *name.split())]


def chain(rule, hook="forward", priority="0", policy="accept", kind="filter", more=""):
    return f"{more} chain c {{ type {kind} hook {hook} priority {priority}; policy {policy}; {rule} }}"


def foreign(name, text, words="inet f c", table="inet f", flow=None, live=False):
    do, undo = nft(text, table)
    return Fault(name, do, words, undo, flow, live)


def iptables(name, rule, words, tool="iptables", flow=None):
    """A rule of iptables, `-A` or `-I` or `-P`."""
    words_of = rule.split()
    undo = []
    if words_of[0] == "-P" or "-P" in words_of:
        place = words_of.index("-P")
        undo = [gateway(tool, *words_of[:place], "-P", words_of[place + 1], "ACCEPT")]
    else:
        undo = [gateway(tool, *[{"-A": "-D", "-I": "-D"}.get(word, word) for word in words_of])]
    return Fault(f"{tool} {rule}", [gateway(tool, *words_of)], words, undo, flow)


def sysctl(key, value, words, before, flow=None):
    return Fault(f"sysctl {key}={value}", [gateway("sysctl", "-qw", f"{key}={value}")], words,
                 [gateway("sysctl", "-qw", f"{key}={before}")], flow)


def ip(name, command, words, undo, flow=None, live=False):
    return Fault(name, [gateway("ip", *command.split())], words, [gateway("ip", *undo.split())], flow, live)


def run(lab, checks, faults, usual):
    """usual: the flow of a fault that names none: from, to, and how the judge sends."""
    counts = dict.fromkeys(("faults", "causes", "wrong arrives", "wrong stops", "cannot tell"), 0)
    for fault in faults:
        flow = fault.flow or usual
        for command in fault.do:
            if command[0] == "nft":
                lab.run("gateway", "nft", "-f", "-", stdin=command[1])
            else:
                lab.run(*command)
        time.sleep(0.1)
        try:
            judge(lab, checks, fault, flow, counts)
        finally:
            for command in fault.undo:
                lab.run(*command, check=False)
            lab.wggw("up", check=False)
        if not eventually(lambda: passes(lab, usual), seconds=2):
            lab.connect()
            eventually(lambda: passes(lab, usual), seconds=5)
    return counts


def passes(lab, flow):
    sender, target, host, address, port = flow
    if port:
        return lab.fetch(host, address, port, limit=0.8 * PATIENCE).startswith("hello from")
    return lab.pings(host, address, seconds=1 / PATIENCE)


def judge(lab, checks, fault, flow, counts):
    sender, target = flow[:2]
    done = lab.wggw("explain", "--json", *(["--live"] if fault.live else []), sender, target, check=False)
    answer = ANSWERS.get(done.code, f"status {done.code}: {done.err}")
    said = json.loads(done.out) if done.out else {}
    cause = (said.get("cause") or {}).get("what", "")
    arrives = passes(lab, flow)
    if fault.words:
        counts["faults"] += 1
    names = not fault.words or all(word in cause for word in fault.words)
    counts["causes"] += bool(fault.words) and names
    counts["wrong arrives"] += answer == "arrives" and not arrives
    counts["wrong stops"] += answer == "stops" and arrives
    counts["cannot tell"] += answer == "cannot_tell"
    agrees = answer == ("arrives" if arrives else "stops") or answer == "cannot_tell"
    checks.check(f"{fault.name}: {answer}", agrees, f"the packet {'arrives' if arrives else 'does not arrive'}; it says: {cause or answer}")
    checks.check(f"{fault.name}: the cause", names, f"{cause or answer!r} and not {' … '.join(fault.words)!r}")


# The faults

LAPTOP = "192.168.2.1"
TO_SERVER = ("laptop", f"{SERVER[4]}:80", "laptop", SERVER[4], 80)
PING_SERVER = ("laptop", f"{SERVER[4]}/icmp", "laptop", SERVER[4], None)
TO_SERVER6 = ("laptop", f"[{SERVER[6]}]:80", "laptop", SERVER[6], 80)
TO_FAR = ("laptop", f"{FAR[4]}:80", "laptop", FAR[4], 80)


def foreign_rules():
    """Each kind of rule in each kind of place, to what goes there."""
    rules = [
        ("interface", "iifname wg0 drop"), ("interface's number", "iif wg0 drop"), ("source", "ip saddr 192.168.2.0/24 drop"),
        ("destination", f"ip daddr {SERVER[4]} drop"), ("port", "tcp dport 80 drop"),
        ("ports", "tcp dport { 22, 80-90 } reject with tcp reset"), ("protocol", "meta l4proto tcp drop"),
        ("state", "ct state new drop"), ("flags", "tcp flags & (syn | ack) == syn drop"),
        ("verdict map", "tcp dport vmap { 80 : drop, 443 : accept }"),
        ("state map", "ct state vmap { established : accept, related : accept, new : drop }"),
        ("concatenation", f"ip daddr . tcp dport {{ {SERVER[4]} . 80 }} drop"), ("not this port", "tcp dport != 443 drop"),
        ("reject", "iifname wg0 oifname eth0 reject"), ("range", "ip daddr 192.168.1.2-192.168.1.20 drop"),
        ("mark", "meta mark != 0x1 drop"), ("route", f"fib daddr type unicast ip daddr {SERVER[4]} drop"),
        ("header", "ip protocol tcp drop"), ("connection's direction", "ct direction original iifname wg0 drop"),
    ]
    for name, rule in rules:
        yield foreign(f"nft, {name}", chain(rule))
    yield foreign("nft, policy", chain("", policy="drop"), "the policy of inet f c")
    yield foreign("nft, policy and established", chain("ct state established,related accept", policy="drop"), "the policy of inet f c")
    yield foreign("nft, named set", f"set s {{ type ipv4_addr; flags interval; elements = {{ 192.168.1.0/28 }}; }} {chain('ip daddr @s drop')}")
    yield foreign("nft, jump", f"chain d {{ tcp dport 80 drop }} {chain('iifname wg0 jump d')}", "rule 1 of inet f d")
    yield foreign("nft, goto", f"chain d {{ ip daddr {SERVER[4]} accept; drop }} {chain('tcp dport 80 goto e', more='chain e { drop }')}", "rule 1 of inet f e")
    for hook, priority in (("prerouting", "raw"), ("prerouting", "mangle"), ("forward", "-10"), ("forward", "security"),
                           ("postrouting", "mangle")):
        match = f"ip daddr {SERVER[4]}"
        yield foreign(f"nft, {hook} {priority}", chain(f"{match} tcp dport 80 drop", hook, priority))
    yield foreign("nft, ip table", chain("tcp dport 80 drop"), "ip f c", table="ip f")
    yield foreign("nft, mark set and asked for", "chain p { type filter hook prerouting priority mangle; iifname wg0 meta mark set 0x7 } "
                  + chain("meta mark 0x7 drop"))
    # The answer's way.
    yield foreign("nft, the answer's interface", chain("oifname wg0 drop"))
    yield foreign("nft, the answer's port", chain(f"ip saddr {SERVER[4]} tcp sport 80 drop"))
    yield foreign("nft, the answer before routing", chain("iifname eth0 tcp sport 80 drop", "prerouting", "raw"))
    yield foreign("nft, the answer's direction", chain("ct direction reply drop"))
    # What stops nothing of this.
    yield foreign("nft, another port", chain("tcp dport 443 drop"), ())
    yield foreign("nft, another host", chain(f"ip daddr {NOBODY} drop"), ())
    yield foreign("nft, policy and the tunnel let through", chain("iifname wg0 accept; oifname wg0 accept", policy="drop"), ())
    yield foreign("nft, a rate that is not exceeded", chain("tcp dport 80 limit rate over 1000/second drop"), ())
    yield foreign("nft, a counter", chain("counter"), ())
    yield foreign("nft, sent to another", chain(f"iifname wg0 ip daddr {SERVER[4]} dnat to {NOBODY}", "prerouting", "dstnat", kind="nat"),
                  (f"sends it to {NOBODY}",), table="ip f")
    yield foreign("nft, not tracked", chain(f"ip daddr {SERVER[4]} notrack", "prerouting", "raw"), (LAPTOP,))
    # What is encrypted.
    yield foreign("nft, the tunnel's port", chain("udp dport 51820 drop", "input"))
    yield foreign("nft, the tunnel's answers", chain("udp sport 51820 drop", "output"))


def iptables_rules():
    for tool, table in (("iptables", "ip filter FORWARD"), ("iptables-legacy", "ip filter (legacy) FORWARD")):
        yield iptables("", "-P FORWARD DROP", f"the policy of {table}", tool)
        for rule in ("-I FORWARD -i wg0 -j DROP", "-I FORWARD -s 192.168.2.0/24 -j REJECT", "-A FORWARD -p tcp --dport 80 -j DROP",
                     "-A FORWARD -m conntrack --ctstate NEW -j DROP", "-A FORWARD -p tcp -m multiport --dports 80,443 -j DROP",
                     "-A FORWARD -m mark ! --mark 0x1 -j DROP", "-A FORWARD -m iprange --dst-range 192.168.1.5-192.168.1.15 -j DROP",
                     "-A FORWARD -p tcp --syn -j REJECT --reject-with tcp-reset", "-A FORWARD -o wg0 -j DROP"):
            yield iptables("", rule, f"rule 1 of {table}", tool)
        for name, hook in (("mangle", "PREROUTING"), ("mangle", "FORWARD"), ("raw", "PREROUTING")):
            legacy = " (legacy)" if tool.endswith("legacy") else ""
            yield iptables("", f"-t {name} -A {hook} -i wg0 -p tcp -j DROP", f"rule 1 of ip {name}{legacy} {hook}", tool)


def own_rules():
    """What is wggw's."""
    yield Fault("the table is deleted", [gateway("nft", "delete", "table", "inet", "wggw")], "table inet wggw is gone")
    yield Fault("the ruleset is flushed", [gateway("nft", "flush", "ruleset")], "table inet wggw is gone")
    yield Fault("a chain is flushed", [gateway("nft", "flush", "chain", "inet", "wggw", "lan")], "somebody changed table inet wggw")
    yield Fault("a set is emptied", [gateway("nft", "flush", "set", "inet", "wggw", "lan4")], "somebody changed table inet wggw")
    yield Fault("a rule is put in", [gateway("nft", "insert", "rule", "inet", "wggw", "forward", "drop")], "somebody changed table inet wggw")


def settings():
    yield sysctl("net.ipv4.ip_forward", 0, "forwards nothing", 1)
    yield sysctl("net.ipv4.conf.wg0.forwarding", 0, ("net.ipv4.conf.wg0.forwarding", "forwards nothing"), 1)
    yield sysctl("net.ipv4.conf.eth0.forwarding", 0, ("net.ipv4.conf.eth0.forwarding", "forwards nothing"), 1)
    yield sysctl("net.ipv4.conf.wg0.rp_filter", 1, (), 0)
    yield sysctl("net.ipv6.conf.all.forwarding", 0, "forwards nothing", 1, flow=TO_SERVER6)
    yield Fault("rp_filter, and a route astray",
                [gateway("sysctl", "-qw", "net.ipv4.conf.wg0.rp_filter=1"), gateway("ip", "route", "add", f"{LAPTOP}/32", "via", "192.168.1.254")],
                ("net.ipv4.conf.wg0.rp_filter", "leads by eth0"), [gateway("ip", "route", "delete", f"{LAPTOP}/32")])


def routes():
    yield ip("a route astray", f"route add {LAPTOP}/32 via 192.168.1.254", ("should go by wg0",), f"route delete {LAPTOP}/32")
    for kind, word in (("unreachable", "unreachable"), ("prohibit", "prohibited"), ("blackhole", "black hole")):
        yield ip(f"a route of kind {kind}", f"route add {kind} {SERVER[4]}/32", word, f"route delete {SERVER[4]}/32")
        yield ip(f"the answer's route, of kind {kind}", f"route add {kind} {LAPTOP}/32", word, f"route delete {LAPTOP}/32")
    yield ip("a rule that prohibits", "rule add from 192.168.2.0/24 priority 100 prohibit", "prohibited", "rule delete priority 100")
    yield ip("a rule by interface", "rule add iif wg0 priority 100 blackhole", "black hole", "rule delete priority 100")
    yield ip("a rule for the answer", "rule add iif eth0 priority 100 unreachable", "leads", "rule delete priority 100")
    yield ip("a rule by a mark that nobody sets", "rule add fwmark 0x9 priority 100 blackhole", (), "rule delete priority 100")
    yield Fault("a table of its own",
                [gateway("ip", "route", "add", "blackhole", "default", "table", "99"), gateway("ip", "rule", "add", "to", "192.168.2.0/24", "lookup", "99", "priority", "100")],
                "black hole", [gateway("ip", "rule", "delete", "priority", "100"), gateway("ip", "route", "flush", "table", "99")])
    do, undo = nft("chain c { type filter hook prerouting priority mangle; iifname wg0 meta mark set 0x9 }")
    yield Fault("a mark, and a rule by it", [*do, gateway("ip", "rule", "add", "fwmark", "0x9", "priority", "100", "prohibit")],
                "prohibited", [gateway("ip", "rule", "delete", "priority", "100"), *undo])
    yield ip("the tunnel's route is gone", "route flush dev wg0", ("should go by wg0",), "route show")


def wireguard(lab):
    own = lab.run("laptop", "wg", "show", CLIENT, "public-key").out.strip()
    other = next(k for k in lab.run("gateway", "wg", "show", "wg0", "peers").out.split() if k != own)
    yield Fault("a peer is removed", [gateway("wg", "set", "wg0", "peer", own, "remove")], "does not know laptop")
    yield Fault("a peer's allowed IPs are others", [gateway("wg", "set", "wg0", "peer", own, "allowed-ips", "10.1.1.1/32")],
                "in no peer's allowed IPs")
    yield Fault("another has its address", [gateway("wg", "set", "wg0", "peer", other, "allowed-ips", f"{LAPTOP}/32")],
                (f"{LAPTOP} is branch's",))
    yield Fault("another port", [gateway("wg", "set", "wg0", "listen-port", "51999")], "another port")
    yield ip("the interface is down", "link set wg0 down", "wg0 is down", "link set wg0 up")
    yield ip("the interface is deleted", "link delete wg0", "wg0 is gone", "link show")
    key = lab.run("laptop", "wg", "show", CLIENT, "peers").out.strip()
    allowed = lab.run("laptop", "wg", "show", CLIENT, "allowed-ips").out.split(maxsplit=1)[1].replace(" ", ",").strip()
    yield Fault("the laptop's own allowed IPs lack the LAN",
                [("laptop", "wg", "set", CLIENT, "peer", key, "allowed-ips", "192.168.2.0/24")], ("laptop answers this box, and not",),
                [("laptop", "wg", "set", CLIENT, "peer", key, "allowed-ips", allowed)], live=True)
    yield Fault("the laptop is off", [("laptop", "wg-quick", "down", CLIENT)], ("is silent",), live=True)


def hosts():
    yield Fault("nothing is wrong", [], (), live=True)
    yield Fault("nothing is wrong with a ping", [], (), flow=PING_SERVER, live=True)
    yield Fault("nothing is wrong with IPv6", [], (), flow=TO_SERVER6, live=True)
    yield Fault("the host is off", [("server", "ip", "link", "set", "eth0", "down")], ("does not say that it is there",),
                [("server", "ip", "link", "set", "eth0", "up"), ("server", "ip", "route", "replace", "default", "via", "192.168.1.254")], live=True)
    yield Fault("the host's firewall", [("server", "nft", "add table inet f; add chain inet f c { type filter hook input priority 0; policy drop; }")],
                (f"{SERVER[4]} is silent",), [("server", "nft", "delete", "table", "inet", "f")], live=True)
    yield Fault("the host's firewall rejects", [("server", "nft", "add table inet f; add chain inet f c { type filter hook input priority 0; }; add rule inet f c tcp dport 80 reject")],
                ("refuses 80/tcp",), [("server", "nft", "delete", "table", "inet", "f")], live=True)
    yield Fault("nothing listens", [], ("refuses 81/tcp",), flow=("laptop", f"{SERVER[4]}:81", "laptop", SERVER[4], 81), live=True)
    yield Fault("nobody has the address", [], (f"{NOBODY} does not",), flow=("laptop", f"{NOBODY}:80", "laptop", NOBODY, 80), live=True)
    yield Fault("two have one address", [("router", "ip", "address", "add", f"{SERVER[4]}/24", "dev", "lan")], ("two hosts say",),
                [("router", "ip", "address", "delete", f"{SERVER[4]}/24", "dev", "lan")], live=True)


def masquerade(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("add-peer", "branch")
    lab.wggw("apply")
    lab.connect()
    checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
    counts = run(lab, checks, [*settings(), *routes(), *own_rules(), *foreign_rules(), *iptables_rules(), *wireguard(lab), *hosts()],
                 TO_SERVER)
    report(checks, counts)


def full_tunnel(lab, checks):
    """Out to the Internet, by a router that has two cards."""
    lab.init("masquerade", "--full-tunnel")
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    faults = [
        Fault("nothing is wrong", [], live=True), Fault("nothing is wrong with the LAN", [], flow=TO_SERVER, live=True),
        ip("no default route", "route delete default", "no route leads", "route replace default via 198.51.100.1"),
        ip("the default route leads into the LAN", "route replace default via 192.168.1.10", "are others than when", "route replace default via 198.51.100.1"),
        ip("a route to the host", f"route add blackhole {FAR[4]}/32", "black hole", f"route delete {FAR[4]}/32"),
        sysctl("net.ipv4.conf.eth1.forwarding", 0, ("eth1.forwarding", "forwards nothing"), 1),
        foreign("nft, out by the uplink", chain("oifname eth1 drop")), foreign("nft, in by the uplink", chain("iifname eth1 drop")),
        foreign("nft, private sources", chain("oifname eth1 ip saddr 192.168.0.0/16 drop")),
        foreign("nft, after masquerading", chain(f"oifname eth1 ip saddr {lab.public[4]} tcp dport 80 drop", "postrouting", "200")),
        foreign("nft, the answer before it is translated back", chain(f"ip daddr {lab.public[4]} tcp sport 80 drop", "prerouting", "raw")),
        foreign("nft, the answer after it is translated back", chain(f"iifname eth1 ip daddr {LAPTOP} drop", "prerouting", "-90")),
        iptables("", "-t nat -I POSTROUTING -s 192.168.2.0/24 -j ACCEPT", (), "iptables"),
        Fault("nobody masquerades", [gateway("nft", "flush", "chain", "inet", "wggw", "postrouting")], LAPTOP),
        Fault("the uplink is down", [gateway("ip", "link", "set", "eth1", "down")], ("no route leads",),
              [gateway("ip", "link", "set", "eth1", "up"), gateway("ip", "route", "replace", "default", "via", "198.51.100.1")]),
        Fault("the host is off", [("far", "ip", "link", "set", "eth0", "down")], (FAR[4],),
              [("far", "ip", "link", "set", "eth0", "up"), ("far", "ip", "route", "replace", "default", "via", "168.95.1.254")], live=True),
    ]
    report(checks, run(lab, checks, faults, TO_FAR))
    lab.wggw("set-peer", "laptop", "--split-tunnel")
    lab.wggw("apply")
    checks.contains("split tunnel: it is said, with what helps", lab.wggw("explain", "laptop", FAR[4], check=False).out,
                    "laptop is split tunnel", "wggw set-peer laptop --full-tunnel")


def reply_paths(lab, checks, path):
    """Where the LAN's hosts see the laptop as it is, and may open connections to it."""
    lab.init(path)
    lab.wggw("add-peer", "laptop")
    lab.wggw("add-peer", "guest", "--allow", f"{SERVER[4]}:443/tcp")
    lab.wggw("apply")
    lab.connect()
    own = lab.tunnel_addresses()[4]
    into = ("192.168.1.10", "laptop:80", "server", own, 80)
    if path == "routed":
        lab.set_router_route()
        lacks = [("router", "ip", "route", "delete", "192.168.2.0/24")]
        has = [("router", "ip", "route", "replace", "192.168.2.0/24", "via", lab.gateway[4])]
        faults = [Fault("the router has no route", lacks, ("answers this box, and not",), has, live=True),
                  Fault("the host's firewall knows its own network alone",
                        [("server", "nft", f"add table inet f; add chain inet f c {{ type filter hook input priority 0; }}; "
                          "add rule inet f c ip saddr 192.168.2.0/24 drop")],
                        ("answers this box, and not",), [("server", "nft", "delete", "table", "inet", "f")], live=True)]
    else:
        faults = [sysctl("net.ipv4.conf.eth0.proxy_arp", 0, ("nobody answers for", "proxy_arp"), 1),
                  sysctl("net.ipv6.conf.eth0.proxy_ndp", 0, ("nobody answers for", "proxy_ndp"), 1, flow=TO_SERVER6)]
        faults[0].do.append(("server", "ip", "neigh", "flush", "all"))
        faults[1].do.append(("server", "ip", "neigh", "flush", "all"))
    faults += [
        Fault("nothing is wrong", [], live=True), Fault("nothing is wrong the other way round", [], flow=into, live=True),
        foreign("nft, new connections into the tunnel", chain("oifname wg0 ct state new drop"), flow=into),
        foreign("nft, the laptop's answers", chain("iifname wg0 tcp sport 80 drop"), flow=into),
        ip("a rule astray", f"rule add to {own} priority 100 prohibit", "prohibited", "rule delete priority 100", flow=into),
        Fault("the peer is removed", [gateway("wg", "set", "wg0", "peer", lab.run("laptop", "wg", "show", CLIENT, "public-key").out.strip(), "remove")],
              "does not know laptop", flow=into),
    ]
    usual = TO_SERVER
    report(checks, run(lab, checks, faults, usual))
    denied = lab.wggw("explain", "guest", f"{SERVER[4]}:80", check=False)
    checks.equal("what the policy does not allow stops", denied.code, 3)
    checks.contains("the policy is named, with what helps", denied.out, "guest's policy", f"--allow '{SERVER[4]}:443/tcp' '{SERVER[4]}:80/tcp'")
    checks.contains("what of it may pass", lab.wggw("explain", "guest", SERVER[4], check=False).out, "443/tcp")


def checked(lab, checks):
    """Checks in the profile, an apply that proves itself, and the doctor."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("add-peer", "guest", "--allow", f"{SERVER[4]}:443/tcp")
    lab.wggw("apply")
    lab.connect()
    checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
    profile = lab.wggw("profile", "export").out
    promise = """
[[check]]
from = "laptop"
to = "%s:80/tcp"
expect = "allow"

[[check]]
from = "guest"
to = "%s:22/tcp"
expect = "%s"
"""
    take(lab, profile + promise % (SERVER[4], SERVER[4], "deny"))
    checks.contains("the checks hold", lab.wggw("check").out, "ok    laptop → 192.168.1.10:80/tcp: allow", "ok    guest")
    checks.contains("plan counts them", lab.wggw("plan").err, "2 checks hold")
    checks.equal("they are in the profile", take(lab, lab.wggw("profile", "export").out).code, 0)
    lab.wggw("apply")
    checks.contains("status counts them", lab.wggw("status").out, "2 checks hold")
    checks.equal("the hosts say the same", lab.wggw("check", "--live", check=False).code, 0)
    take(lab, profile + promise % (SERVER[4], SERVER[4], "allow"))
    refused = lab.wggw("apply", check=False)
    checks.equal("an apply that would break one is refused", refused.code, 78)
    checks.contains("with the lines of the profile", refused.err, "guest → 192.168.1.10:22/tcp: allow (line", "but guest's policy does not allow it (line")
    proved(lab, checks, profile, promise)
    doctor(lab, checks)


def take(lab, profile):
    return lab.run("gateway", "wggw", "profile", "import", "-", stdin=profile, check=False)


def proved(lab, checks, profile, promise):
    take(lab, profile + promise % (SERVER[4], SERVER[4], "deny"))
    lab.wggw("set-peer", "guest", "--allow", f"{SERVER[4]}:8080/tcp")
    done = lab.wggw("apply", "--prove", "20", "--live")
    checks.contains("what holds is confirmed by itself", done.err, "proved: revision")
    checks.check("nothing waits any more", "goes back in" not in lab.wggw("status").out)
    before = lab.wggw("show", "profile", "--applied", check=False).out
    lab.run("gateway", "nft", "-f", "-", stdin="table inet f {\nchain c {\ntype filter hook forward priority 0;\ntcp dport 80 drop\n}\n}")
    lab.wggw("set-peer", "guest", "--allow", f"{SERVER[4]}:9000/tcp")
    began = time.monotonic()
    failed = lab.wggw("apply", "--prove", "6", check=False)
    took = time.monotonic() - began
    lab.run("gateway", "nft", "delete", "table", "inet", "f")
    checks.equal("what does not hold is taken back", failed.code, 1)
    checks.contains("with what is missing", failed.err, "is not proved, and was taken back", "rule 1 of inet f c drops it")
    checks.check(f"in time ({took:.1f} s)", 3 < took < 20 * PATIENCE, took)
    checks.equal("the revision before is on the box", lab.wggw("show", "profile", "--applied", check=False).out, before)


def doctor(lab, checks):
    well = lab.wggw("doctor", check=False)
    checks.equal("a gateway that works has hints at most", well.code, 0)
    lab.run("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    lab.run("gateway", "iptables", "-P", "INPUT", "DROP")
    ill = lab.wggw("doctor", check=False)
    lab.run("gateway", "iptables", "-P", "INPUT", "ACCEPT")
    lab.wggw("up")
    checks.equal("one that does not has errors", ill.code, 3)
    checks.contains("the gravest first, with what helps", ill.out, "error    ", "net.ipv4.ip_forward", "wggw up", "ip filter INPUT", "iptables -I INPUT")
    lines = [line.split()[0] for line in ill.out.splitlines() if not line.startswith(" ")]
    checks.equal("hints come last", lines, sorted(lines, key=["error", "warning", "hint"].index))


def report(checks, counts):
    text = ", ".join(f"{name} {count}" for name, count in counts.items())
    print(f"     {text}", flush=True)
    checks.check(f"causes that were named: {counts['causes']} of {counts['faults']}", counts["causes"] >= 0.95 * counts["faults"], text)
    checks.equal("nothing that stops is said to arrive", counts["wrong arrives"], 0)
    checks.equal("nothing that arrives is said to stop", counts["wrong stops"], 0)
