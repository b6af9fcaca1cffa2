# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest who means harm says through his tunnel, and what of it arrives."""

import collections
import struct

from intruder import MARK, NEIGHBOUR, PORT, TIMES, Intruder, read
from lab import FAR, SERVER
from talker import ICMP, ICMP6, TCP, UDP, echo, header, tcp, udp


class Judge:
    """Of what was heard, what the guest's policy does not allow."""

    def __init__(self, intruder):
        self.mine = set(intruder.own.values())
        self.others = {*intruder.victim.values(), *intruder.inner.values()}
        self.begun = set()
        self.allowed = 0

    def forbidden(self, heard):
        return [f"{place}: {packet.hex()}" for place, packets in heard.items() for packet in packets
                if not self.may_pass(place, packet)]

    def may_pass(self, place, packet):
        source, target, protocol, offset, body, number = read(packet)
        if MARK not in packet and source not in self.mine | self.others:
            return True
        port = struct.unpack_from("!H", body, 2)[0] if len(body) >= 4 else None
        whole = (source, target, protocol, number)
        fits = source in self.mine and target in SERVER.values() and (protocol, port) in ((TCP, 443), (UDP, 7))
        if place == "LAN" and (offset and whole in self.begun or not offset and fits):
            self.begun.add(whole)
            self.allowed += 1
            return True
        return False


def everything(lab, checks):
    """A guest says all that can be said: stolen sources, other places, pieces, extension headers, lies. What he may arrives, and
    nothing else."""
    intruder = Intruder(lab, checks)
    judge = Judge(intruder)
    tried, lost, forbidden = collections.Counter(), 0, []
    for turn in range(40 * TIMES):
        for _ in range(40):
            kind = intruder.random.choice(KINDS)
            packets = kind(intruder, intruder.random)
            tried[kind.__name__] += 1
            intruder.say(*packets)
        heard = intruder.arrives(4 if turn % 2 else 6)
        lost += heard is None
        forbidden += judge.forbidden(heard or {})
    print(f"     {intruder.sent} packets, {judge.allowed} of them arrived: {dict(tried)}", flush=True)
    checks.equal("the datapath dealt with all of it", lost, 0)
    checks.check("nothing arrived that his policy does not allow", not forbidden, "\n".join(forbidden[:10]))
    checks.check("what it allows arrived", judge.allowed > 100 * TIMES, judge.allowed)
    listing = lab.run("gateway", "nft", "list", "table", "inet", "heard").out
    taken = listing.splitlines()[-3]
    checks.check("the gateway took nothing of it but echo requests", "packets 0 " in taken, listing)
    checks.check("the session lives", intruder.arrives() is not None)


def places(intruder, version):
    """Where he may not go."""
    lab = intruder.lab
    own = [NEIGHBOUR[version], lab.gateway[version], lab.public[version], intruder.victim[version], FAR[version],
           intruder.inner[version]]
    if version == 4:
        return own + ["192.168.1.255", "255.255.255.255", "224.0.0.1", "127.0.0.1", "0.0.0.0", "169.254.169.254", "10.0.0.1"]
    return own + ["ff02::1", "ff05::2", "::1", "::", "fe80::1", f"::ffff:{SERVER[4]}", "2002:c0a8:10a::1", "64:ff9b::c0a8:10a"]


def elsewhere(intruder, rng):
    """Other hosts, ports and protocols."""
    version = rng.choice((4, 6))
    source, payload = intruder.own[version], intruder.marked(rng.randrange(8, 200))
    target = rng.choice(places(intruder, version) + [SERVER[version]])
    port = rng.choice((22, 80, 53, PORT)) if target == SERVER[version] else rng.choice((443, 7, 22, 53))
    protocol, body = rng.choice((
        (TCP, tcp(source, target, port, payload, own=rng.randrange(65536), flags=rng.randrange(256))),
        (UDP, udp(source, target, port, payload, own=rng.randrange(65536))), (rng.choice((2, 4, 41, 47, 50, 59, 132)), payload)))
    return [header(source, target, protocol, len(body), number=rng.randrange(65536)) + body]


def stolen(intruder, rng):
    """A source that is not his, on the way to where he may go."""
    version = rng.choice((4, 6))
    source = rng.choice(places(intruder, version) + [SERVER[version]])
    body = tcp(source, SERVER[version], 443, intruder.marked(40))
    return [header(source, SERVER[version], TCP, len(body)) + body]


def pieces(intruder, rng):
    """Fragments of what may pass and of what may not; some overlap, and tell another port."""
    version, port, number = rng.choice((4, 6)), rng.choice((443, 443, 22)), rng.randrange(1 << 16)
    source, target = intruder.own[version], SERVER[version]
    body = tcp(source, target, port, intruder.marked(8 * rng.randrange(4, 40)), own=rng.randrange(1024, 65536))
    body += bytes(-len(body) % 8)
    cuts = [0, *sorted(rng.sample(range(8, len(body), 8), min(4, len(body) // 8 - 1))), len(body)]
    parts = [(at, body[at:end]) for at, end in zip(cuts, cuts[1:])]
    if rng.random() < 0.3:
        parts.append((0, body[:2] + struct.pack("!H", rng.choice((22, 443))) + body[4:8 * rng.randrange(1, 4)]))
    rng.shuffle(parts)
    packets = []
    for at, part in parts:
        more = at + len(part) < len(body)
        if version == 4:
            packets.append(header(source, target, TCP, len(part), number=number, flags=at // 8 | (0x2000 if more else 0)) + part)
        else:
            part = struct.pack("!BBHI", TCP, 0, at | more, number) + part
            packets.append(header(source, target, 44, len(part)) + part)
    return packets


def extended(intruder, rng):
    """Extension headers and options before what may pass, or may not."""
    version, port = rng.choice((4, 6, 6)), rng.choice((443, 22))
    source, target = intruder.own[version], SERVER[version]
    body = tcp(source, target, port, intruder.marked(40), own=rng.randrange(1024, 65536))
    if version == 4:
        options = rng.choice((bytes((131, 7, 4, 192, 168, 1, 11, 1)), bytes((148, 4, 0, 0)), bytes((1, 1, 1, 1)), rng.randbytes(8)))
        return [header(source, target, TCP, len(body), options=options) + body]
    types = [rng.choice((0, 43, 44, 51, 60)) for _ in range(rng.randrange(1, 5))] + [TCP]
    chain = b""
    for kind, following in zip(types, types[1:]):
        chain += {44: struct.pack("!BBHI", following, 0, 0, rng.randrange(1 << 32)),
                  51: struct.pack("!BB", following, 2) + rng.randbytes(14),
                  43: struct.pack("!BBBB", following, 0, rng.choice((0, 2, 4)), rng.choice((0, 1))) + bytes(4)}.get(
                      kind, struct.pack("!BBBB", following, 0, 1, 4) + bytes(4))
    return [header(source, target, types[0], len(chain) + len(body)) + chain + body]


def lies(intruder, rng):
    """Lengths, versions and header lengths that are not so; packets cut anywhere; noise."""
    packet = bytearray(intruder.honest(rng.choice((4, 6)), intruder.marked(rng.randrange(8, 100))))
    packet[rng.choice((0, 1, 2, 3, 4, 5, 6, 7))] = rng.randrange(256)
    if rng.random() < 0.5:
        packet = packet[:rng.randrange(len(packet))]
    if rng.random() < 0.2:
        packet = rng.randbytes(rng.randrange(1400))
    return [bytes(packet)]


def errors(intruder, rng):
    """ICMP errors about connections that are not there."""
    version = rng.choice((4, 6))
    source, target = intruder.own[version], rng.choice(places(intruder, version))
    quoted = tcp(target, source, 443, intruder.marked(16), own=rng.randrange(65536))
    quoted = header(target, source, TCP, len(quoted)) + quoted
    kind = rng.choice((3, 4, 5, 11, 12)) if version == 4 else rng.choice((1, 2, 3, 4))
    body = struct.pack("!BBHI", kind, rng.choice((0, 1, 4)), 0, 0) + quoted
    protocol = ICMP if version == 4 else ICMP6
    return [header(source, target, protocol, len(body)) + body]


def pings(intruder, rng):
    """Which the gateway answers, and nobody else hears."""
    version = rng.choice((4, 6))
    source, target = intruder.own[version], rng.choice((intruder.inner[version], SERVER[version], NEIGHBOUR[version]))
    body = echo(source, target, intruder.marked(24))
    return [header(source, target, ICMP if version == 4 else ICMP6, len(body)) + body]


def honest(intruder, rng):
    """What he may say, with any flags."""
    return [intruder.honest(rng.choice((4, 6)), intruder.marked(rng.randrange(8, 1000)), own=rng.randrange(1024, 65536))]


KINDS = (elsewhere, stolen, pieces, extended, lies, errors, pings, honest)


#: Of a TCP segment, what a joiner must not level out.
FIELDS = ({"tos": 1}, {"tos": 0x2e << 2}, {"ttl": 65}, {"number": 77}, {"own": 40001}, {"acknowledgement": 2}, {"window": 501},
          {"urgent": 1, "flags": 48}, {"flags": 24}, {"flags": 0x50}, {"reserved": 1}, {"options": bytes((1, 1, 1, 1))}, {"gap": 8},
          {"shorter": 9})


def apart(lab, checks):
    """Segments and datagrams that look as if they belonged together: each arrives as it was sent, in whatever batches."""
    intruder = Intruder(lab, checks)
    # Segments of no connection's window, from a sender who has never shaken hands.
    lab.run("gateway", "sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_be_liberal=1")
    lab.at_reset("gateway", "sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_be_liberal=0")
    rng, sent, arrived = intruder.random, collections.Counter(), collections.Counter()
    delivered = lambda: int(lab.run("gateway", "cat", "/sys/class/net/wg0/statistics/rx_packets").out)
    before, lost = delivered(), 0
    for _ in range(60 * TIMES):
        burst = stream(intruder, rng)
        sent.update(comparable(one_hop_on(packet)) for packet in burst)
        intruder.burst(burst)
        heard = intruder.arrives()
        lost += heard is None
        arrived.update(comparable(packet) for packet in (heard or {"LAN": []})["LAN"] if MARK in packet)
    writes = delivered() - before
    total = sum(sent.values())
    print(f"     {total} packets in {writes} super-packets and packets", flush=True)
    checks.equal("the datapath dealt with all of them", lost, 0)
    missing, odd = sent - arrived, arrived - sent
    checks.check("each arrived as it was sent", not missing and not odd,
                 [(what, packet[:64].hex()) for what, packets in (("missing", missing), ("odd", odd)) for packet in list(packets)[:4]])
    if lab.datapath == "userspace":
        checks.check("and many of them were joined on the way", writes < 0.8 * total, (writes, total))


def stream(intruder, rng):
    """Up to sixty segments or datagrams of equal length, one in four of which differs in something."""
    version, protocol, length = rng.choice((4, 6)), rng.choice((TCP, TCP, UDP)), rng.randrange(64, 1200)
    source, target, own = intruder.own[version], SERVER[version], rng.randrange(1024, 65536)
    sequence, number = rng.randrange(1 << 32), rng.randrange(1 << 16)
    fragmentable = rng.random() < 0.3
    packets = []
    for _ in range(rng.randrange(2, 60)):
        odd = dict(rng.choice(FIELDS)) if rng.random() < 0.25 else {}
        network = {"tos": odd.pop("tos", 0), "ttl": odd.pop("ttl", 64), "number": odd.pop("number", number)}
        sequence += odd.pop("gap", 0)
        payload = intruder.marked(length - odd.pop("shorter", 0))
        if protocol == TCP:
            body = tcp(source, target, 443, payload, **{"own": own, "sequence": sequence & 0xffffffff, "flags": 16, **odd})
        else:
            body = udp(source, target, 7, payload, own=odd.get("own", own))
        packets.append(header(source, target, protocol, len(body), flags=0 if fragmentable else 0x4000, **network) + body)
        sequence, number = sequence + len(payload), number + (version == 4) & 0xffff
        if rng.random() < 0.05:
            packets.append(packets[-1])
    return packets


def one_hop_on(packet):
    at = 7 if packet[0] >> 4 == 6 else 8
    return packet[:at] + bytes((packet[at] - 1,)) + packet[at + 1:]


def comparable(packet):
    """Without the checksum of what a router counts, and the number of a packet that may not be cut, which means nothing
    (RFC 6864)."""
    packet = bytearray(packet)
    if packet[0] >> 4 == 6:
        return bytes(packet)
    packet[10:12] = bytes(2)
    if packet[6] & 0x40:
        packet[4:6] = bytes(2)
    return bytes(packet)
