# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel between two hosts of the lab that is wggw's own datapath and nothing else: no firewall, no routes, no profile."""

import os
import pathlib
import re
import statistics
import time

from lab import eventually

INTERFACE = "wg9"
PORT = 51820
INNER = {"gateway": "10.63.255.254", "server": "10.63.255.1"}
NETWORK = 16

#: The two ends of a TCP connection that is as fast as it can be.
SINK = """
import socket
listener = socket.create_server(("", 9999))
buffer = bytearray(1 << 20)
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    while connection.recv_into(buffer): pass
"""
SOURCE = """
import socket, sys
connection = socket.create_connection((sys.argv[1], 9999), 10)
connection.settimeout(None)
block = bytes(1 << 20)
while True: connection.sendall(block)
"""


def python(lab, host, text, *arguments):
    return lab.start(host, "/usr/bin/env", "python3", "-Ic", text, *arguments)


def process_of(lab, host="gateway", interface=INTERFACE):
    """The datapath's process id, by the socket it listens on."""
    # The kernel knows it by the name under which it was bound, before it was renamed.
    found = re.search(rf"/{interface}(?:-next)?\.sock\.\d+ .*pid=(\d+)", lab.run(host, "ss", "-xlpH").out)
    return int(found.group(1)) if found else None


def status(pid):
    """/proc/PID/status as a dictionary."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}


def resident(pid):
    """Resident memory, kB."""
    return int(status(pid)["VmRSS"].split()[0])


def cpu(pid):
    """Seconds of CPU so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Tunnel:
    """Both ends, up. `options`: what `wggw datapath` is told at either."""

    def __init__(self, lab, options=(), server_options=None):
        self.lab = lab
        self.private = {host: lab.run("gateway", "wg", "genkey").out.strip() for host in INNER}
        self.public = {host: lab.run("gateway", "wg", "pubkey", stdin=key).out.strip() for host, key in self.private.items()}
        outer = {"gateway": lab.gateway[4], "server": "192.168.1.10"}
        for host, other in (("gateway", "server"), ("server", "gateway")):
            lab.run(host, "wggw", "datapath", INTERFACE, *(options if host == "gateway" or server_options is None else server_options))
            lab.run(host, "wg", "setconf", INTERFACE, "/dev/stdin", stdin=f"""
                [Interface]
                PrivateKey = {self.private[host]}
                ListenPort = {PORT}
                [Peer]
                PublicKey = {self.public[other]}
                AllowedIPs = {INNER[other]}/32
                Endpoint = {outer[other]}:{PORT}
                """)
            lab.run(host, "ip", "address", "add", f"{INNER[host]}/{NETWORK}", "dev", INTERFACE)
            lab.run(host, "ip", "link", "set", INTERFACE, "up")
        self.pid = process_of(lab)

    def answers(self, seconds=3):
        return self.lab.pings("server", INNER["gateway"], seconds=seconds)

    def received(self):
        """Bytes that the gateway's end has delivered."""
        return int(self.lab.run("gateway", "cat", f"/sys/class/net/{INTERFACE}/statistics/rx_bytes").out)

    def flow(self):
        """Starts a TCP connection that never ends; its two processes."""
        sink = python(self.lab, "gateway", SINK)
        sink.stdout.readline()
        return [sink, python(self.lab, "server", SOURCE, INNER["gateway"])]

    def speed(self, seconds):
        """Gbit/s delivered meanwhile, and the share of a core that the gateway's datapath took."""
        bytes_, spent, start = self.received(), cpu(self.pid), time.monotonic()
        time.sleep(seconds)
        bytes_, spent, elapsed = self.received() - bytes_, cpu(self.pid) - spent, time.monotonic() - start
        return bytes_ * 8 / elapsed / 1e9, spent / elapsed

    def end(self, processes=()):
        for process in processes:
            process.kill()
            process.communicate()
        for host in INNER:
            self.lab.run(host, "ip", "link", "delete", INTERFACE, check=False)
        return eventually(lambda: process_of(self.lab) is None)


def median(values):
    return statistics.median(values)
