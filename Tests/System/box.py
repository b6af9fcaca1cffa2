# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway as somebody has it at home: a Debian with a service, a card to the Internet, a LAN, and a laptop outside."""

import random
import time

from lab import eventually
from machine import ROOT

#: The world around the box, made at every boot before the network is: a LAN with a server, and a laptop on the Internet. Its
#: WireGuard is the kernel's, and knows nothing of a reboot.
WORLD = """
host() {  # host NAME INTERFACE ADDRESS PEER-ADDRESS
    ip netns add $1
    ip link add $2 type veth peer name eth0 netns $1
    ip address add $4 dev $2 && ip link set $2 up
    ip -n $1 address add $3 dev eth0 && ip -n $1 link set eth0 up && ip -n $1 link set lo up
}
host server lan0 192.168.1.10/24 192.168.1.127/24
host laptop wan0 203.0.113.7/24 203.0.113.1/24
if [ -f /root/laptop.conf ]; then
    ip -n laptop link add office type wireguard
    ip netns exec laptop wg setconf office /root/laptop.conf
    ip -n laptop address add 192.168.2.1/24 dev office && ip -n laptop link set office up
    ip -n laptop route add 192.168.1.0/24 dev office
fi
"""
SERVICE = """
[Unit]
DefaultDependencies=no
After=systemd-udevd.service
Before=network-pre.target
Wants=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /root/world
[Install]
WantedBy=sysinit.target
"""
UPLINK = "[Match]\nName=en*\n[Network]\nDHCP=yes\n"


class Gateway:
    """The box with wggw installed as its user would, one peer, and the laptop that is this peer."""

    def __init__(self, machine, program, datapath):
        self.machine, self.datapath = machine, datapath
        self.write("/root/world", WORLD)
        self.write("/etc/systemd/system/world.service", SERVICE)
        self.write("/etc/systemd/network/uplink.network", UPLINK)
        self.run("systemctl enable -q --now world systemd-networkd systemd-networkd-wait-online", limit=120)
        # A debug build finds Swift's libraries where this box has them.
        self.run("[ ! -d /host/opt/swift ] || ln -s /host/opt/swift /opt/swift")
        self.run(f"install -m 0755 /host{program} /usr/local/bin/wggw")
        self.run(f"install -D -m 0644 /host{ROOT}/scripts/wggw.sysusers /etc/sysusers.d/wggw.conf && systemd-sysusers wggw.conf")
        self.run(f"install -m 0644 /host{ROOT}/scripts/wggw.service /etc/systemd/system/ && systemctl daemon-reload")
        self.run(f"wggw init --lan 192.168.1.0/24 --tunnel 192.168.2.0/24 --endpoint 203.0.113.1:51820 --datapath {datapath}")
        self.run("wggw add-peer laptop --address 192.168.2.1 && wggw apply && systemctl enable -q --now wggw")
        self.run("wggw export laptop | grep -vE '^(Address|DNS|MTU)' >/root/laptop.conf")
        self.run("systemctl restart world || { ip netns delete server; ip netns delete laptop; sleep 1; systemctl restart world; }")

    def run(self, script, **options):
        return self.machine.run(script, **options)

    def write(self, path, text):
        self.run(f"cat >{path} <<'END_OF_FILE'\n{text}\nEND_OF_FILE")

    def reaches(self, seconds=30):
        """Whether the laptop reaches the server in the LAN through the tunnel."""
        return eventually(
            lambda: self.run("ip netns exec laptop ping -n -c 1 -W 2 192.168.1.10", check=False).code == 0, seconds)

    def nothing_to_do(self):
        done = self.run("wggw plan --detailed-exitcode", check=False)
        return done.code == 0, done.out + done.err


def reboot(gateway, checks):
    """The tunnel is back after a reboot, without anybody's doing."""
    checks.check("the laptop reaches the LAN", gateway.reaches())
    gateway.machine.reboot()
    checks.check("after a reboot, too, and nobody typed a command", gateway.reaches(90),
                 gateway.run("systemctl status wggw --no-pager; journalctl -b -u wggw --no-pager | tail", check=False).out)
    well, told = gateway.nothing_to_do()
    checks.check("there is nothing to do", well, told)


def service(gateway, checks):
    """What the service is for systemd, and what it is for the tunnel."""
    checks.check("the laptop reaches the LAN", gateway.reaches())
    gateway.run("systemctl restart nftables")
    checks.check("nftables starts anew, with a flush: the table is back",
                 eventually(lambda: gateway.nothing_to_do()[0], 10), gateway.nothing_to_do())
    checks.contains("and the journal says so", gateway.run("journalctl -b -u wggw --no-pager -o cat").out, "put back:")
    before = gateway.run("wg show wg0 latest-handshakes; pgrep -f 'datapath wg[0]' || true").out
    gateway.run("systemctl restart wggw")
    checks.equal("the service starts anew: sessions and datapath go on",
                 gateway.run("wg show wg0 latest-handshakes; pgrep -f 'datapath wg[0]' || true").out, before)
    gateway.run("systemctl kill -s KILL wggw")
    checks.check("killed, it is there again",
                 eventually(lambda: gateway.run("systemctl is-active wggw", check=False).out == "active\n", 10))
    checks.check("and the laptop reaches the LAN", gateway.reaches(5))
    exposure = gateway.run("systemd-analyze security wggw --no-pager --threshold=20", check=False)
    checks.equal("it may do little else: at most 2.0 of 10 by systemd's count", exposure.code, 0)
    heard(gateway, checks)
    if gateway.datapath == "userspace":
        gateway.run("pkill -KILL -f 'datapath wg[0]'")
        checks.check("a datapath that is killed: one in the service's own cage carries the packets", gateway.reaches(30),
                     gateway.run("journalctl -b -u wggw --no-pager -o cat | tail", check=False).out)
    gateway.run("systemctl stop wggw")
    checks.check("stopped, it leaves the tunnel up", gateway.reaches(5))
    gateway.run("systemctl start wggw")


def heard(gateway, checks):
    """What it hears of and may write in its cage."""
    gateway.run("sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.wg0.forwarding=0")
    checks.check("settings of the network it puts back", eventually(lambda: gateway.nothing_to_do()[0], 10), gateway.nothing_to_do())
    checks.contains("and no others", gateway.run("systemctl show wggw -P ProtectKernelTunables").out, "yes")
    written = gateway.run("nsenter -m -t $(systemctl show wggw -P MainPID) sh -c 'for d in systemd/system udev wggw wireguard; do "
                          "mkdir -p /run/$d/probe 2>/dev/null && echo $d && rmdir /run/$d/probe; done'", check=False).out.split()
    checks.equal("in /run it may write what is its own", written, ["wggw", "wireguard"])
    checks.equal("and may not ask systemd for a way out of its cage", gateway.run(
        "nsenter -m -t $(systemctl show wggw -P MainPID) systemctl start systemd-tmpfiles-clean", check=False).code, 1)
    gateway.run("wg set wg0 peer $(wg genkey | wg pubkey) allowed-ips 192.168.2.99/32")
    checks.check("of wg it hears by its file", eventually(lambda: gateway.nothing_to_do()[0], 15), gateway.nothing_to_do())
    # Nothing on the box changes by it: only the records tell.
    gateway.run("wggw init --endpoint 203.0.113.1:51821 && wggw apply --confirm 5 && pkill -KILL -f 'wggw guard'")
    time.sleep(8)
    checks.contains("of an apply that changes nothing it hears by the records", eventually(
        lambda: gateway.run("wggw status", check=False).out, 1), "revision")
    checks.equal("and takes it back", gateway.run("wggw confirm", check=False).code, 1)
    gateway.run("wggw init --endpoint 203.0.113.1:51820 && wggw apply")


def unconfirmed(gateway, checks):
    """A box that starts anew before somebody confirms comes up in what was confirmed."""
    gateway.run("wggw add-peer passing && wggw apply --confirm 600")
    checks.equal("two peers wait for it", len(gateway.run("wg show wg0 peers").out.split()), 2)
    gateway.machine.reboot()
    checks.check("after a reboot the laptop reaches the LAN", gateway.reaches(90))
    checks.equal("and there is one", len(gateway.run("wg show wg0 peers").out.split()), 1)
    gateway.run("wggw remove-peer passing && wggw apply")


def power_cut(gateway, checks):
    """The power goes in the middle of an apply: the box comes up in the old revision or in the new one."""
    for attempt in range(2):
        gateway.run(f"wggw add-peer visitor{attempt}")
        gateway.machine.begin("wggw apply")
        # An apply takes half a second there; where in it the power goes is chance.
        time.sleep(random.uniform(0, 0.8))
        gateway.machine.cut_power()
        gateway.machine.power_on()
        checks.check(f"cut {attempt + 1}: the laptop reaches the LAN", gateway.reaches(90),
                     gateway.run("journalctl -b -u wggw --no-pager | tail; wggw status", check=False).out)
        gateway.run("wggw apply")
        well, told = gateway.nothing_to_do()
        checks.check(f"cut {attempt + 1}: the next apply ends in the newest revision", well, told)
