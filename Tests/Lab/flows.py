# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that carry data all the time, so that it shows at once whether they go on."""

import time

from lab import PATIENCE, eventually

#: How long a flow is watched that must not move: a server that is not answered sends again after 0.2, 0.6, 1.4, 3 s.
WATCHED = 3.5


class Flow:
    """A connection to an echo, TCP or "udp", with data on the way in both directions all the time."""

    def __init__(self, lab, host, address, kind="tcp"):
        self.process = lab.start(host, "/usr/bin/env", "python3", "-Ic", FLOW, address, kind)
        self.opened = self.process.stdout.readline().strip()

    def received(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline() or -1)

    def end(self):
        self.process.kill()
        self.process.communicate()


def moving(flows, seconds):
    """The names of those that receive something in this time."""
    before = {name: flow.received() for name, flow in flows.items()}
    time.sleep(seconds)
    return {name for name, flow in flows.items() if flow.received() > before[name]}


def judge(checks, when, flows, ended):
    """A second after the apply: those that were to end have ended for good, and all others go on."""
    time.sleep(1)
    moves = moving(flows, WATCHED * max(1, PATIENCE / 2))
    for name in flows:
        if name in ended:
            checks.check(f"{when}: {name} ends", name not in moves)
        else:
            checks.check(f"{when}: {name} goes on", name in moves)


def start(lab, checks, flows):
    """flows: {name: (host, address)} or with a kind. Returns them open and moving."""
    opened = {name: Flow(lab, *way) for name, way in flows.items()}
    checks.equal("every connection is open", {name: flow.opened for name, flow in opened.items()},
                 dict.fromkeys(opened, "open"))
    moved = set()
    eventually(lambda: moved.update(moving(opened, 1)) or moved == set(opened), seconds=10)
    checks.equal("and carries data", moved, set(opened))
    return opened


def end(flows):
    for flow in flows.values():
        flow.end()


#: Connects to an echo, after the control connection of FTP if it is told so, sends fifty times a second, 4 KB or a datagram, and
#: tells how much has come back whenever it is asked.
FLOW = """
import select, socket, sys, time
udp = sys.argv[2] == "udp"
try:
    if sys.argv[2] == "ftp":
        control = socket.create_connection((sys.argv[1], 21), 3)
        control.recv(100)
        control.sendall(b"PASV\\r\\n")
        if not control.recv(100).startswith(b"227"): sys.exit("no FTP")
    if udp:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect((sys.argv[1], 7))
        s.send(b"first")
        s.settimeout(3)
        s.recv(10)
    else: s = socket.create_connection((sys.argv[1], 7), 3)
except OSError as error:
    print(error, flush=True)
    sys.exit()
s.setblocking(False)
print("open", flush=True)
count, due, alive = 0, 0, True
while True:
    ready = select.select([sys.stdin] + [s] * alive, [], [], 0.02)[0]
    try:
        if s in ready:
            data = s.recv(1 << 20)
            count, alive = count + len(data), bool(data)
        if alive and time.monotonic() >= due:
            due = time.monotonic() + 0.02
            s.send(bytes(100 if udp else 4096))
    except BlockingIOError: pass
    except OSError: alive = False
    if sys.stdin in ready:
        if not sys.stdin.readline(): break
        print(count, flush=True)
"""
