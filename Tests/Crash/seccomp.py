# SPDX-License-Identifier: GPL-3.0-or-later
"""Seccomp's user notification, as far as it is needed here: a filter that makes a process and all its descendants ask before
certain system calls, and the answers. seccomp(2), seccomp_unotify(2)."""

import ctypes
import dataclasses
import errno
import fcntl
import os
import platform
import socket
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LIBSECCOMP = ctypes.CDLL("libseccomp.so.2")

# linux/seccomp.h, linux/filter.h, linux/bpf_common.h
SET_MODE_FILTER, NEW_LISTENER, WAIT_KILLABLE_RECV = 1, 1 << 3, 1 << 5
USER_NOTIF, ALLOW = 0x7FC00000, 0x7FFF0000
LOAD_WORD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
#: linux/audit.h; and the numbers of calls that came later than the tables of all architectures were made one.
AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PIDFD_GETFD, OPENAT2 = 438, 437

#: struct seccomp_notif (id, pid, flags; nr, arch, ip, six arguments) and seccomp_notif_resp (id, val, error, flags).
NOTIFICATION, RESPONSE = struct.Struct("QIIiIQ6Q"), struct.Struct("QqiI")
CONTINUE = 1


def _ioctl(number, direction, size):
    return direction << 30 | size << 16 | ord("!") << 8 | number


RECEIVE = _ioctl(0, 3, NOTIFICATION.size)
SEND = _ioctl(1, 3, RESPONSE.size)


def number(name):
    """Of a system call on this machine; negative where it has none of the name."""
    return LIBSECCOMP.seccomp_syscall_resolve_name(name.encode())


def numbers(names):
    """{number: name} of those that this machine has."""
    return {found: name for name in names if (found := number(name)) >= 0}


class Program:
    """A filter that notifies of some system calls and allows all others. `only`: {name: values}, of calls that matter only
    with one of these as their second argument, as ioctl and fcntl."""

    def __init__(self, names, only):
        # Each test is followed by what it leads to, so that no jump is longer than one instruction's room for it.
        code = [(LOAD_WORD, 0, 0, ARCHITECTURE_AT),
                (JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURES[platform.machine()]), (RETURN, 0, 0, ALLOW),
                (LOAD_WORD, 0, 0, NUMBER_AT)]
        for found, name in numbers(names).items():
            if name in only:
                values = [step for value in only[name] for step in ((JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, USER_NOTIF))]
                code += [(JUMP_EQUAL, 0, len(values) + 2, found), (LOAD_WORD, 0, 0, ARGUMENTS_AT + 8), *values,
                         (RETURN, 0, 0, ALLOW)]
            else:
                code += [(JUMP_EQUAL, 0, 1, found), (RETURN, 0, 0, USER_NOTIF)]
        code.append((RETURN, 0, 0, ALLOW))
        self.code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in code))
        self.program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(self.code)))

    def install(self):
        """On this thread, for good. Returns the descriptor of the listener."""
        found = LIBC.syscall(number("seccomp"), SET_MODE_FILTER, NEW_LISTENER | WAIT_KILLABLE_RECV, self.program)
        if found < 0:
            raise OSError(ctypes.get_errno(), "seccomp with a listener (Linux 5.19 has it)")
        return found


@dataclasses.dataclass
class Notification:
    """A call that waits for an answer. `thread` is who makes it; `arguments` are six numbers."""
    id: int
    thread: int
    number: int
    arguments: tuple


def receive(listener):
    """The next notification; None if whoever asked is gone."""
    buffer = bytearray(NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, RECEIVE, buffer)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
            return None
        raise
    notification, thread, _, called, _, _, *arguments = NOTIFICATION.unpack(buffer)
    return Notification(notification, thread, called, tuple(arguments))


def answer(listener, notification, value=0, error=0, flags=0):
    """Lets the call return a value or an errno. Nothing happens if whoever asked is gone."""
    try:
        fcntl.ioctl(listener, SEND, bytearray(RESPONSE.pack(notification.id, value, -error, flags)))
    except OSError as failure:
        if failure.errno not in (errno.ENOENT, errno.EINPROGRESS):
            raise


def let_happen(listener, notification):
    answer(listener, notification, flags=CONTINUE)


# What is read and done in place of a process that waits


def take_descriptor(pid, descriptor):
    """A duplicate, here, of another process's descriptor. Raises OSError."""
    process = os.pidfd_open(pid)
    try:
        found = LIBC.syscall(PIDFD_GETFD, process, descriptor, 0)
    finally:
        os.close(process)
    if found < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return found


def take_socket(pid, descriptor):
    """The same as a socket. Raises OSError if it is none."""
    return socket.socket(fileno=take_descriptor(pid, descriptor))


class _Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def memory(pid, address, count):
    """Up to `count` bytes of another process's memory. Raises OSError."""
    buffer = ctypes.create_string_buffer(count)
    here, there = _Vector(ctypes.addressof(buffer), count), _Vector(address, count)
    got = LIBC.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if got < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return buffer.raw[:got]


def text(pid, address):
    """A string that ends with a zero. Page by page, since the page after its own may not be there."""
    found = b""
    while b"\0" not in found and len(found) < 4096:
        at = address + len(found)
        found += memory(pid, at, 4096 - at % 4096)
    return found.split(b"\0", 1)[0].decode(errors="replace")


def open_within(pid, path, flags):
    """Opens a path as another process would: in its mounts, and with its symbolic links. Raises OSError."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY)
    try:
        # struct open_how: flags, mode, resolve (RESOLVE_IN_ROOT).
        how = ctypes.create_string_buffer(struct.pack("QQQ", flags | os.O_CLOEXEC, 0, 0x10))
        found = LIBC.syscall(OPENAT2, root, path.encode(), how, 24)
    finally:
        os.close(root)
    if found < 0:
        raise OSError(ctypes.get_errno(), path)
    return found
