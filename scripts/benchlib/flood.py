# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels beside a flood of initiations whose mac1 is right, in the tunnel's own form, from as many addresses as there are."""

import re
import statistics
import time
from pathlib import Path

from .machine import Failed, wait_until
from .tunnels import OUTER, PORT, keys

#: What the lab floods with as well; a second, from as many addresses.
PROGRAM, RATE, CROWD = Path(__file__).parents[2] / "Tests/Lab/flood.py", 50_000, "198.18.0.0/15"
#: Seconds: longer than a session lives (180), and than somebody new is waited for.
SIEGE, PATIENCE = 200, 120


def prepare(link):
    """What goes to the crowd ends on the wire: what others do with answers is another machine's work."""
    link.ends[0].run(["ip", "route", "replace", CROWD, "via", OUTER[1]])
    link.ends[1].run(["nft", "add table netdev wire; delete table netdev wire; add table netdev wire; "
                      "add chain netdev wire ingress { type filter hook ingress device cable priority 0; }; "
                      f"add rule netdev wire ingress ip daddr {CROWD} drop"])


class Flood:
    """One flood at `port` of the gateway's end, begun when this is made."""

    def __init__(self, tunnel, link, scratch, port, seconds):
        self.log = scratch / "flood.log"
        words = [f"{key}={value}" for key, value in tunnel.disguise.items()]
        self.process = link.ends[1].start(
            ["python3", "-I", str(PROGRAM), CROWD, OUTER[0], str(port), keys()[0].public, str(RATE), str(seconds), *words],
            log=self.log)
        wait_until(lambda: "begins" in self.log.read_text(), "the flood begins")
        time.sleep(0.4)

    def stop(self):
        self.process.stop()

    def rate(self):
        """Waits for its end: messages a second that were sent."""
        wait_until(lambda: "rate" in self.log.read_text(), "the flood ends")
        self.stop()
        return float(re.search(r"rate (\d+)", self.log.read_text())[1])


def throughput(tunnel, link, generator, scratch):
    """One TCP flow by turns beside none, one at a port that nobody has, and one at the tunnel's. Generator, both ends and the answers'
    way share the processors, so a closed port's is what the tunnel is measured by."""
    values = {"quiet": generator.tcp(tunnel.target)[0]}
    for phase, port in (("closed", 9), ("flood", PORT)):
        flood = Flood(tunnel, link, scratch, port, generator.seconds + 1.5)
        values[phase] = generator.tcp(tunnel.target)[0]
        values["rate"] = flood.rate()
        time.sleep(1.2)  # the second of being under load
    return values | {"of_closed": values["flood"] / values["closed"], "of_quiet": values["flood"] / values["quiet"]}


def siege(tunnel, link, scratch):
    """How long somebody new has to wait, and the longest silence of a session that was there before, over its end and its successor."""
    flood = Flood(tunnel, link, scratch, PORT, SIEGE + 4 * PATIENCE)
    try:
        waits = [newcomer(tunnel, link, scratch, PORT + number) for number in (1, 2, 3)]
        words = ["ping", "-n", "-D", "-i", "0.2", "-w", str(SIEGE), tunnel.target]
        answers = link.ends[1].run(words, check=False, timeout=SIEGE + 20)
        times = [float(moment) for moment in re.findall(r"^\[([\d.]+)\].*time=", answers, re.MULTILINE)]
        if len(times) < 2:
            raise Failed("no answers beside the flood")
        times.append(times[0] + SIEGE)
        return {"newcomer": statistics.median(waits), "latest": max(waits),
                "silence": max(after - before for before, after in zip(times, times[1:]))}
    finally:
        flood.stop()


def newcomer(tunnel, link, scratch, port):
    """Forgets the session and comes again from a port that nobody knows. Seconds until the first answer; Failed where none comes."""
    file = scratch / "newcomer.conf"
    file.write_text(tunnel.config(1).replace(f"ListenPort = {PORT}", f"ListenPort = {port}"))
    link.ends[1].run(["wg", "setconf", "bench-b", str(file)])
    begun = time.monotonic()
    words = ["ping", "-n", "-q", "-c", "1", "-i", "0.2", "-w", str(PATIENCE), tunnel.target]
    if " 1 received" not in link.ends[1].run(words, check=False, timeout=PATIENCE + 20):
        raise Failed(f"nobody new got in within {PATIENCE} s")
    return time.monotonic() - begun
