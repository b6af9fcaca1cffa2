# SPDX-License-Identifier: GPL-3.0-or-later
"""`wggw log --denied`: who was refused what, and why, as it happens and as the service keeps it."""

import json
import signal
import time

from events import Reader
from lab import CLIENT, PATIENCE, SERVER, eventually
from watch import Service

#: The groups of nfnetlink_log that commands and the service listen to.
COMMAND, SERVICE = "30568", "30567"


def listens(lab, group):
    lines = lab.run("gateway", "cat", "/proc/net/netfilter/nfnetlink_log").out.splitlines()
    return any(line.split()[0] == group for line in lines)


def refused(lab, port):
    """The laptop asks the server for what it may not have."""
    lab.fetch("laptop", SERVER[4], port, limit=0.5)


def denied(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop", "--allow", f"{SERVER[4]}:80/tcp")
    lab.wggw("apply")
    lab.connect()
    as_it_happens(lab, checks)
    kept(lab, checks)


def as_it_happens(lab, checks):
    reader = Reader(lab, "--denied", "--json")
    checks.check("it listens", eventually(lambda: listens(lab, COMMAND), 10))
    second = lab.wggw("log", "--denied", check=False)
    checks.contains("a second one is told to wait", f"{second.code} {second.err}", "1 ", "end the other `wggw log --denied`")

    def told(**wanted):
        lines = [json.loads(line) for line in reader.lines()]
        return [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]

    checks.check("what is allowed passes", lab.fetch("laptop", SERVER[4]).startswith("hello from"))
    refused(lab, 445)
    checks.check("what is not is told", eventually(lambda: told(event="denied", port=445)), reader.lines())
    first = (told(event="denied", port=445) or [{}])[0]
    profile = lab.wggw("profile", "export").out.splitlines()
    seen = {key: first.get(key) for key in ("peer", "from", "to", "point", "input", "protocol")}
    checks.equal("with names and the place in the firewall", seen, {
        "peer": "laptop", "from": "laptop", "to": SERVER[4], "point": "forward", "input": "wg0", "protocol": 6})
    checks.contains("with the reason", first.get("reason", ""), "laptop's policy does not allow it")
    checks.check("and the line of the profile", first.get("rule") and first["rule"] in profile[first["line"] - 1], first)
    checks.equal("and nothing of what passed", told(event="denied", port=80), [])
    # What WireGuard itself drops.
    lab.run("gateway", "ping", "-c1", "-W1", "192.168.2.77", check=False)
    checks.check("a destination that is nobody's", eventually(
        lambda: any("192.168.2.77" in line["text"] for line in told(event="unsent-packet"))), reader.lines())
    lab.run("laptop", "ip", "address", "add", "192.168.2.99/32", "dev", CLIENT)
    lab.run("laptop", "ping", "-c1", "-W1", "-I", "192.168.2.99", SERVER[4], check=False)
    checks.check("a source that is not the peer's", eventually(
        lambda: any("192.168.2.99" in line["text"] for line in told(event="refused-packet", peer="laptop"))), reader.lines())
    lab.run("laptop", "ip", "address", "del", "192.168.2.99/32", "dev", CLIENT)
    # A flood of what is refused.
    before, began = len(told(event="denied")), time.monotonic()
    lab.run("laptop", "python3", "-c", f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(5000): s.sendto(b"x", ("{SERVER[4]}", 4000))""")
    checks.check("what is allowed passes meanwhile", lab.fetch("laptop", SERVER[4]).startswith("hello from"))
    time.sleep(0.5)
    count, most = len(told(event="denied")) - before, 100 + 50 * (time.monotonic() - began + 1)
    checks.check("of a flood some are told, not all", 0 < count <= most, f"{count} of at most {most}")
    checks.equal("Ctrl-C ends it well", reader.end(signal.SIGINT), 0)
    checks.check("and nobody listens any more", eventually(lambda: not listens(lab, COMMAND)))


def kept(lab, checks):
    since = lab.wggw("log", "--denied", "--since", "5m", "--no-follow", check=False)
    checks.contains("nothing is kept unless the site says so", f"{since.code} {since.err}", "1 ", "`wggw init --log-denied`")
    lab.wggw("init", "--log-denied")
    plan = lab.wggw("plan").out
    checks.check("that changes nothing on the box", "firewall" not in plan, plan)
    lab.wggw("apply")
    service = Service(lab, checks)
    try:
        checks.check("the service listens", eventually(lambda: listens(lab, SERVICE), 10 * PATIENCE))
        refused(lab, 446)

        def since():
            return lab.wggw("log", "--denied", "--since", "5m", "--no-follow", check=False).out.splitlines()

        checks.check("it keeps what is refused", eventually(lambda: any(
            f"laptop        → {SERVER[4]} 446/tcp: laptop's policy does not allow it (line " in line for line in since())), since())
        checks.check("from then on", not any(" 445/tcp" in line for line in since()), since())
        files = lab.run("gateway", "sh", "-c", "stat -c '%a %U' /run/wggw/denied-*").out.split("\n")
        checks.equal("for root alone", [line for line in files if line], ["600 root"])
    finally:
        service.end()
    checks.check("and has it when the service has ended", any(" 446/tcp" in line for line in since()))
