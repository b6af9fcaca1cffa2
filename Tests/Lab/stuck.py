# SPDX-License-Identifier: GPL-3.0-or-later
"""A datapath that hangs, dies or loses its interface, a disk that is full, and somebody who presses Ctrl-C: what the next command
makes of it, and how soon."""

import pathlib
import signal
import time

from lab import PATIENCE, SERVER, eventually
from lifecycle import differences, is_applied, snapshot

#: In seconds: what any command may take while the datapath is silent. It waits for two.
SOON = 10


def datapaths(lab):
    """The processes of the gateway's datapaths, without those that clear away after them."""
    inside = lab.run("gateway", "sh", "-c", "ip netns pids $(ip netns identify $$)").out.split()
    processes = [line.split(maxsplit=2) for line in lab.run("gateway", "ps", "-eo", "pid,ppid,args").out.splitlines()]
    found = {pid: parent for pid, parent, command in processes if pid in inside and " datapath wg0" in command}
    # Those are its children, which may not have their name yet.
    return [int(pid) for pid, parent in found.items() if parent not in found]


def signalled(lab, name):
    for pid in datapaths(lab):
        lab.run("gateway", "kill", f"-{name}", pid)


def soon(lab, checks, what, *command, status=0):
    """Runs a command, and checks that it ends in time and with a status. Returns it."""
    begun = time.monotonic()
    done = lab.wggw(*command, check=False)
    took = time.monotonic() - begun
    checks.check(f"{what}: `wggw {command[0]}` ends with {status} within {SOON} s",
                 done.code == status and took < SOON * PATIENCE, f"{done.code} after {took:.1f} s: {done.out}{done.err}")
    return done


def stuck(lab, checks):
    before = snapshot(lab)
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    stopped(lab, checks)
    lab.wggw("add-peer", "tablet")
    unconfirmed(lab, checks)
    without_interface(lab, checks)
    moved_away(lab, checks)
    dead(lab, checks)
    signalled(lab, "STOP")
    soon(lab, checks, "a stopped datapath", "down")
    checks.check("it is off the box", eventually(lambda: not datapaths(lab) and not differences(before, snapshot(lab))),
                 f"{datapaths(lab)} {differences(before, snapshot(lab))}")


def stopped(lab, checks):
    old = datapaths(lab)
    signalled(lab, "STOP")
    done = soon(lab, checks, "a stopped datapath", "status", status=1)
    checks.contains("status says that it does not answer, and what helps", done.out + done.err, "does not answer", "--restart")
    soon(lab, checks, "a stopped datapath", "plan", status=1)
    soon(lab, checks, "a stopped datapath", "apply", "--restart")
    checks.check("one datapath runs, and it is another", len(datapaths(lab)) == 1 and datapaths(lab) != old, datapaths(lab))
    works(lab, checks, "after --restart")


def unconfirmed(lab, checks):
    """The guard goes back though the datapath hangs: it puts another one in its place."""
    before, old = snapshot(lab), datapaths(lab)
    lab.wggw("apply", "--confirm", "5")
    signalled(lab, "STOP")
    checks.check("the guard goes back", eventually(lambda: not differences(before, snapshot(lab)), seconds=5 + SOON),
                 differences(before, snapshot(lab)))
    checks.check("with another datapath", len(datapaths(lab)) == 1 and datapaths(lab) != old, datapaths(lab))
    lab.wggw("remove-peer", "tablet")
    lab.wggw("apply")
    works(lab, checks, "after it")


def without_interface(lab, checks):
    """Somebody deletes the interface while its datapath hangs: it cannot notice, and has the keys and the port yet."""
    signalled(lab, "STOP")
    lab.run("gateway", "ip", "link", "delete", "wg0")
    checks.equal("it runs on without its interface", len(datapaths(lab)), 1)
    old = datapaths(lab)
    soon(lab, checks, "a stopped datapath without interface", "up")
    checks.check("another one has its place", len(datapaths(lab)) == 1 and datapaths(lab) != old, datapaths(lab))
    works(lab, checks, "after it")
    signalled(lab, "STOP")
    lab.run("gateway", "ip", "link", "delete", "wg0")
    soon(lab, checks, "a stopped datapath without interface", "down")
    checks.check("down ends it", eventually(lambda: not datapaths(lab)), datapaths(lab))
    lab.wggw("up")


def moved_away(lab, checks):
    """Somebody puts the interface into another namespace, as for a container: its datapath answers, and is nobody's to end."""
    inside, old = f"{lab.name}-inside", datapaths(lab)
    lab.run("gateway", "ip", "netns", "add", inside)
    try:
        lab.run("gateway", "ip", "link", "set", "wg0", "netns", inside)
        for command in ("plan", "apply", "down"):
            lab.wggw(command, check=False)
            checks.equal(f"moved away: `wggw {command}` leaves its datapath alone", datapaths(lab), old)
        lab.run("gateway", "nsenter", f"--net=/run/netns/{inside}", "ip", "link", "delete", "wg0")
        checks.check("moved away: deleted there, it ends", eventually(lambda: not datapaths(lab)), datapaths(lab))
    finally:
        lab.run("gateway", "ip", "netns", "delete", inside)
    lab.wggw("up")


def dead(lab, checks):
    """Killed, it takes its interface along in a moment: no command takes that for something else."""
    for command in ("plan", "up", "apply", "status"):
        signalled(lab, "KILL")
        done = lab.wggw(command, check=False)
        checks.check(f"right after a kill: `wggw {command}` says nothing wrong",
                     done.code == (command == "status") and "another name" not in done.out + done.err, f"{done.code}: {done.out}{done.err}")
        lab.wggw("up")
    works(lab, checks, "after kills")


def works(lab, checks, when):
    lab.connect()
    checks.check(f"{when}: packets go through", lab.pings("laptop", SERVER[4]))
    lab.disconnect()
    is_applied(lab, checks, when)


def interrupted(lab, checks, times=10):
    """Ctrl-C and SIGTERM while something is applied: the command ends soon, and the box is in the old or the new state."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    begun = time.monotonic()
    lab.wggw("apply", "--restart")
    length = time.monotonic() - begun
    slowest, ends = 0, []
    for turn in range(times):
        which = (signal.SIGINT, signal.SIGTERM)[turn % 2]
        process = lab.start("gateway", "wggw", "apply", "--restart")
        time.sleep(length * turn / times)
        process.send_signal(which)
        begun = time.monotonic()
        out, _ = process.communicate(timeout=60 * PATIENCE)
        slowest = max(slowest, time.monotonic() - begun)
        ends.append(process.returncode)
        done = lab.wggw("plan", "--detailed-exitcode", check=False)
        # One that has not begun yet is simply ended.
        if process.returncode not in (0, 128 + which, -which) or done.code:
            checks.check(f"signal {turn + 1} ({which.name}) leaves a whole box", False, f"{process.returncode}: {out}{done.out}{done.err}")
            return
    checks.check(f"{times} applies that are told to stop end within {SOON} s, in the old or the new state", slowest < SOON * PATIENCE, slowest)
    checks.check("and some of them did not come to their end", any(ends), ends)
    checks.equal("one datapath runs", len(datapaths(lab)), 1)
    works(lab, checks, "after them")


def on_a_small_disk(lab):
    """A gateway that is applied, on a disk of its own, whose place is returned."""
    state = pathlib.Path("/var/lib/wggw")
    lab.run("gateway", "mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "wggw-full", state)
    lab.at_reset("gateway", "umount", "-l", state)
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    return state


def full_disk(lab, checks):
    """There is no room in the state directory: a command says so, and nothing is half done; neither is what was to be taken back."""
    state = on_a_small_disk(lab)
    fill = lambda: lab.run("gateway", "dd", "if=/dev/zero", f"of={state}/filler", "bs=4k", check=False)
    empty = lambda: lab.run("gateway", "rm", "-f", state / "filler")
    applied = snapshot(lab)
    fill()
    for command in (["add-peer", "tablet"], ["apply", "--restart"], ["down"]):
        done = lab.wggw(*command, check=False)
        checks.check(f"{command[0]} fails, and says that there is no room", done.code and "no room" in done.err, f"{done.code}: {done.err}")
        checks.equal(f"{command[0]} leaves the box as it was", differences(applied, snapshot(lab)), "")
    empty()
    lab.wggw("up")
    is_applied(lab, checks, "with room again")
    before = snapshot(lab)
    lab.wggw("add-peer", "watch")
    lab.wggw("apply", "--confirm", "5")
    fill()
    time.sleep(5 + 2 * PATIENCE)
    empty()
    checks.check("an apply that was not confirmed while there was no room is taken back once there is",
                 eventually(lambda: not differences(before, snapshot(lab)), seconds=SOON), differences(before, snapshot(lab)))
    lab.wggw("down")
