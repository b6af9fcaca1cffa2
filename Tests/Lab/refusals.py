# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in wggw's way is named, with what helps, and the box stays as it was."""

from lab import SERVER
from lifecycle import differences, is_applied, snapshot


def refused(lab, checks, what, status, *words, command=("wggw", "apply")):
    """Runs a command that has to fail with a status and words, and to change nothing."""
    before = snapshot(lab)
    done = lab.run("gateway", *command, check=False)
    checks.equal(f"{what}: status {status}", done.code, status)
    checks.contains(f"{what}: says what is wrong and what helps", done.err, *words)
    checks.equal(f"{what}: changes nothing", differences(before, snapshot(lab)), "")


def no_permission(lab, checks):
    """Root without the capability, as in a container: before there is anything, and with a tunnel at work."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    for when in ("on an empty box", "with a tunnel"):
        for command in ("apply", "plan", "down") if when == "with a tunnel" else ("apply", "plan"):
            refused(lab, checks, f"{command} without CAP_NET_ADMIN, {when}", 77, "Operation not permitted",
                    "--cap-add NET_ADMIN", command=("setpriv", "--bounding-set", "-net_admin", "wggw", command))
        lab.wggw("apply")
    lab.connect()
    checks.check("and the tunnel works", lab.pings("laptop", SERVER[4]))


def busy(lab, checks):
    """Others have the interface's name, or the port."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    name_taken(lab, checks)
    port_taken(lab, checks)


def name_taken(lab, checks):
    lab.run("gateway", "ip", "link", "add", "wg0", "type", "bridge")
    refused(lab, checks, "another kind of interface has the name", 1, "wg0 exists and is not a WireGuard interface",
            "tunnel.interface")
    lab.run("gateway", "ip", "link", "delete", "wg0")
    if lab.datapath == "kernel":
        lab.run("gateway", "ip", "link", "add", "wg0", "type", "wireguard")
    else:
        lab.run("gateway", "wireguard-go", "wg0")
    key = lab.run("gateway", "wg", "genkey").out
    lab.run("gateway", "wg", "set", "wg0", "private-key", "/dev/stdin", stdin=key)
    refused(lab, checks, "somebody else's WireGuard has the name", 1, "another private key", "wg-quick down wg0")
    checks.equal("whose key stays", lab.run("gateway", "wg", "show", "wg0", "private-key").out, key)
    lab.run("gateway", "ip", "link", "delete", "wg0")


def port_taken(lab, checks):
    for family in ("AF_INET", "AF_INET6"):
        holder = lab.start("gateway", "/usr/bin/env", "python3", "-Ic", HOLDER % family, "51820")
        holder.stdout.readline()
        refused(lab, checks, f"the port is taken ({family})", 1, "Address already in use (UDP port 51820)",
                "ss -ulpn sport = :51820", "tunnel.listen-port", "the box is as it was before")
        holder.communicate("end\n")
    lab.wggw("apply")
    holder = lab.start("gateway", "/usr/bin/env", "python3", "-Ic", HOLDER % "AF_INET", "4500")
    holder.stdout.readline()
    lab.wggw("init", "--listen-port", "4500")
    refused(lab, checks, "the port that it is to change to is taken", 1, "Address already in use (UDP port 4500)",
            "tunnel.listen-port", "the box is back at revision")
    holder.communicate("end\n")
    lab.wggw("apply")
    is_applied(lab, checks, "once the port is free")


def no_module(lab, checks):
    """The kernel's WireGuard is wanted, and there is none."""
    if lab.run("gateway", "ip", "link", "add", "probe", "type", "wireguard", check=False).code == 0:
        lab.run("gateway", "ip", "link", "delete", "probe")
        return checks.check("this kernel has WireGuard, so nothing to refuse", True)
    lab.init()
    lab.wggw("add-peer", "laptop")
    words = ("this kernel has no WireGuard", "modprobe wireguard", "wggw init --datapath auto")
    lab.wggw("init", "--datapath", "kernel")
    refused(lab, checks, "a kernel without WireGuard", 1, *words)
    lab.wggw("init", "--datapath", "auto")
    lab.wggw("apply")
    lab.connect()
    lab.wggw("init", "--datapath", "kernel")
    refused(lab, checks, "a kernel without WireGuard, under a tunnel", 1, *words)
    checks.check("and the tunnel works", lab.pings("laptop", SERVER[4]))


#: Holds a UDP port of one family.
HOLDER = """
import socket, sys
s = socket.socket(socket.%s, socket.SOCK_DGRAM)
if s.family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
s.bind(("", int(sys.argv[1])))
print("bound", flush=True)
sys.stdin.read()
"""
