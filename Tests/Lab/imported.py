# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that was a container's before: its file is taken, and its clients go on with theirs."""

import json
import pathlib

from lab import CLIENT, FAR, SERVER, eventually
from lifecycle import is_applied
from traffic import seen_as

#: As the much-used container writes it: one address without a mask, hooks, names behind [Peer]. And whom nobody lets in.
GATEWAY = """[Interface]
Address = 10.13.13.1
ListenPort = 51820
PrivateKey = {gateway}
PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -A FORWARD -o %i -j ACCEPT; iptables -t nat -A POSTROUTING -o {uplink} -j MASQUERADE
PostUp = touch /tmp/{lab}-was-run
PostDown = iptables -D FORWARD -i %i -j ACCEPT; iptables -D FORWARD -o %i -j ACCEPT; iptables -t nat -D POSTROUTING -o {uplink} -j MASQUERADE

[Peer]
# peer_laptop
PublicKey = {laptop}
PresharedKey = {preshared}
AllowedIPs = 10.13.13.2/32

[Peer]
# peer_parked
PublicKey = {parked}
"""

LAPTOP = """[Interface]
Address = {address}
PrivateKey = {key}
[Peer]
PublicKey = {gateway}
Endpoint = itzxa.com:51820
AllowedIPs = 0.0.0.0/0
PersistentKeepalive = 25
{preshared}
"""


def wg(lab, *words, stdin=None):
    return lab.run("laptop", "wg", *words, stdin=stdin).out.strip()


def made(lab, *names):
    """({name: private key}, {name: public key}, a preshared key), as wg makes them."""
    keys = {name: wg(lab, "genkey") for name in names}
    return keys, {name: wg(lab, "pubkey", stdin=key) for name, key in keys.items()}, wg(lab, "genpsk")


def connect(lab, **values):
    """The laptop as somebody with a file from before."""
    lab.disconnect()
    directory = pathlib.Path(f"/run/wggw-lab/{lab.name}/laptop/etc/wireguard")
    (directory / f"{CLIENT}.conf").write_text(LAPTOP.format(**{"preshared": "", **values}))
    lab.run("laptop", "wg-quick", "up", CLIENT)


def container(lab, checks):
    keys, public, preshared = made(lab, "gateway", "laptop", "parked")
    text = GATEWAY.format(gateway=keys["gateway"], laptop=public["laptop"], parked=public["parked"], preshared=preshared,
                          uplink=lab.egress_interface, lab=lab.name)
    wg0 = pathlib.Path(f"/run/wggw-lab/{lab.name}/gateway-wg0")
    wg0.mkdir()
    (wg0 / "wg0.conf").write_text(text)
    told = lab.wggw("profile", "import", wg0 / "wg0.conf", "--lan", "192.168.1.0/24").err
    checks.contains("says what the commands mean, and which it does not take", told,
                    f"go out to the Internet by {lab.egress_interface}", "not taken: touch", "may reach the LAN 192.168.1.0/24",
                    "nothing of peer-parked is let in")
    checks.check("and shows no key", not any(key in told for key in [*keys.values(), preshared]), told)
    lab.wggw("init", "--datapath", lab.datapath)
    lab.wggw("apply")
    is_applied(lab, checks, "the file is on the box")
    checks.check("runs no command of the file", not pathlib.Path(f"/tmp/{lab.name}-was-run").exists())

    connect(lab, key=keys["laptop"], address="10.13.13.2/32", gateway=public["gateway"], preshared=f"PresharedKey = {preshared}")
    checks.equal("a client from before reaches the LAN with its own file",
                 seen_as(lab.fetch("laptop", SERVER[4])), lab.gateway[4])
    checks.equal("and the Internet, with the gateway's address", seen_as(lab.fetch("laptop", FAR[4])), lab.public[4])
    checks.check("and the gateway by its address in the tunnel", lab.pings("laptop", "10.13.13.1"))
    connect(lab, key=keys["parked"], address="10.13.13.3/32", gateway=public["gateway"])
    checks.check("who has no allowed IPs shakes hands", eventually(
        lambda: not lab.run("laptop", "wg", "show", CLIENT, "latest-handshakes").out.rstrip().endswith("\t0")))
    checks.check("whom nobody let in before nobody lets in now", lab.is_silent("laptop", SERVER[4]))
    checks.check("not even to the gateway", lab.is_silent("laptop", "10.13.13.1"))
    profile = lab.wggw("profile", "export").out
    checks.contains("and the profile says so", profile, "addresses = []")
    checks.contains("which is taken back for the same", lab.wggw("profile", "import", "-", stdin=profile).err, "nothing differs")


def whole(lab, checks):
    """All that wg-easy kept in one file: who was let in goes on, who was not is not."""
    keys, public, preshared = made(lab, "gateway", "laptop", "parked", "late")
    everybody = {
        name: {"id": name, "name": title, "address": f"10.8.0.{number}", "privateKey": keys[name], "publicKey": public[name],
               "preSharedKey": preshared, "expiredAt": expiry, "enabled": enabled}
        for number, (name, title, expiry, enabled) in enumerate([
            ("laptop", "Anna's laptop", None, True), ("parked", "parked", None, False),
            ("late", "late", "2020-01-01T00:00:00.000Z", True)], start=2)}
    directory = pathlib.Path(f"/run/wggw-lab/{lab.name}/gateway-easy")
    directory.mkdir()
    (directory / "wg0.json").write_text(json.dumps({
        "server": {"privateKey": keys["gateway"], "publicKey": public["gateway"], "address": "10.8.0.1"},
        "clients": everybody}, indent=2))

    shown = lab.wggw("import", directory, "--lan", "192.168.1.0/24", "--dry-run")
    checks.contains("shows the profile beforehand", shown.out, "[peers.Anna-s-laptop]", public["laptop"], "10.8.0.1/24")
    checks.contains("and keeps nothing of it", lab.wggw("profile", "export", check=False).err, "there is no site yet")
    told = lab.wggw("import", directory, "--lan", "192.168.1.0/24").err
    checks.contains("says what became of whom", told, "Anna's laptop: is no host label; it becomes Anna-s-laptop",
                    "parked: disabled there, and not let in", "late: expired 2020-01-01T00:00:00.000Z there, and not let in")
    checks.check("and shows no key", not any(key in told + shown.out + shown.err for key in [*keys.values(), preshared]), told)
    lab.wggw("init", "--datapath", lab.datapath)
    lab.wggw("apply")
    is_applied(lab, checks, "the installation is on the box")

    own = {"gateway": public["gateway"], "preshared": f"PresharedKey = {preshared}"}
    connect(lab, key=keys["laptop"], address="10.8.0.2/24", **own)
    checks.equal("a client from before reaches the LAN with its own file",
                 seen_as(lab.fetch("laptop", SERVER[4])), lab.gateway[4])
    checks.equal("and the Internet, with the gateway's address", seen_as(lab.fetch("laptop", FAR[4])), lab.public[4])
    for number, name in enumerate(("parked", "late"), start=3):
        connect(lab, key=keys[name], address=f"10.8.0.{number}/24", **own)
        checks.check(f"{name} reaches nothing", lab.is_silent("laptop", SERVER[4]))
        checks.check("and nobody shakes hands with it", lab.run(
            "laptop", "wg", "show", CLIENT, "latest-handshakes").out.rstrip().endswith("\t0"))
    lab.wggw("init", "--endpoint", "itzxa.com:51820")
    exported = lab.wggw("export", "Anna-s-laptop").out
    checks.contains("the client's file can be written anew", exported, f"PrivateKey = {keys['laptop']}",
                    f"PresharedKey = {preshared}", "Address = 10.8.0.2/32", "AllowedIPs = 0.0.0.0/0, ::/0")
