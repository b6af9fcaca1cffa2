# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that change while others work: each change reaches WireGuard, and the sessions of the others do not notice."""

from lab import SERVER


def peers_change(lab, checks):
    lab.init()
    for name, more in (("laptop", []), ("phone", ["--route", "10.5.0.0/16", "10.6.0.0/16"]), ("tablet", [])):
        lab.wggw("add-peer", name, *more)
    lab.wggw("apply")
    lab.connect()
    checks.check("a session is there", lab.pings("laptop", SERVER[4]))
    peers = {peer["name"]: peer["public_key"] for peer in lab.json("gateway", "wggw", "list", "--json")}
    before = line(lab, peers["laptop"])

    lab.wggw("set-peer", "phone", "--route", "10.5.0.0/16")
    lab.wggw("set-peer", "tablet", "--route", "10.6.0.0/16", "10.7.0.0/16")
    lab.wggw("apply")
    seen = {name: allowed_ips(lab, key) for name, key in peers.items()}
    checks.check("a network moves from one peer to another",
                 "10.5.0.0/16" in seen["phone"] and "10.6.0.0/16" not in seen["phone"]
                 and {"10.6.0.0/16", "10.7.0.0/16"} <= seen["tablet"], seen)
    phones, tablets = own(seen["phone"]), own(seen["tablet"])
    lab.wggw("set-peer", "phone", "--address", "192.168.2.77")
    lab.wggw("set-peer", "tablet", "--address", phones)
    lab.wggw("set-peer", "phone", "--address", tablets)
    lab.wggw("apply")
    seen = {name: allowed_ips(lab, key) for name, key in peers.items()}
    checks.equal("addresses change hands", (own(seen["phone"]), own(seen["tablet"])), (tablets, phones))

    old = line(lab, peers["phone"])[1]
    lab.wggw("set-peer", "phone", "--preshared-key", "auto")
    lab.wggw("apply")
    new = line(lab, peers["phone"])[1]
    checks.check("a preshared key changes", len(new) == 44 and new != old)
    lab.wggw("set-peer", "phone", "--preshared-key", "none")
    lab.wggw("apply")
    checks.equal("and goes", line(lab, peers["phone"])[1], "(none)")

    lab.wggw("remove-peer", "phone", "tablet")
    lab.wggw("apply")
    checks.equal("peers go", set(lab.run("gateway", "wg", "show", "wg0", "peers").out.split()), {peers["laptop"]})

    after = line(lab, peers["laptop"])
    checks.equal("keys, endpoint, allowed IPs and handshake of the other one are the same", after[:5], before[:5])
    # Its keepalives are counted on.
    checks.check("its counters go on from where they were",
                 all(0 <= int(b) - int(a) < 5000 for a, b in zip(before[5:7], after[5:7])), (before, after))
    checks.check("and it works on", lab.pings("laptop", SERVER[4]))
    checks.equal("under the same keys", line(lab, peers["laptop"])[4], before[4])


def line(lab, key):
    """What `wg show dump` says of a peer: key, preshared key, endpoint, allowed IPs, handshake, received, sent, keepalive."""
    dump = lab.run("gateway", "wg", "show", "wg0", "dump").out
    return next(line.split("\t") for line in dump.splitlines() if line.startswith(key))


def allowed_ips(lab, key):
    return set(line(lab, key)[3].split(","))


def own(prefixes):
    """The peer's own IPv4 address."""
    return next(prefix.removesuffix("/32") for prefix in prefixes if prefix.startswith("192.168.2."))
