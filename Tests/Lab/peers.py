# SPDX-License-Identifier: GPL-3.0-or-later
"""What peers and providers do: networks behind a peer, roaming, IPv6 outside, bulk, restarts, router advertisements."""

import pathlib
import re
import time

from lab import CLIENT, FAR, SERVER, eventually
from traffic import seen_as


def start(lab, *init):
    lab.init(*init)
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()


def site_to_site(lab, checks):
    """A network behind the laptop: reachable from the LAN, by its own addresses, and only when the gateway says so."""
    start(lab, "routed")
    lab.set_router_route()
    behind = {4: "10.66.0.1", 6: "fd66::1"}
    for version, length in ((4, 24), (6, 64)):
        lab.run("laptop", "ip", "address", "add", f"{behind[version]}/{length}", "dev", "lo")
        network = "10.66.0.0/24" if version == 4 else "fd66::/64"
        lab.run("router", "ip", "route", "add", network, "via", lab.gateway[version])
    checks.check("before: nothing answers there", lab.is_silent("server", behind[4]))
    lab.wggw("set-peer", "laptop", "--route", "10.66.0.0/24", "fd66::/64")
    lab.wggw("apply")
    for version in (4, 6):
        checks.equal(f"IPv{version}: the LAN reaches the network behind the peer",
                     lab.fetch("server", behind[version]), f"hello from laptop, you are {SERVER[version]}")
        checks.equal(f"IPv{version}: and is reached from there",
                     seen_as(lab.fetch("laptop", SERVER[version], source=behind[version])), behind[version])


def ipv6_outside(lab, checks):
    # In the one-armed shape that is an address of the LAN, to which a split tunnel would lead into itself.
    outside = lab.public[6]
    start(lab, "masquerade", "--endpoint", f"[{outside}]:51820", "--full-tunnel")
    endpoint = lab.run("laptop", "wg", "show", CLIENT, "endpoints").out.split()[-1]
    checks.equal("the client dials IPv6", endpoint, f"[{outside}]:51820")
    for version in (4, 6):
        checks.check(f"IPv{version} goes through it", lab.pings("laptop", SERVER[version]))


def roaming(lab, checks):
    """The laptop's outer port changes under a session, and then the whole way: from IPv4 to IPv6."""
    start(lab, "masquerade", "--full-tunnel")
    session = lab.start("laptop", "/usr/bin/env", "python3", "-Ic", BULK, SERVER[4], "forever")
    checks.equal("a session is open", session.stdout.readline().strip(), "open")
    endpoint = lambda: lab.run("gateway", "wg", "show", "wg0", "endpoints").out.split()[-1]
    first = endpoint()
    lab.run("laptop", "wg", "set", CLIENT, "listen-port", "40404")
    checks.check("the gateway learns the new endpoint", eventually(lambda: endpoint() != first), first)
    key = lab.run("laptop", "wg", "show", CLIENT, "peers").out.strip()

    def is_at_ipv6():
        # Again and again: a packet that was on its way brings the old endpoint back.
        lab.run("laptop", "wg", "set", CLIENT, "peer", key, "endpoint", f"[{lab.gateway[6]}]:51820")
        return endpoint().startswith("[2001:db8:7::2]")

    checks.check("from IPv4 to IPv6 as well", eventually(is_at_ipv6, 15), endpoint())
    time.sleep(1)
    out, _ = session.communicate("end\n", timeout=60)
    checks.check("the session lived through both", out.startswith("equal"), out)


def bulk(lab, checks):
    """Megabytes there and back arrive as they were sent; small and large segments, IPv4 and IPv6."""
    start(lab)
    for version in (4, 6):
        done = lab.run("laptop", "/usr/bin/env", "python3", "-Ic", BULK, SERVER[version], "5", check=False, limit=60)
        checks.check(f"IPv{version}: 5 MB there and back are equal", "equal" in done.out, done.out + done.err)
    lab.wggw("set-peer", "laptop", "--full-tunnel")
    lab.wggw("apply")
    lab.connect()
    done = lab.run("laptop", "/usr/bin/env", "python3", "-Ic", BULK, FAR[4], "5", check=False, limit=60)
    checks.check("the same to the Internet and back, over two paths of 1500", "equal" in done.out, done.out + done.err)


def restart(lab, checks):
    """What a reboot or a crash of the datapath leaves is seen, and brought back by `wggw up`."""
    start(lab)
    checks.check("the tunnel works", lab.pings("laptop", SERVER[4]))
    if lab.datapath == "userspace":
        pids = lab.run("gateway", "pgrep", "-f", "[w]ggw datapath wg0", check=False).out.split()
        inside = lab.run("gateway", "sh", "-c", "ip netns pids $(ip netns identify $$)").out.split()
        for pid in set(pids) & set(inside):
            lab.run("gateway", "kill", "-KILL", pid)
        checks.check("the datapath can be killed", set(pids) & set(inside), (pids, inside))
    else:
        lab.run("gateway", "ip", "link", "delete", "wg0")
    eventually(lambda: lab.run("gateway", "ip", "link", "show", "wg0", check=False).code)
    lab.run("gateway", "sysctl", "-q", "-w", "net.ipv4.ip_forward=0")
    status = lab.wggw("status", check=False)
    checks.contains("status sees that it is gone", status.out + status.err, "gone")
    lab.wggw("up")
    lab.connect()
    checks.check("`up` brings everything back", lab.pings("laptop", SERVER[4]))
    checks.equal("and plan agrees", lab.wggw("plan", "--detailed-exitcode", check=False).code, 0)


def as_implementation(lab, checks):
    """Unmodified wg-quick and wg on wggw's own datapath, at both ends."""
    start(lab)
    lab.disconnect()
    wggw = lab.run("laptop", "sh", "-c", "command -v wggw").out.strip()
    lab.run("laptop", "ln", "-sf", wggw, "/run/wggw/wggw-datapath")
    lab.run("laptop", "env", "WG_QUICK_USERSPACE_IMPLEMENTATION=/run/wggw/wggw-datapath", "wg-quick", "up", CLIENT)
    checks.check("wg-quick on wggw's datapath: the LAN host answers", lab.pings("laptop", SERVER[4]))
    show = lab.run("laptop", "wg", "show", CLIENT).out
    checks.contains("wg shows it", show, "latest handshake", "preshared key", "198.51.100.2:51820")
    lab.run("laptop", "wg-quick", "down", CLIENT)
    checks.check("wg-quick takes it away", eventually(
        lambda: lab.run("laptop", "ip", "link", "show", CLIENT, check=False).code != 0))
    checks.check("its socket is gone", eventually(
        lambda: lab.run("laptop", "test", "-e", f"/run/wireguard/{CLIENT}.sock", check=False).code != 0))


def advertised_uplink(lab, checks):
    """A gateway whose IPv6 way out comes from router advertisements keeps it, though it forwards now."""
    static = lab.run("gateway", "ip", "-6", "route", "show", "default").out.split()
    lab.at_reset("gateway", "ip", "-6", "route", "add", *static)
    # What was learnt meanwhile would stand beside it.
    lab.at_reset("gateway", "ip", "-6", "route", "flush", "proto", "ra")
    lab.run("gateway", "ip", "-6", "route", "delete", "default")
    sender = lab.start("router", "/usr/bin/env", "python3", "-I", pathlib.Path(__file__).parent / "advertise.py", "lan", "4")
    try:
        default = lambda: lab.run("gateway", "ip", "-6", "route", "show", "default").out
        checks.check("before: the gateway learns its default route", eventually(default))
        start(lab, "masquerade", "--full-tunnel")
        time.sleep(6)
        checks.check("forwarding, it still learns it", default())
        checks.equal("and the laptop goes out that way", seen_as(lab.fetch("laptop", FAR[6])), lab.public[6])
    finally:
        sender.kill()
        sender.communicate()


def exports(lab, checks):
    """The client's side in its three forms."""
    start(lab)
    text = lab.wggw("export", "laptop").out
    checks.check("as text: every line that an app needs", all(
        re.search(rf"^{word} = \S", text, re.MULTILINE) for word in
        ("PrivateKey", "Address", "MTU", "PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive")), text)
    qr = lab.wggw("export", "laptop", "--qr").out
    checks.check("as a QR code in the terminal", len(qr.splitlines()) > 20 and "▀" in qr, qr[:200])
    lab.wggw("export", "laptop", "--png", "/run/wggw/laptop.png")
    magic = lab.run("gateway", "sh", "-c", "head -c 4 /run/wggw/laptop.png | od -An -c").out
    checks.check("as a PNG", "P   N   G" in magic, magic)
    mode = lab.run("gateway", "stat", "-c", "%a", "/run/wggw/laptop.png").out.strip()
    checks.equal("which nobody else may read", mode, "600")


#: Sends through the echo and compares: so many megabytes, or until something comes in.
BULK = """
import os, select, socket, sys, threading, time
s = socket.create_connection((sys.argv[1], 7), 10)
s.settimeout(30)
print("open", flush=True)
forever = sys.argv[2] == "forever"
blocks = 10**9 if forever else int(sys.argv[2]) * 16
size = 65536
block = os.urandom(size)
sent = []
def send():
    for _ in range(blocks):
        if forever and select.select([sys.stdin], [], [], 0.01)[0]: break
        s.sendall(block); sent.append(1)
    s.shutdown(socket.SHUT_WR)
thread = threading.Thread(target=send); thread.start()
count, rest = 0, b""
while data := s.recv(1 << 20):
    rest += data
    while len(rest) >= size:
        if rest[:size] != block: sys.exit("differs")
        rest = rest[size:]; count += 1
thread.join()
print("equal" if count == len(sent) and not rest else f"{count} of {len(sent)} blocks came back")
"""
