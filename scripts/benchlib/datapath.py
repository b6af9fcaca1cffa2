# SPDX-License-Identifier: GPL-3.0-or-later
"""`scripts/bench datapath`: tunnels in turn, round after round, so that a noisy machine is noisy for all of them."""

import json
import os
import re
import statistics
import time
from dataclasses import dataclass

from . import flood, handshakes
from .machine import Failed, busy, describe, headline, note, wait_until
from .report import chart, figure, median, table
from .tunnels import KernelWireGuard, Link, Probe, WireGuard, implementations, random_peers

SECTIONS = ("traffic", "handshakes", "peers", "mtu", "flood")
#: Only when they are named: minutes for each implementation.
LONG_SECTIONS = ("siege",)
PEER_COUNTS = (1, 1_000, 100_000)
#: From IPv6's least to the most that a cable of 1500 leaves; with 1392, 46 messages are just what one UDP send may hold.
MTUS = (1280, 1312, 1344, 1360, 1376, 1380, 1384, 1392, 1400, 1420, 1440)


@dataclass(frozen=True)
class Measure:
    """One column: its key in the JSON, its heading, its unit, and whether more is better."""
    key: str
    heading: str
    unit: str
    more: bool = True


TRAFFIC = [
    Measure("tcp1", "TCP 1 flow", "Gbit/s"),
    Measure("tcp4", "TCP 4 flows", "Gbit/s"),
    Measure("both", "both ways", "Gbit/s"),
    Measure("udp64", "UDP 64", "kpps"),
    Measure("udp1360", "UDP 1360", "Gbit/s"),
    Measure("pingf", "ping -f", "µs", more=False),
    Measure("ping", "paced ping", "µs", more=False),
    Measure("cpu", "CPU machine", "µs/Mbit", more=False),
    Measure("cpu_own", "CPU", "µs/Mbit", more=False),
    Measure("cpu_tunnel", "CPU tunnel", "µs/Mbit", more=False),
    Measure("cpu_packet", "UDP 64 CPU", "µs/packet", more=False),
    Measure("memory", "memory", "MB", more=False),
]
HANDSHAKES = [
    Measure("handshakes", "handshakes", "1/s"),
    Measure("of_limit", "of X25519", "limit"),
    Measure("cpu_handshake", "CPU each", "µs", more=False),
    Measure("x25519_share", "of it X25519", "%"),
]
PEERS = [
    Measure("tcp1", "TCP 1 flow", "Gbit/s"),
    Measure("setconf", "wg setconf", "s", more=False),
    Measure("memory", "memory", "MB", more=False),
    Measure("idle_cpu", "idle CPU", "% core", more=False),
    Measure("idle_wakeups", "wake-ups", "1/s", more=False),
]
MTU = [Measure(str(mtu), str(mtu), "Gbit/s") for mtu in MTUS]

FLOODS = [
    Measure("quiet", "TCP, no flood", "Gbit/s"),
    Measure("closed", "flood at a closed port", "Gbit/s"),
    Measure("flood", "flood at the tunnel's", "Gbit/s"),
    Measure("of_closed", "of a closed port's", "share"),
    Measure("of_quiet", "of none's", "share"),
    Measure("rate", "flood", "1/s"),
]
SIEGES = [
    Measure("newcomer", "somebody new waits", "s", more=False),
    Measure("latest", "at most", "s", more=False),
    Measure("silence", "a session's silence", "s", more=False),
]


class Generator:
    """iperf3 between the two ends: its server at the gateway's end, its client outside."""

    def __init__(self, link, scratch, seconds):
        self.link, self.scratch, self.seconds = link, scratch, seconds
        self.server = None
        self.restart()

    def restart(self):
        if self.server:
            self.server.stop()
        self.server = self.link.ends[0].start(["iperf3", "-s"], log=self.scratch / "iperf3.log")
        wait_until(lambda: ":5201" in self.link.ends[0].run(["ss", "-Hltn"]), "iperf3: listening")

    def run(self, target, *options):
        words = ["iperf3", "-J", "-c", target, "-t", f"{self.seconds:g}", "--connect-timeout", "3000", *options]
        for attempt in (1, 2):
            try:
                end = json.loads(self.link.ends[1].run(words, timeout=self.seconds * 3 + 15, check=False) or "{}")
                if "end" in end and not end.get("error"):
                    return end["end"]
                raise Failed(f"iperf3: {end.get('error', 'said nothing')}")
            except (Failed, json.JSONDecodeError) as failure:
                self.restart()
                if attempt == 2:
                    raise Failed(str(failure)) from None

    def tcp(self, target, *options):
        """Gbit/s that arrived, and the Mbit that the CPU's time goes by."""
        end = self.run(target, *options)
        sums = [end[name] for name in ("sum_received", "sum_received_bidir_reverse") if name in end]
        return sum(s["bits_per_second"] for s in sums) / 1e9, sum(s["bytes"] for s in sums) * 8 / 1e6

    def udp(self, target, length):
        """Packets a second that arrived, as the receiving end counts them, and how many; the sender sends all it can."""
        end = self.run(target, "-u", "-b", "0", "-l", str(length))["sum"]
        arrived = end["packets"] - end["lost_packets"]
        return arrived / end["seconds"], arrived


def ping(link, target, *options):
    """Round trip in µs, the median of its packets where it lists them, else the average."""
    out = link.ends[1].run(["ping", "-n", *options, target], check=False)
    times = [float(x) for x in re.findall(r"time=([\d.]+) ms", out)]
    if times:
        return statistics.median(times) * 1000
    average = re.search(r"= [\d.]+/([\d.]+)/", out)
    if not average:
        raise Failed("ping: no answer")
    return float(average[1]) * 1000


def attempt(values, failures, name, key, body):
    """Takes one measurement; what fails is a missing figure with a reason, not the end of the run."""
    try:
        values[key] = body()
    except Failed as failure:
        values[key] = None
        failures.setdefault(f"{name}, {key}", str(failure))


def traffic(tunnel, link, generator, options, failures):
    values = {}
    target = tunnel.target

    def spent():
        """Seconds of CPU: the whole machine's; the benchmark's own, which other work on the machine is not in; the
        tunnel's two processes'. The kernel's part of the way is in whoever it was done for."""
        tunnels = sum(process.cpu for process in tunnel.processes)
        times = os.times()
        return busy(), tunnels + generator.server.cpu + times.children_user + times.children_system, tunnels

    def with_cpu():
        before = spent()
        speed, megabits = generator.tcp(target)
        machine, own, tunnels = ((b - a) * 1e6 / megabits for a, b in zip(before, spent()))
        values.update(cpu=machine, cpu_own=own, cpu_tunnel=tunnels if tunnel.processes else None)
        return speed

    def small_packets():
        _, _, before = spent()
        speed, arrived = generator.udp(target, 64)
        values["cpu_packet"] = (spent()[2] - before) * 1e6 / arrived if tunnel.processes and arrived else None
        return speed / 1e3

    seconds = "1" if options.quick else "2"
    take = lambda key, body: attempt(values, failures, tunnel.name, key, body)
    take("tcp1", with_cpu)
    take("tcp4", lambda: generator.tcp(target, "-P", "4")[0])
    take("both", lambda: generator.tcp(target, "--bidir")[0])
    take("udp64", small_packets)
    take("udp1360", lambda: generator.udp(target, 1360)[0] * 1360 * 8 / 1e9)
    time.sleep(0.2)  # what the flood left in the queues is not the ping's fault
    take("pingf", lambda: ping(link, target, "-f", "-q", "-w", seconds))
    take("ping", lambda: ping(link, target, "-i", "0.01", "-w", seconds))
    take("memory", lambda: max((p.memory for p in tunnel.processes), default=None))
    return values


def with_peers(tunnel, link, generator, count, options, failures):
    """Throughput into a gateway that has `count` peers configured, and what they cost when they are silent."""
    values = {}
    take = lambda key, body: attempt(values, failures, f"{tunnel.name} with {count:,} peers", key, body)
    take("tcp1", lambda: generator.tcp(tunnel.target)[0])
    values["setconf"] = tunnel.configured_in
    if tunnel.gateway:
        time.sleep(1)  # the last acknowledgements
        process, start = tunnel.gateway, time.monotonic()
        cpu, wakeups = process.cpu, process.wakeups
        time.sleep(3 if options.quick else 8)
        elapsed = time.monotonic() - start
        values["idle_cpu"] = (process.cpu - cpu) / elapsed * 100
        values["idle_wakeups"] = (process.wakeups - wakeups) / elapsed
        values["memory"] = process.memory
    return values


def list_implementations():
    found, missing = implementations()
    print("\n".join([tunnel.name for tunnel in found] + [f"({reason})" for reason in missing]))
    return 0


def run(options, scratch):
    rounds = options.rounds or (3 if options.quick else 5)
    seconds = options.seconds or (1 if options.quick else 3)
    sections = options.measure.split(",") if options.measure else list(SECTIONS)
    if unknown := set(sections) - {*SECTIONS, *LONG_SECTIONS}:
        raise SystemExit(f"scripts/bench: --measure: no {', '.join(unknown)}; there are {', '.join(SECTIONS + LONG_SECTIONS)}")
    found, missing = implementations()
    if options.only:
        names = options.only.split(",")
        if unknown := set(names) - {t.name for t in found}:
            raise SystemExit(f"scripts/bench: --only: no {', '.join(unknown)}; see --list")
        found = [t for t in found if t.name in names]
    for reason in [] if options.only else missing:
        note(f"not measured: {reason}")

    machine = describe()
    result = {"machine": machine, "rounds": rounds, "seconds": seconds, "sections": {}, "failures": {}}
    link = Link()
    generator = Generator(link, scratch, seconds)
    takers = {"traffic": measure_traffic, "handshakes": measure_handshakes, "peers": measure_peers, "mtu": measure_mtus,
              "flood": measure_floods, "siege": measure_sieges}
    for section in sections:
        result["sections"][section] = takers[section](found, link, generator, options, rounds, scratch, result)
    print_result(result, options)
    if options.chart:
        draw(result, options.chart)
    return 0


def interleaved(what, subjects, rounds, failures, body):
    """{name: {key: [value of each round]}}; a subject that fails to start is asked again next round."""
    collected = {}
    for number in range(1, rounds + 1):
        for name, subject in subjects:
            note(f"{what}, round {number} of {rounds}: {name}")
            values = {}
            try:
                values = body(subject)
            except Failed as failure:
                failures.setdefault(name, str(failure))
            for key, value in values.items():
                collected.setdefault(name, {}).setdefault(key, []).append(value)
    return collected


def measure_traffic(found, link, generator, options, rounds, scratch, result):
    def body(tunnel):
        tunnel.up(link, scratch)
        try:
            return traffic(tunnel, link, generator, options, result["failures"])
        finally:
            tunnel.down()

    return interleaved("traffic", [(t.name, t) for t in found], rounds, result["failures"], body)


def measure_handshakes(found, link, generator, options, rounds, scratch, result):
    limits = []
    subjects = [(t.name, t) for t in found if isinstance(t, WireGuard)]

    def body(tunnel):
        # Before and after: a machine that others use as well changes its pace.
        before = handshakes.limit()
        rate, cost = handshakes.measure(tunnel, link, scratch, 1.5 if options.quick else 4)
        limits.append((before + handshakes.limit()) / 2)
        return {"handshakes": rate, "of_limit": rate / limits[-1], "cpu_handshake": cost,
                "x25519_share": 1e8 / limits[-1] / cost if cost else None}

    collected = interleaved("handshakes", subjects, rounds, result["failures"], body)
    result["x25519_limit"] = median(limits)
    return collected


def measure_peers(found, link, generator, options, rounds, scratch, result):
    subjects = [(f"{t.name} {count:,}", (t, count)) for t in found if isinstance(t, WireGuard) for count in PEER_COUNTS]

    def body(subject):
        tunnel, count = subject
        if f"{tunnel.name} {count:,}" in result["failures"]:
            raise Failed("failed before")
        tunnel.up(link, scratch, peers=random_peers(count - 1))
        try:
            return with_peers(tunnel, link, generator, count, options, result["failures"])
        finally:
            tunnel.down()

    return interleaved("peers", subjects, min(rounds, 3), result["failures"], body)


def measure_mtus(found, link, generator, options, rounds, scratch, result):
    """A second of one TCP flow with each MTU: sizes that do not fit into offloads show as a hole in the row."""
    subjects = [(t.name, t) for t in found if isinstance(t, (WireGuard, Probe))]
    seconds, generator.seconds = generator.seconds, 1

    def body(tunnel):
        tunnel.up(link, scratch)
        try:
            values = {}
            for mtu in MTUS:
                # A prefix has to have its room on the cable.
                if mtu > MTUS[-1] - tunnel.prefix:
                    continue
                tunnel.set_mtu(link, mtu)
                attempt(values, result["failures"], f"{tunnel.name} with MTU", str(mtu),
                        lambda: generator.tcp(tunnel.target)[0])
            return values
        finally:
            tunnel.down()

    try:
        return interleaved("mtu", subjects, min(rounds, 3), result["failures"], body)
    finally:
        generator.seconds = seconds


def measure_floods(found, link, generator, options, rounds, scratch, result):
    return flooded("flood", found, link, rounds, scratch, result,
                   lambda tunnel: flood.throughput(tunnel, link, generator, scratch))


def measure_sieges(found, link, generator, options, rounds, scratch, result):
    return flooded("siege", found, link, rounds, scratch, result,
                   lambda tunnel: flood.siege(tunnel, link, scratch))


def flooded(what, found, link, rounds, scratch, result, measure):
    subjects = [(t.name, t) for t in found if isinstance(t, WireGuard)]
    flood.prepare(link)

    def body(tunnel):
        tunnel.up(link, scratch)
        try:
            return measure(tunnel)
        finally:
            tunnel.down()

    return interleaved(what, subjects, rounds, result["failures"], body)


# ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

COLUMNS = {"traffic": TRAFFIC, "handshakes": HANDSHAKES, "peers": PEERS, "mtu": MTU, "flood": FLOODS, "siege": SIEGES}


def medians(collected):
    return {name: {key: median(values) for key, values in keys.items()} for name, keys in collected.items()}


def print_result(result, options):
    result["medians"] = {name: medians(collected) for name, collected in result["sections"].items()}
    if options.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
        return
    print(f"{headline(result['machine'])}; medians of {result['rounds']} rounds in turn, {result['seconds']:g} s each")
    for section, rows in result["medians"].items():
        columns = COLUMNS[section]
        print()
        print(table([[section] + [c.heading for c in columns], [""] + [c.unit for c in columns]],
                    [[name] + [figure(values.get(c.key)) for c in columns] for name, values in rows.items()]))
        print_ratios(section, rows, columns)
    if result.get("x25519_limit"):
        print(f"\nX25519 limit: {result['x25519_limit']:,.0f} handshakes a second on one core (libsodium, four each).")
    for what, why in result["failures"].items():
        print(f"– {what}: {why}")


def print_ratios(section, rows, columns):
    """How many times better wggw is than each other one; below 1 it is worse."""
    if section in ("peers", "flood", "siege") or "wggw" not in rows or len(rows) < 2:
        return
    own = rows["wggw"]
    lines = []
    for name, values in rows.items():
        if name != "wggw":
            lines.append([f"wggw : {name}"] + [ratio(own.get(c.key), values.get(c.key), c.more) for c in columns])
    print()
    print(table([["times better"] + [c.heading for c in columns]], lines))


def ratio(own, other, more):
    if not own or not other:
        return "–"
    return figure(own / other if more else other / own) + "×"


def draw(result, path):
    rows = result["medians"].get("traffic")
    if not rows:
        raise SystemExit("scripts/bench: --chart: needs the traffic figures (--measure traffic)")
    panels = []
    for key in ("tcp1", "tcp4", "cpu_own", "pingf", "udp64", "memory"):
        column = next(c for c in TRAFFIC if c.key == key)
        bars = [(name, values.get(key), figure(values.get(key))) for name, values in rows.items()]
        bars = sorted((b for b in bars if b[1] is not None), key=lambda b: b[1], reverse=column.more)
        panels.append((column.heading, f"{column.unit}, {'more' if column.more else 'less'} is better", bars))
    machine = result["machine"]
    subtitle = (f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; both ends, the generator and "
                f"the sink on it; medians of {result['rounds']}")
    with open(path, "w") as file:
        file.write(chart("Userspace tunnels on one machine", subtitle, panels))
    note(f"chart: {path}")
