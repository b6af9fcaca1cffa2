# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in datapath by itself: with each offload missing, with several workers, moved to another namespace, without its port,
and with ten thousand peers that come and go at once."""

import pathlib
import random
import re
from base64 import b64decode, b64encode

from lab import SERVER, eventually
from peers import BULK
from tunnel import INNER, INTERFACE, PORT, Tunnel, process_of, python, resident

FALLBACKS = (["udp-gso"], ["udp-gro"], ["tun-offload"], ["tun-udp-offload"], ["avx512"], ["avx512", "avx2"],
             ["udp-gso", "udp-gro", "tun-offload", "avx512", "avx2"])

#: Counts on a host what is longer than one packet on the cable: what a super-packet is.
SUPER_PACKETS = f"""
table inet seen {{
    counter tunnel {{ }}
    counter cable {{ }}
    chain input {{
        type filter hook input priority 0;
        iifname {INTERFACE} meta length > 1500 counter name tunnel
    }}
    chain output {{
        type filter hook output priority 0;
        oifname eth0 udp sport {PORT} meta length > 1600 counter name cable
    }}
}}
"""


def packets(lab, counter):
    found = lab.json("gateway", "nft", "-j", "list", "counter", "inet", "seen", counter)["nftables"]
    return next(item["counter"]["packets"] for item in found if "counter" in item)


def there_and_back(lab):
    """Megabytes through the tunnel to the server's echo and back: "equal", or what was wrong."""
    done = lab.run("gateway", "/usr/bin/env", "python3", "-Ic", BULK, INNER["server"], "20", check=False, limit=60)
    return (done.out + done.err).split()[-1]


def fallbacks(lab, checks):
    """Everything arrives as it was sent without each of the offloads, and they are indeed not used."""
    lab.run("gateway", "nft", "-f", "-", stdin=SUPER_PACKETS)
    for without in ([], *FALLBACKS):
        options = [word for what in without for word in ("--without", what)]
        name = "without " + ", ".join(without) if without else "with everything"
        tunnel = Tunnel(lab, options)
        lab.run("gateway", "nft", "reset", "counters", "table", "inet", "seen")
        checks.equal(f"{name}: 20 MB there and back are equal", there_and_back(lab), "equal")
        checks.equal(f"{name}: TUN gets super-packets", packets(lab, "tunnel") > 0, "tun-offload" not in without)
        checks.equal(f"{name}: so does UDP", packets(lab, "cable") > 0, "udp-gso" not in without)
        library = "IPSec_MB" in pathlib.Path(f"/proc/{tunnel.pid}/maps").read_text()
        checks.check(f"{name}: the AEAD's library is {'loaded' if library else 'OpenSSL'}", not library or "avx512" not in without)
        tunnel.end()


#: Sends numbered datagrams by several sockets in bursts. Nothing comes back, or TUN would give all of them to the one worker that
#: hears the peer.
NUMBERED = """
import socket, sys, time
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
for s in sockets:
    s.connect((sys.argv[1], 9998))
for number in range(1, 5001):
    for s in sockets: s.send(number.to_bytes(8, "big") + bytes(number % 1200))
    if number % 8 == 0: time.sleep(0.002)
try:
    for _ in range(20):
        for s in sockets: s.send(b"end")
        time.sleep(0.05)
except ConnectionRefusedError:
    pass  # Whoever listened has heard enough.
"""
#: Looks at the order in which they come, for each socket.
IN_ORDER = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
s.bind(("", 9998))
print("ready", flush=True)
last, came, late, ended = {}, 0, 0, set()
while len(ended) < 16:
    data, source = s.recvfrom(2048)
    if data == b"end": ended.add(source); continue
    number = int.from_bytes(data[:8], "big")
    late += number <= last.get(source, 0)
    last[source] = number
    came += 1
print(came, late, flush=True)
"""


def workers(lab, checks):
    """Four workers at either end: each flow of a peer comes in the order in which it was sent."""
    tunnel = Tunnel(lab, ["--workers", "4"])
    threads = len(list(pathlib.Path(f"/proc/{tunnel.pid}/task").iterdir()))
    checks.equal("four workers and the control thread", threads, 5)
    checks.check("the tunnel works", tunnel.answers())
    listener = python(lab, "gateway", IN_ORDER)
    listener.stdout.readline()
    try:
        lab.run("server", "/usr/bin/env", "python3", "-Ic", NUMBERED, INNER["gateway"])
        came, late = map(int, listener.communicate(timeout=20)[0].split())
    finally:
        listener.kill()
    checks.check(f"most of 80,000 datagrams of 16 flows arrive ({came})", came > 40_000, came)
    checks.equal("none of them behind one that was sent later", late, 0)
    # One peer's messages come in by one worker, and go out by as many as there are flows for.
    checks.check("more than one of them had part in it", len(busy_threads(process_of(lab, "server"))) > 1)
    checks.equal("20 MB there and back are equal", there_and_back(lab), "equal")
    checks.check("it ends well", tunnel.end())


def busy_threads(pid):
    """Threads of a process that have used some CPU, but for the first."""
    times = {path.parent.name: path.read_text().rpartition(")")[2].split()[11:13]
             for path in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")}
    return [task for task, (user, system) in times.items() if task != str(pid) and int(user) + int(system) > 1]


def moved(lab, checks):
    """The interface goes to another network namespace, and its sockets stay: what containers are given a tunnel by."""
    tunnel = Tunnel(lab)
    checks.check("the tunnel works", tunnel.answers())
    inside = f"{lab.name}-inside"
    lab.run("gateway", "ip", "netns", "add", inside)
    within = lambda *command, **options: lab.run("gateway", "nsenter", f"--net=/run/netns/{inside}", *command, **options)
    try:
        lab.run("gateway", "ip", "link", "set", INTERFACE, "netns", inside)
        within("ip", "address", "add", f"{INNER['gateway']}/16", "dev", INTERFACE)
        within("ip", "link", "set", INTERFACE, "up")
        # It was down for a moment, and has no keys any more.
        checks.check("it works there", within("ping", "-c", "1", "-w", "5", INNER["server"], check=False).code == 0)
        checks.check("the other end reaches it", tunnel.answers())
        checks.check("nothing of it is left where it was", lab.run("gateway", "ip", "link", "show", INTERFACE, check=False).code)
        lab.run("gateway", "wg", "set", INTERFACE, "listen-port", "51999")
        checks.check("a new port, where it came from", ":51999 " in lab.run("gateway", "ss", "-uln").out)
        checks.check("with which it works on", eventually(
            lambda: within("ping", "-c", "1", "-w", "1", INNER["server"], check=False).code == 0))
        within("ip", "link", "set", INTERFACE, "mtu", "1300")
        checks.check("and with another MTU", within("ping", "-c", "1", "-w", "3", "-s", "3000", INNER["server"], check=False).code == 0)
        within("ip", "link", "delete", INTERFACE)
        checks.check("deleted there, its process ends", eventually(lambda: not pathlib.Path(f"/proc/{tunnel.pid}").exists()))
    finally:
        lab.run("gateway", "ip", "netns", "delete", inside)
        tunnel.end()


#: Has a UDP port until it is told to give it up.
HOG = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
"""


def hog(lab, port):
    process = python(lab, "gateway", HOG, port)
    process.stdout.readline()
    return process


def lost_port(lab, checks):
    """A port that somebody has is refused to `wg`, and missed no longer than he has it."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    checks.check("it works", lab.pings("laptop", SERVER[4]))
    checks.check("a port that is taken is refused", refused(lab, 51821, "wg", "set", "wg0", "listen-port", "51821"))
    checks.check("and changes nothing", lab.pings("laptop", SERVER[4]))
    comes_back(lab, checks)
    lab.wggw("down")


def refused(lab, port, *command):
    other = hog(lab, port)
    done = lab.run("gateway", *command, check=False)
    other.communicate("\n")
    return done.code != 0 and "Address already in use" in done.err


def comes_back(lab, checks):
    """The interface was down, and meanwhile somebody took its port: a TUN device goes up for all that."""
    lab.run("gateway", "ip", "link", "set", "wg0", "down")
    listens = lambda: bool(re.search(r":51820\s", lab.run("gateway", "ss", "-ulnH").out))
    checks.check("down, it listens no more", eventually(lambda: not listens()))
    other = hog(lab, 51820)
    lab.run("gateway", "ip", "link", "set", "wg0", "up")
    checks.check("up without its port, it says that it has none", eventually(
        lambda: lab.run("gateway", "wg", "show", "wg0", "listen-port").out.strip() == "0"))
    checks.equal("plan sees it", lab.wggw("plan", "--detailed-exitcode", check=False).code, 2)
    other.communicate("\n")
    checks.check("when it is free, it takes it by itself", eventually(listens))


#: kB of what tens of thousands of peers took: their places in the tables stay, 400 bytes each.
LEFT = 9000


def multitude(lab, checks, count=10_000):
    """Ten thousand peers go and ten thousand others come in one request, again and again, under a session that stays."""
    tunnel = Tunnel(lab)
    checks.check("the tunnel works", tunnel.answers())
    alone = resident(tunnel.pid)
    rng = random.Random(1)
    rounds = [[b64encode(rng.randbytes(32)).decode() for _ in range(count)] for _ in range(6)]

    def exchange(gone, come):
        text = f"set=1\n{''.join(f'public_key={key}{chr(10)}remove=true{chr(10)}' for key in map(hexadecimal, gone))}"
        for number, key in enumerate(map(hexadecimal, come)):
            text += f"public_key={key}\nallowed_ip=10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}/32\n"
        done = lab.run("gateway", "/usr/bin/env", "python3", "-Ic", REQUEST, f"/var/run/wireguard/{INTERFACE}.sock", stdin=text)
        return done.out.strip()

    memory = []
    for gone, come in zip([[]] + rounds, rounds):
        answer = exchange(gone, come)
        shown = lab.run("gateway", "wg", "show", INTERFACE, "peers").out.split()
        if answer != "errno=0" or set(shown) != set(come) | {tunnel.public["server"]}:
            checks.check("each exchange is complete", False, (answer, len(shown)))
            break
        memory.append(resident(tunnel.pid))
    else:
        checks.check(f"six exchanges of {count} peers are complete", True)
    checks.check(f"memory does not grow with them ({memory} kB)", memory[-1] - memory[2] <= 2048)
    checks.check("the session lived through all of it", tunnel.answers())
    checks.equal("back to one peer", exchange(rounds[-1], []), "errno=0")
    checks.equal("it is alone", lab.run("gateway", "wg", "show", INTERFACE, "peers").out.split(), [tunnel.public["server"]])
    checks.check("and what they took goes back to the system", eventually(lambda: resident(tunnel.pid) - alone < LEFT),
                 (alone, resident(tunnel.pid)))
    checks.check("it ends well", tunnel.end())


def hexadecimal(key):
    return b64decode(key).hex()


#: Writes its input to a configuration socket, and prints the answer.
REQUEST = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.read().encode() + b"\\n")
answer = b""
while not answer.endswith(b"\\n\\n"): answer += s.recv(65536)
print(answer.decode().strip())
"""
