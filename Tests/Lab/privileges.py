# SPDX-License-Identifier: GPL-3.0-or-later
"""What the built-in datapath may still do once it runs, and that everything works for all that."""

import os
import pathlib
import re

from lab import SERVER, eventually

SOCKET = "/var/run/wireguard/wg0.sock"


def process_of(lab):
    """The datapath's process id, by the socket it listens on."""
    found = re.search(r"pid=(\d+)", lab.run("gateway", "ss", "-xlpH", "src", SOCKET).out)
    return int(found.group(1)) if found else None


def status(pid):
    """/proc/PID/status as a dictionary."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


def privileges(lab, checks):
    """No root, two capabilities, a seccomp filter, locked memory; and `wg set` can do all it could before."""
    if lab.datapath != "userspace":
        return
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    pid = process_of(lab)
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
    lab.run("gateway", "kill", "-KILL", pid)
    checks.check("killed, it leaves no socket behind",
                 eventually(lambda: lab.run("gateway", "test", "-e", SOCKET, check=False).code))
    lab.wggw("apply")
    pid = process_of(lab)
    lab.run("gateway", "kill", "-TERM", pid)
    checks.check("nor does it when it is told to end",
                 eventually(lambda: lab.run("gateway", "test", "-e", SOCKET, check=False).code
                            and not os.path.exists(f"/proc/{pid}")))
    lab.wggw("down", check=False)


def still_works(lab, checks, pid):
    """What a system call or a capability is needed for, after the start."""

    def goes(what, *command):
        done = lab.run("gateway", *command, check=False)
        checks.check(what, done.code == 0 and process_of(lab) == pid, done.err)

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
