# SPDX-License-Identifier: GPL-3.0-or-later
"""What the built-in datapath may still do once it runs, and that everything works for all that."""

import os
import pathlib
import platform
import re
import signal
import socket
import struct

from inside import Inside, add_route, answer, descriptors, netlink_error, sockets
from lab import SERVER, eventually
from lifecycle import is_applied
from tunnel import process_of, status
from watch import Service


def privileges(lab, checks):
    """No root, two capabilities, a seccomp filter, locked memory; and `wg set` can do all it could before."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    pid = process_of(lab, interface="wg0")
    if not checks.check("the datapath listens on its socket", pid):
        return
    checks.equal("ps calls it what it is", [pathlib.Path(f"/proc/{pid}/comm").read_text().strip(),
                 pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:3]], ["wggw", ["wggw", "datapath", "wg0"]])
    seen = status(pid)
    checks.check("it is not root", "0" not in seen["Uid"].split() + seen["Gid"].split(), seen["Uid"])
    checks.equal("and in no further group", seen["Groups"], "")
    # CAP_NET_BIND_SERVICE is 10, CAP_NET_ADMIN 12.
    checks.equal("it has two capabilities", {key: int(seen[key], 16) for key in ("CapPrm", "CapEff")},
                 {"CapPrm": 1 << 10 | 1 << 12, "CapEff": 1 << 10 | 1 << 12})
    checks.equal("and can get none", [int(seen[key], 16) for key in ("CapInh", "CapBnd", "CapAmb")], [0, 0, 0])
    checks.equal("no new privileges", seen["NoNewPrivs"], "1")
    checks.equal("system calls are filtered", seen["Seccomp"], "2")
    threads = [status(f"{pid}/task/{task}") for task in os.listdir(f"/proc/{pid}/task")]
    checks.check("on every thread", len(threads) > 1 and all(thread["Seccomp"] == "2" for thread in threads), threads)
    checks.check("its memory is locked", int(seen["VmLck"].split()[0]) > 0, seen["VmLck"])
    checks.check("and in no core dump", re.search(r"core file size +0 +0", pathlib.Path(f"/proc/{pid}/limits").read_text()))
    still_works(lab, checks, pid)
    taken_over(lab, checks, pid)
    for how, command in (("killed", "kill -KILL {}"), ("told to end", "kill -TERM {}"),
                         ("its interface deleted", "ip link delete wg0")):
        lab.wggw("apply")
        pid = process_of(lab, interface="wg0")
        lab.run("gateway", *command.format(pid).split())
        checks.check(f"{how}, it is gone with its sockets", eventually(
            lambda: not os.path.exists(f"/proc/{pid}") and not left_behind(lab)), left_behind(lab))
    lab.wggw("down", check=False)
    out_of_memory(lab, checks)


#: Who the service is to systemd (scripts/wggw.service), with the program by a descriptor: a checkout may be where only root may go.
USER = 61999
CAGE = "+net_admin,+net_bind_service,+kill"
AS_SERVICE = ("sh", "-c", f'exec 9<"$(command -v "$1")"; shift; exec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs '
              f'--inh-caps={CAGE} --ambient-caps={CAGE} --bounding-set=-all,{CAGE} /proc/self/fd/9 "$@"', "sh")


def of_the_service(lab, checks):
    """The service as a user of its own, beside commands of root's."""
    users = f"/run/wggw-lab/{lab.name}/passwd"
    lines = [line for line in pathlib.Path("/etc/passwd").read_text().splitlines() if not line.startswith("wggw:")]
    pathlib.Path(users).write_text("\n".join([*lines, f"wggw:x:{USER}:{USER}::/:/usr/sbin/nologin", ""]))
    lab.run("gateway", "mount", "--bind", users, "/etc/passwd")
    lab.at_reset("gateway", "umount", "/etc/passwd")
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    lab.connect()
    rooms = ("/var/lib/wggw", "/run/wggw", "/run/wireguard", "/run/amneziawg")
    # As systemd does where a service has such directories.
    lab.run("gateway", "chown", "-R", f"{USER}:{USER}", *rooms)
    lab.at_reset("gateway", "chown", "-R", "0:0", *rooms)
    service = Service(lab, checks, before=AS_SERVICE)
    try:
        checks.equal("it is not root", set(status(service.process.pid)["Uid"].split()), {str(USER)})
        lab.wggw("add-peer", "phone")
        lab.wggw("apply")
        is_applied(lab, checks, "what root's commands change")
        whose = lambda: set(lab.run("gateway", "find", *rooms, "-printf", "%u\n").out.split())
        checks.equal("all that they leave is the service's", whose(), {"wggw"})
        # Busy, while the service has a file of it open to write.
        checks.check("writes to the state directory are taken away", eventually(
            lambda: lab.run("gateway", "mount", "-o", "remount,bind,ro", "/var/lib/wggw", check=False).code == 0))
        is_applied(lab, checks, "and where they may not write")
        lab.run("gateway", "mount", "-o", "remount,bind,rw", "/var/lib/wggw")
        lab.run("gateway", "sh", "-c", "sysctl -qw net.ipv4.ip_forward=0; ip address del dev wg0 local $(ip -4 -o address show dev wg0 | "
                "awk '{ print $4 }')")
        checks.check("a setting and an address are put back", eventually(
            lambda: lab.wggw("plan", "--detailed-exitcode", check=False).code == 0), service.said())
        before = process_of(lab, interface="wg0")
        lab.run("gateway", "kill", "-KILL", str(before))
        checks.check("it starts the datapath that died", eventually(
            lambda: process_of(lab, interface="wg0") not in (None, before) and lab.pings("laptop", SERVER[4]), 30), service.said())
        pid = process_of(lab, interface="wg0")
        seen = status(pid)
        checks.equal("not as root, with two capabilities and a filter", [set(seen["Uid"].split()), int(seen["CapEff"], 16), seen["Seccomp"]],
                     [{str(USER)}, 1 << 10 | 1 << 12, "2"])
        taken_over(lab, checks, pid)
        lab.wggw("up", "--restart")
        checks.check("root puts another in its place", eventually(
            lambda: process_of(lab, interface="wg0") not in (None, pid) and lab.pings("laptop", SERVER[4])))
        after = process_of(lab, interface="wg0")
        lab.run("gateway", "kill", "-STOP", str(after))
        lab.run("gateway", "ip", "link", "delete", "wg0")
        checks.check("and that one, which is not the service's and hangs, it ends", eventually(
            lambda: not os.path.exists(f"/proc/{after}") and lab.pings("laptop", SERVER[4]), 30), service.said())
        lab.wggw("down")
        checks.check("nothing is left of it", eventually(lambda: not left_behind(lab)), left_behind(lab))
        checks.equal("and it heard of that", whose(), {"wggw"})
    finally:
        service.end()


def taken_over(lab, checks, pid):
    """What somebody tries who got into it by a packet."""
    if platform.machine() != "x86_64":
        print(f"     nothing is tried from inside: the test cannot make system calls on {platform.machine()}", flush=True)
        return
    netlink = sockets(pid, "netlink")
    checks.equal("it has three netlink sockets: two hear news, one asks for routes", len(netlink), 3)
    datagrams, tun = sockets(pid, "udp")[0], descriptors(pid, "/dev/net/tun")[0]
    index = int(lab.run("gateway", "cat", "/sys/class/net/eth0/ifindex").out)
    with Inside(pid) as inside:
        request = add_route(index)
        for news in netlink:
            checks.equal("a route is asked for", inside.call("sendto", news, request, len(request), 0, 0, 0), len(request))
            came = []
            while (count := inside.call("recvfrom", news, inside.buffer, 1 << 15, socket.MSG_DONTWAIT, 0, 0)) > 0:
                came.append(netlink_error(inside.read(count)))
            checks.equal("and refused", [answer(-code) for code in came if code is not None], ["EPERM"])
        checks.equal("a mark may be set", inside.call("setsockopt", datagrams, socket.SOL_SOCKET, socket.SO_MARK, bytes(4), 4), 0)
        done = {what: answer(inside.call(*call)) for what, call in attempts(pid, tun, datagrams).items()}
        works = {what: result for what, result in done.items() if result != "ENOSYS"}
        checks.equal(f"{len(done)} other things are not even tried by the kernel", works, {})
    checks.equal("no route came of it", lab.run("gateway", "ip", "route", "show", "203.0.113.0/24").out, "")
    checks.check("and the datapath goes on", eventually(lambda: lab.pings("laptop", SERVER[4])))


def attempts(pid, tun, datagrams):
    """{what: a system call}. Numbers are those of x86-64."""
    one, name = struct.pack("=i", 1), b"wg0".ljust(40, b"\0")
    on_socket = lambda level, option, value: ("setsockopt", datagrams, level, option, value, len(value))
    address = lambda port: struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(SERVER[4]) + bytes(8)
    return {
        "sending with others' addresses": on_socket(socket.SOL_IP, 19, one),  # IP_TRANSPARENT
        "and IPv6 ones": on_socket(socket.SOL_IPV6 if hasattr(socket, "SOL_IPV6") else 41, 75, one),  # IPV6_TRANSPARENT
        "others' addresses without that": on_socket(socket.SOL_IP, 15, one),  # IP_FREEBIND
        "an interface": on_socket(socket.SOL_SOCKET, 25, b"eth0\0"),  # SO_BINDTODEVICE
        "broadcasts": on_socket(socket.SOL_SOCKET, socket.SO_BROADCAST, one),
        "multicast": on_socket(socket.SOL_IP, socket.IP_ADD_MEMBERSHIP, bytes((224, 0, 0, 251)) + bytes(4)),
        "a program at its socket": on_socket(socket.SOL_SOCKET, 26, struct.pack("=HxxxxxxQ", 1, 0)),  # SO_ATTACH_FILTER
        "a kernel's protocol on its socket": on_socket(socket.IPPROTO_UDP, 100, one),  # UDP_ENCAP
        "tables of iptables": on_socket(socket.SOL_IP, 64, bytes(96)),  # IPT_SO_SET_REPLACE
        "the same with more bits than an int has": ("setsockopt", datagrams, 1 << 32 | socket.SOL_IP, 1 << 32 | 19, one, 4),
        "another device": ("ioctl", tun, 0x400454ca, name),  # TUNSETIFF
        "a device that stays": ("ioctl", tun, 0x400454cb, 1),  # TUNSETPERSIST
        "somebody else's device": ("ioctl", tun, 0x400454cc, 0),  # TUNSETOWNER
        "its offloads": ("ioctl", tun, 0x400454d0, 0),  # TUNSETOFFLOAD
        "an interface that is down": ("ioctl", datagrams, 0x8914, name),  # SIOCSIFFLAGS
        "an address": ("ioctl", datagrams, 0x8916, name),  # SIOCSIFADDR
        "a route as of old": ("ioctl", datagrams, 0x890b, bytes(120)),  # SIOCADDRT
        "a neighbour": ("ioctl", datagrams, 0x8955, bytes(68)),  # SIOCSARP
        "keys typed at a terminal": ("ioctl", 0, 0x5412, b"x"),  # TIOCSTI
        "signals to others by a descriptor": ("fcntl", datagrams, 8, 1),  # F_SETOWN
        "its own flags": ("fcntl", datagrams, 4, 0x2000),  # F_SETFL, O_ASYNC
        "core dumps": ("prctl", 4, 1, 0, 0, 0),  # PR_SET_DUMPABLE
        "somebody to trace it": ("prctl", 0x59616d61, (1 << 64) - 1, 0, 0, 0),  # PR_SET_PTRACER
        "another filter": ("prctl", 22, 2, 0, 0, 0),  # PR_SET_SECCOMP
        "another name": ("prctl", 15, b"kworker\0", 0, 0, 0),  # PR_SET_NAME
        "capabilities": ("capset", struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", *[1 << 12] * 3, 0, 0, 0)),
        "rtnetlink": ("socket", socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "whole frames": ("socket", socket.AF_PACKET, socket.SOCK_RAW, 0),
        "raw packets": ("socket", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        "TCP": ("socket", socket.AF_INET, socket.SOCK_STREAM, 0),
        "TCP with more bits": ("socket", socket.AF_INET, 1 << 32 | socket.SOCK_STREAM, 0),
        "pings": ("socket", socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP),
        "local services": ("socket", socket.AF_UNIX, socket.SOCK_DGRAM, 0),
        "local services by streams": ("socket", socket.AF_UNIX, socket.SOCK_STREAM, 0),
        "connections": ("connect", datagrams, address(80), 16),
        "a service": ("listen", datagrams, 1),
        "files": ("openat", -100, b"/etc/passwd\0", 0, 0),
        "files as of old": ("open", b"/proc/self/mem\0", 2, 0),
        "whether there is a file": ("newfstatat", -100, b"/root/.ssh\0", bytes(256), 0),
        "the same as of old": ("stat", b"/root/.ssh\0", bytes(256)),
        "fewer files": ("unlink", b"/run/wireguard/wg0.sock\0"),
        "a process": ("fork",),
        "a thread": ("clone", 0x10f00, 0, 0, 0, 0),
        "a thread, newly": ("clone3", bytes(88), 88),
        "signals to others": ("kill", os.getpid(), 0),
        "signals to their threads": ("tgkill", os.getpid(), os.getpid(), 0),
        "code in new memory": ("mmap", 0, 4096, 7, 0x22, -1, 0),
        "other rights": ("unshare", 0x10000000),  # CLONE_NEWUSER
        "other networks": ("setns", datagrams, 0x40000000),
        "a file system": ("mount", b"none\0", b"/\0", b"tmpfs\0", 0, 0),
        "limits": ("prlimit64", pid, 7, struct.pack("=QQ", 1 << 20, 1 << 20), 0),
        "programs in the kernel": ("bpf", 0, bytes(120), 120),
        "a ring of system calls": ("io_uring_setup", 1, bytes(120)),
    }


def left_behind(lab):
    """Sockets of the datapath, and the processes that were to remove them."""
    files = lab.run("gateway", "find", "/var/run/wireguard", "/var/run/amneziawg", "-type", "s").out.split()
    inside = lab.run("gateway", "sh", "-c", "ip netns pids $(ip netns identify $$)").out.split()
    names = [pathlib.Path(f"/proc/{pid}/comm") for pid in inside]
    return files + [name.read_text().strip() for name in names if name.exists() and "janitor" in name.read_text()]


GREEDY = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"set=1\\n" + b"x" * (60 << 20))
s.recv(1)
"""


def out_of_memory(lab, checks):
    """A crash is a crash, and no system call that the filter does not know: the exit says what it was."""
    size = 0
    for limit in ("unlimited", None):
        # The second time with hardly more room than the first one took to start.
        process = lab.start("gateway", "prlimit", "--core=0", f"--as={limit or size + (1 << 20)}",
                            "wggw", "datapath", "wg7", "--foreground")
        checks.check("a datapath in the foreground", eventually(lambda: process_of(lab, interface="wg7")))
        size = int(status(process_of(lab, interface="wg7"))["VmSize"].split()[0]) << 10
        if limit:
            process.terminate()
            process.communicate()
    # A request that never ends: so much of it is kept.
    lab.run("gateway", "/usr/bin/env", "python3", "-Ic", GREEDY, "/var/run/wireguard/wg7.sock", check=False)
    process.terminate()
    process.communicate()
    checks.check("without memory it ends by a signal of its own", process.returncode in
                 (-signal.SIGABRT, -signal.SIGILL, -signal.SIGTRAP, -signal.SIGSEGV), process.returncode)
    checks.check("and leaves nothing either", eventually(lambda: not left_behind(lab)), left_behind(lab))


def still_works(lab, checks, pid):
    """What a system call or a capability is needed for, after the start."""

    def goes(what, *command):
        done = lab.run("gateway", *command, check=False)
        checks.check(what, done.code == 0 and process_of(lab, interface="wg0") == pid, done.err)

    goes("a port below 1024", "wg", "set", "wg0", "listen-port", "80")
    goes("a fwmark", "wg", "set", "wg0", "fwmark", "7")
    goes("no fwmark", "wg", "set", "wg0", "fwmark", "0")
    goes("any port", "wg", "set", "wg0", "listen-port", "0")
    goes("another MTU", "ip", "link", "set", "wg0", "mtu", "1280")
    goes("a link-local endpoint by its interface", "wg", "set", "wg0", "peer", "B" * 42 + "A=", "endpoint", "[fe80::1%eth0]:9")
    goes("and away with it", "wg", "set", "wg0", "peer", "B" * 42 + "A=", "remove")
    goes("the port that it had", "wg", "set", "wg0", "listen-port", "51820")
    goes("a dump", "wg", "show", "all", "dump")
    checks.check("packets go through", eventually(lambda: lab.pings("laptop", SERVER[4])))
    goes("down", "ip", "link", "set", "wg0", "down")
    goes("a port while it is down", "wg", "set", "wg0", "listen-port", "80")
    goes("and that one again", "wg", "set", "wg0", "listen-port", "51820")
    goes("and up", "ip", "link", "set", "wg0", "up")
    # The laptop finds out that its session is gone after fifteen seconds, or when it is told.
    checks.check("a new session begins", eventually(lambda: lab.pings("gateway", lab.tunnel_addresses()[4])))
    checks.check("packets go through again", eventually(lambda: lab.pings("laptop", SERVER[4])))
