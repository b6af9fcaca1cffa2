# SPDX-License-Identifier: GPL-3.0-or-later
"""A WireGuard peer in Python, that says through its session whatever it is told, and the packets that it may be told to say."""

import ipaddress
import struct
import sys
from base64 import b64encode

from lab import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from benchlib import handshakes  # noqa: E402

DATA = 4
TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58


class Talker(handshakes.Initiator):
    """`number`: tells it from others of the same scenario."""

    def __init__(self, library, responder, number):
        super().__init__(library, responder)
        self.number = number
        self.name = b64encode(self.public).decode()
        self.message = self.initiation(number, handshakes.tai64n(number))
        self.keys = None
        self.sent = 0

    def establish(self, response):
        """Takes the response; whether it was one."""
        self.keys = self.session(self.message, response)
        self.remote = response[4:8]
        return self.keys is not None

    def say(self, packet, counter=None, room=0):
        """A data message with a packet in it, padded to `room` bytes, under the next counter or another one."""
        if counter is None:
            counter, self.sent = self.sent, self.sent + 1
        packet += bytes(max(0, room - len(packet)))
        packet += bytes(-len(packet) % 16)
        return struct.pack("<I4sQ", DATA, self.remote, counter) + handshakes.seal(self.library, self.keys[0], packet, b"", counter)

    def hear(self, message):
        """The packet in a data message, or None."""
        return handshakes.unseal(self.library, self.keys[1], message[16:], struct.unpack_from("<Q", message, 8)[0])


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def header(source, target, protocol, length, *, tos=0, number=0, flags=0, ttl=64, options=b""):
    """An IP header before `length` bytes. `flags`: IPv4's flags and offset. `number`: identification, or flow label."""
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28 | tos << 20 | number, length, protocol, ttl) + source.packed + target.packed
    size = 20 + len(options)
    made = struct.pack("!BBHHHBBH4s4s", 0x40 | size // 4, tos, size + length, number, flags, ttl, protocol, 0, source.packed,
                       target.packed) + options
    return made[:10] + struct.pack("!H", checksum(made)) + made[12:]


def summed(source, target, protocol, body):
    """The body of a transport with its checksum, which it has zeros in place of."""
    at = {TCP: 16, UDP: 6, ICMP: 2, ICMP6: 2}[protocol]
    pseudo = b"" if protocol == ICMP else b"".join(
        ipaddress.ip_address(address).packed for address in (source, target)) + struct.pack("!II", len(body), protocol)
    return body[:at] + struct.pack("!H", checksum(pseudo + body) or 0xffff) + body[at + 2:]


def tcp(source, target, port, payload, *, own=40000, sequence=1, acknowledgement=1, flags=16, window=500, urgent=0, options=b"",
        reserved=0):
    """A TCP segment, header and payload."""
    offset = (20 + len(options)) // 4 << 4 | reserved
    made = struct.pack("!HHIIBBHHH", own, port, sequence, acknowledgement, offset, flags, window, 0, urgent)
    return summed(source, target, TCP, made + options + payload)


def udp(source, target, port, payload, *, own=40000):
    """A UDP datagram, header and payload."""
    return summed(source, target, UDP, struct.pack("!HHHH", own, port, 8 + len(payload), 0) + payload)


def echo(source, target, payload, number=0):
    """An ICMP echo request, header and payload."""
    protocol = ICMP6 if ":" in source else ICMP
    return summed(source, target, protocol, struct.pack("!BBHHH", 128 if ":" in source else 8, 0, 0, 1, number) + payload)
