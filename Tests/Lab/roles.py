# SPDX-License-Identifier: GPL-3.0-or-later
"""The box moves under its gateway: cards get other names, go and come back, the way out is another one. Nobody has named an
interface, so the tunnel's packets find their way again by themselves, and what was open goes on."""

import contextlib
import time

import flows
from lab import FAR, PATIENCE, SERVER, eventually
from watch import Service

#: In seconds: until packets pass again after something happened to a card, and after a route moved.
CARD, ROUTE = 2, 1
LAN = {4: "192.168.1.254/24", 6: "2001:db8:1::254/64"}
#: The second way out, by which the Internet sees another address.
SECOND = {4: "198.51.101.2", 6: "2001:db8:f2::2"}


def follows(lab, checks):
    with gateway(lab, checks) as service:
        streams = flows.start(lab, checks, {"a connection to the LAN": ("laptop", SERVER[4])})
        try:
            for what, limit, commands in lan_moves(lab):
                follow(lab, checks, service, what, limit, commands, "laptop", SERVER[4])
                goes_on(lab, checks, what, streams)
            card_is_away(lab, checks, service, streams)
            ways_out(lab, checks, service)
            goes_on(lab, checks, "all of this", streams)
        finally:
            flows.end(streams)
    without_service(lab, checks)


@contextlib.contextmanager
def gateway(lab, checks):
    second_uplink(lab)
    lab.init("routed", "--full-tunnel")
    profile = lab.wggw("show").out
    checks.check("the profile names no card", "[lan]" in profile and "eth" not in profile, profile)
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    checks.contains("plan says what was found", lab.wggw("plan").err, "LAN on eth0, found by 192.168.1.0/24")
    checks.contains("status says it, too", lab.wggw("status").out, "out by eth1, found by the default route of IPv4")
    service = Service(lab, checks)
    try:
        lab.connect()
        checks.check("the tunnel works", lab.pings("laptop", SERVER[4]) and lab.pings("laptop", FAR[4]))
        yield service
    finally:
        service.end()


def second_uplink(lab):
    """eth2, to the same Internet, with an address of its own there. Both let go by one what came by the other."""
    lab.run("gateway", "ip", "link", "add", "eth2", "type", "veth", "peer", "name", "second", "netns", f"{lab.name}-internet")
    for host, interface, address in (("gateway", "eth2", SECOND), ("internet", "second", {4: "198.51.101.1", 6: "2001:db8:f2::1"})):
        lab.run(host, "ip", "link", "set", interface, "up")
        lab.run(host, "ip", "address", "add", f"{address[4]}/24", "dev", interface)
        lab.run(host, "ip", "address", "add", f"{address[6]}/64", "dev", interface)
        for name in ("all", "default", interface):
            lab.run(host, "sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    lab.run("internet", "sysctl", "-qw", "net.ipv4.conf.office.rp_filter=0")


def lan_moves(lab):
    """What happens to the LAN's card: a name, the time, and commands."""
    yield "the LAN's card is renamed", CARD, [["ip", "link", "set", "eth0", "down"], ["ip", "link", "set", "eth0", "name", "lan0"],
                                             *up_again("lan0")]
    yield "it is enslaved to a bridge", CARD, [
        ["ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0"], ["ip", "address", "flush", "dev", "lan0"],
        ["ip", "link", "set", "lan0", "master", "br0"], *up_again("br0")]
    yield "and set free", CARD, [["ip", "link", "delete", "br0"], *up_again("lan0")]


def up_again(interface):
    yield ["ip", "link", "set", interface, "up"]
    for address in LAN.values():
        yield ["ip", "address", "replace", address, "dev", interface]


def follow(lab, checks, service, what, limit, commands, host, address):
    """After the commands, packets pass in time, and it is said that something was followed."""
    service.said()
    for command in commands:
        lab.run("gateway", *command)
    began = time.monotonic()
    passes = eventually(lambda: answers(lab, host, address), seconds=limit + 3)
    took = time.monotonic() - began
    checks.check(f"{what}: packets pass again ({took:.1f} s)", passes and took < limit * PATIENCE)
    checks.check(f"{what}: there is nothing to do", eventually(
        lambda: lab.wggw("plan", "--detailed-exitcode", check=False).code == 0), lab.wggw("plan", check=False).out)
    checks.contains(f"{what}: it says so", service.said(), "followed what moved:")


def answers(lab, host, address):
    return lab.run(host, "ping", "-n", "-c", "1", "-W", "0.2", address, check=False).code == 0


def goes_on(lab, checks, what, streams):
    moved = set()
    eventually(lambda: moved.update(flows.moving(streams, 0.3)) or moved == set(streams), seconds=8)
    checks.equal(f"{what}: connections go on", moved, set(streams))


def card_is_away(lab, checks, service, streams):
    """The card is taken out, and another one put in its place, with another name."""
    service.said()
    lab.run("gateway", "ip", "link", "delete", "lan0")
    said = []
    checks.check("the card is away: it says what is nowhere", eventually(
        lambda: said.append(service.said()) or "192.168.1.0/24 is on no interface of this box" in "\n".join(said)), said)
    status = lab.wggw("status", check=False)
    checks.check("status says it, too, and that all is not well",
                 status.code == 1 and "192.168.1.0/24 is on no interface of this box" in status.out, status.out)
    applied = lab.wggw("apply")
    checks.contains("apply says it as well", applied.err, "192.168.1.0/24 is on no interface of this box")
    checks.check("the Internet is there all the same", lab.pings("laptop", FAR[4]))
    lab.run("gateway", "ip", "link", "add", "eth7", "type", "veth", "peer", "name", "to-gateway", "netns", f"{lab.name}-lan")
    for command in (["ip", "link", "set", "to-gateway", "master", "switch"], ["ip", "link", "set", "to-gateway", "up"]):
        lab.run("lan", *command)
    follow(lab, checks, service, "another card in its place", CARD, up_again("eth7"), "laptop", SERVER[4])
    goes_on(lab, checks, "another card in its place", streams)


def seen(lab, address):
    """The address that a host on the Internet sees the laptop with."""
    return lab.fetch("laptop", address).rpartition(" ")[2]


def ways_out(lab, checks, service):
    route = ["ip", "route", "replace", "default"]
    follow(lab, checks, service, "the default route moves", ROUTE, [[*route, "via", "198.51.101.1"]], "laptop", FAR[4])
    checks.equal("the default route moves: the Internet sees the other address", seen(lab, FAR[4]), SECOND[4])
    follow(lab, checks, service, "IPv6 leaves by the other one", ROUTE,
           [["ip", "-6", "route", "replace", "default", "via", "2001:db8:f2::1"], [*route, "via", "198.51.100.1"]], "laptop", FAR[6])
    checks.equal("IPv6 leaves by the other one: seen by far", (seen(lab, FAR[4]), seen(lab, FAR[6])),
                 (lab.public[4], SECOND[6]))
    follow(lab, checks, service, "two routes of equal cost", ROUTE,
           [[*route, "nexthop", "via", "198.51.100.1", "nexthop", "via", "198.51.101.1"]], "laptop", FAR[4])
    # The kernel draws for each destination: with ten, once in 500 times all went by the same one.
    for last in range(2, 34):
        lab.run("far", "ip", "address", "add", f"168.95.1.{last}/32", "dev", "eth0")
    checks.equal("two routes of equal cost: all is reached by both", {seen(lab, f"168.95.1.{last}") for last in range(2, 34)},
                 {lab.public[4], SECOND[4]})
    # As of a provider who dials: another name, another MTU.
    follow(lab, checks, service, "ppp0 becomes ppp1", ROUTE, [
        ["ip", "link", "set", "eth2", "down"], ["ip", "link", "set", "eth2", "name", "ppp1", "mtu", "1492"],
        ["ip", "link", "set", "ppp1", "up"], [*route, "via", "198.51.101.1"],
        ["ip", "address", "add", "2001:db8:f2::2/64", "dev", "ppp1"]], "laptop", FAR[4])
    checks.equal("ppp0 becomes ppp1: the tunnel's MTU fits", lab.json("gateway", "ip", "-j", "link", "show", "wg0")[0]["mtu"], 1412)


def without_service(lab, checks):
    """Who runs no service is told what is not as it should be, and `up` puts it right."""
    lab.run("gateway", "ip", "link", "set", "eth7", "down")
    lab.run("gateway", "ip", "link", "set", "eth7", "name", "lan7")
    for command in up_again("lan7"):
        lab.run("gateway", *command)
    status = lab.wggw("status", check=False)
    checks.check("without the service status knows", status.code == 1 and "LAN on lan7" in status.out and "drift" in status.out,
                 status.out)
    lab.wggw("up")
    checks.check("and up puts it right", lab.pings("laptop", SERVER[4]))
