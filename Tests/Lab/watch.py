# SPDX-License-Identifier: GPL-3.0-or-later
"""`wggw watch`: the box is as it was applied, whatever somebody does to it; with packets as the judge, and the time until they
pass again."""

import os
import pathlib
import queue
import socket
import threading
import time

from lab import PATIENCE, SERVER, eventually
from lifecycle import is_applied
from stuck import datapaths

#: In seconds: what a repair may take.
SOON = 1


class Service:
    """`wggw watch` as a service manager would start it, which is told when it is ready."""

    def __init__(self, lab, checks, *options, before=()):
        """`before`: what comes before its name, as who it runs as."""
        self.lab = lab
        path = f"/run/wggw-lab/{lab.name}/notify"
        pathlib.Path(path).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            os.chmod(path, 0o666)
            manager.settimeout(20 * PATIENCE)
            self.process = lab.start("gateway", "env", f"NOTIFY_SOCKET={path}", *before, "wggw", "watch", *options)
            self.lines = queue.Queue()
            threading.Thread(target=lambda: [self.lines.put(line.rstrip()) for line in self.process.stdout], daemon=True).start()
            checks.contains("it says that it is ready", manager.recv(1000).decode(), "READY=1")

    def said(self):
        """What it said since somebody asked."""
        lines = []
        while not self.lines.empty():
            lines.append(self.lines.get())
        return "\n".join(lines)

    def end(self):
        self.process.terminate()
        self.process.wait(10 * PATIENCE)


def follows(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.wggw("down")
    service = Service(lab, checks)
    try:
        is_applied(lab, checks, "at its start")
        lab.connect()
        checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
        checks.contains("it says what is there", service.said(), "revision 2 is on the box")
        for what, *command in faults(lab):
            put_back(lab, checks, service, what, *command)
        datapath_dies(lab, checks, service)
        if lab.datapath == "userspace":
            socket_goes(lab, checks, service)
            older_program(lab, checks)
        commands_go_on(lab, checks, service)
        by_wg(lab, checks, service)
        time_ends(lab, checks, service)
        without_records(lab, checks, service)
        rival(lab, checks, service)
    finally:
        service.end()
    checks.check("its end leaves the tunnel up", lab.pings("laptop", SERVER[4]))


def faults(lab):
    """What is done to the box: a name, and a command."""
    yield "the ruleset is flushed", "nft", "flush", "ruleset"
    yield "the table is deleted", "nft", "delete", "table", "inet", "wggw"
    yield "a chain is flushed", "nft", "flush", "chain", "inet", "wggw", "from-tunnel"
    yield "forwarding is switched off", "sysctl", "-qw", "net.ipv4.ip_forward=0"
    yield "forwarding of one interface is switched off", "sysctl", "-qw", "net.ipv4.conf.wg0.forwarding=0"
    yield "rp_filter is set", "sysctl", "-qw", "net.ipv4.conf.wg0.rp_filter=1"
    yield "routes are flushed", "ip", "route", "flush", "dev", "wg0"
    yield "the address is taken away", "ip", "address", "flush", "dev", "wg0"
    yield "the interface is set down", "ip", "link", "set", "wg0", "down"
    yield "the MTU is another", "ip", "link", "set", "wg0", "mtu", "600"


def put_back(lab, checks, service, what, *command):
    if command[0] == "nft" and is_held(lab):
        return stands(lab, checks, what, *command)
    service.said()
    before = handshake(lab)
    began = time.monotonic()
    lab.run("gateway", *command)
    back = eventually(lambda: lab.wggw("plan", "--detailed-exitcode", check=False).code == 0, seconds=SOON + 4)
    took = time.monotonic() - began
    checks.check(f"{what}: it is put back ({took:.1f} s)", back, lab.wggw("plan", check=False).out)
    said = service.said()
    checks.contains(f"{what}: it says so", said, "put back:")
    # Of sysctl nobody tells, and ip has ended before anybody asks for its name.
    if command[0] == "nft":
        checks.contains(f"{what}: and who it was", said, "the box was changed by nft (pid ")
    checks.check(f"{what}: packets pass", lab.pings("laptop", SERVER[4]))
    # One that is down has no sessions; the next one begins at once.
    if command[:3] != ("ip", "link", "set") or "down" not in command:
        checks.equal(f"{what}: by the same session", handshake(lab), before)


def is_held(lab):
    """Whether the table is the service's alone, as on kernels from 6.9 on."""
    return "owner" in lab.run("gateway", "nft", "list", "table", "inet", "wggw", check=False).out


def stands(lab, checks, what, *command):
    before = lab.run("gateway", "nft", "list", "table", "inet", "wggw").out
    lab.run("gateway", *command, check=False)
    checks.equal(f"{what}: nothing happens", lab.run("gateway", "nft", "list", "table", "inet", "wggw").out, before)
    checks.check(f"{what}: packets pass", lab.pings("laptop", SERVER[4]))


def handshake(lab):
    return lab.run("gateway", "wg", "show", "wg0", "latest-handshakes").out


def datapath_dies(lab, checks, service):
    if lab.datapath != "userspace":
        lab.run("gateway", "ip", "link", "delete", "wg0")
    else:
        old = datapaths(lab)
        for pid in old:
            lab.run("gateway", "kill", "-KILL", pid)
        checks.check("the datapath is killed: another one runs", eventually(lambda: set(datapaths(lab)) - set(old), seconds=5))
    # A peer that is not answered tries anew after 15 s by itself: the gateway knows where it was, and greets it.
    checks.check("the tunnel's end: packets pass", eventually(lambda: lab.pings("laptop", SERVER[4], seconds=1), seconds=6))
    said = []
    told = lambda: said.append(service.said()) or "".join(said)
    # A look in the middle of its end fails, and what is made anew is so in going back.
    eventually(lambda: "+ interface wg0" in told() or "back at revision" in told(), seconds=6)
    checks.check("the tunnel's end: it says so", "+ interface wg0" in told() or "back at revision" in told(), said)


def socket_goes(lab, checks, service):
    """Its socket is how others tell a datapath to end."""
    old = datapaths(lab)
    lab.run("gateway", "rm", "/run/wireguard/wg0.sock")
    checks.check("its socket is removed: another datapath runs", eventually(lambda: set(datapaths(lab)) - set(old), seconds=5))
    checks.check("its socket is removed: the old one does not", eventually(lambda: not set(datapaths(lab)) & set(old)))
    checks.check("its socket is removed: packets pass", eventually(lambda: lab.pings("laptop", SERVER[4], seconds=1), seconds=6))


def older_program(lab, checks):
    """The program is replaced, as by an upgrade, and the old datapath goes on."""
    own = f"/run/wggw-lab/{lab.name}/wggw-of-yesterday"
    lab.run("gateway", "cp", os.environ["WGGW_BIN"], own)
    lab.run("gateway", own, "up", "--restart")
    checks.equal("an older program: none yet", lab.wggw("status", check=False).code, 0)
    lab.run("gateway", "rm", own)
    status = lab.wggw("status", check=False)
    checks.check("an older program: status says so, and that all is not well",
                 status.code == 1 and "`wggw up --restart` starts it anew" in status.out, status.out)
    lab.wggw("up", "--restart")
    checks.equal("an older program: no more", lab.wggw("status", check=False).code, 0)


def commands_go_on(lab, checks, service):
    """It minds what others apply, and an apply that nobody confirms."""
    lab.wggw("add-peer", "tablet")
    time.sleep(1)
    checks.check("a draft stays one", "tablet" not in lab.wggw("show", "wireguard", "--applied", check=False).out
                 and len(lab.run("gateway", "wg", "show", "wg0", "peers").out.split()) == 1)
    lab.wggw("apply")
    checks.equal("an apply is one", len(lab.run("gateway", "wg", "show", "wg0", "peers").out.split()), 2)
    lab.wggw("remove-peer", "tablet")
    lab.wggw("apply", "--confirm", "5")
    # Its guard is dead, and so is nobody left but the service.
    lab.run("gateway", "pkill", "-KILL", "-f", "wggw guard", check=False)
    checks.check("an unconfirmed apply goes back without its guard",
                 eventually(lambda: len(lab.run("gateway", "wg", "show", "wg0", "peers").out.split()) == 2, seconds=12))
    lab.wggw("down")
    time.sleep(1)
    checks.check("what is taken down stays down", lab.run("gateway", "ip", "link", "show", "wg0", check=False).code != 0)
    lab.wggw("up")
    lab.connect()
    checks.check("and up it is kept again", lab.pings("laptop", SERVER[4]))


def time_ends(lab, checks, service):
    """A peer's time is over: it and its connections are ended by the clock, and come back where it is given longer."""
    service.said()
    end = int(time.time() + 6 * PATIENCE)
    lab.wggw("set-peer", "laptop", "--expires", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end)))
    lab.wggw("apply")
    checks.check("a peer whose time is not over comes in", lab.pings("laptop", SERVER[4]))
    gone = eventually(lambda: not lab.run("gateway", "wg", "show", "wg0", "peers").out.strip(), seconds=14)
    late = time.time() - end
    # The clock of deadlines tells whole seconds; the rest is the look's.
    checks.check(f"its time is over: it is taken off ({late:.1f} s)", gone and late < 5 * PATIENCE, late)
    checks.check("its time is over: it does not come in any more", lab.is_silent("laptop", SERVER[4]))
    said = []
    eventually(lambda: said.append(service.said()) or "- peer laptop" in "".join(said))
    checks.contains("its time is over: it says so", "".join(said), "- peer laptop")
    said = lab.wggw("explain", "laptop", SERVER[4], check=False)
    checks.contains("its time is over: explain names the moment", said.out, "which is over")
    checks.equal("its time is over: plan has nothing to do", lab.wggw("plan", "--detailed-exitcode", check=False).code, 0)
    lab.wggw("set-peer", "laptop", "--expires", "never")
    lab.wggw("apply")
    lab.connect()
    checks.check("given longer it comes in again", lab.pings("laptop", SERVER[4]))


def by_wg(lab, checks, service):
    """`wg set`, of which no kernel tells, but the file of its program: put back at once, or where the profile says so only reported, and
    adopted."""
    key = lab.run("gateway", "wg", "genkey").out.strip()
    key = lab.run("gateway", "wg", "pubkey", stdin=key).out.strip()
    add = ["wg", "set", "wg0", "peer", key, "allowed-ips", "192.168.2.99/32"]
    peers = lambda: lab.run("gateway", "wg", "show", "wg0", "peers").out.split()
    began = time.monotonic()
    lab.run("gateway", *add)
    gone = eventually(lambda: key not in wggw_peers(lab), seconds=SOON + 4)
    took = time.monotonic() - began
    checks.check(f"a peer by wg set is taken away ({took:.1f} s)", gone and took < SOON * PATIENCE)
    checks.check("a peer by wg set: it is really away", key not in peers())
    lab.wggw("init", "--drift", "report")
    lab.wggw("apply")
    service.said()
    lab.run("gateway", *add)
    said = []
    checks.check("or told of where the profile says so",
                 eventually(lambda: said.append(service.said()) or "left so" in "\n".join(said)), said)
    checks.check("and left", key in peers())
    lab.wggw("adopt", "found")
    lab.wggw("apply")
    checks.contains("and adopted", lab.wggw("status").out, "found")
    lab.wggw("remove-peer", "found")
    lab.wggw("init", "--drift", "repair")
    lab.wggw("apply")


def wggw_peers(lab):
    """Without `wg`, which would be heard itself."""
    return lab.wggw("status", "--json", check=False).out


def without_records(lab, checks, service):
    """What it cannot do it says, with when it tries again; and it does."""
    time.sleep(1)
    service.said()
    lab.run("gateway", "mv", "/var/lib/wggw/wggw.db", "/var/lib/wggw/away")
    lab.run("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=0")
    text = []
    checks.check("without its records it says when it tries again", eventually(
        lambda: text.append(service.said()) or "next try in 1 s" in "\n".join(text), seconds=5), text)
    lab.run("gateway", "mv", "/var/lib/wggw/away", "/var/lib/wggw/wggw.db")
    checks.check("with them again it puts back", eventually(
        lambda: lab.run("gateway", "sysctl", "-n", "net.ipv4.ip_forward").out == "1\n", seconds=10))


def rival(lab, checks, service):
    """Somebody switches forwarding off each time: after three rounds he is left alone, and it is said."""
    time.sleep(11)
    service.said()
    loop = lab.start("gateway", "sh", "-c", "while :; do sysctl -qw net.ipv4.ip_forward=0; sleep 0.2; done")
    try:
        text = []
        checks.check("against a rival it gives up", eventually(
            lambda: text.append(service.said()) or "left as it is" in "\n".join(text), seconds=8), text)
        checks.equal("after three rounds", "\n".join(text).count("put back:"), 3)
    finally:
        loop.kill()
        loop.communicate()
    checks.check("later it tries again", eventually(
        lambda: lab.run("gateway", "sysctl", "-n", "net.ipv4.ip_forward").out == "1\n", seconds=15))
