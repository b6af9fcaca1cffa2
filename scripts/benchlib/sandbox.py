# SPDX-License-Identifier: GPL-3.0-or-later
"""A place to work in that leaves nothing behind: namespaces which the kernel takes away when the benchmark ends."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x08000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1
PREFIX = "wggw-bench-"

libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def run(body):
    """Runs `body(scratch)` in namespaces of its own and returns its exit status.

    Three processes: this one waits and removes the scratch directory; its child is init of the PID namespace and reaps;
    the grandchild measures. When this one dies, by whatever signal, the kernel kills the rest."""
    if os.geteuid() != 0:
        print("scripts/bench: needs root, for network namespaces and TUN devices", file=sys.stderr)
        return 77
    _remove_leftovers()
    # On disk, not in memory: what an fsync costs belongs to the figures.
    scratch = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir="/var/tmp"))
    try:
        _check(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET), "unshare")
        init = os.fork()
        if init == 0:
            _init(body, scratch)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: os.kill(init, signal.SIGKILL))
        _, status = os.waitpid(init, 0)
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove_leftovers():
    """Scratch directories of benchmarks that were killed with SIGKILL."""
    for path in Path("/var/tmp").glob(PREFIX + "*"):
        owner = path.name.removeprefix(PREFIX).split("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(path, ignore_errors=True)


def _init(body, scratch):
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "prctl")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the outer process decides, and kills us all
    measuring = os.fork()
    if measuring == 0:
        status = 1
        try:
            _own_mounts()
            status = body(scratch) or 0
        except SystemExit as refusal:
            print(refusal, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    while True:
        pid, status = os.wait()
        if pid == measuring:
            os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)


def _own_mounts():
    """Own /proc, and own directories where `ip netns` and WireGuard's configuration sockets live."""
    mount = lambda *arguments: subprocess.run(["mount", *arguments], check=True)
    mount("--make-rprivate", "/")
    mount("-t", "proc", "proc", "/proc")
    for path, mode in (("/run/netns", "0755"), ("/run/wggw", "0755"), ("/run/wireguard", "0700"),
                       ("/etc/wireguard", "0700")):
        os.makedirs(path, exist_ok=True)
        mount("-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", path)
