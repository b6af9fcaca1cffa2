# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that moves to another box by a backup: the peers notice nothing but the pause."""

import pathlib
import re
import time

from lab import FAR, SERVER, eventually
from lifecycle import is_applied
from traffic import seen_as

WORDS = "a passphrase of several words\n"


def backup(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop", "--full-tunnel")
    lab.wggw("apply")
    lab.connect()
    checks.check("the laptop reaches the LAN", lab.pings("laptop", SERVER[4]))
    file = pathlib.Path(f"/run/wggw-lab/{lab.name}/site.backup")
    lab.wggw("backup", file, "--passphrase-file", "-", stdin=WORDS)
    checks.equal("the backup is its owner's alone", oct(file.stat().st_mode & 0o777), "0o600")
    lab.wggw("down")
    before = dict(state=lab.wggw("profile", "export").out, key=lab.wggw("export", "laptop").out)
    forget(lab)
    rename(lab, "eth0", "enp7")
    start = time.monotonic()
    for name, words, spoilt in (("another passphrase", "something else\n", file),
                                ("a cut file", WORDS, cut(file))):
        refused = lab.wggw("restore", spoilt, "--passphrase-file", "-", stdin=words, check=False)
        checks.equal(f"{name} is refused", refused.code, 1)
    checks.check("and nothing is there then", "no site yet" in lab.wggw("status", check=False).err)
    told = lab.wggw("restore", file, "--passphrase-file", "-", stdin=WORDS).err
    checks.contains("says what it found here", told, "LAN on enp7", "out by enp7", "wggw apply")
    lab.wggw("apply")
    reached = eventually(lambda: lab.pings("laptop", SERVER[4]), 30)
    took = time.monotonic() - start
    checks.check("the laptop goes on without being touched", reached)
    checks.check(f"in under 30 s ({took:.1f})", took < 30, took)
    checks.equal("seen as before", seen_as(lab.fetch("laptop", FAR[4])), lab.public[4])
    is_applied(lab, checks, "all of it is on the box")
    now = dict(state=re.sub("enp7", "eth0", lab.wggw("profile", "export").out), key=lab.wggw("export", "laptop").out)
    checks.equal("the site is the same but for the interfaces, and the peers' files are", now, before)
    again = lab.wggw("restore", file, "--passphrase-file", "-", stdin=WORDS, check=False)
    checks.check("a site that is there is not replaced", again.code == 1 and "there is a site here already" in again.err, again.err)
    lab.disconnect()
    # Others may use this lab afterwards.
    lab.wggw("down")
    rename(lab, "enp7", "eth0")


def cut(file):
    short = file.with_name("cut.backup")
    short.write_bytes(file.read_bytes()[:-100])
    return short


def forget(lab):
    for path in pathlib.Path(f"/run/wggw-lab/{lab.name}/gateway/var/lib/wggw").iterdir():
        path.unlink()


def rename(lab, old, new):
    """The gateway's card has another name, and is otherwise as it was."""
    held = [entry for entry in lab.json("gateway", "ip", "-j", "address", "show", "dev", old)[0]["addr_info"]
            if entry["scope"] == "global"]
    routes = {v: lab.run("gateway", "ip", f"-{v}", "route", "show", "default").out.split() for v in (4, 6)}
    lab.run("gateway", "ip", "link", "set", old, "down")
    lab.run("gateway", "ip", "link", "set", old, "name", new)
    lab.run("gateway", "ip", "link", "set", new, "up")
    for entry in held:
        lab.run("gateway", "ip", "address", "replace", f"{entry['local']}/{entry['prefixlen']}", "dev", new, "nodad")
    for v, words in routes.items():
        if words:
            lab.run("gateway", "ip", f"-{v}", "route", "replace", "default", "via", words[words.index("via") + 1], "dev", new)
