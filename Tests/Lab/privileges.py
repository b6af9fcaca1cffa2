# SPDX-License-Identifier: GPL-3.0-or-later
"""What the built-in datapath may still do once it runs, and that everything works for all that."""

import os
import pathlib
import re
import signal
from base64 import b64encode

from lab import SERVER, eventually
from tunnel import process_of, status

SOCKET = "/var/run/wireguard/wg0.sock"


def privileges(lab, checks):
    """No root, two capabilities, a seccomp filter, locked memory; and `wg set` can do all it could before."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    pid = process_of(lab, interface="wg0")
    if not checks.check("the datapath listens on its socket", pid):
        return
    seen = status(pid)
    checks.check("it is not root", "0" not in seen["Uid"].split() + seen["Gid"].split(), seen["Uid"])
    checks.equal("and in no further group", seen["Groups"], "")
    # CAP_NET_BIND_SERVICE is 10, CAP_NET_ADMIN 12.
    checks.equal("it has two capabilities", {key: int(seen[key], 16) for key in ("CapPrm", "CapEff")},
                 {"CapPrm": 1 << 10 | 1 << 12, "CapEff": 1 << 10 | 1 << 12})
    checks.equal("and can get none", [int(seen[key], 16) for key in ("CapInh", "CapBnd", "CapAmb")], [0, 0, 0])
    checks.equal("no new privileges", seen["NoNewPrivs"], "1")
    checks.equal("system calls are filtered", seen["Seccomp"], "2")
    threads = [status(f"{pid}/task/{task}") for task in os.listdir(f"/proc/{pid}/task")]
    checks.check("on every thread", len(threads) > 1 and all(thread["Seccomp"] == "2" for thread in threads), threads)
    checks.check("its memory is locked", int(seen["VmLck"].split()[0]) > 0, seen["VmLck"])
    checks.check("and in no core dump", re.search(r"core file size +0 +0", pathlib.Path(f"/proc/{pid}/limits").read_text()))
    still_works(lab, checks, pid)
    for how, command in (("killed", "kill -KILL {}"), ("told to end", "kill -TERM {}"),
                         ("its interface deleted", "ip link delete wg0")):
        lab.wggw("apply")
        pid = process_of(lab, interface="wg0")
        lab.run("gateway", *command.format(pid).split())
        checks.check(f"{how}, it is gone with its sockets", eventually(
            lambda: not os.path.exists(f"/proc/{pid}") and not left_behind(lab)), left_behind(lab))
    lab.wggw("down", check=False)
    out_of_memory(lab, checks)


def left_behind(lab):
    """Sockets of the datapath, and the processes that were to remove them."""
    files = lab.run("gateway", "find", "/var/run/wireguard", "-type", "s").out.split()
    inside = lab.run("gateway", "sh", "-c", "ip netns pids $(ip netns identify $$)").out.split()
    names = [pathlib.Path(f"/proc/{pid}/comm") for pid in inside]
    return files + [name.read_text().strip() for name in names if name.exists() and "janitor" in name.read_text()]


GREEDY = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"set=1\\n" + b"x" * (60 << 20))
s.recv(1)
"""


def out_of_memory(lab, checks):
    """A crash is a crash, and no system call that the filter does not know: the exit says what it was."""
    size = 0
    for limit in ("unlimited", None):
        # The second time with hardly more room than the first one took to start.
        process = lab.start("gateway", "prlimit", "--core=0", f"--as={limit or size + (1 << 20)}",
                            "wggw", "datapath", "wg7", "--foreground")
        checks.check("a datapath in the foreground", eventually(lambda: process_of(lab, interface="wg7")))
        size = int(status(process_of(lab, interface="wg7"))["VmSize"].split()[0]) << 10
        if limit:
            process.terminate()
            process.communicate()
    # A request that never ends: so much of it is kept.
    lab.run("gateway", "/usr/bin/env", "python3", "-Ic", GREEDY, "/var/run/wireguard/wg7.sock", check=False)
    process.terminate()
    process.communicate()
    checks.check("without memory it ends by a signal of its own", process.returncode in
                 (-signal.SIGABRT, -signal.SIGILL, -signal.SIGTRAP, -signal.SIGSEGV), process.returncode)
    checks.check("and leaves nothing either", eventually(lambda: not left_behind(lab)), left_behind(lab))


def still_works(lab, checks, pid):
    """What a system call or a capability is needed for, after the start."""

    def goes(what, *command):
        done = lab.run("gateway", *command, check=False)
        checks.check(what, done.code == 0 and process_of(lab, interface="wg0") == pid, done.err)

    goes("a port below 1024", "wg", "set", "wg0", "listen-port", "80")
    goes("a fwmark", "wg", "set", "wg0", "fwmark", "7")
    goes("no fwmark", "wg", "set", "wg0", "fwmark", "0")
    goes("any port", "wg", "set", "wg0", "listen-port", "0")
    goes("another MTU", "ip", "link", "set", "wg0", "mtu", "1280")
    goes("a link-local endpoint by its interface", "wg", "set", "wg0", "peer", "B" * 42 + "A=", "endpoint", "[fe80::1%eth0]:9")
    goes("and away with it", "wg", "set", "wg0", "peer", "B" * 42 + "A=", "remove")
    goes("the port that it had", "wg", "set", "wg0", "listen-port", "51820")
    goes("a dump", "wg", "show", "all", "dump")
    checks.check("packets go through", eventually(lambda: lab.pings("laptop", SERVER[4])))
    goes("down", "ip", "link", "set", "wg0", "down")
    goes("a port while it is down", "wg", "set", "wg0", "listen-port", "80")
    goes("and that one again", "wg", "set", "wg0", "listen-port", "51820")
    goes("and up", "ip", "link", "set", "wg0", "up")
    # The laptop finds out that its session is gone after fifteen seconds, or when it is told.
    checks.check("a new session begins", eventually(lambda: lab.pings("gateway", lab.tunnel_addresses()[4])))
    checks.check("packets go through again", eventually(lambda: lab.pings("laptop", SERVER[4])))
