# SPDX-License-Identifier: GPL-3.0-or-later
"""People on the wire who have no key, or have heard what others said: noise, near misses, and everything once more."""

import contextlib
import hashlib
import struct
import time

from intruder import TIMES, Intruder
from lab import PATIENCE, eventually
from talker import DATA, Talker, handshakes
from tunnel import process_of, resident

TYPES = (1, 2, 3, 4)
SIZES = (0, 1, 4, 15, 16, 31, 32, 48, 64, 92, 148, 1452, 9000, 65507)


class Line:
    """What `wg` says of a peer that a stranger could have moved."""

    def __init__(self, lab, name):
        dump = lab.run("gateway", "wg", "show", "wg0", "dump").out
        fields = next(line for line in dump.splitlines() if line.startswith(name)).split("\t")
        self.endpoint, self.handshake, self.received = fields[2], fields[4], int(fields[5])


def noise(rng, count):
    """Datagrams of all sizes; most have a type and some a right size."""
    for _ in range(count):
        size = rng.choice((*SIZES[:-2], rng.randrange(1500)))
        kind = rng.choice((*TYPES, rng.randrange(256)))
        yield (bytes((kind, 0, 0, 0)) + rng.randbytes(size))[:size]
    for size in SIZES:
        yield bytes((4, 0, 0, 0)) + bytes(max(0, size - 4))


def flipped(rng, message, count):
    """The message with one bit that is another, in what is always looked at: mac2 counts under load only."""
    for _ in range(count):
        bit = rng.randrange(min(len(message), 132) * 8)
        changed = bytearray(message)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def signed(responder, body):
    """An initiation's first 116 bytes with the mac1 that everybody can compute who knows the public key."""
    key = hashlib.blake2s(b"mac1----" + responder).digest()
    return body + hashlib.blake2s(body, key=key, digest_size=16).digest() + bytes(16)


def strangers(lab, checks):
    """Nobody without a key, and nobody with a recording, gets an answer, moves an endpoint, or leaves anything behind."""
    intruder = Intruder(lab, checks)
    rng, talker = intruder.random, intruder.talker
    said = [talker.say(intruder.honest(4, intruder.marked(64))) for _ in range(32)]
    for message in said[:16]:
        intruder.wire.sendto(message, intruder.gateway)
    checks.check("the session carries packets", intruder.arrives() is not None)
    # Each from where the session is, and from elsewhere.
    wires = {"his own port": intruder.wire, "another port": handshakes.socket_in(f"{lab.name}-far"),
             "another host": handshakes.socket_in(f"{lab.name}-laptop")}
    before = Line(lab, talker.name)
    fresh = Talker(intruder.library, intruder.responder, 2)
    tries = {
        "a recorded session": [talker.message] * 4 + said[:16] * 4,
        "an older timestamp": [talker.initiation(9, handshakes.tai64n(-10**6))] * 4,
        "near misses of an initiation": [*flipped(rng, talker.initiation(7, handshakes.tai64n(7)), 300)],
        "right mac1, nonsense inside": [
            signed(intruder.responder, struct.pack("<II", 1, rng.randrange(1 << 32)) + rng.randbytes(108)) for _ in range(40)],
        "a key that nobody knows": [fresh.initiation(number, handshakes.tai64n(number)) for number in range(20)],
        "near misses of data": [*flipped(rng, said[20], 300)],
        "data for other sessions": [struct.pack("<II", 4, rng.randrange(1 << 32)) + said[20][8:] for _ in range(300)],
        "noise": [*noise(rng, 1500)],
    }
    answered, memory = dict.fromkeys(tries, 0), []
    # The first time, buffers are touched that were not before.
    for _ in range(1 + TIMES):
        for what, messages in tries.items():
            for wire in wires.values():
                for at, message in enumerate(messages):
                    wire.sendto(message, intruder.gateway)
                    if at % 16 == 0:
                        time.sleep(0.002)
            time.sleep(0.1 * PATIENCE)
            answered[what] += sum(answers(talker, wire) for wire in wires.values())
        memory.append(resident(process_of(lab, interface="wg0")) if lab.datapath == "userspace" else 0)
    for what, messages in tries.items():
        checks.equal(f"{what} ({len(messages) * 3 * (1 + TIMES)}): no answer", answered[what], 0)
    after = Line(lab, talker.name)
    checks.equal("the endpoint is where it was", after.endpoint, before.endpoint)
    checks.equal("nobody shook hands", after.handshake, before.handshake)
    checks.equal("nothing counts as received", after.received, before.received)
    heard = [packet for ear in intruder.ears.values() for packet in ear.hear() if b"intruder" in packet]
    checks.check("no packet came out of it", not heard, heard[:3])
    checks.check("memory is as it was after the first time, within a quarter of a megabyte", memory[-1] - memory[0] <= 256, memory)
    for message in said[16:]:
        intruder.wire.sendto(message, intruder.gateway)
    checks.check("the session lives", intruder.arrives() is not None)
    talker.message = talker.initiation(8, handshakes.tai64n(10**9))
    checks.check("and he may have another one", eventually(intruder.shake_hands, 6))


def answers(talker, wire):
    """How many came back, but for keepalives of the session: that it has received and said nothing for ten seconds."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while message := wire.recv(65536):
            count += message[0] != DATA or talker.hear(message) != b""
    return count
