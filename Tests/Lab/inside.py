# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls from inside another process, as somebody makes them who got into it: with its identity, its descriptors and its
filter. Linux on x86-64."""

import ctypes
import errno
import os
import pathlib
import platform
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.restype = ctypes.c_long
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
SEIZE, INTERRUPT, DETACH, GETREGS, SETREGS, SINGLESTEP = 0x4206, 0x4207, 17, 12, 13, 9
ANY_THREAD = 0x40000000

#: linux/asm/ptrace.h's user_regs_struct.
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs "
             "gs").split()
ARGUMENTS = "rdi rsi rdx r10 r8 r9".split()
INSTRUCTION = b"\x0f\x05"  # syscall

#: asm/unistd_64.h, what is tried here.
NUMBERS = dict(read=0, write=1, open=2, stat=4, poll=7, mmap=9, mprotect=10, ioctl=16, getpid=39, socket=41, connect=42, sendto=44,
               recvfrom=45, bind=49, listen=50, setsockopt=54, clone=56, fork=57, execve=59, kill=62, fcntl=72, unlink=87, ptrace=101,
               capset=126, prctl=157, mount=165, tgkill=234, openat=257, unshare=272, accept4=288, prlimit64=302, setns=308, bpf=321,
               io_uring_setup=425, clone3=435, newfstatat=262)


class Inside:
    """A process's first thread, stopped as long as this lasts."""

    def __init__(self, pid):
        if platform.machine() != "x86_64":
            raise NotImplementedError(f"no registers are known of {platform.machine()}")
        self.pid = pid

    def __enter__(self):
        self._ptrace(SEIZE)
        self._ptrace(INTERRUPT)
        os.waitpid(self.pid, ANY_THREAD)
        self.memory = open(f"/proc/{self.pid}/mem", "r+b", buffering=0)
        self.before = self._registers()
        self.instruction = self._find(INSTRUCTION)
        self.room = 1 << 16
        self.buffer = self.call("mmap", 0, self.room, 3, 0x22, -1, 0)
        return self

    def __exit__(self, *_):
        self.memory.close()
        self._set(self.before)
        self._ptrace(DETACH)

    def call(self, name, *arguments):
        """The result of a system call, or -errno. Bytes are written into its memory, and their address is what it gets."""
        registers = dict(self.before)
        place = 0
        for register, value in zip(ARGUMENTS, (*arguments, *[0] * 6)):
            if isinstance(value, bytes):
                assert place + len(value) <= self.room
                self.memory.seek(self.buffer + place)
                self.memory.write(value)
                value, place = self.buffer + place, place + (len(value) + 15) // 16 * 16
            registers[register] = value & (1 << 64) - 1
        # -1: nothing that was interrupted is to be begun again.
        registers.update(rax=NUMBERS[name], orig_rax=(1 << 64) - 1, rip=self.instruction)
        self._set(registers)
        self._ptrace(SINGLESTEP)
        _, status = os.waitpid(self.pid, ANY_THREAD)
        if not os.WIFSTOPPED(status):
            raise ChildProcessError(f"{name} ended it by signal {status & 127}")
        return ctypes.c_long(self._registers()["rax"]).value

    def read(self, count, offset=0):
        """What is in the memory that calls are given."""
        self.memory.seek(self.buffer + offset)
        return self.memory.read(count)

    def _find(self, code):
        for line in pathlib.Path(f"/proc/{self.pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if "x" not in rights or "vsyscall" in line:
                continue
            start, end = (int(word, 16) for word in span.split("-"))
            self.memory.seek(start)
            at = self.memory.read(end - start).find(code)
            if at >= 0:
                return start + at
        raise LookupError("no system call in its code")

    def _ptrace(self, request, data=None):
        if LIBC.ptrace(request, self.pid, None, data) < 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request}")

    def _registers(self):
        raw = (ctypes.c_ulong * len(REGISTERS))()
        self._ptrace(GETREGS, ctypes.addressof(raw))
        return dict(zip(REGISTERS, raw))

    def _set(self, registers):
        raw = (ctypes.c_ulong * len(REGISTERS))(*(registers[name] for name in REGISTERS))
        self._ptrace(SETREGS, ctypes.addressof(raw))


def descriptors(pid, what):
    """Its descriptors whose link begins so, as `/dev/net/tun`."""
    return [int(entry.name) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir() if os.readlink(entry).startswith(what)]


def sockets(pid, table):
    """Its descriptors of sockets that a table under /proc/PID/net has, as `netlink`.

    The kernel walks netlink's table, which all networks of the machine share, while others open and close: a reading may miss
    some. What any of several readings has is there.
    """
    known = set()
    for _ in range(8):
        rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()]
        known |= {row[9] for row in rows[1:]}
    return [fd for fd in descriptors(pid, "socket:") if os.readlink(f"/proc/{pid}/fd/{fd}")[8:-1] in known]


def answer(code):
    """A result as errno's name, or as it is."""
    return errno.errorcode.get(-code, code) if code < 0 else code


def add_route(index):
    """An RTM_NEWROUTE for 203.0.113.0/24 through an interface, which asks to be answered."""
    attribute = lambda kind, value: struct.pack("=HH", 4 + len(value), kind) + value
    body = struct.pack("=BBBBBBBBI", 2, 24, 0, 0, 254, 4, 253, 1, 0) + attribute(1, bytes((203, 0, 113, 0)))
    body += attribute(4, struct.pack("=i", index))
    return struct.pack("=IHHII", 16 + len(body), 24, 0x605, 1, 0) + body


def netlink_error(messages):
    """The errno in the first NLMSG_ERROR of what came, None without one."""
    while len(messages) >= 20:
        length, kind = struct.unpack_from("=IH", messages)
        if kind == 2:
            return -struct.unpack_from("=i", messages, 16)[0]
        messages = messages[max(16, length + 3 & ~3):]
    return None
