# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of wggw's Debian package on a box of its own: installed, used, started anew, upgraded, removed, purged."""

import json
import re

import box

PING = "ip netns exec laptop ping -n -i 0.2 192.168.1.10 >/root/ping 2>&1 & echo $! >/root/ping.pid"
#: Of an emulated box that unpacks a package at the same time, five a second; a new session would cost 25.
MOST_LOST = 12


class Packaged(box.Gateway):
    """A box that has the world around it, and no wggw yet."""

    def __init__(self, machine, datapath):
        self.machine, self.datapath = machine, datapath
        self.write("/root/world", box.WORLD)
        self.write("/etc/systemd/system/world.service", box.SERVICE)
        self.write("/etc/systemd/network/uplink.network", box.UPLINK)
        self.run("systemctl enable -q --now world systemd-networkd systemd-networkd-wait-online", limit=120)

    def apt(self, words, check=True, environment=""):
        return self.run(f"{environment} DEBIAN_FRONTEND=noninteractive apt-get -y -o APT::Sandbox::User=root {words} </dev/null",
                        check=check, limit=300)

    def install(self, package):
        return self.apt(f"--reinstall install /host{package}")

    def applied(self):
        return json.loads(self.run("wggw status --json", check=False).out or "{}").get("applied")

    def traces(self):
        """What of a gateway is on the box: its interface, its tables, forwarding."""
        return self.run("ip -o link show wg0 2>/dev/null; nft list tables | grep wggw; pgrep -fa wggw; "
                        "sysctl -n net.ipv4.ip_forward | grep -v 0", check=False).out

    def programs(self):
        """The files that wggw's processes run, and how often."""
        return self.run("for p in $(pgrep -f 'wggw watch|wggw datapath'); do readlink /proc/$p/exe; done | sort | uniq -c",
                        check=False).out


def life(gateway, checks, old, new):
    installed(gateway, checks, old)
    used(gateway, checks)
    upgraded(gateway, checks, new)
    removed(gateway, checks, new)


def installed(gateway, checks, package):
    gateway.install(package)
    checks.equal("installed, nothing of a gateway is on the box", gateway.traces(), "")
    states = gateway.run("systemctl is-enabled wggw; systemctl is-active wggw; systemctl is-failed wggw", check=False).out
    checks.equal("the service is enabled, and not started", states.split(), ["enabled", "inactive", "inactive"])
    gateway.run("systemctl start wggw")
    checks.equal("without a site it has nothing to do", gateway.run("systemctl is-active wggw", check=False).out, "inactive\n")
    version = gateway.run("dpkg-query -W -f '${Version}' wggw").out
    checks.equal("the version is the file's", package.name.split("_")[1], version)
    checks.check("and the program runs", gateway.run("wggw --version").out.strip())
    pages = gateway.run("ls /usr/share/man/man8/wggw*.8.gz /usr/share/man/man5/wggw-profile.5.gz | wc -l", check=False).out
    checks.check("manual pages are there", int(pages) > 20, pages)


def used(gateway, checks):
    """What README calls daily use."""
    gateway.run("wggw init --lan 192.168.1.0/24 --tunnel 192.168.2.0/24 --endpoint 203.0.113.1:51820 "
                f"--datapath {gateway.datapath}")
    gateway.run("wggw add-peer laptop --address 192.168.2.1 && wggw plan && wggw apply && systemctl start wggw")
    for command in ("status", "history", "show", "export laptop --qr", "profile export", "diff"):
        checks.equal(f"wggw {command}", gateway.run(f"wggw {command} >/dev/null", check=False).code in (0, 1), True)
    gateway.run("wggw add-peer passing && wggw apply && wggw rollback")
    gateway.run("wggw export laptop | grep -vE '^(Address|DNS|MTU)' >/root/laptop.conf")
    gateway.run("systemctl restart world || { ip netns delete server; ip netns delete laptop; sleep 1; systemctl restart world; }")
    checks.check("the laptop reaches the LAN", gateway.reaches())
    gateway.machine.reboot()
    checks.check("after a reboot, too, and nobody typed a command", gateway.reaches(90),
                 gateway.run("systemctl status wggw --no-pager", check=False).out)


def upgraded(gateway, checks, package):
    revision = gateway.applied()
    gateway.run("wggw add-peer waiting")
    session = "wg show wg0 latest-handshakes"
    before = gateway.run(session).out
    gateway.run(PING)
    said = gateway.install(package).err
    counted = gateway.run("sleep 1; kill -INT $(cat /root/ping.pid); sleep 1; tail -n 3 /root/ping").out
    sent, received = (int(number) for number in re.search(r"(\d+) packets transmitted, (\d+) received", counted).groups())
    checks.check(f"upgraded under a ping: {sent - received} of {sent} lost", sent - received <= MOST_LOST, counted + said)
    checks.equal("a draft is a draft still", gateway.applied(), revision)
    programs = gateway.programs()
    checks.check("every process runs the new program", "/usr/bin/wggw\n" in programs and "(deleted)" not in programs, programs)
    if gateway.datapath == "kernel":
        checks.equal("the session is the same", gateway.run(session).out.split()[0], before.split()[0])
    gateway.run("wggw down")
    gateway.install(package)
    checks.equal("what is down stays down in an upgrade", gateway.run("ip -o link show wg0", check=False).code, 1)
    gateway.run("wggw up")
    checks.check("and comes up when it is told to", gateway.reaches(30))


def removed(gateway, checks, package):
    gateway.apt("remove wggw")
    checks.equal("removed, nothing of it is on the box", gateway.traces(), "")
    checks.equal("but the site", gateway.run("ls /var/lib/wggw", check=False).out.split(), ["key", "lock", "wggw.db"])
    gateway.install(package)
    checks.check("installed again, the laptop reaches the LAN", gateway.reaches(30))
    done = gateway.apt("purge wggw")
    checks.equal("purged, nothing of it is on the box", gateway.traces(), "")
    checks.contains("keys stay unless somebody says yes", done.out + done.err, "/var/lib/wggw stays")
    checks.equal("and they do", gateway.run("test -s /var/lib/wggw/wggw.db", check=False).code, 0)
    gateway.install(package)
    gateway.apt("purge wggw", environment="WGGW_PURGE_STATE=yes")
    checks.equal("who says yes has them deleted", gateway.run("ls /var/lib/wggw", check=False).code, 2)
