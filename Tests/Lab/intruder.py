# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest who means harm, in a tunnel of his own making: what he says, and who hears of it on the LAN and on the Internet."""

import contextlib
import os
import random
import select
import socket
import struct
import time
from base64 import b64decode

from lab import PATIENCE, SERVER
from talker import TCP, Talker, handshakes, header, tcp

#: How many times as much is tried as in `scripts/test`.
TIMES = int(os.environ.get("WGGW_ATTACK_TIMES", "1"))
PORT = 51820
#: What each packet carries of his, eight bytes again and again: whatever piece of it arrives is known.
MARK = b"intruder"
NEIGHBOUR = {4: "192.168.1.11", 6: "2001:db8:1::11"}
#: To this host, or to another one: `PACKET_HOST`, `PACKET_OTHERHOST`.
INCOMING = 0, 3
#: `SO_RCVBUFFORCE`
RECEIVE_BUFFER_FORCE = 33
UDP_SEGMENT = 103
#: Whether a card sums up what leaves by it (`ETHTOOL_STXCSUM`). Without that, the kernel cuts and sums up all that leaves for the
#: LAN, and the ear hears what would be on a wire.
CHECKSUMS = """
import ctypes, fcntl, socket, struct, sys
wanted = ctypes.create_string_buffer(struct.pack("=II", 0x17, int(sys.argv[2])))
request = struct.pack("16sP", sys.argv[1].encode(), ctypes.addressof(wanted)) + bytes(16)
fcntl.ioctl(socket.socket(), 0x8946, request)
"""


class Ear:
    """Hears what comes in at an interface of a host of the lab."""

    def __init__(self, lab, host, interface):
        with lab.network_of(host):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            self.socket.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, 64 << 20)
            self.socket.bind((interface, 3))
        self.socket.setblocking(False)

    def hear(self, seconds=0.0):
        """All IP packets since the last time, after waiting for the first so long."""
        select.select([self.socket], [], [], seconds)
        packets = []
        with contextlib.suppress(BlockingIOError):
            while True:
                data, (_, protocol, kind, *_) = self.socket.recvfrom(65536)
                if kind in INCOMING and protocol in (0x0800, 0x86dd):
                    packets.append(data)
        return packets


class Intruder:
    """A site whose guest may reach two ports of one host, and the guest on the Internet, with a session. Nothing answers him
    there, so that his connections are his alone; a second peer is there to be robbed."""

    def __init__(self, lab, checks, seed=1):
        self.lab, self.random = lab, random.Random(seed)
        self.library = handshakes.sodium()
        lab.init("routed")
        self.wire = handshakes.socket_in(f"{lab.name}-far")
        # Its key is not known before the site's is.
        lab.wggw("add-peer", "victim")
        lab.wggw("apply")
        self.responder = b64decode(lab.run("gateway", "wg", "show", "wg0", "public-key").out)
        self.talker = Talker(self.library, self.responder, 1)
        places = [f"{SERVER[4]}:443/tcp", f"{SERVER[4]}:7/udp", f"[{SERVER[6]}]:443/tcp", f"[{SERVER[6]}]:7/udp"]
        lab.wggw("add-peer", "guest", "--public-key", self.talker.name, *(word for place in places for word in ("--allow", place)))
        lab.wggw("apply")
        addresses = {peer["name"]: {6 if ":" in address else 4: address for address in peer["addresses"]}
                     for peer in lab.json("gateway", "wggw", "list", "--json")}
        self.own, self.victim = addresses["guest"], addresses["victim"]
        self.inner = lab.tunnel_addresses("gateway", "wg0")
        self.make_quiet()
        self.gateway = (lab.public[4] if lab.shape == "router" else "198.51.100.2", PORT)
        self.ears = {"LAN": Ear(lab, "lan", "to-gateway"), "Internet": Ear(lab, "internet", "office")}
        self.sent = 0
        checks.check("the intruder has a session", self.shake_hands())
        checks.check("and reaches what he may", self.arrives())

    def make_quiet(self):
        """Hosts that he looks for are there and say nothing; the gateway's card does nothing for it."""
        for version, length, more in ((4, 24, ()), (6, 64, ("nodad",))):
            self.lab.run("server", "ip", "address", "add", f"{NEIGHBOUR[version]}/{length}", "dev", "eth0", *more)
            self.lab.at_reset("server", "ip", "address", "delete", f"{NEIGHBOUR[version]}/{length}", "dev", "eth0")
        mine = "".join(f"add rule inet quiet input {family} saddr {self.own[version]} drop\n"
                       for version, family in ((4, "ip"), (6, "ip6")))
        self.lab.run("server", "nft", "-f", "-", stdin="add table inet quiet\nadd chain inet quiet input "
                     "{ type filter hook input priority -10; }\n" + mine)
        self.lab.at_reset("server", "nft", "delete", "table", "inet", "quiet")
        card = ("/usr/bin/env", "python3", "-Ic", CHECKSUMS, self.lab.lan_interface)
        self.lab.run("gateway", *card, "0")
        self.lab.at_reset("gateway", *card, "1")
        # After wggw's own chain: whatever else of his the gateway takes for itself.
        self.lab.run("gateway", "nft", "-f", "-", stdin="""
            table inet heard {
                chain input {
                    type filter hook input priority 10;
                    iifname "wg0" icmp type echo-request counter accept
                    iifname "wg0" icmpv6 type echo-request counter accept
                    iifname "wg0" counter
                }
            }""")
        self.lab.at_reset("gateway", "nft", "delete", "table", "inet", "heard")

    def shake_hands(self):
        self.wire.sendto(self.talker.message, self.gateway)
        return any(self.talker.establish(message) for message in self.answers(5) if message[0] == handshakes.RESPONSE)

    def answers(self, seconds):
        """What comes back, after waiting for the first so long."""
        select.select([self.wire], [], [], seconds * PATIENCE)
        messages = []
        with contextlib.suppress(BlockingIOError):
            while True:
                messages.append(self.wire.recv(65536))
        return messages

    def marked(self, length):
        return (MARK * (length // 8 + 1))[:length]

    def honest(self, version, payload, **fields):
        """A segment to what he may reach."""
        source, target = self.own[version], SERVER[version]
        body = tcp(source, target, 443, payload, **fields)
        return header(source, target, TCP, len(body), number=self.sent & 0xffff, flags=0x4000) + body

    def say(self, *packets):
        for packet in packets:
            self.wire.sendto(self.talker.say(packet), self.gateway)
            self.sent += 1

    def burst(self, packets):
        """The same, as few datagrams as one system call can cut (`UDP_SEGMENT`): they arrive together. All are padded to the
        longest."""
        longest = max(map(len, packets))
        messages = [self.talker.say(packet, room=longest) for packet in packets]
        size = len(messages[0])
        for at in range(0, len(messages), count := min(64, 65000 // size)):
            self.wire.sendmsg([b"".join(messages[at:at + count])], [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", size))], 0,
                              self.gateway)
        self.sent += len(packets)

    def arrives(self, version=4):
        """Sends one more packet that may arrive, and hears until it did: so all before it were dealt with. Returns all else
        that was heard, by place, or None if it never came."""
        last = MARK + os.urandom(8)
        heard = {place: [] for place in self.ears}
        self.say(self.honest(version, last, flags=16))
        end = time.monotonic() + 5 * PATIENCE
        while time.monotonic() < end:
            for place, ear in self.ears.items():
                heard[place] += ear.hear(0.02)
            if any(packet.endswith(last) for packet in heard["LAN"]):
                heard["LAN"] = [packet for packet in heard["LAN"] if not packet.endswith(last)]
                return heard
        return None


def read(packet):
    """(source, target, protocol, offset of its part, its bytes, number) as the host reads it that it arrives at."""
    if packet[0] >> 4 == 4:
        size = (packet[0] & 15) * 4
        flags = struct.unpack_from("!H", packet, 6)[0]
        return (socket.inet_ntop(socket.AF_INET, packet[12:16]), socket.inet_ntop(socket.AF_INET, packet[16:20]), packet[9],
                (flags & 0x1fff) * 8, packet[size:], packet[4:6])
    protocol, at, offset, number = packet[6], 40, 0, None
    while protocol in (0, 43, 44, 51, 60) and len(packet) >= at + 8 and not offset:
        if protocol == 44:
            offset, number = struct.unpack_from("!H", packet, at + 2)[0] & 0xfff8, packet[at + 4:at + 8]
            protocol, at = packet[at], at + 8
        else:
            length = (packet[at + 1] + 2) * 4 if protocol == 51 else (packet[at + 1] + 1) * 8
            protocol, at = packet[at], at + length
    return (socket.inet_ntop(socket.AF_INET6, packet[8:24]), socket.inet_ntop(socket.AF_INET6, packet[24:40]), protocol, offset,
            packet[at:], number)
