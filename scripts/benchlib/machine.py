# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, processes and what they cost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CHECKOUT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A measurement that could not be taken, and why; the table shows a dash and a note."""


def note(*words):
    print(*words, file=sys.stderr, flush=True)


def find_wggw():
    """The wggw to measure: WGGW_BIN, else the newest build of this checkout, else the one in PATH; None without."""
    if os.environ.get("WGGW_BIN"):
        return os.path.abspath(os.environ["WGGW_BIN"])
    builds = [CHECKOUT / ".build" / kind / "wggw" for kind in ("installed", "release", "debug")]
    found = sorted((b for b in builds if b.exists()), key=lambda b: b.stat().st_mtime)
    if found:
        return str(found[-1])
    paths = [Path(d, "wggw") for d in os.environ.get("PATH", "").split(":")]
    return next((str(p) for p in paths if os.access(p, os.X_OK)), None)


class Namespace:
    """A network namespace by name, quiet: no duplicate address detection that would make a start wait."""

    def __init__(self, name):
        self.name = name
        command(["ip", "netns", "add", name])
        self.prefix = ["nsenter", f"--net=/run/netns/{name}", "--"]
        self.run(["sysctl", "-q", "-w", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"])
        self.run(["ip", "link", "set", "lo", "up"])

    def run(self, arguments, **keywords):
        return command(self.prefix + arguments, **keywords)

    def start(self, arguments, **keywords):
        return Process(self.prefix + arguments, **keywords)

    def delete(self):
        command(["ip", "netns", "delete", self.name])


def command(arguments, stdin=None, timeout=60, check=True, env=None):
    """Runs a command to its end and returns its standard output; raises Failed with its last words."""
    try:
        done = subprocess.run(arguments, input=stdin, capture_output=True, text=True, timeout=timeout,
                              env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired:
        raise Failed(f"{_name(arguments)}: no end within {timeout:.0f} s") from None
    except FileNotFoundError:
        raise Failed(f"{_name(arguments)}: not installed") from None
    if check and done.returncode != 0:
        ended = f"exit {done.returncode}" if done.returncode > 0 else signal.Signals(-done.returncode).name
        raise Failed(f"{_name(arguments)}: {ended}: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def _name(arguments):
    words = arguments[arguments.index("--") + 1:] if arguments[0] == "nsenter" else arguments
    return " ".join(words[:3])


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:200] if lines else "(silent)"


class Process:
    """A process in the background; its output goes to a file, to say why it ended if it did."""

    def __init__(self, arguments, env=None, log=None):
        self.log = Path(log or "/dev/null")
        with open(self.log, "w") as output:
            self.popen = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                          env={**os.environ, **(env or {})})
        self.pid = self.popen.pid
        self.name = _name(arguments)

    def check(self):
        if self.popen.poll() is not None:
            words = last_line(self.log.read_text(errors="replace")) if self.log.is_file() else "(silent)"
            raise Failed(f"{self.name}: ended with {self.popen.returncode}: {words}")

    def stop(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()

    @property
    def cpu(self):
        """Seconds of CPU so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    @property
    def wakeups(self):
        """Voluntary context switches of all threads: how often it slept and was woken."""
        total = 0
        for path in Path(f"/proc/{self.pid}/task").glob("*/status"):
            for line in path.read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    total += int(line.split()[1])
        return total

    @property
    def memory(self):
        """Resident memory now, MB."""
        return memory(self.pid, "VmRSS")


def memory(pid, field):
    """VmRSS (now) or VmHWM (the most since it was started) of a process, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def busy():
    """Seconds of CPU that the whole machine has spent on anything, including interrupts and the hypervisor's share."""
    fields = [int(x) for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def wait_until(condition, what, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def headline(machine):
    """What `describe` found, in a line, or two if the figures are to be doubted."""
    line = f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}"
    if machine["busy_before"] > 0.2:
        line = f"NOTE: {machine['busy_before']:.1f} cores were busy before the start; look at the ratios only.\n{line}"
    return line


def describe():
    """The machine, and how busy it is with other things: figures from a busy machine are to be doubted."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown CPU")
    before, start = busy(), time.monotonic()
    time.sleep(1)
    load = (busy() - before) / (time.monotonic() - start)
    release = os.uname().release
    return {"cpu": model, "cores": os.cpu_count(), "kernel": release, "busy_before": round(load, 2)}
