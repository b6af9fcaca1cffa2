# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes through the gateway and what does not: reply paths, split and full tunnel, IPv4 and IPv6."""

from lab import FAR, HOME, PATIENCE, SERVER, eventually

FAMILIES = (4, 6)
NEIGHBOUR = {4: "192.168.1.11", 6: "2001:db8:1::11"}


def seen_as(answer):
    """The address with which a host of the lab says it sees the caller, or its whole answer."""
    return answer.rsplit(" ", 1)[-1] if answer.startswith("hello from") else answer


def reply_path(lab, checks, reply_path):
    """The laptop reaches the LAN by its private addresses; who sees whom with which address is up to the reply path."""
    lab.init(reply_path)
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    if reply_path == "routed":
        lab.set_router_route()
    lab.connect()
    masquerades = reply_path == "masquerade"
    own = lab.tunnel_addresses()
    checks.equal("the laptop's tunnel has both families", sorted(own), [4, 6])
    for version in FAMILIES:
        family = f"IPv{version}"
        checks.check(f"{family}: ping to the LAN host", lab.pings("laptop", SERVER[version]))
        expected = lab.gateway[version] if masquerades else own[version]
        checks.equal(f"{family}: the LAN host serves, and sees the {'gateway' if masquerades else 'laptop'}",
                     lab.fetch("laptop", SERVER[version]), f"hello from server, you are {expected}")
        if not masquerades:
            checks.equal(f"{family}: the LAN host reaches the laptop, which sees it as it is",
                         lab.fetch("server", own[version]), f"hello from laptop, you are {SERVER[version]}")
    split_tunnel(lab, checks)
    full_tunnel(lab, checks, masquerades)


def split_tunnel(lab, checks):
    for version in FAMILIES:
        checks.equal(f"IPv{version}: split tunnel: the Internet sees the laptop's own address",
                     seen_as(lab.fetch("laptop", FAR[version])), HOME[version])
    hops, _ = lab.path("laptop", FAR[4])
    checks.check("split tunnel: tracepath does not go through the gateway", hops[:1] == ["10.7.7.1"], hops)


def full_tunnel(lab, checks, masquerades):
    lab.wggw("set-peer", "laptop", "--full-tunnel")
    lab.wggw("apply")
    lab.connect()
    tunnel = lab.tunnel_addresses("gateway", "wg0")
    for version in FAMILIES:
        checks.equal(f"IPv{version}: full tunnel: the Internet sees the office's address",
                     seen_as(lab.fetch("laptop", FAR[version])), lab.public[version])
        expected = lab.gateway[version] if masquerades else lab.tunnel_addresses()[version]
        checks.equal(f"IPv{version}: full tunnel: the LAN sees the same address as before",
                     seen_as(lab.fetch("laptop", SERVER[version])), expected)
    hops, mtu = lab.path("laptop", FAR[4])
    expected = [tunnel[4], "192.168.1.254", "198.51.100.1", FAR[4]]
    if lab.shape == "router":
        expected.remove("192.168.1.254")
    checks.equal("full tunnel: tracepath goes through the gateway", hops, expected)
    checks.equal("full tunnel: the path's MTU is the tunnel's", mtu, 1420)


def only_the_tunnel(lab, checks):
    """wggw opens and translates what belongs to the tunnel, and nothing else."""
    lab.init("masquerade", "--full-tunnel")
    lab.wggw("add-peer", "laptop")
    # The server tries to go out by the gateway: a stranger where that is one more box, as ever where it is the router.
    if lab.shape == "one-arm":
        lab.run("server", "ip", "route", "add", f"{FAR[4]}/32", "via", lab.gateway[4])
        lab.at_reset("server", "ip", "route", "delete", f"{FAR[4]}/32")
        before = lab.fetch("server", FAR[4], limit=1)
        checks.check("before: a box that is no router forwards nothing", not before.startswith("hello"), before)
        lab.wggw("apply")
        after = lab.fetch("server", FAR[4], limit=1)
        checks.check("after: forwarding is on for the tunnel only", not after.startswith("hello"), after)
    else:
        lab.wggw("apply")
        checks.equal("the LAN still goes out as before", seen_as(lab.fetch("server", FAR[4])), lab.public[4])
        checks.equal("IPv6 still goes out untranslated", seen_as(lab.fetch("server", FAR[6])), SERVER[6])
    lab.connect()
    checks.equal("the tunnel itself goes out", seen_as(lab.fetch("laptop", FAR[4])), lab.public[4])
    rules = [line for line in lab.run("gateway", "nft", "list", "table", "inet", "wggw").out.splitlines()
             if "masquerade" in line]
    checks.check("every masquerade rule asks for the tunnel as the way in",
                 rules and all("iifname" in rule or "iif " in rule or "mark" in rule for rule in rules), rules)


def policy(lab, checks):
    """A guest reaches what its policy allows; nobody sends with an address that is not his."""
    lab.init("routed")
    lab.wggw("add-peer", "guest", "--allow", f"{SERVER[4]}:443/tcp", "--allow", f"[{SERVER[6]}]:443/tcp")
    lab.wggw("apply")
    lab.set_router_route()
    # A second host of the LAN, by a second address of the one that serves.
    for version, length, more in ((4, 24, ()), (6, 64, ("nodad",))):
        lab.run("server", "ip", "address", "add", f"{NEIGHBOUR[version]}/{length}", "dev", "eth0", *more)
        lab.at_reset("server", "ip", "address", "delete", f"{NEIGHBOUR[version]}/{length}", "dev", "eth0")
    lab.connect("guest")
    own = lab.tunnel_addresses()
    for version in FAMILIES:
        family = f"IPv{version}"
        checks.equal(f"{family}: the guest reaches what is allowed", seen_as(lab.fetch("laptop", SERVER[version], 443)),
                     own[version])
        for what, answer in (("another port", lab.fetch("laptop", SERVER[version], 80, limit=1)),
                             ("another host", lab.fetch("laptop", NEIGHBOUR[version], 443, limit=1))):
            checks.check(f"{family}: the guest is refused {what}", answer.startswith("no answer"), answer)
        checks.check(f"{family}: the guest is refused a ping", lab.is_silent("laptop", SERVER[version]))
    lab.wggw("set-peer", "guest", "--allow", SERVER[4])
    lab.wggw("apply")
    checks.check("the policy is widened under a live session", lab.pings("laptop", SERVER[4]))
    spoofed(lab, checks, own)


def spoofed(lab, checks, own):
    """own: the guest's addresses."""
    stranger = {4: "192.168.1.77", 6: "2001:db8:1::77"}
    lab.wggw("set-peer", "guest", "--allow", SERVER[4], "--allow", SERVER[6])
    lab.wggw("apply")
    lab.run("server", "nft", "-f", "-", stdin="""
        table inet seen {
            counter own { }
            counter stranger { }
            chain input {
                type filter hook input priority 0;
                ip saddr %s counter name own
                ip6 saddr %s counter name own
                ip saddr %s counter name stranger
                ip6 saddr %s counter name stranger
            }
        }""" % (own[4], own[6], stranger[4], stranger[6]))
    lab.at_reset("server", "nft", "delete", "table", "inet", "seen")
    for version in FAMILIES:
        length = 32 if version == 4 else 128
        lab.run("laptop", "ip", "address", "add", f"{stranger[version]}/{length}", "dev", "office", "nodad"
                if version == 6 else "noprefixroute")
        lab.is_silent("laptop", SERVER[version], "-I", stranger[version])
        lab.pings("laptop", SERVER[version], "-I", own[version], seconds=2)
    counters = {item["counter"]["name"]: item["counter"]["packets"]
                for item in lab.json("server", "nft", "-j", "list", "counters")["nftables"] if "counter" in item}
    checks.check("packets with the guest's own address arrive", counters["own"] >= 2, counters)
    checks.equal("packets with a stranger's address do not", counters["stranger"], 0)


def live_session(lab, checks):
    """A TCP connection through the tunnel lives through applies that do not touch its peer."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    eventually(lambda: lab.pings("laptop", SERVER[4]))
    session = lab.start("laptop", "/usr/bin/env", "python3", "-Ic", ECHO_SESSION, SERVER[4])
    checks.equal("a session is open", session.stdout.readline().strip(), "open")
    for name in ("tablet", "phone", "desk"):
        lab.wggw("add-peer", name)
        lab.wggw("apply")
    lab.wggw("remove-peer", "tablet")
    lab.wggw("set-peer", "phone", "--full-tunnel")
    lab.wggw("apply")
    out, _ = session.communicate("end\n", timeout=30)
    words = out.split()
    checks.check("it lived through four applies", words[:1] == ["echoed"] and int(words[1]) > 10, out)
    if words[:1] == ["echoed"]:
        checks.check(f"it never waited for a second (longest {words[3]} ms)", int(words[3]) < 1000 * PATIENCE, out)


#: Sends a line each 5 ms, or after as many seconds as it is told, and waits for its echo, until something comes in; tells how many,
#: and the longest wait.
ECHO_SESSION = """
import select, socket, sys, time
s = socket.create_connection((sys.argv[1], 7), 5)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
s.settimeout(240)
pause = float(sys.argv[2]) if sys.argv[2:] else 0.005
print("open", flush=True)
count, longest = 0, 0.0
while not select.select([sys.stdin], [], [], pause)[0]:
    line = b"%d\\n" % count
    start = time.monotonic()
    s.sendall(line)
    got = b""
    while got != line:
        data = s.recv(100)
        if not data: sys.exit("closed")
        got += data
    longest = max(longest, time.monotonic() - start)
    count += 1
print("echoed", count, "longest", int(longest * 1000))
"""
