# SPDX-License-Identifier: GPL-3.0-or-later
"""A censor on the way between laptop and gateway: nDPI looks at all that passes, from each stage of a session on, and a filter drops what has
the size and type of WireGuard's messages. Plain WireGuard is for comparison. docs/disguise.md has the figures that are printed."""

import pathlib
import re
import struct
import time

from disguise import KEY, SETS, counted, dial, table
from lab import CLIENT, HOME, SERVER, CommandFailed
from peers import BULK
from tunnel import PORT

#: Where it stands, and its cable to the laptop's home.
CENSOR, CABLE = "internet", "home"
BLOCKER = table("forward priority filter", f"iifname {{ {CABLE}, office }}", "drop")

#: One that says nothing of WireGuard; the office's router has it forwarded to the gateway's.
OTHER_PORT = 40077
FORWARDING = f"""
table ip disguise {{
    chain forwarded {{
        type nat hook prerouting priority dstnat;
        iifname wan udp dport {OTHER_PORT} dnat to 192.168.1.127:{PORT}
    }}
}}
"""

#: Type, receiver and the counter's zeros; 2.0 has another type each time, and the header protection of 3.1 leaves nothing.
STILL = {"plain": 14, "1.0": 14, "1.5": 14, "2.0": 10, "3.1": 0}


class Wire:
    """Writes down what goes over the censor's cable, in stages."""

    def __init__(self, lab):
        # A super-packet is none on a cable of copper.
        for host, cable in ((CENSOR, CABLE), ("home", "wan")):
            lab.run(host, "ip", "link", "set", cable, "gso_max_segs", "1")
        self.directory = pathlib.Path(f"/run/wggw-lab/{lab.name}/{CENSOR}")
        self.process = lab.start(CENSOR, "tcpdump", "-i", CABLE, "-w", self.directory / "all.pcap", "-Z", "root", "-U",
                                 "--immediate-mode", "udp")
        if not any("listening on" in line for line in self.process.stdout):
            raise CommandFailed("tcpdump does not listen")
        self.stages = []

    def stage(self, name):
        """What comes from now on belongs to it."""
        self.stages.append((name, time.time()))

    def end(self):
        """{stage: its capture}, and the whole as "all"."""
        self.process.terminate()
        self.process.communicate()
        captures = {name: self.directory / f"{name}.pcap" for name in ["all", *[name for name, _ in self.stages]]}
        header, packets = read(captures["all"])
        for (name, begun), (_, end) in zip(self.stages, [*self.stages[1:], (None, float("inf"))]):
            captures[name].write_bytes(header + b"".join(packet for at, packet in packets if begun <= at < end))
        return captures


def read(capture):
    """A capture's header, and its packets, each with its time and behind its own header of 16 bytes."""
    whole, place, packets = capture.read_bytes(), 24, []
    while place < len(whole):
        seconds, micros, size = struct.unpack_from("=III", whole, place)
        packets.append((seconds + micros / 1e6, whole[place:place + 16 + size]))
        place += 16 + size
    return whole[:24], packets


def verdicts(lab, capture, *options):
    """What nDPI takes the flows of a capture for: {protocol: packets}."""
    said = lab.run(CENSOR, "ndpiReader", "-i", capture, *options).out.partition("Detected protocols:")[2].partition("\n\n")[0]
    return {name: int(count) for name, count in re.findall(r"^\s+(\S+)\s+packets:\s+(\d+)", said, flags=re.MULTILINE)}


def standing_still(capture):
    """How many of the first 64 bytes are the same in all larger datagrams of the laptop: a censor could learn to look for these."""
    # Behind the headers of capture, Ethernet, IPv4 and UDP.
    source = bytes(map(int, HOME[4].split(".")))
    starts = [packet[58:122] for _, packet in read(capture)[1] if packet[42:46] == source and len(packet) > 1000]
    if len(starts) < 100:
        raise CommandFailed(f"{len(starts)} datagrams are too few to compare")
    return sum(len(set(column)) == 1 for column in zip(*starts))


def session(lab, checks, name):
    """The laptop comes in, moves data, is idle but for keepalives, and takes new keys: {stage: what the censor saw}."""
    expected = f"hello from server, you are {lab.gateway[4]}"
    wire = Wire(lab)
    wire.stage("handshake")
    checks.equal(f"{name}: the laptop takes its parameters", dial(lab, "laptop", "laptop")[0], 0)
    checks.equal(f"{name}: the LAN answers", lab.fetch("laptop", SERVER[4], limit=8), expected)
    wire.stage("data")
    done = lab.run("laptop", "/usr/bin/env", "python3", "-Ic", BULK, SERVER[4], "2", check=False)
    checks.equal(f"{name}: 2 MB there and back are equal", (done.out + done.err).split()[-1], "equal")
    wire.stage("idle")
    for host, interface in (("laptop", CLIENT), ("gateway", "wg0")):
        peer = lab.run(host, "wg", "show", interface, "peers").out.strip()
        lab.run(host, "wg", "set", interface, "peer", peer, "persistent-keepalive", "1")
    time.sleep(3)
    wire.stage("rekey")
    before = handshake(lab)
    lab.run("laptop", "ip", "link", "set", CLIENT, "down")
    # `wg` tells whole seconds.
    time.sleep(1)
    lab.run("laptop", "ip", "link", "set", CLIENT, "up")
    lab.run("laptop", "ip", "route", "replace", "192.168.1.0/24", "dev", CLIENT)
    checks.equal(f"{name}: the LAN answers under new keys", lab.fetch("laptop", SERVER[4], limit=8), expected)
    checks.check(f"{name}: a new handshake made them", handshake(lab) > before)
    captures = wire.end()
    lab.run("laptop", "ip", "link", "delete", CLIENT)
    return captures


def handshake(lab):
    return int(lab.run("laptop", "wg", "show", CLIENT, "latest-handshakes").out.split()[1])


def judged(lab, checks, name, captures):
    """nDPI on each stage, by what is in the packets ("-d"), and with what it guesses by the ports besides."""
    seen = {stage: verdicts(lab, capture, "-d") for stage, capture in captures.items()}
    seen["by ports as well"] = verdicts(lab, captures["all"])
    for stage, flows in seen.items():
        if name == "plain":
            checks.equal(f"{name}: nDPI sees WireGuard ({stage})", list(flows), ["WireGuard"])
        else:
            checks.check(f"{name}: nDPI sees something else ({stage})", flows and "WireGuard" not in flows, flows)
    print(f"     {name}: nDPI says, by packets: {seen}")
    checks.equal(f"{name}: bytes that are the same in all data messages", standing_still(captures["data"]), STILL[name])


def profile(lines):
    """A set of parameters as the profile has it."""
    said = {"1": "true", KEY: '"auto"'}
    quoted = lambda value: said.get(value) or (value if value.isdigit() else f'"{value.replace("_", " ")}"')
    pairs = [line.split("=", 1) for line in lines.split()]
    return "\n[disguise.awg]\n" + "".join(f"{name.replace('_', '-')} = {quoted(value)}\n" for name, value in pairs)


def take(lab, text, disguise):
    lab.wggw("profile", "import", "-", stdin=text)
    lab.wggw("set-peer", "laptop", "--disguise", disguise)
    lab.wggw("apply")


def censored(lab, checks):
    """Plain WireGuard is recognised in each stage, and does not get through the filter; no set of parameters is, and each does."""
    lab.run("router", "nft", "-f", "-", stdin=FORWARDING)
    lab.at_reset("router", "nft", "delete", "table", "ip", "disguise")
    lab.init()
    lab.wggw("add-peer", "laptop")
    usual = lab.wggw("profile", "export").out
    elsewhere = usual.replace(f"itzxa.com:{PORT}", f"itzxa.com:{OTHER_PORT}")
    take(lab, elsewhere, "none")
    judged(lab, checks, "plain", session(lab, checks, "plain"))
    lab.run(CENSOR, "nft", "-f", "-", stdin=BLOCKER)
    lab.at_reset(CENSOR, "nft", "delete", "table", "inet", "disguise")
    dial(lab, "laptop", "laptop")
    checks.check("plain: the filter keeps it from connecting", lab.is_silent("laptop", SERVER[4]) and not handshake(lab))
    checks.check("plain: by its initiations", counted(lab, CENSOR)["initiations"], counted(lab, CENSOR))
    lab.run("laptop", "ip", "link", "delete", CLIENT)
    for name, lines in SETS.items():
        take(lab, elsewhere + profile(lines), "awg")
        lab.run(CENSOR, "nft", "reset", "counters", "table", "inet", "disguise")
        judged(lab, checks, name, session(lab, checks, name))
        seen = counted(lab, CENSOR)
        checks.check(f"{name}: all of it went through the filter", seen["messages"] > 1000
                     and not seen["initiations"] + seen["responses"] + seen["data"], seen)
    take(lab, usual + profile(lines), "awg")
    wire = Wire(lab)
    dial(lab, "laptop", "laptop")
    checks.check(f"{name}: it works on port {PORT}", lab.pings("laptop", SERVER[4]))
    port_alone = wire.end()["all"]
    checks.equal(f"{name}: which nDPI takes for WireGuard, if it guesses by ports",
                 (list(verdicts(lab, port_alone)), list(verdicts(lab, port_alone, "-d"))), (["WireGuard"], ["Unknown"]))
