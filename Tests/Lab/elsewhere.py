# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses move: a peer's name leads elsewhere, and the gateway's own address in the LAN is another one."""

import time

import roles
from lab import CLIENT, FAR, PATIENCE, SERVER, eventually
from watch import SOON, Service

PORT = 51820
#: On a network that nobody has.
NOWHERE = {4: "203.0.113.99", 6: "2001:db8:dead::1"}


def hosts(lab, *addresses):
    """What the gateway's resolver knows of the branch."""
    lines = ["127.0.0.1 localhost", *(f"{address} branch.example" for address in addresses)]
    lab.run("gateway", "sh", "-c", "cat >/etc/hosts", stdin="\n".join(lines) + "\n")


def look(lab):
    """Something on the box is new: the service looks, as it does by itself once a minute."""
    lab.run("gateway", "ip", "address", "replace", "192.0.2.98/32", "dev", "lo")
    lab.run("gateway", "ip", "address", "delete", "192.0.2.98/32", "dev", "lo")


def names(lab, checks):
    """A branch that only the gateway calls. Its name is looked up again as long as it is not reached, and by nobody else's leave."""
    lab.init()
    hosts(lab, NOWHERE[4])
    lab.wggw("add-peer", "branch", "--endpoint", f"branch.example:{PORT}", "--keepalive", "25")
    lab.wggw("apply")
    answers(lab)
    service = Service(lab, checks)
    try:
        key = lab.run("gateway", "wg", "show", "wg0", "peers").out.strip()
        at = lambda: lab.run("gateway", "wg", "show", "wg0", "endpoints").out.split()[-1]
        passes = lambda: lab.pings("gateway", lab.tunnel_addresses("far")[4], seconds=1 / PATIENCE)
        checks.check("a name that leads nowhere: nobody is reached", not passes())
        checks.equal("a name that leads nowhere: its address is tried", at(), f"{NOWHERE[4]}:{PORT}")
        hosts(lab, FAR[4])
        moves(lab, checks, service, "the name gets another address", at, f"{FAR[4]}:{PORT}")
        checks.check("the name gets another address: packets pass", eventually(passes, seconds=8))
        checks.equal("there is nothing to do", lab.wggw("plan", "--detailed-exitcode", check=False).code, 0)
        hosts(lab, NOWHERE[4])
        look(lab)
        time.sleep(1)
        checks.equal("who has a session stays where he is", at(), f"{FAR[4]}:{PORT}")
        other_family(lab, checks, service, key, at, passes)
        dead_resolver(lab, checks, service, key)
    finally:
        service.end()


def answers(lab):
    """The branch's end, on a host of the Internet: it calls nobody, but answers."""
    file = [line for line in lab.wggw("export", "branch").out.splitlines()
            if not line.startswith(("Endpoint", "PersistentKeepalive", "DNS", "ListenPort"))]
    lab.run("far", "sh", "-c", f"umask 077; cat >/etc/wireguard/{CLIENT}.conf",
            stdin="\n".join(file).replace("[Interface]", f"[Interface]\nListenPort = {PORT}") + "\n")
    lab.run("far", "wg-quick", "up", CLIENT)


def moves(lab, checks, service, what, at, expected):
    said = []
    moved = lambda: said.append(service.said()) or look(lab) or at() == expected
    checks.check(f"{what}: the peer is looked for there", eventually(moved, seconds=25), (at(), said))
    eventually(lambda: said.append(service.said()) or "branch.example leads" in "".join(said))
    checks.contains(f"{what}: it says so", "".join(said), "peer branch is not reached: it is looked for at")


def other_family(lab, checks, service, key, at, passes):
    """The name stands for both families, and of one nothing arrives: each is tried for a while."""
    lab.disconnect("far")
    lab.run("gateway", "wg", "set", "wg0", "peer", key, "remove")
    eventually(lambda: key in lab.run("gateway", "wg", "show", "wg0", "peers").out)
    hosts(lab, NOWHERE[6], FAR[4])
    lab.run("gateway", "wg", "set", "wg0", "peer", key, "endpoint", f"[{NOWHERE[6]}]:{PORT}")
    lab.run("far", "wg-quick", "up", CLIENT)
    moves(lab, checks, service, "the other family", at, f"{FAR[4]}:{PORT}")
    checks.check("the other family: packets pass", eventually(passes, seconds=8))


def dead_resolver(lab, checks, service, key):
    """Nobody answers for names: all else goes on."""
    hosts(lab)
    lab.run("gateway", "sh", "-c", "echo nameserver 192.0.2.53 >/etc/resolv.conf")
    lab.run("gateway", "wg", "set", "wg0", "peer", key, "remove")
    look(lab)
    time.sleep(0.5)
    began = time.monotonic()
    lab.run("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    back = eventually(lambda: lab.run("gateway", "sysctl", "-n", "net.ipv4.ip_forward").out == "1\n", seconds=10)
    took = time.monotonic() - began
    checks.check(f"nobody answers for names: forwarding comes back ({took:.1f} s)", back and took < 2 * SOON * PATIENCE)


def addresses(lab, checks):
    """With proxy-arp the tunnel has the address of the LAN's card, which gets another one, and then another name."""
    before = lab.run("gateway", "sysctl", "-n", "net.ipv4.conf.eth0.proxy_arp").out
    lab.init("proxy-arp")
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    service = Service(lab, checks)
    try:
        lab.connect()
        checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
        checks.equal("it has the card's address", lab.tunnel_addresses("gateway", "wg0")[4], lab.gateway[4])
        service.said()
        other = "192.168.1.253"
        lab.run("gateway", "ip", "address", "add", f"{other}/24", "dev", lab.lan_interface)
        lab.run("gateway", "ip", "address", "delete", f"{lab.gateway[4]}/24", "dev", lab.lan_interface)
        lab.run("gateway", "ip", "address", "replace", f"{other}/24", "dev", lab.lan_interface)
        began = time.monotonic()
        follows = eventually(lambda: lab.tunnel_addresses("gateway", "wg0").get(4) == other)
        checks.check(f"another address by DHCP: the tunnel has it ({time.monotonic() - began:.1f} s)", follows,
                     lab.run("gateway", "ip", "address").out)
        checks.check("another address by DHCP: packets pass", eventually(lambda: lab.pings("laptop", SERVER[4], seconds=1)))
        checks.contains("another address by DHCP: it says so", service.said(), f"the box's address in the LAN is {other} now")
        checks.equal("there is nothing to do", lab.wggw("plan", "--detailed-exitcode", check=False).code, 0)
        rename(lab, checks, other)
    finally:
        service.end()
    lab.wggw("down")
    checks.equal("a renamed card has its settings again", lab.run("gateway", "sysctl", "-n", "net.ipv4.conf.lan0.proxy_arp").out, before)


def rename(lab, checks, address):
    for command in (["set", lab.lan_interface, "down"], ["set", lab.lan_interface, "name", "lan0"], ["set", "lan0", "up"]):
        lab.run("gateway", "ip", "link", *command)
    for own in (f"{address}/24", f"{lab.gateway[6]}/64"):
        lab.run("gateway", "ip", "address", "replace", own, "dev", "lan0")
    checks.check("a renamed card: packets pass", eventually(lambda: lab.pings("laptop", SERVER[4], seconds=1), seconds=5))
    checks.equal("a renamed card: proxies", lab.run("gateway", "sysctl", "-n", "net.ipv4.conf.lan0.proxy_arp").out, "1\n")


def guests(lab, checks):
    """Docker comes to a box that forwarded nothing before wggw did: its containers are named, let through when that is asked for, and keep
    forwarding when wggw goes."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    container(lab)
    reaches = lambda: lab.run("gateway", "ip", "netns", "exec", f"{lab.name}-guest", "ping", "-n", "-c", "1", "-W", "1", SERVER[4],
                              check=False).code == 0
    checks.check("a container's packets are dropped", not reaches())
    for command in ("plan", "status"):
        checks.contains(f"{command} names it", lab.wggw(command, check=False).err, "IPv4 of docker0 is not forwarded")
        checks.contains(f"{command} says what lets it", lab.wggw(command, check=False).err, "`wggw init --other-forwarding allow`")
    lab.wggw("init", "--other-forwarding", "allow")
    lab.wggw("apply")
    checks.check("then they pass", eventually(reaches))
    lab.connect()
    checks.check("the tunnel works beside it", lab.pings("laptop", SERVER[4]))
    lab.disconnect()
    checks.contains("down says what stays on", lab.wggw("down").err, "IPv4 forwarding stays on")
    checks.check("and they pass", reaches())


def container(lab):
    """As Docker makes one: a bridge with a network of its own, masquerading."""
    guest = f"{lab.name}-guest"
    lab.run("gateway", "ip", "netns", "add", guest)
    lab.at_reset("gateway", "ip", "netns", "delete", guest)
    for command in (["link", "add", "docker0", "type", "bridge", "forward_delay", "0"], ["address", "add", "172.17.0.1/16", "dev", "docker0"],
                    ["link", "set", "docker0", "up"], ["link", "add", "guest", "type", "veth", "peer", "name", "eth0", "netns", guest],
                    ["link", "set", "guest", "master", "docker0", "up"], ["-n", guest, "address", "add", "172.17.0.2/16", "dev", "eth0"],
                    ["-n", guest, "link", "set", "eth0", "up"], ["-n", guest, "route", "add", "default", "via", "172.17.0.1"]):
        lab.run("gateway", "ip", *command)
    lab.run("gateway", "nft", "-f", "-", stdin="""table ip docker { chain post { type nat hook postrouting priority 100;
        ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
        }
    }\n""")


def without_ipv6(lab, checks):
    """IPv6 is switched off: before there is a site, and under one."""
    off = lambda value: lab.run("gateway", "sysctl", "-qw", *(f"net.ipv6.conf.{name}.disable_ipv6={value}" for name in ("all", "default")))
    off(1)
    lab.wggw("init", "--lan", "192.168.1.0/24", "--endpoint", "itzxa.com:51820", "--datapath", lab.datapath)
    checks.check("init takes no IPv6 tunnel", "fd" not in lab.wggw("show").out)
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
    lab.wggw("init", "--tunnel6", "fd00:77::/64")
    lab.wggw("set-peer", "laptop", "--address", "fd00:77::9", lab.tunnel_addresses()[4])
    checks.contains("with IPv6 in the profile apply does not fail", lab.wggw("apply").err, "IPv6 is switched off for wg0")
    checks.check("the tunnel works still", lab.pings("laptop", SERVER[4]))
    service = Service(lab, checks)
    try:
        off(0)
        lab.run("gateway", "ip", "link", "set", "lo", "down")
        lab.run("gateway", "ip", "link", "set", "lo", "up")
        checks.check("switched on, it is there", eventually(lambda: lab.tunnel_addresses("gateway", "wg0").get(6) == "fd00:77::1", 10))
        off(1)
        checks.check("switched off again, there is nothing to do", eventually(
            lambda: lab.wggw("plan", "--detailed-exitcode", check=False).code == 0, 10), lab.wggw("plan", check=False).out)
        checks.check("and IPv4 goes on", lab.pings("laptop", SERVER[4]))
        checks.check("nothing failed", "next try" not in service.said())
    finally:
        service.end()


def better_route(lab, checks):
    """A better route to a peer appears, by another provider, who lets nothing out that comes from elsewhere. What is sent to the peer comes
    from the right address at once, in the same session."""
    roles.second_uplink(lab)
    lab.run("internet", "nft", "-f", "-", stdin="""table ip provider {
        chain in { type filter hook prerouting priority -300; iifname "second" ip saddr != 198.51.101.0/24 drop; }
    }\n""")
    lab.at_reset("internet", "nft", "delete", "table", "ip", "provider")
    lab.init()
    lab.wggw("add-peer", "branch")
    lab.wggw("apply")
    lab.connect("branch", "far")
    checks.check("the tunnel works", lab.pings("far", SERVER[4]))
    handshake = lambda: lab.run("gateway", "wg", "show", "wg0", "latest-handshakes").out
    at = lambda: lab.run("far", "wg", "show", CLIENT, "endpoints").out.split()[-1]
    before, known = handshake(), at()
    began = time.monotonic()
    lab.run("gateway", "ip", "route", "add", f"{FAR[4]}/32", "via", "198.51.101.1")
    passes = eventually(lambda: roles.answers(lab, "far", SERVER[4]), seconds=8)
    took = time.monotonic() - began
    checks.check(f"by another way: packets pass ({took:.1f} s)", passes and took < 2 * SOON * PATIENCE)
    checks.equal("by another way: from its address", (known, at()), (f"{lab.public[4]}:{PORT}", f"{roles.SECOND[4]}:{PORT}"))
    checks.equal("by another way: in the same session", handshake(), before)
    lab.run("gateway", "ip", "route", "delete", f"{FAR[4]}/32")
    checks.check("and back", eventually(lambda: roles.answers(lab, "far", SERVER[4]), seconds=8))
