# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as the tests see it: hosts to run commands on, and the words for what is asked of them again and again."""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

#: How much slower an emulated machine is allowed to be, as a factor on every time limit.
PATIENCE = float(os.environ.get("WGGW_LAB_PATIENCE", "1"))

SERVER = {4: "192.168.1.10", 6: "2001:db8:1::10"}
#: On the Internet also by the number: documentation addresses are not.
FAR = {4: "168.95.1.1", 6: "2001:b000:168::1"}
#: With which addresses the Internet sees the laptop when it goes out on its own.
HOME = {4: "203.0.113.7", 6: "2001:db8:7::2"}
#: The client's interface, and so the name of its file in /etc/wireguard.
CLIENT = "office"


LIBC = ctypes.CDLL(None, use_errno=True)


class CommandFailed(Exception):
    pass


def set_namespace(descriptor):
    if LIBC.setns(descriptor, 0):
        raise OSError(ctypes.get_errno(), "setns")


class Lab:
    """One network, from `scripts/lab up` to `scripts/lab down`."""

    def __init__(self, shape, datapath):
        self.shape = shape
        self.datapath = datapath
        self.name = f"wggw-test-{os.getpid()}-{shape}"
        one_arm = shape == "one-arm"
        #: The gateway in the LAN, and with which addresses the Internet sees those whom it masquerades.
        self.gateway = {4: "192.168.1.127" if one_arm else "192.168.1.254",
                        6: "2001:db8:1::127" if one_arm else "2001:db8:1::254"}
        self.public = {4: "198.51.100.2", 6: "2001:db8:1::127" if one_arm else "2001:db8:f1::2"}
        self.lan_interface, self.egress_interface = ("eth0", "eth0") if one_arm else ("eth0", "eth1")

        #: What a scenario has to take back if another one shall use the lab.
        self.leftovers = []

    def __enter__(self):
        self.script("up", self.shape)
        return self

    def __exit__(self, *_):
        self.script("down")

    def reset(self):
        """As new, for what scenarios do that may share a lab: no client, nothing of wggw's."""
        self.disconnect()
        self.wggw("down", check=False)
        self.run("gateway", "find", "/var/lib/wggw", "-mindepth", "1", "-delete")
        while self.leftovers:
            host, *command = self.leftovers.pop()
            self.run(host, *command, check=False)

    def at_reset(self, host, *command):
        """What takes back something that a scenario did to a host; the last comes first."""
        self.leftovers.append((host, *command))

    def script(self, *arguments):
        done = subprocess.run([ROOT / "scripts/lab", *arguments, "--name", self.name], capture_output=True, text=True)
        if done.returncode:
            raise CommandFailed(f"scripts/lab {' '.join(arguments)}: {done.stderr.strip()}")

    def on(self, host):
        """Options of `subprocess` that run a command on a host, as `scripts/lab exec` does; but without three processes on
        the way, each of which takes a tenth of a second on an emulated machine."""
        base = f"/run/wggw-lab/{self.name}"
        places = [f"/run/netns/{self.name}-{host}", f"{base}/{host}/mounts"]
        here = os.getcwd()

        def enter():
            for descriptor in [os.open(place, os.O_RDONLY | os.O_CLOEXEC) for place in places]:
                set_namespace(descriptor)
            os.chdir(here)

        path = [f"{base}/bin", os.path.dirname(os.environ["WGGW_BIN"]), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                "/usr/bin", "/sbin", "/bin", os.environ["PATH"]]
        return {"preexec_fn": enter, "env": {**os.environ, "WGGW_LAB": self.name, "PATH": ":".join(path)}}

    @contextlib.contextmanager
    def network_of(self, host):
        """Inside, this process is in a host's network."""
        with open("/proc/thread-self/ns/net") as own, open(f"/run/netns/{self.name}-{host}") as there:
            set_namespace(there.fileno())
            try:
                yield
            finally:
                set_namespace(own.fileno())

    def run(self, host, *command, check=True, limit=60, stdin=None):
        """Runs to the end; `.code`, `.out`, `.err`. Raises `CommandFailed` on another status than 0 unless told not to."""
        try:
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                                  input=stdin if stdin is not None else "", timeout=limit * PATIENCE, **self.on(host))
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"{host}: {' '.join(map(str, command))}: no end after {limit * PATIENCE:g} s") from None
        if check and done.returncode:
            raise CommandFailed(f"{host}: {' '.join(map(str, command))}: status {done.returncode}: "
                                f"{(done.stderr or done.stdout).strip()[-600:]}")
        done.code, done.out, done.err = done.returncode, done.stdout, done.stderr
        return done

    def start(self, host, *command):
        """Starts a command and returns its process, with pipes."""
        return subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, **self.on(host))

    def wggw(self, *arguments, **options):
        """wggw on the gateway."""
        return self.run("gateway", "wggw", *arguments, **options)

    def json(self, host, *command):
        return json.loads(self.run(host, *command).out or "null")

    # What the gateway is told

    def init(self, reply_path="masquerade", *more):
        lan = ["--lan", "192.168.1.0/24", "--lan", "2001:db8:1::/64"]
        # The deck's; with proxy-arp the peers have addresses of the LAN.
        tunnel = [] if reply_path == "proxy-arp" else ["--tunnel", "192.168.2.0/24"]
        self.wggw("init", *lan, *tunnel, "--endpoint", "itzxa.com:51820", "--reply-path", reply_path, "--datapath", self.datapath,
                  *more)

    def set_router_route(self):
        """The static routes that reply path `routed` asks of the LAN's router, where that is not the gateway itself."""
        if self.shape != "one-arm":
            return
        for version, tunnel in self.tunnel_addresses("gateway", "wg0", with_length=True).items():
            self.run("router", "ip", "route", "replace", tunnel, "via", self.gateway[version])

    # What the client does

    def connect(self, peer="laptop", host="laptop"):
        """A host, usually the laptop, takes the file that wggw exports for a peer, and connects by wg-quick."""
        self.disconnect(host)
        directory = pathlib.Path(f"/run/wggw-lab/{self.name}/{host}/etc/wireguard")
        (directory / f"{CLIENT}.conf").write_text(self.wggw("export", peer).out)
        self.run(host, "wg-quick", "up", CLIENT)

    def disconnect(self, *hosts):
        """These, or all that may be connected."""
        for host in hosts or ("laptop", "far"):
            with self.network_of(host):
                connected = any(name == CLIENT for _, name in socket.if_nameindex())
            if connected:
                self.run(host, "wg-quick", "down", CLIENT, check=False)

    # What hosts see

    def tunnel_addresses(self, host="laptop", interface=CLIENT, with_length=False):
        """{4: …, 6: …} of a tunnel's interface; with_length: the networks of them, as 192.0.2.0/24."""
        import ipaddress
        found = {}
        for address in self.json(host, "ip", "-j", "address", "show", "dev", interface)[0]["addr_info"]:
            if address["scope"] != "link":
                text = address["local"]
                if with_length:
                    text = str(ipaddress.ip_network(f"{text}/{address['prefixlen']}", strict=False))
                found[4 if address["family"] == "inet" else 6] = text
        return found

    def fetch(self, host, address, port=80, source=None, limit=3 * PATIENCE):
        """What HTTP on an address answers, or "no answer: …" after `limit` seconds. By a socket of this process: one that is
        started takes half a second on an emulated machine."""
        try:
            # A socket stays in the network in which it was made.
            with self.network_of(host):
                caller = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            with caller:
                caller.settimeout(limit)
                if source:
                    caller.bind((source, 0))
                caller.connect((address, port))
                caller.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = b"".join(iter(lambda: caller.recv(4096), b""))
        except OSError as error:
            return f"no answer: {error}"
        return answer.decode().partition("\r\n\r\n")[2].strip()

    def pings(self, host, address, *options, seconds=3):
        """Whether there is an answer within some seconds."""
        return self.run(host, "ping", "-n", "-c", "1", "-w", max(1, int(seconds * PATIENCE)), *options, address,
                        check=False).code == 0

    def is_silent(self, host, address, *options):
        """Whether a ping has no answer. For a second on every machine: who waits longer is not surer that nothing comes."""
        return not self.pings(host, address, *options, seconds=1 / PATIENCE)

    def path(self, host, address):
        """The hops of tracepath, without those that kept silent, and the path MTU."""
        out = self.run(host, "tracepath", "-n", "-m", "6", address, check=False, limit=60).out
        hops = dict(re.findall(r"^\s*(\d+):\s+([0-9a-f.:]+)\s", out, re.MULTILINE))
        mtu = re.findall(r"pmtu (\d+)", out)
        return [hops[key] for key in sorted(hops, key=int)], int(mtu[-1]) if mtu else None


def eventually(question, seconds=5):
    """Asks until the answer is true or the time is over; returns the last answer."""
    end = time.monotonic() + seconds * PATIENCE
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer
