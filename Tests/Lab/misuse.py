# SPDX-License-Identifier: GPL-3.0-or-later
"""Many commands at once, and files that are damaged: each command ends with a clear word, and the state directory stays whole."""

import collections
import pathlib
import random
import re
import sqlite3

from intruder import TIMES
from lab import PATIENCE, SERVER
from lifecycle import differences, is_applied, snapshot

WORKERS = 8
#: One of them: any commands, one after the other, for so many seconds. A line each: its status, the command, what it said.
WORKER = r"""
worker=$1 end=$((SECONDS + $2)) count=0 RANDOM=$1
while ((SECONDS < end)); do
    case $((RANDOM % 10)) in
        0 | 1) words=(add-peer "w$worker-$((++count))" --route "10.$((100 + worker)).$count.0/24") ;;
        2) words=(remove-peer "w$worker-$((RANDOM % 9 + 1))") ;;
        3) words=(set-peer shared --keepalive $((RANDOM % 60))) ;;
        4 | 5 | 6) words=(apply) ;;
        7) words=(rollback) ;;
        8) words=(status) ;;
        9) words=(plan) ;;
    esac
    said=$(timeout -s KILL 120 wggw "${words[@]}" 2>&1)
    printf '%s\t%s\t%s\n' $? "${words[*]}" "${said//$'\n'/ | }"
done
"""
#: What a command may be refused for when others are at work. As many rollbacks as there were applies take wggw off the box, and
#: the next one finds nothing there.
REFUSALS = re.compile(r"another wggw is at work|somebody else made revision|there is no peer|nothing was ever applied"
                      r"|nothing of wggw's is on the box")


def parallel(lab, checks):
    """Eight processes draft, apply, roll back and look, at once."""
    lab.init()
    lab.wggw("add-peer", "shared")
    lab.wggw("apply")
    seconds = 15 * TIMES
    workers = [lab.start("gateway", "/bin/bash", "-c", WORKER, "worker", number, seconds) for number in range(1, WORKERS + 1)]
    lines = [line.split("\t") for worker in workers
             for line in worker.communicate(timeout=(seconds + 150) * PATIENCE)[0].splitlines()]
    statuses = collections.Counter(f"{words.split()[0]} {status}" for status, words, _ in lines)
    print(f"     {len(lines)} commands: {dict(sorted(statuses.items()))}", flush=True)
    checks.check("they did much", len(lines) > 5 * WORKERS, len(lines))
    odd = [line for line in lines if line[0] != "0" and not (line[0] == "1" and REFUSALS.search(line[2]))]
    checks.check("each ended well, or with what kept it from it", not odd, odd[:5])
    checks.equal("the database is whole", integrity(lab), "ok")
    if lab.json("gateway", "wggw", "status", "--json")["is_up"]:
        up = lab.wggw("up", check=False)
        checks.contains("what is on the box is what was applied last", up.out + up.err, "nothing to do")
    history = lab.json("gateway", "wggw", "history", "--json")
    lab.wggw("apply")
    is_applied(lab, checks, "after one more apply")
    drafted = sum(status == "0" and words.split()[0] in ("add-peer", "remove-peer", "set-peer") for status, words, _ in lines)
    checks.check("no revision is lost", len(history) >= drafted, (len(history), drafted))


def state(lab):
    return pathlib.Path(f"/run/wggw-lab/{lab.name}/gateway/var/lib/wggw")


def integrity(lab):
    with sqlite3.connect(state(lab) / "wggw.db") as database:
        return database.execute("PRAGMA integrity_check").fetchone()[0]


def damaged(lab, checks):
    """Profiles, databases and keys with flipped bits and lost ends: said clearly, no command dies, nothing on the box changes."""
    lab.init()
    lab.wggw("add-peer", "laptop", "--allow", f"{SERVER[4]}:443/tcp")
    lab.wggw("apply")
    before, rng = snapshot(lab), random.Random(5)
    profile = lab.wggw("profile", "export").out.encode()
    place = pathlib.Path(f"/run/wggw-lab/{lab.name}/gateway/run/wggw/damaged.toml")
    ends = collections.Counter()
    files = {name: (state(lab) / name).read_bytes() for name in ("wggw.db", "key")}
    for _ in range(25 * TIMES):
        place.write_bytes(spoilt(profile, rng))
        # It drafts, at most: what was taken is forgotten again.
        if judge(lab, checks, ends, "profile", ("profile", "import", "/run/wggw/damaged.toml"), (0, 1, 78)) == 0:
            restore(lab, files)
        elif lab.json("gateway", "wggw", "history", "--json")[0]["revision"] != 2:
            checks.check("a refused profile drafts nothing", False, place.read_bytes())
    for number in range(15 * TIMES):
        (state(lab) / "wggw.db").write_bytes(spoilt(files["wggw.db"], rng))
        for command in (("status",), ("plan",), ("list",), ("history",)):
            judge(lab, checks, ends, "database", command, (0, 1))
        if number % 10 == 0:
            restore(lab, files)
            (state(lab) / "key").write_bytes(spoilt(files["key"], rng))
            judge(lab, checks, ends, "key", ("export", "laptop"), (1,))
        restore(lab, files)
    print(f"     {dict(sorted(ends.items()))}", flush=True)
    checks.check("damage of each kind was noticed", all(ends[f"{what} {status}"] for what, status in (
        ("profile", 78), ("database", 1), ("key", 1))), ends)
    checks.equal("nothing on the box changed", differences(before, snapshot(lab)), "")
    is_applied(lab, checks, "with the files as they were")


def restore(lab, files):
    for name in ("wggw.db-wal", "wggw.db-shm"):
        (state(lab) / name).unlink(missing_ok=True)
    for name, content in files.items():
        (state(lab) / name).write_bytes(content)


def spoilt(content, rng):
    """Up to eight bits flipped, an end lost, or a piece twice."""
    content = bytearray(content)
    at = rng.randrange(len(content))
    match rng.randrange(6):
        case 0:
            return bytes(content[:at])
        case 1:
            return bytes(content[:at] + content[at - 40:at] + content[at:])
    for _ in range(rng.randrange(1, 9)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def judge(lab, checks, ends, what, command, statuses):
    """A command ends with one of the statuses, and says why if that is not 0. Returns it."""
    done = lab.wggw(*command, check=False)
    ends[f"{what} {done.code}"] += 1
    if done.code not in statuses or done.code and len(done.err.strip()) < 20:
        checks.check(f"{' '.join(command)} on a damaged {what} ends well", False, (done.code, done.err[-600:]))
    return done.code
