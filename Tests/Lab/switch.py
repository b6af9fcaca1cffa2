# SPDX-License-Identifier: GPL-3.0-or-later
"""One datapath takes another one's place under traffic, and nobody notices but for a moment: from the kernel's WireGuard to
wggw's and back, and from one wggw to the next."""

import json
import re

from lab import CLIENT, PATIENCE, SERVER
from lifecycle import differences, is_applied, snapshot
from traffic import ECHO_SESSION

#: Packets a second of the streams that the gap is measured with.
RATE = 100
#: Milliseconds: how long nothing may get through. Everything takes ten to thirty times as long on an emulated machine, and as
#: long again where others use its processor.
LONGEST_GAP = 1000 * (2 * PATIENCE if PATIENCE > 1 else 1)


def switch(lab, checks):
    """From the lab's datapath to the other one, and back."""
    there = "userspace" if lab.datapath == "kernel" else "kernel"
    under_traffic(lab, checks, [
        (f"{lab.datapath} → {there}", there, ("init", "--datapath", there), ()),
        (f"{there} → {lab.datapath}", lab.datapath, ("init", "--datapath", lab.datapath), ())])


def restart(lab, checks):
    """From the running datapath to a new one of the same kind, as after an upgrade."""
    under_traffic(lab, checks, [(f"{lab.datapath} → {lab.datapath}, turn {turn}", lab.datapath, ("plan",), ("--restart",))
                                for turn in (1, 2)])


def under_traffic(lab, checks, turns):
    """Each turn: what it is, the backend after it, a command before the apply, and options of that."""
    lab.init("masquerade")
    lab.wggw("add-peer", "laptop")
    lab.wggw("add-peer", "site", "--endpoint", "203.0.113.7:4500", "--route", "10.77.0.0/24")
    lab.wggw("apply")
    lab.connect()
    # Without keepalive: the peer says nothing by itself, so it is up to the gateway to find it again.
    key = lab.run("laptop", "wg", "show", CLIENT, "peers").out.strip()
    lab.run("laptop", "wg", "set", CLIENT, "peer", key, "persistent-keepalive", "0")
    checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
    before = steady(lab)
    endpoints = lambda: sorted(lab.run("gateway", "wg", "show", "wg0", "endpoints").out.split())
    known = endpoints()
    session = lab.start("laptop", "/usr/bin/env", "python3", "-Ic", ECHO_SESSION, SERVER[4])
    checks.equal("a TCP connection is open", session.stdout.readline().strip(), "open")
    for what, backend, preparation, options in turns:
        lab.wggw(*preparation)
        stream = Stream(lab)
        said = lab.wggw("apply", *options).out
        for direction, (gap, lost) in stream.end().items():
            checks.check(f"{what}: {direction}: a gap of {gap} ms, {lost} packets of {RATE} a second",
                         0 <= gap < LONGEST_GAP, gap)
        checks.contains(f"{what}: apply tells of it", said, what.split(",")[0])
        checks.equal(f"{what}: status says so", json.loads(lab.wggw("status", "--json").out)["backend"], backend)
        checks.equal(f"{what}: addresses, routes, firewall and settings are the same", differences(before, steady(lab)), "")
        checks.equal(f"{what}: so are endpoints", endpoints(), known)
        checks.equal(f"{what}: and the port", lab.run("gateway", "wg", "show", "wg0", "listen-port").out, "51820\n")
        is_applied(lab, checks, what)
    out = session.communicate("end\n", timeout=60 * PATIENCE)[0].split()
    checks.check(f"a TCP connection lived through all of it ({' '.join(out[2:])} ms)", out[:1] == ["echoed"], out)


def steady(lab):
    """A snapshot without what is the backend's own: the flags of its kind of interface."""
    seen = snapshot(lab)
    seen["links"] = re.sub(r"(?m)^(wg0\s+)\S+.*$", r"\1", seen["links"])
    seen["addresses"] = re.sub(r"(?m)^(wg0\s+)\S+", r"\1", seen["addresses"])
    # The kernel makes no route for multicast through its own WireGuard, but one through other interfaces.
    for what in seen:
        seen[what] = "\n".join(line for line in seen[what].splitlines() if "ff00::/8" not in line)
    return seen


class Stream:
    """UDP packets at a steady rate, both ways, through the tunnel and its masquerading."""

    def __init__(self, lab):
        self.far = lab.start("server", "/usr/bin/env", "python3", "-Ic", STREAM, "", "9000", str(RATE))
        self.far.stdout.readline()
        self.near = lab.start("laptop", "/usr/bin/env", "python3", "-Ic", STREAM, SERVER[4], "9000", str(RATE))
        # Both have heard each other.
        self.near.stdout.readline()

    def end(self):
        """{direction: (longest gap in ms, packets lost)}"""
        ends = [process.communicate("end\n", timeout=60 * PATIENCE)[0].split() for process in (self.far, self.near)]
        return {direction: (int(words[0]), int(words[1])) for direction, words in zip(("to the LAN", "to the peer"), ends)}


#: Sends numbered packets to a host and port, or to whoever calls, and tells how long at most it heard nothing beyond the
#: time between two packets, in ms, and how many packets it did not hear.
STREAM = """
import select, socket, sys, time
host, port, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
to = (host, port) if host else None
if not host:
    s.bind(("", port))
    print("open", flush=True)
step, number, heard, gap = 1 / rate, 0, [], 0.0
due, last, end = time.monotonic(), None, None
while end is None or time.monotonic() < end:
    now = time.monotonic()
    if now >= due:
        if to:
            try: s.sendto(b"%d" % number, to)
            except OSError: pass
            number += 1
        # What a busy machine had no time to send is not sent in a burst afterwards.
        due = max(due + step, now)
        continue
    ready = select.select([s] if end else [s, sys.stdin], [], [], due - now)[0]
    now = time.monotonic()
    if sys.stdin in ready: end = now + 1
    if s in ready:
        data, to = s.recvfrom(100)
        if last is None and host: print("open", flush=True)
        if last is not None: gap = max(gap, now - last - step)
        last = now
        heard.append(int(data))
print(int(gap * 1000), heard[-1] - heard[0] + 1 - len(set(heard)) if heard else -1)
"""
