# SPDX-License-Identifier: GPL-3.0-or-later
"""`scripts/bench watch`: how long packets stop when somebody does something to the box, until `wggw watch` has put it back.

A ping every 5 ms goes through the tunnel; what counts is the longest time between two answers around the event."""

import os
import re
import signal
import sys
import time

from .machine import CHECKOUT, describe, find_wggw, headline, note
from .report import figure, median, table

#: Between two pings, and how long is looked for answers after the event, in seconds.
INTERVAL, AFTER = 0.005, 4


def events(lab, roles, stuck, far):
    """A name, whom the laptop asks meanwhile, and a list of commands."""
    server = "192.168.1.10"
    yield "nft flush ruleset", server, [["nft", "flush", "ruleset"]]
    yield "forwarding switched off", server, [["sysctl", "-qw", "net.ipv4.ip_forward=0"]]
    yield "the tunnel's routes flushed", server, [["ip", "route", "flush", "dev", "wg0"]]
    yield "its address taken away", server, [["ip", "address", "flush", "dev", "wg0"]]
    yield "the interface set down", server, [["ip", "link", "set", "wg0", "down"]]
    yield "the interface deleted", server, [["ip", "link", "delete", "wg0"]]
    yield "the datapath killed", server, [["kill", "-KILL", *stuck.datapaths(lab)]]
    yield "the LAN's card renamed", server, [["ip", "link", "set", "eth0", "down"], ["ip", "link", "set", "eth0", "name", "lan0"],
                                             *roles.up_again("lan0")]
    yield "the default route moved", far, [["ip", "route", "replace", "default", "via", "198.51.101.1"]]


def pause(lab, target, commands):
    """Milliseconds without an answer; None where none came any more."""
    asking = lab.start("laptop", "ping", "-n", "-D", "-i", str(INTERVAL), target)
    time.sleep(0.5)
    for command in commands:
        lab.run("gateway", *command)
    time.sleep(AFTER)
    asking.send_signal(signal.SIGINT)
    answers = [float(moment) for moment in re.findall(r"^\[([\d.]+)\] \d+ bytes from", asking.communicate()[0], re.MULTILINE)]
    gaps = [after - before for before, after in zip(answers, answers[1:])]
    if not gaps or time.time() - answers[-1] > 1:
        return None
    return max(max(gaps) - INTERVAL, 0) * 1000


def run(options, _):
    sys.path.insert(0, str(CHECKOUT / "Tests/Lab"))
    wggw = find_wggw()
    os.environ["WGGW_BIN"] = wggw
    import lab as labs
    import roles
    import stuck

    rows = {}
    rounds = options.rounds or (3 if options.quick else 5)
    for number in range(1, rounds + 1):
        note(f"watch, round {number} of {rounds}")
        with labs.Lab("router", "userspace") as lab, roles.gateway(lab, Expectations()):
            for what, target, commands in events(lab, roles, stuck, labs.FAR[4]):
                rows.setdefault(what, []).append(pause(lab, target, commands))
                # Whatever it was, it is over before the next one.
                labs.eventually(lambda: lab.pings("laptop", target, seconds=1), seconds=30)
    machine = describe()
    if options.json:
        import json
        print(json.dumps({"machine": machine, "rounds": rounds, "milliseconds": rows}, indent=1))
        return 0
    print(f"{headline(machine)}; medians of {rounds} rounds; ms without an answer, at a ping every {INTERVAL * 1000:.0f} ms\n")
    lines = [[what, figure(median(values)), figure(max((v for v in values if v is not None), default=None))]
             for what, values in rows.items()]
    print(table([["", "median", "longest"]], lines))
    return 0


class Expectations:
    """The lab's checks, where one that fails ends the measurement."""

    def check(self, what, holds, seen=""):
        if not holds:
            raise RuntimeError(f"{what}: {seen}")
        return holds

    def contains(self, what, seen, *words):
        return self.check(what, all(word in seen for word in words), seen)
