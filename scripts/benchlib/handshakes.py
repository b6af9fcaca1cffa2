# SPDX-License-Identifier: GPL-3.0-or-later
"""Handshakes a second as responder: many honest initiators in one loop, and every answer looked at.

A thousand peers are configured, each with a key of its own, because a responder rightly refuses a peer that initiates
more than some fifty times a second. Their initiations are made beforehand, so that the generator costs little while it
measures; a peer keeps its ephemeral key, which saves the initiator work and the responder none. The loop is closed: no
more than WINDOW initiations are on the way, fewer than make any implementation declare itself under load and ask for
cookies. A handshake counts when its response arrived for the right index, and a sample of the responses is decrypted.

The cryptography is libsodium's and Python's."""

import ctypes
import hashlib
import hmac
import os
import select
import socket
import struct
import time
from base64 import b64decode, b64encode

from .machine import Failed
from .sandbox import CLONE_NEWNET, libc
from .tunnels import OUTER, PORT, keys

PEERS = 1000
WINDOW = 64
FASTEST = 25_000  # a second; so many initiations are made beforehand
INITIATION, RESPONSE, COOKIE_REPLY = 1, 2, 3


def sodium():
    library = ctypes.CDLL("libsodium.so.23")
    if library.sodium_init() < 0:
        raise Failed("libsodium: does not start")
    return library


def limit(seconds=0.2):
    """Handshakes a second that one core can answer if it does nothing but their X25519, of which there are four.

    By CPU time, so that other work on the machine does not make the limit look lower than it is."""
    library, out = sodium(), ctypes.create_string_buffer(32)
    secret, public = os.urandom(32), x25519_base(library, os.urandom(32))
    count, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        for _ in range(100):
            library.crypto_scalarmult(out, secret, public)
        count += 100
    return count / (time.process_time() - start) / 4


def x25519_base(library, secret):
    out = ctypes.create_string_buffer(32)
    library.crypto_scalarmult_base(out, secret)
    return out.raw


def x25519(library, secret, public):
    out = ctypes.create_string_buffer(32)
    if library.crypto_scalarmult(out, secret, public) != 0:
        raise Failed("X25519: a low-order key")
    return out.raw


def blake2s(data, key=b"", size=32):
    return hashlib.blake2s(data, key=key, digest_size=size).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.blake2s).digest()


def kdf(key, data, count):
    """HKDF as Noise has it: `count` outputs of 32 bytes."""
    secret, outputs = mac(key, data), []
    for number in range(1, count + 1):
        outputs.append(mac(secret, (outputs[-1] if outputs else b"") + bytes([number])))
    return outputs


def nonce(counter):
    return bytes(4) + struct.pack("<Q", counter)


def seal(library, key, data, associated, counter=0):
    out = ctypes.create_string_buffer(len(data) + 16)
    length = ctypes.c_ulonglong
    library.crypto_aead_chacha20poly1305_ietf_encrypt(
        out, None, data, length(len(data)), associated, length(len(associated)), None, nonce(counter), key)
    return out.raw


def unseal(library, key, data, counter):
    """What a data message carries, or None if it is forged."""
    out = ctypes.create_string_buffer(max(1, len(data) - 16))
    length = ctypes.c_ulonglong
    if library.crypto_aead_chacha20poly1305_ietf_decrypt(
            out, None, None, data, length(len(data)), None, length(0), nonce(counter), key) != 0:
        return None
    return out.raw[:len(data) - 16]


class Initiator:
    """One peer's side, with everything computed that does not change from one initiation to the next."""

    def __init__(self, library, responder):
        self.library = library
        self.secret, self.ephemeral = os.urandom(32), os.urandom(32)
        self.public = x25519_base(library, self.secret)
        ephemeral = x25519_base(library, self.ephemeral)
        chain = blake2s(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
        transcript = blake2s(blake2s(blake2s(chain + b"WireGuard v1 zx2c4 Jason@zx2c4.com") + responder) + ephemeral)
        [chain] = kdf(chain, ephemeral, 1)
        chain, key = kdf(chain, x25519(library, self.ephemeral, responder), 2)
        static = seal(library, key, self.public, transcript)
        self.transcript = blake2s(transcript + static)
        self.chain, self.key = kdf(chain, x25519(library, self.secret, responder), 2)
        self.head = ephemeral + static
        self.mac1_key = blake2s(b"mac1----" + responder)

    def initiation(self, index, timestamp):
        sealed = seal(self.library, self.key, timestamp, self.transcript)
        message = struct.pack("<II", INITIATION, index) + self.head + sealed
        return message + blake2s(message, key=self.mac1_key, size=16) + bytes(16)

    def accepts(self, initiation, response):
        """Whether the response is one that only the responder could have made, to this very initiation."""
        return self.session(initiation, response) is not None

    def session(self, initiation, response):
        """The keys to send and to receive with, 32 bytes each; None if the response is none to this very initiation."""
        ephemeral, empty = response[12:44], response[44:60]
        transcript = blake2s(blake2s(self.transcript + initiation[88:116]) + ephemeral)
        [chain] = kdf(self.chain, ephemeral, 1)
        [chain] = kdf(chain, x25519(self.library, self.ephemeral, ephemeral), 1)
        [chain] = kdf(chain, x25519(self.library, self.secret, ephemeral), 1)
        chain, middle, key = kdf(chain, bytes(32), 3)
        if empty != seal(self.library, key, b"", blake2s(transcript + middle)):
            return None
        return kdf(chain, b"", 2)


def tai64n(count):
    """Later than any before it: real time, and the initiation's number as nanoseconds in steps that whitening keeps."""
    step = count << 24
    return struct.pack(">QI", 0x400000000000000A + int(time.time()) + step // 10**9, step % 10**9)


def socket_in(namespace):
    """A UDP socket of the network namespace of that name."""
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace}") as away:
        libc.setns(away.fileno(), CLONE_NEWNET)
        try:
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.setblocking(False)
    return made


def measure(tunnel, link, scratch, seconds):
    """(handshakes a second, µs of the gateway's CPU for each) of a tunnel that this brings up and down."""
    library = sodium()
    initiators = [Initiator(library, b64decode(keys()[0].public)) for _ in range(PEERS)]
    configured = [(b64encode(peer.public).decode(), f"10.64.{n >> 8}.{n & 255}/32")
                  for n, peer in enumerate(initiators)]
    count = int(FASTEST * seconds)
    prepared = [initiators[n % PEERS].initiation(n, tai64n(n)) for n in range(count)]
    tunnel.up(link, scratch, peers=configured)
    try:
        with socket_in(link.ends[1].name) as wire:
            cpu = tunnel.gateway.cpu if tunnel.gateway else None
            responses, elapsed = exchange(wire, (OUTER[0], PORT), prepared, seconds)
            if cpu is not None:
                cpu = (tunnel.gateway.cpu - cpu) * 1e6 / max(1, len(responses))
    finally:
        tunnel.down()
    for number, response in list(responses.items())[::max(1, len(responses) // 200)]:
        if not initiators[number % PEERS].accepts(prepared[number], response):
            raise Failed(f"handshakes: response {number} does not decrypt")
    return len(responses) / elapsed, cpu


def exchange(wire, gateway, prepared, seconds):
    """Keeps WINDOW initiations on the way; returns the responses by their initiation's number, and how long it took."""
    responses, sent, waiting = {}, 0, 0
    start = last = time.perf_counter()
    while True:
        now = time.perf_counter()
        if now - start >= seconds or sent == len(prepared):
            break
        if now - last > 0.25:
            waiting, last = 0, now  # lost or refused: begin anew, so that a silent responder ends with few
        while waiting < WINDOW and sent < len(prepared):
            wire.sendto(prepared[sent], gateway)
            sent, waiting = sent + 1, waiting + 1
        select.select([wire], [], [], 0.05)
        while True:
            try:
                message = wire.recv(256)
            except BlockingIOError:
                break
            kind, _, receiver = struct.unpack_from("<III", message.ljust(12, b"\0"))
            if kind == COOKIE_REPLY:
                raise Failed(f"handshakes: asked for a cookie with {waiting} on the way")
            if kind == RESPONSE and len(message) == 92 and receiver < sent:
                responses[receiver] = message
                waiting, last = max(0, waiting - 1), now
    if not responses:
        raise Failed("handshakes: no response")
    return responses, time.perf_counter() - start
