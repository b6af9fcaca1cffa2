# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that must not arrive, sent all the while, and those that look whether they do: a process of its own, so that nothing
that happens to a command disturbs it."""

import contextlib
import dataclasses
import errno
import multiprocessing
import os
import select
import signal
import socket
import struct
import time
import traceback

from lab import FAR, SERVER

#: UDP ports of the server's: the guest may reach the first and not the second.
ALLOWED, REFUSED = 40001, 40009
#: Seconds between two packets of a probe.
STEP = 0.03
MARK = b"wggw-crash"
PAYLOAD = struct.Struct("10sHI")


@dataclasses.dataclass(frozen=True)
class Probe:
    name: str
    #: From which host, with which source address (None: its own), to what.
    host: str
    source: str | None
    to: str
    port: int
    #: (host, interface) where its arrival counts; an interface None is the host itself.
    at: tuple
    #: `control`: it arrives where all is well. `never`: it must not. `while up`: it must not between two states with a tunnel.
    rule: str


def probes(lab, guest, laptop, gateway):
    """`guest`, `laptop`, `gateway`: their addresses in the tunnel, {4: …, 6: …}."""
    found = []
    for v in (4, 6):
        add = lambda name, *rest: found.append(Probe(f"{name}, IPv{v}", *rest))
        add("the guest to what it may reach", "laptop", guest[v], SERVER[v], ALLOWED, ("server", "eth0"), "control")
        add("the guest to another port", "laptop", guest[v], SERVER[v], REFUSED, ("server", "eth0"), "never")
        add("the guest to the Internet", "laptop", guest[v], FAR[v], REFUSED, ("far", "eth0"), "never")
        add("the guest to the gateway", "laptop", guest[v], gateway[v], REFUSED, ("gateway", None), "never")
        add("the guest with another peer's address", "laptop", laptop[v], SERVER[v], ALLOWED, ("server", "eth0"), "never")
        add("the guest with a LAN address", "laptop", {4: "192.168.1.77", 6: "2001:db8:1::77"}[v], SERVER[v], ALLOWED,
            ("server", "eth0"), "never")
        add("the LAN to a peer, in the clear", "server", None, guest[v], REFUSED, ("internet", "office"), "while up")
        if lab.shape == "router":
            add("the uplink to a peer", "internet", None, guest[v], REFUSED, ("laptop", "office"), "never")
        else:
            add("a stranger through the gateway", "server", None, FAR[v], REFUSED, ("far", "eth0"), "never")
    return found


def prepare(lab, tunnels):
    """Routes that a stranger would have. `tunnels`: {4: network, 6: network}."""
    for v, network in tunnels.items():
        if lab.shape == "router":
            # The neighbour on the uplink, for what it sends itself: what came from there does not go back.
            via = {4: "198.51.100.2", 6: "2001:db8:f1::2"}[v]
            lab.run("internet", "ip", "route", "replace", network, "via", via, "table", 77)
            lab.run("internet", "ip", f"-{v}", "rule", "add", "iif", "lo", "lookup", 77)
        else:
            lab.run("server", "ip", "route", "replace", network, "via", lab.gateway[v])
            lab.run("server", "ip", "route", "replace", FAR[v], "via", lab.gateway[v])
            # No redirect of the gateway's, from a moment in which it had no tunnel, leads past it later.
            for interface in ("all", "eth0"):
                lab.run("server", "sysctl", "-q", "-w", f"net.ipv{v}.conf.{interface}.accept_redirects=0")


class Prober:
    """Sends from `begin` on. Single caller."""

    def __init__(self, lab, found):
        self.probes = found
        self._pipe, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=serve_or_tell, args=(lab, found, there, self._pipe), daemon=True)
        self._process.start()
        there.close()
        # Not before: while it looks for its places it is in the gateway's network, and whoever clears that ends all who are in it.
        self._answer()

    def begin(self, case):
        """New flows, counted from zero. `case`: a number."""
        self._ask(case)

    def arrived(self):
        """[(sent, arrived)] for each probe, since `begin`."""
        return self._ask(None)

    def _ask(self, word):
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(word)
        return self._answer()

    def _answer(self):
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def reaches(self, seconds):
        """Whether the guest gets through with what it may, IPv4 and IPv6, within some seconds; how many of each did at last."""
        control = [i for i, probe in enumerate(self.probes) if probe.rule == "control"]
        before = self.arrived()
        deadline = time.monotonic() + seconds
        while True:
            now = self.arrived()
            if all(now[i][1] > before[i][1] for i in control):
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(STEP)

    def end(self):
        self._pipe.close()
        self._process.join()


class ProberFailed(Exception):
    """With the traceback of the process that sends."""


def serve_or_tell(lab, found, pipe, other_end):
    """Whoever asks is told what ended it: what it prints goes nowhere."""
    try:
        serve(lab, found, pipe, other_end)
    except Exception:  # pylint: disable=broad-except
        pipe.send(ProberFailed(traceback.format_exc()))


def serve(lab, found, pipe, other_end):
    # So that the pipe ends with whoever asks, however that ends.
    other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    watchers = {listen(lab, *place): place for place in {probe.at for probe in found}}
    # Who is asked answers nothing, so that no answer opens a way.
    with lab.network_of("server"):
        quiet = [bound(socket.AF_INET6, "::", port) for port in (ALLOWED, REFUSED)]
    pipe.send("ready")
    senders, sent, arrived, case, due = [], [], [], None, time.monotonic()
    while True:
        for ready in select.select([pipe, *watchers, *quiet], [], [], max(0.0, due - time.monotonic()))[0]:
            if ready is pipe:
                try:
                    word = pipe.recv()
                except EOFError:
                    return
                if word is None:
                    pipe.send(list(zip(sent, arrived)))
                    continue
                case = word
                for sender in senders:
                    sender.close()
                senders = [sender_of(lab, probe, case) for probe in found]
                sent, arrived = [0] * len(found), [0] * len(found)
                pipe.send(case)
            elif ready in quiet:
                ready.recv(100)
            else:
                for number, of in marks(ready, watchers[ready][1]):
                    # What was on its way when a case ended is not the next one's.
                    if of == case and found[number].at == watchers[ready]:
                        arrived[number] += 1
        if time.monotonic() < due:
            continue
        due = max(due + STEP, time.monotonic())
        for number, (sender, probe) in enumerate(zip(senders, found)):
            # No route, no interface: nothing leaves.
            with contextlib.suppress(OSError):
                sender.sendto(PAYLOAD.pack(MARK, number, case), (probe.to, probe.port))
                sent[number] += 1


def bound(family, address, port):
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    return made


def sender_of(lab, probe, case):
    """With a source port of the case's own: a flow that nobody has seen before."""
    family = socket.AF_INET6 if ":" in probe.to else socket.AF_INET
    with lab.network_of(probe.host):
        made = socket.socket(family, socket.SOCK_DGRAM)
        # Any address as its own: IP_TRANSPARENT, IPV6_TRANSPARENT (linux/in.h, in6.h).
        if family == socket.AF_INET:
            made.setsockopt(socket.IPPROTO_IP, 19, 1)
        else:
            made.setsockopt(socket.IPPROTO_IPV6, 75, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((probe.source or ("::" if family == socket.AF_INET6 else ""), 20000 + case % 20000))
    made.setblocking(False)
    return made


def listen(lab, host, interface):
    with lab.network_of(host):
        if interface is None:
            return bound(socket.AF_INET6, "::", REFUSED)
        made = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))  # ETH_P_ALL
        made.bind((interface, 3))
        return made


def marks(watcher, interface):
    """(probe, case) of a packet that came in, if it is a probe's and for this host. A packet socket tells once that its interface
    went down (packet(7))."""
    try:
        packet, address = watcher.recvfrom(2048)
    except OSError as error:
        if error.errno != errno.ENETDOWN:
            raise
        return
    if interface is not None:
        # PACKET_HOST: not what passes by, nor what goes out.
        if address[2] != 0:
            return
        packet = udp_payload(packet)
    if packet[:len(MARK)] == MARK and len(packet) == PAYLOAD.size:
        yield PAYLOAD.unpack(packet)[1:]


def udp_payload(packet):
    """Of an IP packet without extension headers; empty for any other."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and packet[9] == 17:
        return packet[(packet[0] & 15) * 4 + 8:]
    if version == 6 and packet[6] == 17:
        return packet[48:]
    return b""
