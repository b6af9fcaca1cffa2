# SPDX-License-Identifier: GPL-3.0-or-later
"""`scripts/bench gateway`: what an administrator waits for, by wggw and by wg-quick, wg and nft, box after box in turn.

Both sides end with the same gateway: the same peers and keys, the same sets, maps and rules. wggw's figures are whole
commands, from the shell's fork to their exit, with the firewall, the sysctls and the history on disk in them."""

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from .firewall import rules
from .machine import Failed, Namespace, command, describe, find_wggw, headline, last_line, memory, note, wait_until
from .report import figure, median, table
from .sandbox import CLONE_NEWNET, libc
from .tunnels import Keys, random_peers

SMALL = 3
INTERFACE = "wg0"
# The last of the tunnel's network, which no peer gets.
GATEWAY = "10.127.255.254"
#: Of wireguard-go: device.MaxPeers. It hangs up on `wg`, which dies of it without a word.
MOST_BY_HAND = 1 << 16
#: Of wggw: SiteLimits. One is added to those that there are.
MOST = 100_000


@contextmanager
def inside(namespace):
    """This process in another network namespace, so that a command's time is not that of `ip netns exec` as well."""
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace.name}") as away:
        libc.setns(away.fileno(), CLONE_NEWNET)
        try:
            yield
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


class Box:
    """A gateway-to-be: a namespace with an uplink and a LAN, the peers it shall have, and what its commands took."""

    def __init__(self, name, scratch, peers, key):
        self.name, self.peers, self.key = name, list(peers), key
        self.directory = scratch / f"{name}-{time.monotonic_ns()}"
        self.directory.mkdir(mode=0o700)
        self.values = {}
        self.memory = 0.0
        self.namespace = Namespace(f"bench-{name}")
        for interface, address in (("eth0", "198.51.100.2/24"), ("eth1", "192.168.77.1/24")):
            self.namespace.run(["ip", "link", "add", interface, "type", "veth", "peer", "name", f"{interface}-far"])
            for end in (interface, f"{interface}-far"):
                self.namespace.run(["ip", "link", "set", end, "up"])
            self.namespace.run(["ip", "address", "add", address, "dev", interface])
        self.namespace.run(["ip", "route", "add", "default", "via", "198.51.100.1"])

    def timed(self, *arguments, env=None, timeout=300, statuses=(0,)):
        """Runs a command in the box; seconds of wall clock. Keeps its peak memory. Raises Failed on another exit status."""
        complaints = self.directory / "stderr"
        with inside(self.namespace), open(complaints, "w") as stderr:
            start = time.perf_counter()
            process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
                                       env={**os.environ, **(env or {})})
            signal.setitimer(signal.ITIMER_REAL, timeout)
            try:
                _, status, usage = os.wait4(process.pid, 0)
            except TimeoutError:
                process.kill()
                os.wait4(process.pid, 0)
                raise Failed(f"{' '.join(arguments[:3])}: no end within {timeout} s") from None
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            elapsed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in statuses:
            raise Failed(f"{' '.join(arguments[:3])}: exit {process.returncode}: {last_line(complaints.read_text())}")
        self.memory = max(self.memory, usage.ru_maxrss / 1024)
        return elapsed

    def new_peer(self):
        """One more peer than before, returned."""
        [(public, _)] = random_peers(1)
        peer = (public, f"10.127.0.{len(self.peers) % 250 + 1}/32")
        self.peers.append(peer)
        return peer

    def check(self):
        """That the box has the peers that it shall have; a figure for something else would be worth nothing."""
        configured = len(self.namespace.run(["wg", "show", INTERFACE, "peers"]).split())
        if configured != len(self.peers):
            raise Failed(f"{self.name}: {configured} peers configured instead of {len(self.peers)}")

    def daemon_memory(self):
        """The most memory that the datapath's process ever had, MB."""
        return max((memory(pid, "VmHWM") for pid in self._pids()), default=0.0)

    def _pids(self):
        return [int(pid) for pid in command(["ip", "netns", "pids", self.namespace.name]).split()]

    def delete(self):
        for pid in self._pids():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        try:
            wait_until(lambda: not self._pids(), f"{self.name}: its processes to end", 5)
        except Failed:
            for pid in self._pids():
                os.kill(pid, signal.SIGKILL)
        self.namespace.delete()


class ByHand(Box):
    """wg-quick or wg, wireguard-go and nft, as an administrator with two files would do it."""

    def write(self):
        lines = [f"[Interface]\nPrivateKey = {self.key.private}\nListenPort = 51820"]
        lines += [f"[Peer]\nPublicKey = {public}\nAllowedIPs = {allowed}" for public, allowed in self.peers]
        (self.directory / "wg.conf").write_text("\n".join(lines) + "\n")
        (self.directory / "rules.nft").write_text(rules([allowed for _, allowed in self.peers]))

    def quick(self):
        """`wg-quick up`, alone, and with what it takes to be a gateway."""
        self.write()
        text = (self.directory / "wg.conf").read_text()
        path = self.directory / f"{INTERFACE}.conf"
        path.write_text(text.replace("ListenPort", f"Address = {GATEWAY}/10\nMTU = 1420\nListenPort", 1))
        path.chmod(0o600)
        env = {"LOG_LEVEL": "error", "WG_SUDO": "1"}
        up = self.timed("wg-quick", "up", str(path), env=env)
        self.values["cold"] = up
        self.values["cold, with nft and sysctl"] = up + self.filter() + self.timed(
            "sysctl", "-q", "-w", "net.ipv4.ip_forward=1", f"net.ipv4.conf.{INTERFACE}.rp_filter=2")
        self.check()

    def filter(self):
        return self.timed("nft", "-f", str(self.directory / "rules.nft"))

    def setconf(self):
        """`wg setconf` and `nft -f` for all the peers; wireguard-go runs already, which is not counted."""
        if len(self.peers) > MOST_BY_HAND:
            raise Failed(f"not measured: wireguard-go takes {MOST_BY_HAND:,} peers at most")
        self.write()
        self.timed("wireguard-go", INTERFACE, env={"LOG_LEVEL": "error"})
        conf = str(self.directory / "wg.conf")
        self.values["cold"] = self.timed("wg", "setconf", INTERFACE, conf) + self.filter()
        self.timed("ip", "link", "set", INTERFACE, "up")
        self.check()

    def day_by_day(self):
        conf = str(self.directory / "wg.conf")
        self.values["no-op"] = self.timed("wg", "syncconf", INTERFACE, conf) + self.filter()
        self.values["status"] = self.timed("wg", "show", INTERFACE)
        self.new_peer()
        self.write()
        self.values["add one"] = self.timed("wg", "syncconf", INTERFACE, conf) + self.filter()
        self.check()


class ByWGGW(Box):
    """wggw, from a profile or by its commands."""

    def __init__(self, name, scratch, peers, key, wggw):
        super().__init__(name, scratch, peers, key)
        self.wggw = wggw
        self.env = {"WGGW_STATE_DIR": str(self.directory / "state"), "NO_COLOR": "1"}

    def call(self, *arguments, statuses=(0,)):
        return self.timed(self.wggw, *arguments, env=self.env, statuses=statuses)

    def quick(self):
        """`init` and `add-peer`, then the first `apply`, which is what counts."""
        self.call("init", "--lan", "192.168.77.0/24", "--lan-interface", "eth1", "--egress-interface", "eth0",
                  "--tunnel", f"{GATEWAY}/10", "--tunnel6", "none", "--interface", INTERFACE, "--mtu", "1420",
                  "--endpoint", "198.51.100.2")
        for number, (public, allowed) in enumerate(self.peers):
            self.call("add-peer", f"peer{number}", "--public-key", public, "--address", allowed.removesuffix("/32"))
        self.values["cold"] = self.values["cold, with nft and sysctl"] = self.call("apply")
        self.check()

    def setconf(self):
        """`apply -f` of the whole profile on a box that has never seen wggw."""
        profile = self.directory / "site.toml"
        profile.write_text(self.profile())
        self.values["cold"] = self.call("apply", "-f", str(profile))
        self.check()

    def profile(self):
        peers = [f'[peers.peer{number}]\naddresses = ["{allowed.removesuffix("/32")}"]\npublic-key = "{public}"\n'
                 for number, (public, allowed) in enumerate(self.peers)]
        return f"""\
[site]
name = "bench"
endpoint = "198.51.100.2:51820"

[lan]
interface = "eth1"
subnets = ["192.168.77.0/24"]
reply-path = "masquerade"

[tunnel]
interface = "{INTERFACE}"
addresses = ["{GATEWAY}/10"]
listen-port = 51820
mtu = 1420

[egress]
interface = "eth0"

""" + "\n".join(peers)

    def day_by_day(self):
        self.values["no-op"] = self.call("apply")
        self.call("plan", "--detailed-exitcode")  # exit code 2, and so a failure, if the apply left something to do
        self.values["status"] = self.call("status")
        # Nobody has ever dialled in: that is found, and more cannot be told.
        self.values["explain"] = self.call("explain", "peer1", "192.168.77.9:443", statuses=(3, 4))
        public, allowed = self.new_peer()
        added = self.call("add-peer", "one-more", "--public-key", public, "--address", allowed.removesuffix("/32"))
        applied = self.call("apply")
        self.values |= {"add one": added + applied, "add one: add-peer": added, "add one: apply": applied}
        self.check()


def measure(box):
    """Takes a box through its life, and takes it away; {measure: seconds or MB}. What failed is told in "failure"."""
    try:
        box.setconf() if len(box.peers) > SMALL else box.quick()
        box.day_by_day()
    except Failed as failure:
        box.values["failure"] = str(failure)
    try:
        box.values["memory, commands"] = box.memory or None
        box.values["memory, datapath"] = box.daemon_memory() or None
    finally:
        box.delete()
    return box.values


STARTS = 20


def start(commands):
    """Seconds that each command takes from fork to exit when all it does is to say its version; medians, in turn."""
    taken = [[] for _ in commands]
    for _ in range(STARTS):
        for values, command_ in zip(taken, commands):
            begun = time.perf_counter()
            process = subprocess.Popen(command_, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            os.waitpid(process.pid, 0)
            values.append(time.perf_counter() - begun)
            process.returncode = 0
    return [median(values) for values in taken]


def measure_program(wggw, rows):
    """Adds a round of the program's start to `rows`, beside that of `wg`, and its size in MB."""
    own, other = start([[wggw, "--version"], ["wg", "--version"]])
    rows.setdefault("wggw", []).append(own)
    rows.setdefault("hand", []).append(other)
    rows["size"] = os.stat(wggw).st_size / 1e6


def _late(*_):
    raise TimeoutError


def run(options, scratch):
    rounds = options.rounds or (3 if options.quick else 5)
    sizes = [SMALL] + [int(size) for size in options.peers.split(",")]
    wggw = find_wggw()
    if not wggw or "apply" not in command([wggw, "--help"], check=False):
        note("not measured: wggw: no build of it (swift build -c release --product wggw, or WGGW_BIN)")
        wggw = None
    signal.signal(signal.SIGALRM, _late)
    key = Keys()
    result = {"machine": describe(), "rounds": rounds, "smallest_memory": memory(os.getpid(), "VmHWM"), "sizes": {},
              "program": {}}
    for number in range(1, rounds + 1):
        if wggw:
            measure_program(wggw, result["program"])
        for size in sizes:
            note(f"gateway, round {number} of {rounds}: {size:,} peers")
            peers = list(random_peers(min(size, MOST - 1)))
            boxes = [lambda: ByHand("hand", scratch, peers, key)]
            if wggw:
                boxes.append(lambda: ByWGGW("wggw", scratch, peers, key, wggw))
            for make in boxes if number % 2 else reversed(boxes):
                box = make()
                rows = result["sizes"].setdefault(size, {}).setdefault(box.name, {})
                for what, value in measure(box).items():
                    rows.setdefault(what, []).append(value)
    result["smallest_memory"] = memory(os.getpid(), "VmHWM")
    result["aims"] = aims(result)
    if options.json:
        print(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        print_result(result)
    return 1 if options.check and not all(aim["met"] for aim in result["aims"]) else 0


# ── judging and printing ─────────────────────────────────────────────────────────────────────────────────────────────

def taken(result, size, side, what):
    return median(result["sizes"].get(size, {}).get(side, {}).get(what, []))


def aims(result):
    """What the project promises of itself, each with its figure; one that could not be measured is missed."""
    # What is promised is promised for a provider's 10,000.
    large = max((size for size in result["sizes"] if size <= 10_000), default=max(result["sizes"]))
    get = lambda size, side, what: taken(result, size, side, what)
    memories = [get(large, "wggw", what) for what in ("memory, commands", "memory, datapath")]
    checks = [
        (f"cold apply of {SMALL} peers, no slower than wg-quick up",
         get(SMALL, "wggw", "cold"), get(SMALL, "hand", "cold"), 1, 0, "ms"),
        (f"cold apply of {large:,} peers, no slower than wg setconf and nft -f",
         get(large, "wggw", "cold"), get(large, "hand", "cold"), 1, 0, "ms"),
        (f"one peer more than {large:,}, in half the time of wg syncconf and nft -f",
         get(large, "wggw", "add one"), get(large, "hand", "add one"), 0.5, 0, "ms"),
        (f"status of {large:,} peers, no slower than wg show and 10 ms",
         get(large, "wggw", "status"), get(large, "hand", "status"), 1, 0.010, "ms"),
        (f"explain at {large:,} peers in 200 ms", get(large, "wggw", "explain"), 0.200, 1, 0, "ms"),
        (f"memory at {large:,} peers under 100 MB",
         max(memories) if None not in memories else None, 100, 1, 0, "MB"),
        ("the program under 30 MB", result["program"].get("size"), 30, 1, 0, "MB"),
        ("wggw --version in 10 ms", median(result["program"].get("wggw", [])), 0.010, 1, 0, "ms"),
    ]
    judged = []
    for what, value, other, factor, extra, unit in checks:
        scale = 1000 if unit == "ms" else 1
        allowed = None if other is None else (other * factor + extra) * scale
        value = None if value is None else value * scale
        judged.append({"aim": what, "figure": value, "allowed": allowed, "unit": unit,
                       "met": value is not None and allowed is not None and value <= allowed})
    return judged


ROWS = ("cold", "cold, with nft and sysctl", "no-op", "add one", "add one: add-peer", "add one: apply", "status", "explain",
        "memory, commands", "memory, datapath")
BY_HAND = {"cold": "wg setconf + nft -f", "no-op": "wg syncconf + nft -f", "add one": "wg syncconf + nft -f",
           "status": "wg show"}


def print_result(result):
    print(f"{headline(result['machine'])}; medians of {result['rounds']} rounds in turn; ms and MB")
    lines = []
    for size in result["sizes"]:
        for what in ROWS:
            own, other = (taken(result, size, side, what) for side in ("wggw", "hand"))
            if own is None and other is None:
                continue
            by = BY_HAND.get(what, "")
            if size == SMALL and what.startswith("cold"):
                by = "wg-quick up" + what.removeprefix("cold")
            lines.append([f"{size:,} peers: {what}", by, cell(own, what, result), cell(other, what, result),
                          f"{figure(own / other)}×" if own and other and not what.startswith("memory") else ""])
    program = result["program"]
    if program:
        own, other = median(program["wggw"]), median(program["hand"])
        lines.append(["start: --version", "wg --version", figure(own * 1000), figure(other * 1000), f"{figure(own / other)}×"])
        lines.append(["the program", "", figure(program["size"]), "–", ""])
    print()
    print(table([["", "by hand", "wggw", "by hand", "ratio"]], lines))
    print()
    for aim in result["aims"]:
        if any("wggw" in sides for sides in result["sizes"].values()):
            mark = "met   " if aim["met"] else "MISSED"
            print(f"{mark} {aim['aim']}: {figure(aim['figure'])} of {figure(aim['allowed'])} {aim['unit']}")
    for size, sides in result["sizes"].items():
        for side, rows in sides.items():
            for failure in dict.fromkeys(rows.get("failure", [])):
                print(f"– {side}, {size:,} peers: {failure}")


def cell(value, what, result):
    """A command's peak memory cannot be seen below that of the process which forked it."""
    if value is None:
        return "–"
    if what == "memory, commands" and value <= result["smallest_memory"]:
        return f"<{figure(result['smallest_memory'])}"
    return figure(value if what.startswith("memory") else value * 1000)
