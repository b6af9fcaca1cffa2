# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: each tunnel between the same two namespaces, brought up in the way its users do."""

import base64
import os
import shlex
import shutil
import socket
import stat
import time
from pathlib import Path

from .machine import Failed, Namespace, command, find_wggw, wait_until

MTU = 1420
OUTER = ("10.99.0.1", "10.99.0.2")
INNER = ("10.98.0.1", "10.98.0.2")
PORT = 51820


class Link:
    """Two namespaces, `bench-a` (the gateway) and `bench-b` (the machine outside), with a cable between them."""

    def __init__(self):
        self.ends = (Namespace("bench-a"), Namespace("bench-b"))
        command(["ip", "link", "add", "cable", "netns", "bench-a", "type", "veth",
                 "peer", "name", "cable", "netns", "bench-b"])
        for end, address in zip(self.ends, OUTER):
            end.run(["ip", "address", "add", f"{address}/24", "dev", "cable"])
            end.run(["ip", "link", "set", "cable", "up"])

    def delete(self):
        for end in self.ends:
            end.delete()


class Tunnel:
    """One implementation. `up` leaves a way from end 1 to `target`; `down` takes every trace of it away."""

    target = INNER[0]
    crypto = True
    #: Bytes in front of every data message, in its disguise.
    prefix = 0

    def __init__(self, name):
        self.name = name
        self.processes = []

    def up(self, link, scratch, peers=()):
        self.processes = []
        try:
            self.start(link, scratch, peers)
            wait_until(lambda: self._answers(link), f"{self.name}: ping through the tunnel")
        except BaseException:
            self.down()
            raise

    def _answers(self, link):
        for process in self.processes:
            process.check()
        try:
            link.ends[1].run(["ping", "-c", "1", "-W", "1", "-q", self.target])
            return True
        except Failed:
            return False

    def down(self):
        for process in self.processes:
            process.stop()
        self.processes = []

    def set_mtu(self, link, mtu):
        """Another MTU at both ends, for tunnels whose interfaces are bench-a and bench-b."""
        for number, end in enumerate(link.ends):
            end.run(["ip", "link", "set", f"bench-{'ab'[number]}", "mtu", str(mtu)])

    @property
    def gateway(self):
        """The process at the gateway's end, whose memory and handshakes are measured; None if the kernel does it."""
        return self.processes[0] if self.processes else None


class Cable(Tunnel):
    """No tunnel at all: what the two namespaces and the generator cost by themselves."""

    target = OUTER[0]
    crypto = False

    def start(self, link, scratch, peers):
        pass


class Keys:
    """A key pair and its text; made once, so that every round and implementation does the same work."""

    def __init__(self):
        self.private = command(["wg", "genkey"]).strip()
        self.public = command(["wg", "pubkey"], stdin=self.private).strip()


KEYS = []


def keys():
    """The two ends' key pairs."""
    if not KEYS:
        KEYS.extend((Keys(), Keys()))
    return KEYS


def random_peers(count):
    """Peers that are configured and never heard of: any 32 bytes are an X25519 public key."""
    blob = os.urandom(32 * count)
    for number in range(1, count + 1):
        public = base64.b64encode(blob[32 * number - 32:32 * number]).decode()
        yield public, f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}/32"


class WireGuard(Tunnel):
    """A WireGuard that is configured by `wg setconf` over its socket in /var/run/wireguard."""

    def __init__(self, name, template, env=None, disguise=None):
        super().__init__(name)
        self.template, self.env = template, env or {}
        self.disguise = disguise or {}
        self.prefix = int(self.disguise.get("s4", 0))
        self.mtu = MTU - self.prefix

    def start(self, link, scratch, peers):
        for number, end in enumerate(link.ends):
            interface = f"bench-{'ab'[number]}"
            words = [word.replace("{if}", interface) for word in self.template]
            path = Path("/run/wireguard", interface + ".sock")
            path.unlink(missing_ok=True)
            process = end.start(words, env=self.env, log=scratch / f"{interface}.log")
            self.processes.append(process)
            wait_until(lambda: process.check() or _listening(path), f"{self.name}: its socket")
            if self.disguise:
                _ask(path, ["set=1", *(f"{key}={value}" for key, value in self.disguise.items())])
            config = self.config(number, peers if number == 0 else ())
            file = scratch / f"{interface}.conf"
            file.write_text(config)
            start = time.monotonic()
            end.run(["wg", "setconf", interface, str(file)], timeout=180)
            if number == 0:
                self.configured_in = time.monotonic() - start
            process.check()
            end.run(["ip", "address", "add", f"{INNER[number]}/24", "dev", interface])
            end.run(["ip", "link", "set", interface, "mtu", str(self.mtu), "up"])

    def config(self, number, peers=()):
        """What `wg setconf` is given at one end."""
        mine, other = keys()[number], keys()[1 - number]
        lines = [f"[Interface]\nPrivateKey = {mine.private}\nListenPort = {PORT}",
                 f"[Peer]\nPublicKey = {other.public}\nAllowedIPs = {INNER[1 - number]}/32\n"
                 f"Endpoint = {OUTER[1 - number]}:{PORT}"]
        lines += [f"[Peer]\nPublicKey = {public}\nAllowedIPs = {allowed}" for public, allowed in peers]
        return "\n".join(lines) + "\n"


#: The two dialects of AmneziaWG as their apps set them up: every message with a prefix and a type of this site's; and the
#: newer one, whose headers are under a stream cipher and whose messages have no fixed size.
DISGUISES = {
    "2.0": {"jc": 4, "jmin": 40, "jmax": 90, "s1": 33, "s2": 71, "s3": 21, "s4": 12, "h1": "417000000-417002000",
            "h2": "1017000000-1017002000", "h3": "1417000000-1417002000", "h4": "1917000000-1917002000"},
    "3.1": {"jc": 4, "jmin": 10, "jmax": 50, "s1": 33, "s2": 71, "s3": 21, "s4": 12, "header_protection_key": "5c" * 32,
            "content_padding_addition": "10-100", "random_trailers": 1, "disable_cookies": 1},
}


def _ask(path, lines):
    """One request to the configuration socket at `path`, which has to end well."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.connect(str(path))
        asked.sendall(("\n".join(lines) + "\n\n").encode())
        answer = asked.makefile().readline().strip()
    if answer != "errno=0":
        raise Failed(f"{path}: {answer}")


def _listening(path):
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
            attempt.connect(str(path))
        return True
    except OSError:
        return False


class KernelWireGuard(WireGuard):
    """The kernel's own, where the kernel has it."""

    def __init__(self):
        super().__init__("kernel", [])

    def start(self, link, scratch, peers):
        for number, end in enumerate(link.ends):
            interface = f"bench-{'ab'[number]}"
            end.run(["ip", "link", "add", interface, "type", "wireguard"])
            file = scratch / f"{interface}.conf"
            file.write_text(self.config(number, peers if number == 0 else ()))
            start = time.monotonic()
            end.run(["wg", "setconf", interface, str(file)], timeout=180)
            if number == 0:
                self.configured_in = time.monotonic() - start
            end.run(["ip", "address", "add", f"{INNER[number]}/24", "dev", interface])
            end.run(["ip", "link", "set", interface, "mtu", str(MTU), "up"])

    def up(self, link, scratch, peers=()):
        self.ends = link.ends
        super().up(link, scratch, peers)

    def down(self):
        for number, end in enumerate(self.ends):
            command(end.prefix + ["ip", "link", "delete", f"bench-{'ab'[number]}"], check=False)

    @staticmethod
    def exists():
        try:
            command(["ip", "link", "add", "bench-probe", "type", "wireguard"])
            command(["ip", "link", "delete", "bench-probe"])
            return True
        except Failed:
            return False


class OpenVPN(Tunnel):
    """OpenVPN 2.6 point to point over UDP, certificates pinned by fingerprint, in userspace (no DCO)."""

    def __init__(self, name, cipher):
        super().__init__(name)
        self.cipher = cipher

    def start(self, link, scratch, peers):
        certificates = [_certificate(scratch, who) for who in "ab"]
        for number, end in enumerate(link.ends):
            role = ["--tls-server", "--dh", "none"] if number == 0 else ["--tls-client", "--remote", OUTER[0], "1194"]
            key, certificate, _ = certificates[number]
            self.processes.append(end.start(
                ["openvpn", "--dev", f"bench-{'ab'[number]}", "--dev-type", "tun", "--proto", "udp", "--port", "1194",
                 "--disable-dco", "--ifconfig", INNER[number], INNER[1 - number], "--tun-mtu", str(MTU),
                 "--key", key, "--cert", certificate, "--peer-fingerprint", certificates[1 - number][2],
                 "--data-ciphers", self.cipher, "--fast-io", "--verb", "1", *role],
                log=scratch / f"openvpn-{number}.log"))


def _certificate(scratch, who):
    key, certificate = scratch / f"openvpn-{who}.key", scratch / f"openvpn-{who}.crt"
    if not certificate.exists():
        command(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", f"/CN=bench-{who}", "-keyout", str(key), "-out", str(certificate)])
    fingerprint = command(["openssl", "x509", "-in", str(certificate), "-noout", "-fingerprint", "-sha256"])
    return str(key), str(certificate), fingerprint.strip().partition("=")[2]


class Probe(Tunnel):
    """The ceiling: packets between a TUN device and UDP with every offload and one fixed key, and no protocol."""

    def __init__(self, path):
        super().__init__("probe")
        self.path = path

    def start(self, link, scratch, peers):
        for number, end in enumerate(link.ends):
            interface = f"bench-{'ab'[number]}"
            process = end.start([self.path, "-n", interface, "-l", f"{OUTER[number]}:{PORT}",
                                 "-r", f"{OUTER[1 - number]}:{PORT}", "-c", "imb", "-1", "-p", "50", "-y"],
                                log=scratch / f"{interface}.log")
            self.processes.append(process)
            wait_until(lambda: process.check() or _has(end, interface), "probe: its interface")
            end.run(["ip", "address", "add", f"{INNER[number]}/24", "dev", interface])
            end.run(["ip", "link", "set", interface, "mtu", str(MTU), "up"])


def _has(end, interface):
    return interface in end.run(["ip", "-br", "link"])


def implementations():
    """Everything that can be measured on this machine, wggw first, as a list; and what is missing, as notes."""
    found, missing = [], []
    wggw = find_wggw()
    if wggw and "datapath" in command([wggw, "--help"], check=False):
        words = [wggw, "datapath", "{if}", "--foreground"]
        found.append(WireGuard("wggw", words))
        found += [WireGuard(f"wggw-{version}", words, disguise=disguise) for version, disguise in DISGUISES.items()]
    else:
        missing.append("wggw: no build of it (swift build -c release --product wggw, or WGGW_BIN)")
    if shutil.which("wireguard-go"):
        found.append(WireGuard("wireguard-go", ["wireguard-go", "-f", "{if}"], env={"LOG_LEVEL": "error"}))
    else:
        missing.append("wireguard-go: not installed")
    for part in filter(None, os.environ.get("WGGW_BENCH_PEERS", "").split(";")):
        name, _, words = part.strip().partition("=")
        found.append(WireGuard(name.strip(), shlex.split(words)))
    if KernelWireGuard.exists():
        found.append(KernelWireGuard())
    if shutil.which("openvpn"):
        found.append(OpenVPN("openvpn-aes", "AES-256-GCM"))
        found.append(OpenVPN("openvpn-chacha", "CHACHA20-POLY1305"))
    else:
        missing.append("openvpn: not installed")
    probe = os.environ.get("WGGW_PROBE")
    if probe and os.access(probe, os.X_OK):
        found.append(Probe(os.path.abspath(probe)))
    else:
        missing.append("probe: WGGW_PROBE does not name it")
    found.append(Cable("veth"))
    return found, missing
