# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/quickstart on a box: installed from the source, upgraded, and gone again. It builds, so it is there where the image is."""

import re

from lab import ROOT, SERVER, eventually

#: The box's own, without the lab's: what is installed is what runs.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Of an upgrade under a ping five times a second; a new session would cost five seconds.
MOST_LOST = 5
INSTALLED = ("bin/wggw", "share/man/man8/wggw-apply.8", "share/man/man5/wggw-profile.5", "share/bash-completion/completions/wggw")


def quickstart(lab, checks):
    layer = f"/run/wggw-lab/{lab.name}/local"
    lab.run("gateway", "sh", "-c", f"mkdir -p {layer}/up {layer}/work && mount -t overlay overlay "
            f"-o lowerdir=/usr/local,upperdir={layer}/up,workdir={layer}/work /usr/local")
    box = lambda *command, **options: lab.run("gateway", "env", f"PATH={PATH}", "LC_ALL=C.UTF-8", *command, limit=900, **options)
    run = lambda *options: box(ROOT / "scripts/quickstart", *options, check=False)
    there = lambda: [file for file in INSTALLED if box("test", "-e", f"/usr/local/{file}", check=False).code == 0]

    refused = run("--here")
    checks.check("without a site it wants to know the LAN", refused.code == 64 and "--lan" in refused.err, refused.err)
    done = run("--here", "--lan", "192.168.1.0/24", "--endpoint", "itzxa.com:51820", "--datapath", lab.datapath)
    checks.check("installs, and makes a gateway", done.code == 0, done.out[-600:] + done.err[-600:])
    checks.equal("with manual pages and completions", there(), list(INSTALLED))
    lab.connect("phone")
    checks.check("the phone reaches the LAN", lab.pings("laptop", SERVER[4]))

    program = lambda: box("stat", "-c", "%i", "/usr/local/bin/wggw").out
    before = program()
    ping = lab.start("laptop", "ping", "-n", "-i", "0.2", SERVER[4])
    done = run("--here")
    ping.send_signal(2)
    said = ping.communicate()[0]
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", said).groups())
    checks.check("run again, it upgrades", done.code == 0 and program() != before, done.out[-600:] + done.err[-600:])
    checks.check(f"under a ping: {sent - received} of {sent} lost", received > 0 and sent - received <= MOST_LOST, said[-300:])
    alias = box("cat", "/sys/class/net/wg0/ifalias").out.split()
    checks.equal("the datapath is the new program's", box("readlink", f"/proc/{alias[-1]}/exe").out, "/usr/local/bin/wggw\n")

    done = run("--uninstall")
    checks.check("uninstalls", done.code == 0, done.out[-600:] + done.err[-600:])
    checks.equal("what it installed is gone", there(), [])
    left = lambda: box("sh", "-c", "ip -o link show wg0; nft list tables | grep wggw; sysctl -n net.ipv4.ip_forward | grep -v 0",
                       check=False).out
    checks.check("and what it did to the box", eventually(lambda: left() == ""), left())
    checks.equal("the site stays", box("test", "-s", "/var/lib/wggw/wggw.db", check=False).code, 0)
