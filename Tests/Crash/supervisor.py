# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program so that it, and all that it starts, asks before each system call of some kinds: counts them, and does
something to one of them."""

import collections
import contextlib
import dataclasses
import mmap
import os
import select
import struct
import threading
import time

import calls
import effects
import seccomp

PROGRAM = seccomp.Program(calls.KIND_OF, calls.ONLY)
NAMES = seccomp.numbers(calls.KIND_OF)
#: What a process is, by its second word; the others are the command.
ROLES = ("guard", "datapath")
#: Kinds of calls that can be held up: between two of them the box is in another state, or somebody is not gone yet.
SLOW = "slow"
#: Seconds.
HOLD = 0.05
HOLDABLE = ("send", "write", "rename", "unlink", "ioctl", "wait")


@dataclasses.dataclass(frozen=True)
class Point:
    """The nth call of a kind, counted from 1, that a process of a role makes once the supervisor is armed. `all` and 0 where it is
    each of them, of all kinds; `all` as the role: of whomever."""
    role: str
    kind: str
    n: int

    def __str__(self):
        return f"{self.role}.{self.kind}.{self.n}"


def launch(options, command, output, names=None, armed=None):
    """Starts a command under a supervisor; `options` are those that `Lab.on` makes, `output` is a file for what it says, `names`
    and `armed` are the supervisor's. Returns it."""
    shared = mmap.mmap(-1, 4)
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.setsid()
            options["preexec_fn"]()
            program = next(path for place in options["env"]["PATH"].split(":")
                           if os.access(path := f"{place}/{command[0]}", os.X_OK))
            shared[:4] = struct.pack("i", PROGRAM.install())
            os.execve(program, command, options["env"])
        finally:
            os._exit(126)
    supervisor = Supervisor(pid, names, armed)
    supervisor.attend(shared)
    return supervisor


def is_possible():
    """Whether this process may do it, and the kernel can."""
    pid = os.fork()
    if pid == 0:
        try:
            PROGRAM.install()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


class Supervisor:
    def __init__(self, pid, names=None, armed=None):
        """`names`: what roles are called instead; `armed`: what `arm` takes."""
        #: Of the command.
        self.pid = pid
        self._names = names or {}
        #: (role, kind): how many calls there were since it was armed.
        self.counts = collections.Counter()
        #: (role, kind, n): the call's name; only while it records.
        self.seen = {}
        #: What was done, for people; None if its point did not come.
        self.struck = None
        self._processes = {}
        self._held = []
        self._armed = None
        self._stop, self._stopping = os.pipe()
        if armed:
            self.arm(*armed)

    def attend(self, shared):
        """Takes the listener from the process as soon as it has one, and answers from then on."""
        deadline = time.monotonic() + 30
        while not (descriptor := struct.unpack("i", shared[:4])[0]):
            if time.monotonic() > deadline or os.waitpid(self.pid, os.WNOHANG)[0]:
                raise RuntimeError("the command was not started under the filter; seccomp with a listener needs Linux 5.19")
            time.sleep(0.0005)
        self._listener = seccomp.take_descriptor(self.pid, descriptor)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def arm(self, point=None, effect=None, record=False):
        """Counts from zero. `effect` is done at `point`: one of `effects`, or `slow` at each call that can be held up. `record`
        keeps names."""
        self.counts.clear()
        self.struck = None
        self._armed = (point, effect, record)

    def disarm(self):
        self._armed = None

    def end(self):
        """Answers no more: what still runs under the filter has to be gone."""
        os.write(self._stopping, b".")
        self._thread.join()
        for descriptor in (self._listener, self._stop, self._stopping):
            os.close(descriptor)

    # On the supervisor's thread

    def _serve(self):
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while True:
            now = time.monotonic()
            while self._held and self._held[0][0] <= now:
                seccomp.let_happen(self._listener, self._held.pop(0)[1])
            timeout = 1000 * (self._held[0][0] - now) + 1 if self._held else None
            for descriptor, events in poll.poll(timeout):
                if descriptor == self._stop:
                    return
                if events & select.POLLHUP:
                    # Nobody is left to ask.
                    poll.unregister(self._listener)
                elif notification := seccomp.receive(self._listener):
                    self._answer(notification)

    def _answer(self, notification):
        try:
            answered = self._armed and self._consider(notification, *self._armed)
        except OSError:
            # The process is gone, or is one that cannot be looked at.
            answered = False
        if not answered:
            seccomp.let_happen(self._listener, notification)

    def _consider(self, notification, point, effect, record):
        """Counts a call and does to it what is to be done. Returns whether it was answered, or will be."""
        name = NAMES[notification.number]
        process, role = self._process(notification.thread, name)
        kind = calls.KIND_OF[name]
        is_slow = effect == SLOW and point.role in (role, "all") and kind in HOLDABLE
        if not (is_slow or record or point and (point.role, point.kind) == (role, kind)):
            return False
        call = calls.Call(notification, name, process)
        if not call.matters():
            return False
        if is_slow:
            self.struck = "all of them"
            self._held.append((time.monotonic() + HOLD, notification))
            return True
        self.counts[role, kind] += 1
        number = self.counts[role, kind]
        if record:
            self.seen[role, kind, number] = name
        if point is None or number != point.n or self.struck:
            return False
        self.struck = call.describe()
        effects.strike(self._listener, call, effect)
        return True

    def _process(self, thread, name):
        """(process id, role) of a thread."""
        found = self._processes.get(thread)
        if found is None:
            with open(f"/proc/{thread}/status") as status:
                process = int(next(line for line in status if line.startswith("Tgid:")).split()[1])
            with open(f"/proc/{thread}/cmdline") as words:
                word = words.read().split("\0")[1:2]
            role = next((role for role in ROLES if word == [role]), "command")
            found = process, self._names.get(role, role)
            self._processes[thread] = found
        if name == "execve":
            # After it, it is something else.
            self._processes.pop(thread, None)
        return found


def is_over(pid):
    """The wait status of a child that has ended; None as long as it has not."""
    with contextlib.suppress(ChildProcessError):
        done, status = os.waitpid(pid, os.WNOHANG)
        return status if done else None
    return 0
