# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls as wggw makes them: their kinds, what each is about, and with what each may plausibly fail."""

import contextlib
import os
import re
import socket
import struct

import seccomp

#: {kind: its system calls}. What moves packets (sendmsg, sendmmsg, recvmmsg, epoll_wait) is not among them.
KINDS = {
    "open": ("open", "openat", "openat2", "mkdir", "mkdirat"),
    "read": ("read", "pread64"),
    "write": ("write", "pwrite64", "ftruncate"),
    "sync": ("fsync", "fdatasync"),
    "rename": ("rename", "renameat", "renameat2", "link", "linkat"),
    "unlink": ("unlink", "unlinkat", "rmdir"),
    "lock": ("flock", "fcntl"),
    "socket": ("socket", "bind", "listen", "connect", "accept4", "pipe", "pipe2"),
    "send": ("sendto",),
    "receive": ("recvfrom", "recvmsg"),
    "spawn": ("fork", "vfork", "clone", "clone3", "execve"),
    "ioctl": ("ioctl",),
    "wait": ("poll", "ppoll", "wait4", "waitid", "nanosleep", "clock_nanosleep"),
    "confine": ("prctl", "capset", "setresuid", "setresgid", "setgroups", "seccomp", "mlockall", "prlimit64", "setsid"),
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}

#: Of these calls only some matter, by their second argument (linux/fcntl.h, if_tun.h, sockios.h).
ONLY = {"fcntl": {6: "F_SETLK", 7: "F_SETLKW"},
        "ioctl": {0x400454CA: "TUNSETIFF", 0x400454D0: "TUNSETOFFLOAD", 0x8922: "SIOCSIFMTU", 0x8913: "SIOCGIFFLAGS",
                  0x8921: "SIOCGIFMTU", 0x8933: "SIOCGIFINDEX"}}

#: With what each kind fails on a bad day.
ERRORS = {
    "open": ("EMFILE", "EIO", "ENOSPC"),
    "read": ("EIO", "EINTR"),
    "write": ("ENOSPC", "EIO"),
    "sync": ("EIO", "ENOSPC"),
    "rename": ("ENOSPC", "EPERM", "EEXIST"),
    "unlink": ("EIO", "EPERM"),
    "lock": ("ENOLCK", "EINTR"),
    "socket": ("EMFILE", "ENOMEM", "EINTR"),
    "send": ("ENOBUFS", "EPERM", "EINTR"),
    "receive": ("ENOBUFS", "EINTR", "ENOMEM"),
    "spawn": ("EAGAIN", "ENOMEM"),
    "ioctl": ("ENOMEM", "EBUSY"),
    "wait": ("EINTR",),
    "confine": ("EPERM",),
}

#: Where the first path of a call stands among its arguments; calls of a directory descriptor are made with AT_FDCWD here.
PATHS = {"open": (0,), "openat": (1,), "openat2": (1,), "mkdir": (0,), "mkdirat": (1,), "rename": (0, 1), "renameat": (1, 3),
         "renameat2": (1, 3), "link": (0, 1), "linkat": (1, 3), "unlink": (0,), "unlinkat": (1,), "rmdir": (0,), "execve": (0,)}

#: Files of the gateway's; what the loader and the C library read is none of them.
OURS = re.compile(r"^(/var/lib/wggw|/(var/)?run/(wggw|wireguard)|/proc/sys/|/dev/net/tun)")

OTHER_PROTOCOLS = {0: "route", 12: "netfilter", 16: "generic"}


class Call:
    """One system call that waits for an answer."""

    def __init__(self, notification, name, process):
        self.notification = notification
        self.name = name
        self.kind = KIND_OF[name]
        #: Of the process; the thread is the notification's.
        self.process = process
        self.arguments = notification.arguments

    def paths(self):
        return [seccomp.text(self.notification.thread, self.arguments[i]) for i in PATHS[self.name]]

    def file(self):
        """What the descriptor that it works on is: a path, or `socket:[…]`, `pipe:[…]`."""
        return os.readlink(f"/proc/{self.notification.thread}/fd/{self.arguments[0]}")

    def matters(self):
        """Whether it is wggw's own doing: not that of the loader, and no packet's."""
        try:
            if self.name in PATHS:
                return self.kind == "spawn" or bool(OURS.match(self.paths()[0]))
            if self.kind in ("read", "write"):
                if self.arguments[0] in (1, 2):
                    return True
                file = self.file()
                return file.startswith(("socket:", "pipe:")) or bool(OURS.match(file)) and file != "/dev/net/tun"
            if self.name == "fcntl":
                # F_UNLCK, first in struct flock: to give a lock back never fails.
                return seccomp.memory(self.process, self.arguments[2], 2) != b"\2\0"
            # A limit that is only asked for.
            return self.name != "prlimit64" or self.arguments[2] != 0
        except OSError:
            return False

    def describe(self):
        """For people: `sendto netlink route, message 16, 68 bytes`."""
        with contextlib.suppress(OSError):
            return f"{self.name} {self._subject()}".rstrip()
        return self.name

    def _subject(self):
        if self.name in PATHS:
            return " → ".join(self.paths())
        if self.name in ONLY:
            return ONLY[self.name][self.arguments[1]]
        if self.name == "sendto":
            return self._sent()
        if self.name in ("connect", "bind"):
            return self._address()
        if self.name == "socket":
            return socket.AddressFamily(self.arguments[0]).name
        if self.kind in ("read", "write", "sync", "receive"):
            return self.file()
        return ""

    def _sent(self):
        _, address, count, *_ = self.arguments
        with seccomp.take_socket(self.process, self.arguments[0]) as taken:
            family, protocol = taken.family, taken.proto
        if family != socket.AF_NETLINK:
            return f"{socket.AddressFamily(family).name}, {count} bytes"
        kinds = [str(kind) for kind in message_types(seccomp.memory(self.process, address, min(count, 65536)))]
        return f"netlink {OTHER_PROTOCOLS.get(protocol, protocol)}, message {' '.join(kinds)}, {count} bytes"

    def _address(self):
        address = seccomp.memory(self.process, self.arguments[1], min(self.arguments[2], 110))
        family = struct.unpack_from("H", address)[0]
        return address[2:].split(b"\0", 1)[0].decode() if family == socket.AF_UNIX else socket.AddressFamily(family).name


def message_types(batch):
    """`nlmsg_type` of each message."""
    at = 0
    while at + 16 <= len(batch):
        length, kind = struct.unpack_from("IH", batch, at)
        yield kind
        at += max(16, (length + 3) & ~3)
