# SPDX-License-Identifier: GPL-3.0-or-later
"""AmneziaWG beside plain WireGuard on one port of the built-in datapath: what goes over the cable, seen by another host."""

import base64
import os
import pty
import re
import subprocess
import termios

from datapath import there_and_back
from lab import CLIENT, SERVER
from tunnel import INNER, INTERFACE, PORT, Tunnel

KEY = bytes(range(1, 33)).hex()
#: By version: lines of the configuration protocol, with _ for a space.
SETS = {
    "1.0": "jc=3 jmin=10 jmax=30 s1=15 s2=20 h1=1234567 h2=2345678 h3=3456789 h4=4567890",
    "1.5": "jc=3 jmin=10 jmax=30 s1=33 s2=71 h1=1234567 h2=2345678 h3=3456789 h4=4567890 i1=<b_0xc0000001><r_40> i2=<rc_60><t>",
    "2.0": "jc=2 jmin=10 jmax=30 s1=42 s2=108 s3=13 s4=21 h1=100000-800000 h2=1000000-8000000 h3=10000000-80000000 "
           "h4=100000000-800000000 i1=<r_2><b_0x85800001><rc_4><t>",
    "3.1": f"jc=4 jmin=10 jmax=50 s1=60 s2=44 s3=20 s4=12 header_protection_key={KEY} content_padding_addition=10-100 "
           "random_trailers=1 disable_cookies=1 rekey_after_time=100-120 rekey_timeout=3-7 keepalive_timeout=5-15",
}
#: By size and type, as those who block it do: WireGuard's own messages.
LOOKS = {
    "initiations": "udp length 156 @th,64,32 0x01000000",
    "responses": "udp length 100 @th,64,32 0x02000000",
    "data": "@th,64,32 0x04000000",
}


def table(hook, those="", verdict=""):
    """A table that counts the datagrams of a chain ("messages") and what looks like WireGuard's among them, and may drop that."""
    rules = {"messages": f"{those} meta l4proto udp", **{name: f"{those} {look}" for name, look in LOOKS.items()}}
    return "\n".join(["table inet disguise {", *[f"counter {name} {{ }}" for name in rules],
                      f"chain looks {{ type filter hook {hook};",
                      *[f"{rule} counter name {name} {verdict if name in LOOKS else ''}" for name, rule in rules.items()], "}", "}"])


#: On the gateway, of what comes over the cable.
SEEN = table("prerouting priority raw", f"iifname eth0 udp dport {PORT}")

#: A request to a configuration socket, and its answer.
ASK = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.read().encode())
answer = b""
while not answer.endswith(b"\\n\\n"): answer += s.recv(65536)
print(answer.decode(), end="")
"""


def ask(lab, host, text, directory="wireguard", interface=INTERFACE):
    return lab.run(host, "/usr/bin/env", "python3", "-Ic", ASK, f"/var/run/{directory}/{interface}.sock", stdin=text).out


def set_(lab, host, lines, interface=INTERFACE):
    """Answers with the errno."""
    text = "\n".join(line.replace("_", " ") if "=<" in line else line for line in lines.split())
    return int(re.search(r"errno=(-?\d+)", ask(lab, host, f"set=1\n{text}\n\n", interface=interface)).group(1))


def counted(lab, host="gateway"):
    text = lab.run(host, "nft", "list", "counters", "table", "inet", "disguise").out
    return {name: int(count) for name, count in re.findall(r"counter (\w+) \{\s*packets (\d+)", text)}


def restart_session(lab):
    """Nobody has keys any more, so that a handshake comes first."""
    for host in INNER:
        lab.run(host, "ip", "link", "set", INTERFACE, "down")
        lab.run(host, "ip", "link", "set", INTERFACE, "up")


def disguised(lab, checks):
    """Two gateways of wggw's speak each version: data arrives whole and in super-packets, and none of it looks like WireGuard."""
    lab.run("gateway", "nft", "-f", "-", stdin=SEEN)
    tunnel = Tunnel(lab)
    checks.check("plain: the tunnel works", tunnel.answers())
    plain = counted(lab)
    checks.check("plain: a filter by size and type sees it", plain["initiations"] + plain["responses"] and plain["data"], plain)
    for name, lines in SETS.items():
        for host in INNER:
            checks.equal(f"{name}: {host} takes the parameters", set_(lab, host, lines), 0)
        restart_session(lab)
        lab.run("gateway", "nft", "reset", "counters", "table", "inet", "disguise")
        checks.check(f"{name}: the tunnel works", tunnel.answers(5))
        checks.equal(f"{name}: 20 MB there and back are equal", there_and_back(lab), "equal")
        seen = counted(lab)
        checks.check(f"{name}: nothing of it looks like WireGuard", seen["messages"] > 0
                     and not seen["initiations"] + seen["responses"] + seen["data"], seen)
        listed = lab.run("gateway", "wg", "show", INTERFACE)
        checks.check(f"{name}: wg shows the interface", "latest handshake" in listed.out and not listed.err, listed.out + listed.err)
        answer = ask(lab, "gateway", "get=1\n\n", "amneziawg")
        missing = [line for line in lines.split() if "=<" not in line and line not in answer.split("\n")]
        checks.equal(f"{name}: and awg would find every parameter at its own socket", missing, [])
    before = ask(lab, "gateway", "get=1\n\n")
    for bad in ("jmin=70 jmax=40", "s4=65535 listen_port=1", "h1=5 h2=5", "i1=<r_-1>", "s1=3"):
        checks.check(f"{bad} is refused", set_(lab, "gateway", bad) != 0)
    unchanged = {line for line in before.split("\n") if "bytes" not in line and "time" not in line}
    checks.equal("and nothing changed", unchanged - set(ask(lab, "gateway", "get=1\n\n").split("\n")), set())
    checks.check("it ends well", tunnel.end())
    checks.equal("no socket is left", lab.run("gateway", "find", "/var/run/amneziawg", "-type", "s").out, "")


def beside(lab, checks):
    """One port: wggw in disguise, and Debian's wireguard-go in plain, at the same time; both reach the gateway, each in its own form."""
    lab.run("gateway", "nft", "-f", "-", stdin=SEEN)
    tunnel = Tunnel(lab)
    for host in INNER:
        checks.equal(f"{host} takes the parameters", set_(lab, host, SETS["3.1"]), 0)
    restart_session(lab)
    private = lab.run("laptop", "wg", "genkey").out.strip()
    public = lab.run("laptop", "wg", "pubkey", stdin=private).out.strip()
    lab.run("gateway", "wg", "set", INTERFACE, "peer", public, "allowed-ips", "10.63.255.7/32")
    lab.at_reset("laptop", "ip", "link", "delete", INTERFACE)
    lab.run("laptop", "wireguard-go", INTERFACE)
    lab.run("laptop", "wg", "setconf", INTERFACE, "/dev/stdin", stdin=f"""
        [Interface]
        PrivateKey = {private}
        [Peer]
        PublicKey = {tunnel.public["gateway"]}
        AllowedIPs = {INNER["gateway"]}/32
        Endpoint = itzxa.com:{PORT}
        """)
    lab.run("laptop", "ip", "address", "add", "10.63.255.7/16", "dev", INTERFACE)
    lab.run("laptop", "ip", "link", "set", INTERFACE, "up")
    lab.run("gateway", "nft", "reset", "counters", "table", "inet", "disguise")
    for round_ in (1, 2):
        checks.check(f"plain: the laptop reaches the gateway (round {round_})", lab.pings("laptop", INNER["gateway"], seconds=5))
        checks.check(f"plain: and the gateway it (round {round_})", lab.pings("gateway", "10.63.255.7", seconds=5))
        checks.check(f"3.1: so does the server (round {round_})", tunnel.answers(5))
        checks.equal(f"3.1: 20 MB there and back are equal (round {round_})", there_and_back(lab), "equal")
    seen = counted(lab)
    checks.check("the plain peer is seen as such, once", seen["initiations"] == 1 and seen["data"] > 0, seen)
    checks.check("and the other one is not", seen["messages"] > seen["data"] + 1000, seen)
    transfer = lab.run("gateway", "wg", "show", INTERFACE, "latest-handshakes").out
    checks.equal("wg shows a handshake with both", [line.split()[1] != "0" for line in transfer.splitlines()], [True, True])
    checks.check("it ends well", tunnel.end())


#: Of this site alone would be other numbers.
PROFILE = """
[disguise.awg]
jc = 3
jmin = 10
jmax = 50
s1 = 40
s2 = 41
s3 = 42
s4 = 12
h1 = "100000-101000"
h2 = "200000-201000"
h3 = "300000-301000"
h4 = "400000-401000"
header-protection-key = "auto"
random-trailers = true
"""


def parameters(own):
    """What an exported file's [Interface] says of AmneziaWG, as lines of the configuration protocol."""
    own = {name: value for name, value in own.items() if name not in ("PrivateKey", "Address", "DNS", "MTU")}
    if "HeaderProtectionKey" in own:
        own["HeaderProtectionKey"] = base64.b64decode(own["HeaderProtectionKey"]).hex()
    lines = {re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower(): value.replace(" ", "_") for name, value in own.items()}
    return " ".join(f"{name}={'1' if value == 'on' else value}" for name, value in lines.items())


def dial(lab, host, peer, *options):
    """A host comes in by wggw's datapath with the file that is exported for a peer, as an app of AmneziaWG's would."""
    sections = re.split(r"^\[(\w+)\]\n", lab.wggw("export", peer, *options).out, flags=re.MULTILINE)[1:]
    values = {title: dict(re.findall(r"^(\w+) = (.*)$", text, flags=re.MULTILINE)) for title, text in zip(sections[::2], sections[1::2])}
    own, gateway = values["Interface"], values["Peer"]
    lab.run(host, "wggw", "datapath", CLIENT)
    lab.at_reset(host, "ip", "link", "delete", CLIENT)
    taken = set_(lab, host, parameters(own), CLIENT)
    endpoint = gateway["Endpoint"].replace("itzxa.com", "198.51.100.2")
    lab.run(host, "wg", "setconf", CLIENT, "/dev/stdin", stdin=f"""
        [Interface]
        PrivateKey = {own["PrivateKey"]}
        [Peer]
        PublicKey = {gateway["PublicKey"]}
        PresharedKey = {gateway["PresharedKey"]}
        AllowedIPs = {gateway["AllowedIPs"]}
        Endpoint = {endpoint}
        """)
    for address in own["Address"].split(", "):
        lab.run(host, "ip", "address", "add", address, "dev", CLIENT)
    lab.run(host, "ip", "link", "set", CLIENT, "up", "mtu", own["MTU"])
    lab.run(host, "ip", "route", "add", "192.168.1.0/24", "dev", CLIENT)
    return taken, own


def site(lab, checks):
    """A site with a disguise: one peer comes in by it and one in plain, at the same time, by the files that wggw exports."""
    lab.init()
    lab.wggw("profile", "import", "-", stdin=lab.wggw("profile", "export").out + PROFILE)
    lab.wggw("add-peer", "phone", "--disguise", "awg")
    lab.wggw("add-peer", "laptop")
    plan = lab.wggw("plan").out
    checks.check("plan says that there is a disguise, and no parameter", "wireguard disguise AmneziaWG (hidden)" in plan
                 and "100000" not in plan, plan)
    lab.wggw("apply")
    again = lab.wggw("plan")
    checks.contains("an apply again changes nothing", again.out + again.err, "nothing to do")
    mtu = lab.json("gateway", "ip", "-j", "link", "show", "dev", "wg0")[0]["mtu"]
    taken, own = dial(lab, "far", "phone")
    checks.equal("the phone takes its parameters", taken, 0)
    checks.equal("and has the gateway's MTU, that S4 left", (own["MTU"], mtu), ("1408", 1408))
    lab.connect()
    checks.check("the laptop's file has none of it", "S1" not in lab.wggw("export", "laptop").out)
    for who, host in (("disguised", "far"), ("plain", "laptop")):
        checks.equal(f"{who}: the LAN answers", lab.fetch(host, SERVER[4], limit=8), f"hello from server, you are {lab.gateway[4]}")
    other = lab.wggw("export", "phone", "--as", "networkmanager", check=False)
    checks.check("a form that cannot say it is refused", other.code != 0 and "comes in by AmneziaWG" in other.err, other.err)
    lab.wggw("set-peer", "phone", "--disguise", "none")
    lab.wggw("apply")
    checks.equal("its session goes on after its file changed", lab.fetch("far", SERVER[4], limit=8),
                 f"hello from server, you are {lab.gateway[4]}")


#: Both ends need what every version has; the rest is for whoever sends.
OLD = """
[disguise.awg]
jc = 3
jmin = 10
jmax = 50
s1 = 40
s2 = 41
h1 = 100000
h2 = 200000
h3 = 300000
h4 = 400000
i1 = "<r 20>"
i2 = "<rc 20>"
content-padding-addition = "10-100"
rekey-timeout = "3-7"
disable-cookies = true
"""
#: What a file has for an app of each version.
BOTH = ["Jc", "Jmin", "Jmax", "S1", "S2", "H1", "H2", "H3", "H4"]
KNOWN = {"1.0": BOTH, "1.5": BOTH + ["I1"], "2.0": BOTH + ["I1", "I2"],
         "3.0": BOTH + ["I1", "I2", "ContentPaddingAddition", "RekeyTimeout"],
         "3.1": BOTH + ["I1", "I2", "ContentPaddingAddition", "RekeyTimeout", "DisableCookies"]}


def versions(lab, checks):
    """One set, and a file for an app of each version, which has what that version knows and comes in."""
    lab.init()
    lab.wggw("profile", "import", "-", stdin=lab.wggw("profile", "export").out + OLD)
    lab.wggw("add-peer", "phone", "--disguise", "awg")
    lab.wggw("apply")
    for version, names in KNOWN.items():
        taken, own = dial(lab, "far", "phone", "--for", version)
        checks.equal(f"{version}: the file has what it knows", [name for name in own if name not in ("PrivateKey", "Address", "MTU")], names)
        checks.check(f"{version}: and comes in", not taken and lab.pings("far", SERVER[4], seconds=6))
        lab.run("far", "ip", "link", "delete", CLIENT)
    whole = lab.wggw("export", "phone").out
    checks.equal("without a version, it is the set's own", lab.wggw("export", "phone", "--for", "3.1").out, whole)
    text = re.sub(r"(?s)\n\[disguise.awg\].*?(?=\n\[)", "", lab.wggw("profile", "export").out) + PROFILE
    lab.wggw("profile", "import", "-", stdin=text)
    for version, missing in (("2.0", ["HeaderProtectionKey", "RandomTrailers"]), ("1.0", ["S3", "S4", "H1"]), ("3.0", ["RandomTrailers"])):
        refused = lab.wggw("export", "phone", "--for", version, check=False)
        checks.check(f"a set that {version} cannot take is refused with what it is and what helps", refused.code == 1
                     and all(name in refused.err for name in missing) and "disguise on --name old --for " + version in refused.err, refused.err)
        checks.check("and no value of it is told", "100000" not in refused.err and not refused.out, refused.err)
    drawn_on_a_terminal(lab, checks)


def drawn_on_a_terminal(lab, checks):
    """A code on a terminal that has room for it, and on one that would break its lines."""
    status, narrow = on_terminal(lab, 80, "wggw", "export", "phone", "--qr")
    found = re.search(r"needs (\d+) columns, and this terminal has 80", narrow)
    if checks.check("a code that the terminal would break is refused", status == 1 and found and "\u2588" not in narrow, narrow):
        status, wide = on_terminal(lab, int(found[1]), "wggw", "export", "phone", "--qr")
        lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in wide.splitlines() if "\u2588" in line]
        checks.check("as wide as it says it is drawn", status == 0 and {len(line) for line in lines} == {int(found[1])}, wide)


def on_terminal(lab, columns, *command):
    """A command's status, and what it wrote on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (100, columns))
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, **lab.on("gateway"))
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return process.wait(), written.decode()


def several(lab, checks):
    """Three forms on one port: a new app by the site's disguise, an old one by another, and WireGuard in plain, at the same time."""
    lab.init()
    lab.wggw("profile", "import", "-", stdin=lab.wggw("profile", "export").out + PROFILE)
    drawn = lab.wggw("disguise", "on", "--name", "old", "--for", "2.0", "--like", "dns")
    checks.contains("says whose it is to be", drawn.err, "set-peer NAME --disguise old")
    for peer, disguise in (("phone", "awg"), ("tablet", "old"), ("laptop", "none")):
        lab.wggw("add-peer", peer, "--disguise", disguise)
    plan = lab.wggw("plan").out
    checks.contains("plan tells of both, and of no parameter", plan, "wireguard 2 disguises AmneziaWG (hidden)", "disguised, set 2")
    lab.wggw("apply")
    again = lab.wggw("plan")
    checks.contains("an apply again changes nothing", again.out + again.err, "nothing to do")
    taken, own = dial(lab, "far", "phone")
    checks.check("the phone's file is of the new one", not taken and "HeaderProtectionKey" in own and "RandomTrailers" in own, list(own))
    taken, own = dial(lab, "home", "tablet", "--for", "2.0")
    checks.check("the tablet's of the old one", not taken and "S4" in own and "HeaderProtectionKey" not in own, list(own))
    lab.connect()
    for round_ in (1, 2):
        for who, host in (("3.1", "far"), ("2.0", "home"), ("plain", "laptop")):
            checks.check(f"{who}: the LAN answers (round {round_})", lab.pings(host, SERVER[4], seconds=6))
    shown = lab.run("gateway", "wg", "show", "wg0")
    checks.check("wg shows the interface", shown.out.count("latest handshake") == 3 and not shown.err, shown.out + shown.err)
    before = handshakes(lab)
    lab.wggw("disguise", "on", "--name", "new", "--for", "3.1")
    lab.wggw("apply")
    answer = ask(lab, "gateway", "get=1\n\n", interface="wg0")
    checks.check("the socket has them by their numbers, a new one behind the others", "awg_set=2\n" in answer and "awg_set=3\n" in answer)
    all_go_on(lab, checks, "with a third one", before)
    lab.wggw("set-peer", "phone", "--disguise", "none")
    lab.wggw("disguise", "off", "--name", "awg")
    lab.wggw("disguise", "off", "--name", "new")
    lab.wggw("apply")
    all_go_on(lab, checks, "with the old one alone", before, but=["3.1"])
    inner = lab.tunnel_addresses("home")[4]
    lab.run("gateway", "ip", "link", "set", "wg0", "down")
    lab.run("gateway", "ip", "link", "set", "wg0", "up")
    lab.wggw("up")
    checks.check("the gateway's own handshake is in the peer's form", lab.pings("gateway", inner, "-I", lab.gateway[4], seconds=6))
    refused = lab.wggw("set-peer", "tablet", "--disguise", "awg", check=False)
    checks.check("a peer cannot have one that is not there", refused.code == 1 and "there is no [disguise.awg]" in refused.err, refused.err)
    lab.wggw("profile", "import", "-", stdin=lab.wggw("profile", "export").out.replace("[disguise.old]", "[disguise.other]")
             .replace('disguise = "old"', 'disguise = "other"'))
    lab.wggw("apply")
    checks.check("and under another name it is the same", lab.pings("home", SERVER[4], seconds=6))


def handshakes(lab):
    return lab.run("gateway", "wg", "show", "wg0", "latest-handshakes").out


def all_go_on(lab, checks, what, before, but=()):
    hosts = {"3.1": "far", "2.0": "home", "plain": "laptop"}
    silent = [form for form, host in hosts.items() if not lab.pings(host, SERVER[4])]
    checks.equal(f"{what}: whose it is goes on", silent, list(but))
    checks.equal(f"{what}: without a new handshake", handshakes(lab), before)
