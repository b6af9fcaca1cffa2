# SPDX-License-Identifier: GPL-3.0-or-later
"""Commit-confirm as a person at a terminal sees it."""

import contextlib
import os
import pty
import signal
import subprocess

from lab import eventually


def asked(lab, checks):
    """On a terminal `--confirm` asks: what is answered is done at once, and without an answer all is as without a terminal."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    peers = lambda: len(lab.run("gateway", "wg", "show", "wg0", "peers", check=False).out.split())

    def at_a_terminal(*command, answer):
        screen, end = pty.openpty()
        # Where the tests run behind `&`, Ctrl-C is ignored by whatever they start.
        process = subprocess.Popen(["env", "--default-signal=INT", "wggw", *command], stdin=end, stdout=end, stderr=end, **lab.on("gateway"))
        os.close(end)
        said = ""
        while "Enter keeps it" not in said:
            said += os.read(screen, 4096).decode()
        answer(process, screen)
        with contextlib.suppress(OSError):
            while word := os.read(screen, 4096).decode():
                said += word
        return process.wait(), said

    def enter(_, screen):
        os.write(screen, b"\n")

    def interrupt(process, _):
        process.send_signal(signal.SIGINT)

    def hang_up(_, screen):
        os.close(screen)

    lab.wggw("add-peer", "tablet")
    code, said = at_a_terminal("apply", "--confirm", "600", answer=enter)
    checks.check("Enter keeps it", code == 0 and "revision 3 stays" in said and peers() == 2, said)
    checks.equal("and nothing waits any more", lab.wggw("confirm", check=False).code, 1)
    lab.wggw("remove-peer", "tablet")
    code, said = at_a_terminal("apply", "--confirm", "600", answer=interrupt)
    checks.check("Ctrl-C goes back now", code == -signal.SIGINT and "took the unconfirmed revision 4 back" in said and peers() == 2, said)
    at_a_terminal("apply", "--confirm", "5", answer=hang_up)
    checks.equal("a terminal that is gone is no answer", peers(), 1)
    checks.check("so it goes back in time", eventually(lambda: peers() == 2, seconds=20))
    lab.wggw("apply")
    code, said = at_a_terminal("rollback", "--confirm", "600", answer=interrupt)
    checks.check("a rollback asks as well", code == -signal.SIGINT and peers() == 1, said)
    code, said = at_a_terminal("down", "--confirm", "600", answer=interrupt)
    checks.check("down asks as well", code == -signal.SIGINT and "took the unconfirmed teardown back" in said and peers() == 1, said)
    at_a_terminal("down", "--confirm", "5", answer=hang_up)
    checks.check("down: whose terminal goes with the tunnel finds it again", lab.run(
        "gateway", "ip", "link", "show", "wg0", check=False).code != 0 and eventually(lambda: peers() == 1, seconds=20))
    lab.wggw("down", "--confirm", "5")
    checks.equal("down: confirmed, it stays off", (lab.wggw("confirm").err.strip(), lab.wggw("status", check=False).code),
                 ("wggw stays off the box", 0))
    lab.wggw("up")
    code, said = at_a_terminal("rollback", "--confirm", "5", answer=lambda *_: None)
    checks.check("and goes back unless it is answered", eventually(lambda: peers() == 1, seconds=20), said)
