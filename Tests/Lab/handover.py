# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that change hands while packets with them are on their way through the built-in datapath."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from changes import allowed_ips, own as own_address
from lab import CLIENT, SERVER, eventually
from tunnel import process_of, python

#: Where nobody but the guest sends to. His policy does not let him, the administrator's would.
PORT = 7777
#: How often addresses change hands, and the delay at each write to the TUN device, microseconds.
TIMES = int(os.environ.get("WGGW_HANDOVERS", "10"))
DELAY = int(os.environ.get("WGGW_HANDOVER_DELAY", "30000"))

#: Sends from each of two addresses again and again, whoever of the two is ours.
SENDER = """
import socket, sys, time
sockets = []
for source in sys.argv[3:]:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.connect((sys.argv[1], int(sys.argv[2])))
    sockets.append(s)
print("ready", flush=True)
while True:
    for s in sockets:
        try: s.send(bytes(500))
        except OSError: pass
    time.sleep(0.005)
"""


def handover(lab, checks):
    """A guest and an administrator swap addresses: no packet of the guest's is ever judged by the administrator's policy. A swap
    without the datapath's help failed in 3 of 300, and nearly always where a write to TUN takes 30 ms."""
    with tempfile.TemporaryDirectory() as directory:
        slow = start_slow_datapath(lab, pathlib.Path(directory) / "slow_tun.so")
        started = eventually(lambda: process_of(lab, interface="wg0"))
    if not checks.check("a datapath that is slow at TUN", started and "slow_tun" in pathlib.Path(f"/proc/{started}/maps").read_text()):
        return
    try:
        swap(lab, checks)
        checks.equal("all by one and the same process", process_of(lab, interface="wg0"), started)
    finally:
        lab.wggw("down", check=False)
        slow.kill()
        slow.communicate()


def swap(lab, checks):
    lab.init("routed")
    lab.wggw("add-peer", "administrator")
    lab.wggw("add-peer", "guest", "--allow", f"{SERVER[4]}:443/tcp")
    lab.wggw("apply")
    own = {peer["name"]: own_address(allowed_ips(lab, peer["public_key"])) for peer in lab.json("gateway", "wggw", "list", "--json")}
    lab.set_router_route()
    lab.connect("guest")
    lab.run("laptop", "ip", "address", "add", f"{own['administrator']}/32", "dev", CLIENT)
    lab.run("server", "nft", "-f", "-", stdin="add table inet seen\ndelete table inet seen\nadd table inet seen\n"
            "add chain inet seen input { type filter hook input priority 0; }\n"
            f"add rule inet seen input udp dport {PORT} counter\n")
    lab.at_reset("server", "nft", "delete", "table", "inet", "seen")
    came = lambda: int(re.search(r"packets (\d+)", lab.run("server", "nft", "list", "table", "inet", "seen").out).group(1))
    taken = lambda: sum(int(line.split()[1]) for line in lab.run("gateway", "wg", "show", "wg0", "transfer").out.splitlines())
    checks.check("the guest comes in", eventually(lambda: lab.fetch("laptop", SERVER[4], 443).startswith("hello")))
    sender = python(lab, "laptop", SENDER, SERVER[4], PORT, *own.values())
    sender.stdout.readline()
    try:
        before, failed = taken(), 0
        for _ in range(TIMES):
            seen = came()
            change_hands(lab, own)
            failed += came() > seen
        checks.equal(f"{TIMES} times addresses change hands; packets came through with the other one's rights", failed, 0)
        checks.check("the datapath took packets all the time", taken() - before > 10 * TIMES * 500)
        lab.wggw("set-peer", "guest", "--allow", SERVER[4])
        lab.wggw("apply")
        checks.check("what would have come through, comes through when it may", eventually(came))
    finally:
        sender.kill()
        sender.communicate()


def start_slow_datapath(lab, library):
    """A datapath under the name that wggw looks for, which wggw takes for one that it has just started itself. In the foreground: else it
    is started without this environment."""
    compiler = next(filter(None, map(shutil.which, ("clang", "cc", "gcc"))))
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, pathlib.Path(__file__).with_name("slow_tun.c")], check=True)
    return lab.start("gateway", "env", f"LD_PRELOAD={library}", f"SLOW_TUN_MICROSECONDS={DELAY}", "wggw", "datapath", "wg0",
                     "--foreground")


def change_hands(lab, own):
    """The two swap their IPv4 addresses."""
    own["administrator"], own["guest"] = own["guest"], own["administrator"]
    free = own["guest"].rpartition(".")[0] + ".200"
    for name, address in (("guest", free), ("administrator", own["administrator"]), ("guest", own["guest"])):
        lab.wggw("set-peer", name, "--address", address)
    lab.wggw("apply")
