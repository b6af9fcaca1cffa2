# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory takes no writes, which is no reason to let packets wait."""

from lab import SERVER, eventually
from stuck import on_a_small_disk
from watch import Service


def no_writes(lab, checks, how):
    """The state directory takes no writes: packets go on, what others change is put back, and a service that begins brings up what was
    applied."""
    state = on_a_small_disk(lab)
    if how == "full":
        lab.run("gateway", "dd", "if=/dev/zero", f"of={state}/filler", "bs=4k", check=False)
    else:
        lab.run("gateway", "mount", "-o", "remount,ro", state)
    lab.run("gateway", "ip", "link", "delete", "wg0")
    service = Service(lab, checks)
    try:
        checks.check(f"{how}: the tunnel is brought up", lab.run("gateway", "ip", "link", "show", "wg0", check=False).code == 0)
        lab.connect()
        checks.check(f"{how}: packets pass", lab.pings("laptop", SERVER[4]))
        lab.run("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=0")
        checks.check(f"{how}: what others change is put back", eventually(
            lambda: lab.run("gateway", "sysctl", "-n", "net.ipv4.ip_forward").out == "1\n"))
        checks.contains(f"{how}: it says so", service.said(), "/var/lib/wggw takes no writes")
        refused = lab.wggw("add-peer", "tablet", check=False)
        checks.check(f"{how}: a command says what is wrong", refused.code == 1 and ("no room" in refused.err or "Read-only" in refused.err),
                     refused.err)
        status = lab.wggw("status", check=False)
        checks.check(f"{how}: status works", status.code == 0 and "laptop" in status.out, status.out + status.err)
        if how == "full":
            lab.run("gateway", "rm", f"{state}/filler")
        else:
            lab.run("gateway", "mount", "-o", "remount,rw", state)
        lab.wggw("add-peer", "tablet")
        lab.wggw("apply")
        checks.equal(f"{how}: once it takes writes all is as before", lab.wggw("plan", "--detailed-exitcode", check=False).code, 0)
        checks.check(f"{how}: once it takes writes packets pass", lab.pings("laptop", SERVER[4]))
    finally:
        service.end()
