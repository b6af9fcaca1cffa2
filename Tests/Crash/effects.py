# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a system call that waits for an answer."""

import contextlib
import errno
import os
import signal
import socket

import calls
import seccomp

SIGNALS = ("SIGHUP", "SIGINT", "SIGTERM")
#: Calls that can be made in place of the process, so that it gets another answer than the truth.
CAN_BE_LOST = ("sendto", "recvfrom", "recvmsg", "fsync", "fdatasync", "rename", "unlink", "write", "pwrite64")
CAN_BE_SHORT = ("write", "pwrite64")


def effects_on(name):
    """All that may be done to a call of a name: an errno's name; `die`, the process is killed before it; a signal's name, which
    comes with it; `lost`, it is done but said to have failed; `short`, half of it is done."""
    found = [*calls.ERRORS[calls.KIND_OF[name]], "die", *SIGNALS]
    if name in CAN_BE_LOST:
        found.append("lost")
    if name in CAN_BE_SHORT:
        found.append("short")
    return found


def strike(listener, call, effect):
    """Does it. Raises OSError where the process is gone, or the call cannot be made for it; then nothing was answered."""
    if effect == "die":
        os.kill(call.process, signal.SIGKILL)
    elif effect in SIGNALS:
        # The thread waits so that none but a deadly signal disturbs it: this one is there when the call begins.
        os.kill(call.process, getattr(signal, effect))
        seccomp.let_happen(listener, call.notification)
    elif effect == "lost":
        perform(call)
        seccomp.answer(listener, call.notification, error=failure_of(call))
    elif effect == "short":
        half = call.arguments[2] // 2
        seccomp.answer(listener, call.notification, value=write(call, half) if half else 0)
    else:
        seccomp.answer(listener, call.notification, error=getattr(errno, effect))


def failure_of(call):
    """What a call is said to have failed with that was made."""
    return {"send": errno.ENOBUFS, "receive": errno.ENOBUFS}.get(call.kind, errno.EIO)


def perform(call):
    if call.name == "sendto":
        data = seccomp.memory(call.process, call.arguments[1], call.arguments[2])
        with seccomp.take_socket(call.process, call.arguments[0]) as taken:
            if taken.family == socket.AF_NETLINK:
                taken.sendto(data, (0, 0))
            else:
                taken.sendall(data)
    elif call.kind == "receive":
        with seccomp.take_socket(call.process, call.arguments[0]) as taken:
            # Where nothing is there yet, nothing is lost.
            with contextlib.suppress(BlockingIOError):
                taken.recv(1 << 20, socket.MSG_DONTWAIT)
    elif call.kind == "sync":
        with taken_file(call) as descriptor:
            os.fsync(descriptor)
    elif call.kind == "write":
        write(call, call.arguments[2])
    elif call.name == "rename":
        with contextlib.ExitStack() as places:
            (old, name), (new, other) = [places.enter_context(directory(call, path)) for path in call.paths()]
            os.rename(name, other, src_dir_fd=old, dst_dir_fd=new)
    elif call.name == "unlink":
        with directory(call, call.paths()[0]) as (place, name):
            os.unlink(name, dir_fd=place)


def write(call, count):
    data = seccomp.memory(call.process, call.arguments[1], count)
    with taken_file(call) as descriptor:
        return os.pwrite(descriptor, data, call.arguments[3]) if call.name == "pwrite64" else os.write(descriptor, data)


@contextlib.contextmanager
def taken_file(call):
    descriptor = seccomp.take_descriptor(call.process, call.arguments[0])
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def directory(call, path):
    """A path's directory, open as the process sees it, and its last name."""
    place, name = os.path.split(path)
    descriptor = seccomp.open_within(call.process, place, os.O_PATH | os.O_DIRECTORY)
    try:
        yield descriptor, name
    finally:
        os.close(descriptor)
