# SPDX-License-Identifier: GPL-3.0-or-later
"""Others flush the ruleset while packets are sent that no revision allows: how many of them arrive, with the table held by the service
and without."""

import time

from lab import PATIENCE, SERVER, eventually
from watch import Service

FLUSHES = 20
#: A port that the guest's policy does not name, and how many datagrams a second go there.
PORT, RATE = 9999, 2000
#: In seconds: how long the box may be open where the table cannot be held.
OPEN = 0.005


def flushed(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop", "--allow", f"{SERVER[4]}:80/tcp")
    lab.wggw("apply")
    count_on(lab)
    for way, options in (("held", ()), ("forwarding off", ("--without-hold",))):
        service = Service(lab, checks, *options)
        try:
            lab.connect()
            answers = lambda: "hello" in lab.fetch("laptop", SERVER[4], limit=1)
            checks.check(f"{way}: what is allowed arrives", eventually(answers))
            holds = "owner" in lab.run("gateway", "nft", "list", "table", "inet", "wggw").out
            if way == "held" and not holds:
                checks.check("this kernel cannot hold a table", kernel(lab) < (6, 9))
            arrived = flush_under(lab, checks, way)
            if holds:
                checks.equal(f"{way}: of what is forbidden, over {FLUSHES} flushes, arrive", arrived, 0)
            else:
                # Between a flush and the news of it nobody can do anything.
                open_for = arrived / RATE / FLUSHES
                checks.check(f"{way}: of what is forbidden, over {FLUSHES} flushes, arrive {arrived}, those of {open_for * 1000:.1f} ms each",
                             open_for <= OPEN * PATIENCE, arrived)
            checks.check(f"{way}: and what is allowed again", eventually(answers, seconds=15))
            if holds:
                commands_go_on(lab, checks, service)
        finally:
            service.end()
    dies(lab, checks)


def kernel(lab):
    return tuple(int(part) for part in lab.run("gateway", "uname", "-r").out.split("-")[0].split(".")[:2])


def count_on(lab):
    lab.run("server", "nft", "add", "table", "inet", "count")
    lab.run("server", "nft", "add", "chain", "inet", "count", "input", "{ type filter hook prerouting priority -400; }")
    lab.run("server", "nft", "add", "rule", "inet", "count", "input", "udp", "dport", PORT, "counter")
    lab.at_reset("server", "nft", "delete", "table", "inet", "count")


def counted(lab):
    rules = lab.json("server", "nft", "-j", "list", "table", "inet", "count")["nftables"]
    return next(part["counter"]["packets"] for rule in rules for part in rule.get("rule", {}).get("expr", []) if "counter" in part)


def flush_under(lab, checks, way):
    """How many of a stream's datagrams arrive that none should, while others flush."""
    before = counted(lab)
    stream = lab.start("laptop", "/usr/bin/env", "python3", "-Ic", STREAM, SERVER[4], PORT, RATE)
    try:
        time.sleep(0.5)
        checks.equal(f"{way}: before, nothing of the stream arrives", counted(lab), before)
        for _ in range(FLUSHES):
            lab.run("gateway", "nft", "flush", "ruleset")
            time.sleep(0.5)
    finally:
        stream.terminate()
        sent = int(stream.communicate()[0] or 0)
    checks.check(f"{way}: all the while it was sent ({sent})", sent > RATE * FLUSHES * 0.5 / 10, sent)
    return counted(lab) - before


def commands_go_on(lab, checks, service):
    """The table is the service's, and commands change it all the same; when it is killed, everybody can."""
    lab.wggw("set-peer", "laptop", "--allow", f"{SERVER[4]}:80/tcp", "--allow", f"{SERVER[4]}:8080/tcp")
    lab.wggw("apply")
    checks.contains("held: a command changes the table", lab.run("gateway", "nft", "list", "set", "inet", "wggw", "own4").out, "8080")
    lab.wggw("down")
    checks.check("held: down takes it away",
                 lab.run("gateway", "nft", "list", "table", "inet", "wggw", check=False).code != 0)
    lab.wggw("up")
    checks.check("held: a deletion by others is refused",
                 eventually(lambda: lab.run("gateway", "nft", "delete", "table", "inet", "wggw", check=False).code != 0))
    lab.connect()


def dies(lab, checks):
    """SIGKILL of the service leaves a table that stands, and that everybody can change."""
    service = Service(lab, checks)
    service.process.kill()
    service.process.wait()
    checks.check("killed: the table stands", lab.run("gateway", "nft", "list", "table", "inet", "wggw", check=False).code == 0)
    lab.wggw("add-peer", "phone")
    lab.wggw("apply")
    checks.equal("killed: a command changes it", lab.wggw("plan", "--detailed-exitcode", check=False).code, 0)
    lab.run("gateway", "nft", "delete", "table", "inet", "wggw")
    lab.wggw("up")
    checks.equal("killed: and puts it back", lab.wggw("plan", "--detailed-exitcode", check=False).code, 0)


#: Sends datagrams from ever new ports, so that none passes as part of an earlier one's connection, and tells how many.
STREAM = """
import itertools, signal, socket, sys, time
address, rate, sent, on = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3]), 0, True
def stop(*_):
    global on
    on = False
signal.signal(signal.SIGTERM, stop)
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(500)]
begun = time.monotonic()
for s in itertools.cycle(sockets):
    if not on: break
    try:
        s.sendto(b"forbidden", address)
        sent += 1
    except OSError: pass
    time.sleep(max(0, begun + sent / rate - time.monotonic()))
print(sent, flush=True)
"""
