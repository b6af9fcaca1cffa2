# SPDX-License-Identifier: GPL-3.0-or-later
"""What `wggw export` writes for places other than wg-quick, before the readers of these places."""

import configparser
import io
import pathlib
import plistlib
import re
import shutil
import time
import xml.etree.ElementTree as xml
import zipfile

from lab import SERVER, eventually
from traffic import seen_as

QR_MARGIN = 4


def files_out(lab, checks):
    """Each form is read by whoever will read it, as far as this machine has them, and says there what wg-quick's says here."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("add-peer", "phone", "--full-tunnel")
    lab.wggw("apply")
    plain = wg_quick(lab.wggw("export", "laptop").out)
    network_manager(lab, checks, plain)
    apple(lab, checks)
    archive(lab, checks)
    codes(lab, checks)
    other_gateway(lab, checks)


def wg_quick(text):
    """{(section, key): value} of a file with one peer."""
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read_string(text)
    return {(section, key): value for section in parser for key, value in parser[section].items()}


def network_manager(lab, checks, plain):
    """nmcli reads the file, and writes it again as it understood it."""
    if shutil.which("nmcli") is None:
        print("     not looked at: NetworkManager's form, since nmcli is not here (scripts/setup leaves it out where systemd would start it)")
        return
    text = lab.wggw("export", "laptop", "--as", "networkmanager").out
    done = lab.run("gateway", "nmcli", "--offline", "connection", "modify", "connection.autoconnect", "no", stdin=text, check=False)
    checks.check("NetworkManager reads its file", done.code == 0, done.err)
    read = configparser.ConfigParser()
    read.optionxform = str
    read.read_file(io.StringIO(done.out))
    peer = read[f"wireguard-peer.{plain['Peer', 'PublicKey']}"]
    seen = (read["wireguard"]["private-key"], peer["preshared-key"], peer["endpoint"], peer["persistent-keepalive"],
            sorted(peer["allowed-ips"].strip(";").split(";")),
            [read[family]["address1"] for family in ("ipv4", "ipv6")], read["wireguard"]["mtu"])
    expected = (plain["Interface", "PrivateKey"], plain["Peer", "PresharedKey"], plain["Peer", "Endpoint"],
                plain["Peer", "PersistentKeepalive"], sorted(plain["Peer", "AllowedIPs"].split(", ")),
                plain["Interface", "Address"].split(", "), plain["Interface", "MTU"])
    checks.equal("and understood what wg-quick would", seen, expected)


def apple(lab, checks):
    text = lab.wggw("export", "laptop", "--as", "ios", "--on-demand", "--except-wifi", "Home & <Garden>").out
    tunnel = plistlib.loads(text.encode())["PayloadContent"][0]
    checks.equal("a property list holds wg-quick's text", tunnel["VendorConfig"]["WgQuickConfig"], lab.wggw("export", "laptop").out)
    checks.equal("and when to connect", [rule["Action"] for rule in tunnel["VPN"]["OnDemandRules"]], ["Disconnect", "Connect"])
    checks.equal("and where not to", tunnel["VPN"]["OnDemandRules"][0]["SSIDMatch"], ["Home & <Garden>"])


def archive(lab, checks):
    path = pathlib.Path(f"/run/wggw-lab/{lab.name}/gateway-all.zip")
    lab.wggw("export", "--all", "--zip", path)
    checks.equal("the archive is its owner's alone", oct(path.stat().st_mode & 0o777), "0o600")
    with zipfile.ZipFile(path) as packed:
        checks.equal("and whole", packed.testzip(), None)
        checks.equal("with every peer's file", sorted(packed.namelist()), ["laptop.conf", "phone.conf"])
        checks.equal("as export prints it", packed.read("phone.conf").decode(), lab.wggw("export", "phone").out)
        modes = {entry.external_attr >> 16 & 0o777 for entry in packed.infolist()}
        checks.equal("that nobody else may read where it is unpacked", modes, {0o600})
    refused = lab.wggw("export", "--all", "--zip", path, check=False)
    checks.check("it is not replaced by itself", refused.code == 1 and "--force" in refused.err, refused.err)
    checks.equal("but if that is said", lab.wggw("export", "--all", "--zip", path, "--force").code, 0)


def codes(lab, checks):
    """The drawing has the same modules as the terminal's."""
    path = pathlib.Path(f"/run/wggw-lab/{lab.name}/laptop.svg")
    lab.wggw("export", "laptop", "--svg", path)
    drawing = xml.parse(path).getroot()
    side = int(drawing.get("viewBox").split()[2])
    dark = set()
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", drawing[1].get("d")):
        dark |= {(int(x) + i, int(y)) for i in range(int(run))}
    shown = set()
    for row, line in enumerate(lab.wggw("export", "laptop", "--qr").out.splitlines()):
        for x, half in enumerate(line):
            shown |= {(x, 2 * row + low) for low, blocks in ((0, " ▄"), (1, " ▀")) if half in blocks}
    shown = {(x, y) for x, y in shown if y < side - QR_MARGIN}
    checks.check("the SVG is the terminal's code", dark == shown and len(dark) > 500, f"{len(dark)} and {len(shown)}")


def other_gateway(lab, checks):
    """The file for a gateway at the other end makes one, and its networks come in."""
    lab.wggw("add-peer", "branch", "--route", "10.77.0.0/24")
    lab.wggw("apply")
    lab.run("laptop", "ip", "link", "add", "inside", "type", "bridge")
    lab.run("laptop", "ip", "address", "add", "10.77.0.1/24", "dev", "inside")
    lab.run("laptop", "ip", "link", "set", "inside", "up")
    text = lab.wggw("export", "branch", "--as", "gateway").out
    checks.contains("says how it is taken", text, "wggw profile import FILE --lan 10.77.0.0/24")
    directory = pathlib.Path(f"/run/wggw-lab/{lab.name}/laptop")
    (directory / "wg0.conf").write_text(text)
    state = ("--state-dir", directory / "state")
    lab.run("laptop", "wggw", *state, "profile", "import", directory / "wg0.conf", "--lan", "10.77.0.0/24")
    lab.run("laptop", "wggw", *state, "init", "--datapath", lab.datapath)
    lab.run("laptop", "wggw", *state, "apply")
    reached = eventually(lambda: lab.pings("laptop", SERVER[4], "-I", "10.77.0.1"), 15)
    checks.check("the branch's network reaches the LAN here", reached)
    lab.run("laptop", "wggw", *state, "down")


def networkd(lab, checks):
    """systemd-networkd, without systemd: the interface, its addresses, routes and rules."""
    lab.init()
    lab.wggw("add-peer", "laptop", "--full-tunnel")
    lab.wggw("apply")
    files = pathlib.Path(f"/run/wggw-lab/{lab.name}/laptop/networkd")
    files.mkdir(mode=0o755)
    lab.wggw("export", "laptop", "--as", "networkd", "--output", files)
    checks.equal("files of its own", sorted(file.name for file in files.iterdir()), ["50-wg0.netdev", "50-wg0.network"])
    # It runs as a user of its own, which reads its group's files, and waits for udev wherever /sys can be written.
    script = f"""
        mount -o remount,bind,ro /sys && mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir -p /run/systemd/network && cp {files}/* /run/systemd/network/ &&
        chgrp systemd-network /run/systemd/network/* && chmod 640 /run/systemd/network/* &&
        exec env SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd"""
    daemon = lab.start("laptop", "unshare", "--mount", "sh", "-c", script)
    try:
        shown = eventually(lambda: "\n" in lab.run("laptop", "wg", "show", "wg0", "dump", check=False).out.strip(), 30)
        checks.check("networkd makes the interface", shown, daemon.poll())
        checks.check("a host of the LAN answers through it", eventually(lambda: lab.pings("laptop", SERVER[4]), 30))
        checks.equal("by the gateway", seen_as(lab.fetch("laptop", SERVER[4])), lab.gateway[4])
        rules = lab.run("laptop", "ip", "rule").out
        checks.contains("the tunnel's own packets go past it", rules, "not from all fwmark 0xca6c", "suppress_prefixlength 0")
    finally:
        daemon.terminate()
        said = daemon.communicate()[0]
    bad = [line for line in said.splitlines() if re.search(r"50-wg0.*(Unknown|Failed to parse|ignoring|permissive)", line)]
    checks.equal("and finds nothing wrong with the files", bad, [])
    time.sleep(0.2)
    lab.run("laptop", "ip", "link", "delete", "wg0", check=False)
