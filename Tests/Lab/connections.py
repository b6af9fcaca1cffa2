# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that are open when what they are allowed by changes: which end, which go on, and who carries them."""

import json

from flows import Flow, end, judge, start
from lab import FAR, ROOT, SERVER, eventually
from traffic import NEIGHBOUR


def second_host(lab):
    """A second host of the LAN, by a second address of the one that serves; and both echo UDP."""
    lab.run("server", "ip", "address", "add", f"{NEIGHBOUR[4]}/24", "dev", "eth0")
    lab.at_reset("server", "ip", "address", "delete", f"{NEIGHBOUR[4]}/24", "dev", "eth0")
    echo = lab.start("server", "/usr/bin/env", "python3", "-Ic", UDP_ECHO, SERVER[4], NEIGHBOUR[4])
    echo.stdout.readline()
    lab.at_reset("server", "kill", echo.pid)


def known(lab, *addresses):
    """What connection tracking on the gateway knows: {id: line}, but for what has to do with one of these addresses."""
    lines = [line for family in ("ipv4", "ipv6")
             for line in lab.run("gateway", "conntrack", "-L", "-o", "id", "-f", family).out.splitlines()]
    return {line.rsplit("id=", 1)[1]: line for line in lines
            if not any(f"={address} " in line for address in addresses)}


def serve_on_gateway(lab):
    service = lab.start("gateway", "/usr/bin/env", "python3", "-I", ROOT / "scripts/lab-services.py", "gateway")
    service.stdout.readline()
    return service


def set_up(lab, reply_path, *options):
    lab.init(reply_path)
    lab.wggw("add-peer", "laptop", *options)
    lab.wggw("add-peer", "phone")
    lab.wggw("apply")
    if reply_path == "routed":
        lab.set_router_route()
    second_host(lab)
    lab.connect()


def narrowed(lab, checks, reply_path):
    """A policy is narrowed under open connections: what it forbids ends within a second, and nothing else."""
    set_up(lab, reply_path)
    lab.connect("phone", "far")
    service = serve_on_gateway(lab)
    flows = {
        "what is forbidden": ("laptop", SERVER[4]),
        "what is forbidden by IPv6": ("laptop", SERVER[6]),
        "one with the gateway itself": ("laptop", lab.tunnel_addresses("gateway", "wg0")[4]),
        "what is forbidden by UDP": ("laptop", SERVER[4], "udp"),
        "what is allowed": ("laptop", NEIGHBOUR[4]),
        "what is allowed by UDP": ("laptop", NEIGHBOUR[4], "udp"),
        "another peer's": ("far", SERVER[4]),
        "one of others with the gateway": ("server", lab.gateway[4]),
    }
    ended = set(list(flows)[:4])
    if reply_path == "routed":
        flows["the LAN's with the peer"] = ("server", lab.tunnel_addresses()[4])
    if lab.shape == "router":
        # By a tunnel of his own, far would answer himself.
        flows["one of others through the gateway"] = ("server", FAR[4])
    flows = start(lab, checks, flows)
    try:
        lab.wggw("set-peer", "laptop", "--allow", f"{NEIGHBOUR[4]}:7/tcp", "--allow", f"{NEIGHBOUR[4]}:7/udp")
        checks.contains("plan says so", lab.wggw("plan").out, "- connections of laptop that its policy forbids")
        others = known(lab, *lab.tunnel_addresses().values())
        lab.wggw("apply")
        gone = [line for number, line in others.items() if number not in known(lab)]
        checks.check(f"what {len(others)} others have open is known as before", len(others) > 1 and not gone, gone)
        judge(checks, "a narrower policy", flows, ended)
        said = lab.wggw("apply")
        checks.contains("a second apply ends nothing", said.out + said.err, "nothing to do")
    finally:
        end(flows)
        service.kill()
        service.communicate()


def passed_on(lab, checks, reply_path):
    """A peer goes and another one gets its address: its key does not carry the old connections."""
    set_up(lab, reply_path)
    own = lab.tunnel_addresses()
    flows = start(lab, checks, {"what the first one had open": ("laptop", SERVER[4])})
    try:
        lab.wggw("remove-peer", "laptop")
        lab.wggw("add-peer", "heir", "--address", own[4], "--address", own[6], "--allow", f"{NEIGHBOUR[4]}:7/tcp")
        checks.contains("plan says so", lab.wggw("plan").out, "- connections of laptop, which had")
        lab.wggw("apply")
        # On the same host, whose socket goes on with the same address and the other key.
        lab.connect("heir")
        checks.equal("the other one has the address", lab.tunnel_addresses()[4], own[4])
        judge(checks, "an address passed on", flows, set(flows))
        flow = Flow(lab, "laptop", NEIGHBOUR[4])
        checks.equal("what the other one may reach it reaches", flow.opened, "open")
        flow.end()
        lab.wggw("remove-peer", "heir")
        lab.wggw("add-peer", "third")
        fresh = lab.json("gateway", "wggw", "list", "--json")
        checks.check("a fresh address is neither's", own[4] not in str(fresh), fresh)
    finally:
        end(flows)


def split_again(lab, checks):
    """Full tunnel is taken away: what went out by the gateway ends, what stays inside goes on."""
    set_up(lab, "masquerade", "--full-tunnel")
    flows = start(lab, checks, {"the Internet": ("laptop", FAR[4]), "the LAN": ("laptop", SERVER[4])})
    try:
        lab.wggw("set-peer", "laptop", "--split-tunnel")
        lab.wggw("apply")
        judge(checks, "split tunnel", flows, {"the Internet"})
        lab.wggw("down")
        every, others = known(lab), known(lab, *lab.tunnel_addresses().values())
        checks.equal("after down nothing of the tunnel's is known any more",
                     [line for number, line in every.items() if number not in others], [])
    finally:
        end(flows)


def taken_back(lab, checks):
    """What a wider revision let in ends with it: by rollback, and when nobody confirms."""
    narrow = ("--allow", f"{NEIGHBOUR[4]}:7/tcp")
    set_up(lab, "routed", *narrow)
    for how, options in (("rollback", ()), ("no confirmation", ("--confirm", "6"))):
        lab.wggw("set-peer", "laptop", "--allow", SERVER[4], *narrow)
        lab.wggw("apply", *options)
        flows = start(lab, checks, {"what it let in": ("laptop", SERVER[4]), "what is allowed": ("laptop", NEIGHBOUR[4])})
        try:
            if options:
                checks.check("it goes back by itself", eventually(lambda: not waits(lab), seconds=20))
            else:
                lab.wggw("rollback")
            judge(checks, how, flows, {"what it let in"})
        finally:
            end(flows)


def waits(lab):
    """Whether an apply waits for its confirmation, or is being taken back."""
    status = json.loads(lab.wggw("status", "--json", check=False).out)
    return status["confirm_within"] is not None or status["unfinished"] is not None


def flushed(lab, checks):
    """Somebody flushes the rules, and what was never allowed comes in: the apply that puts them right ends it."""
    set_up(lab, "routed", "--allow", f"{NEIGHBOUR[4]}:7/tcp")
    # Somebody else's rules, so that connections are tracked all the while.
    lab.run("gateway", "nft", "-f", "-", stdin="""
        table inet others {
            chain forward { type filter hook forward priority 0; ct state invalid counter; }
        }""")
    lab.at_reset("gateway", "nft", "delete", "table", "inet", "others")
    flow = Flow(lab, "laptop", SERVER[4])
    checks.check("it is forbidden", flow.opened != "open", flow.opened)
    flow.end()
    lab.run("gateway", "nft", "delete", "table", "inet", "wggw")
    flows = start(lab, checks, {"what came in": ("laptop", SERVER[4]), "what is allowed": ("laptop", NEIGHBOUR[4])})
    try:
        lab.wggw("apply")
        judge(checks, "the rules are back", flows, {"what came in"})
    finally:
        end(flows)


def related(lab, checks):
    """FTP's data connection, which no rule names, lives as long as its control connection may."""
    set_up(lab, "routed", "--allow", f"{SERVER[4]}:21/tcp", "--allow", f"{SERVER[4]}:80/tcp")
    lab.run("gateway", "nft", "-f", "-", stdin="""
        table inet helpers {
            ct helper ftp { type "ftp" protocol tcp; }
            chain prerouting { type filter hook prerouting priority 0; tcp dport 21 ct helper set "ftp"; }
        }""")
    lab.at_reset("gateway", "nft", "delete", "table", "inet", "helpers")
    server = lab.start("server", "/usr/bin/env", "python3", "-Ic", FTP_SERVER)
    server.stdout.readline()
    flows = start(lab, checks, {"the data": ("laptop", SERVER[4], "ftp")})
    try:
        lab.wggw("set-peer", "laptop", "--allow", f"{SERVER[4]}:21/tcp")
        lab.wggw("apply")
        judge(checks, "another rule goes", flows, set())
        lab.wggw("set-peer", "laptop", "--allow", f"{SERVER[4]}:80/tcp")
        lab.wggw("apply")
        judge(checks, "the rule for the control connection goes", flows, {"the data"})
    finally:
        end(flows)
        server.kill()
        server.communicate()


#: Sends datagrams back from the address that they were sent to, and once more a second later.
UDP_ECHO = """
import collections, select, socket, sys, time
echoes = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in sys.argv[1:]]
for echo, address in zip(echoes, sys.argv[1:]): echo.bind((address, 7))
again = collections.deque()
print("ready", flush=True)
while True:
    for echo in select.select(echoes, [], [], 0.1)[0]:
        data, to = echo.recvfrom(2000)
        echo.sendto(data, to)
        again.append((time.monotonic() + 1, echo, data, to))
    while again and again[0][0] < time.monotonic():
        _, echo, data, to = again.popleft()
        echo.sendto(data, to)
"""

#: Answers PASV with the port of the echo.
FTP_SERVER = """
import socket
listener = socket.create_server(("", 21))
print("ready", flush=True)
kept = []
while True:
    connection, _ = listener.accept()
    kept.append(connection)
    # The kernel's helper looks for an answer behind an end of line.
    connection.sendall(b"220 ready\\r\\n")
    connection.recv(100)
    here = connection.getsockname()[0].replace(".", ",")
    connection.sendall(f"227 Entering Passive Mode ({here},0,7).\\r\\n".encode())
"""
