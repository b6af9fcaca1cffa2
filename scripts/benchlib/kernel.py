# SPDX-License-Identifier: GPL-3.0-or-later
"""`scripts/bench kernel`: setting and reading the kernel's WireGuard by wggw's generic netlink and by `wg`, in turn.

wggw reads, compares and sets in its own process, as an apply does; `wg` is started anew each time, whose cost the last row
tells. Both end with equal interfaces, which is checked."""

import json
import os
import subprocess
import sys

from .machine import note
from .report import figure, median, table

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
#: Seconds.
TIME_LIMIT = 500


def build():
    note("building KernelBench")
    subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "KernelBench"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "WGGW_BENCH": "1"})
    return os.path.join(ROOT, ".build/release/KernelBench")


def run(options, scratch):
    program = options.program or build()
    # Away with all interfaces when the process ends.
    apart = ["unshare", "--net"]
    here = subprocess.run([*apart, "ip", "link", "add", "bench0", "type", "wireguard"], capture_output=True).returncode == 0
    words = [program, "bench0", str(options.peers), str(options.allowed_ips), str(options.rounds or (2 if options.quick else 4))]
    words = [*apart, *words, str(scratch)] if here else [
        f"{ROOT}/scripts/kernel-vm", "--time-limit", str(TIME_LIMIT), *words, "/run"]
    note("on this kernel" if here else "on an emulated kernel")
    figures, what = {}, "no figures"
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as bench:
        for line in bench.stdout:
            what, *pair = line.rstrip("\n").split("\t")
            if pair:
                figures.setdefault(what, []).append(tuple(map(float, pair)))
                note(f"round {len(figures[what])}: {line.rstrip()}")
    if bench.returncode or what != "same true":
        sys.exit(f"bench: KernelBench ended with status {bench.returncode}" + ("" if bench.returncode else f" and {what}"))
    if options.json:
        print(json.dumps({"peers": options.peers, "allowed_ips": options.allowed_ips, "milliseconds": figures}, indent=2))
        return 0
    rows = []
    for what, pairs in figures.items():
        ours, theirs = (median(side) for side in zip(*pairs))
        rows.append([what, figure(ours) if ours else "–", figure(theirs), f"{ours / theirs:.2f}" if ours else "–"])
    print(f"{options.peers:,} peers with {options.allowed_ips} allowed IPs each, ms, medians of {len(pairs)}")
    print(table([["", "wggw", "wg", "ratio"]], rows))
    return 0
