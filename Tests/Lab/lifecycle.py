# SPDX-License-Identifier: GPL-3.0-or-later
"""What the box is before, during and after: nothing to do twice, back to the old, killed, unconfirmed, two at once."""

import json
import random
import re
import signal
import time

from lab import SERVER, eventually

#: Settings of the kernel that move by themselves.
VOLATILE = re.compile(r"nf_conntrack_count|\.random|route\.(min_adv_mss|max_size)|neigh\.|gc_thresh|nf_conntrack_max")


#: What `ip` lists in one go: each process costs a tenth of a second on an emulated machine.
LISTS = "route show table all\nrule\nneighbour show proxy\n"


def snapshot(lab):
    """Everything of the gateway's network that a person could have set, as {what: text}."""
    run = lambda *command: lab.run("gateway", *command).out
    sysctls = [line for line in run("sysctl", "-a", "-r", "^net\\.").splitlines() if not VOLATILE.search(line)]
    ruleset = run("nft", "-s", "list", "ruleset")
    return {
        "nft ruleset": ruleset,
        "sysctls": "\n".join(sysctls),
        # Every file of every interface, `all` and `default`; some cannot be read.
        "settings of interfaces": lab.run("gateway", "grep", "-rs", ".", "/proc/sys/net/ipv4/conf", "/proc/sys/net/ipv6/conf",
                                          check=False).out,
        "links": re.sub(r"@if\d+", "", run("ip", "-brief", "link")),
        "addresses": run("ip", "-brief", "address"),
        **{f"IPv{version} routes, rules and proxy neighbours": lab.run("gateway", "ip", f"-{version}", "-batch", "-", stdin=LISTS).out
           for version in (4, 6)},
    }


def differences(before, after):
    """Lines that are in one of two snapshots only."""
    found = []
    for what in before:
        old, new = before[what].splitlines(), after[what].splitlines()
        found += [f"{what}: - {line}" for line in old if line not in new]
        found += [f"{what}: + {line}" for line in new if line not in old]
    return "\n     ".join(found)


def uneven(lab):
    """Settings that differ from interface to interface, and that the kernel moves when forwarding is switched."""
    lab.run("gateway", "ip", "link", "add", "spare", "type", "veth", "peer", "name", "spare2")
    lab.at_reset("gateway", "ip", "link", "delete", "spare")
    lan, is_router = lab.lan_interface, lab.shape == "router"
    for setting, value in (
            ("ipv4.conf.all.accept_redirects", int(is_router)), ("ipv4.conf.default.forwarding", int(not is_router)),
            ("ipv4.conf.spare.forwarding", int(not is_router)), (f"ipv4.conf.{lan}.forwarding", int(is_router)),
            ("ipv6.conf.default.forwarding", int(not is_router)), ("ipv6.conf.spare.forwarding", int(not is_router))):
        before = lab.run("gateway", "sysctl", "-n", f"net.{setting}").out.strip()
        lab.at_reset("gateway", "sysctl", "-q", "-w", f"net.{setting}={before}")
        lab.run("gateway", "sysctl", "-q", "-w", f"net.{setting}={value}")


def given_back(lab, checks, reply_path):
    """`down` leaves the box as it was before wggw came."""
    # A table of somebody else's, and a sysctl that wggw has to change and to give back as it was.
    lab.run("gateway", "nft", "-f", "-", stdin="add table inet mine\nadd chain inet mine input { type filter hook input priority 5; }\n")
    lab.at_reset("gateway", "nft", "delete", "table", "inet", "mine")
    setting = "net.ipv4.conf.all.rp_filter"
    lab.at_reset("gateway", "sysctl", "-q", "-w", f"{setting}={lab.run('gateway', 'sysctl', '-n', setting).out.strip()}")
    lab.run("gateway", "sysctl", "-q", "-w", f"{setting}=1")
    uneven(lab)
    before = snapshot(lab)
    lab.init(reply_path, "--full-tunnel")
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    checks.check("apply changes the box", differences(before, snapshot(lab)))
    lab.connect()
    checks.check("strict reverse path filtering does not stop the tunnel", lab.pings("laptop", SERVER[4]))
    lab.wggw("down")
    # The datapath of the built-in kind ends by itself, in its own time.
    checks.check("down gives everything back", eventually(lambda: not differences(before, snapshot(lab))),
                 differences(before, snapshot(lab)))
    lab.wggw("down")
    checks.equal("a second down changes nothing", differences(before, snapshot(lab)), "")
    lab.wggw("apply")
    lab.connect()
    checks.check("apply after down brings the tunnel back", lab.pings("laptop", SERVER[4]))


def is_applied(lab, checks, when):
    done = lab.wggw("plan", "--detailed-exitcode", check=False)
    checks.check(f"{when}: plan has nothing to do", done.code == 0, f"status {done.code}: {done.out}{done.err}")


def twice(lab, checks):
    """The second apply has nothing to do; plan tells so by its status; bad input changes nothing."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    done = lab.wggw("plan", "--detailed-exitcode", check=False)
    checks.equal("a plan with changes ends with status 2", done.code, 2)
    lab.wggw("apply")
    once = snapshot(lab)
    done = lab.wggw("apply")
    checks.contains("the second apply says that there is nothing to do", (done.out + done.err).lower(), "nothing to do")
    checks.equal("and does nothing", differences(once, snapshot(lab)), "")
    is_applied(lab, checks, "after it")
    status = json.loads(lab.wggw("status", "--json").out)
    checks.check("status --json is JSON that names the peer", "laptop" in json.dumps(status), status)
    checks.check("status names the datapath", any(word in lab.wggw("status").out for word in ("kernel", "userspace")))
    for status, arguments in ((64, ["add-peer"]), (64, ["no-such-command"])):
        checks.equal(f"wggw {' '.join(arguments)} ends with status {status}", lab.wggw(*arguments, check=False).code, status)
    lab.run("gateway", "tee", "/run/wggw/bad.toml", stdin='[site]\nname = "x"\nendpoint = "itzxa.com:99999"\n')
    done = lab.wggw("apply", "-f", "/run/wggw/bad.toml", check=False)
    checks.equal("a bad profile ends with status 78", done.code, 78)
    checks.contains("and is refused with its place", done.err, "bad.toml:3:")
    done = lab.run("gateway", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "wggw", "apply", check=False)
    checks.equal("who is not root gets status 77", done.code, 77)
    checks.equal("all of that changed nothing", differences(once, snapshot(lab)), "")
    secrets(lab, checks)


def secrets(lab, checks):
    """Private keys come out by `export` only, and lie sealed."""
    private = re.search(r"PrivateKey\s*=\s*(\S+)", lab.wggw("export", "laptop").out)[1]
    said = "".join(lab.wggw(*command).out for command in
                   (["show"], ["show", "--profile"], ["show", "--state"], ["show", "--nft"], ["status"], ["history"],
                    ["profile", "export"], ["list"], ["list", "--json"], ["plan"]))
    checks.check("nothing but export says the private key", private not in said)
    found = lab.run("gateway", "grep", "-raF", private, "/var/lib/wggw", check=False)
    checks.check("it does not lie in the state directory in the open", found.code == 1, found.out or found.err)
    modes = lab.run("gateway", "find", "/var/lib/wggw", "-type", "f", "-perm", "/077").out
    checks.equal("nobody else may read the state", modes, "")


def rollback(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop", "-m", "the first")
    lab.wggw("apply")
    first = snapshot(lab)
    export = lab.wggw("export", "laptop").out
    lab.connect()
    lab.wggw("set-peer", "laptop", "--full-tunnel")
    lab.wggw("add-peer", "tablet", "-m", "the second")
    lab.wggw("apply")
    checks.check("the second apply changes the box", differences(first, snapshot(lab)))
    lab.wggw("rollback")
    checks.equal("rollback brings the first back", differences(first, snapshot(lab)), "")
    checks.equal("and the client's file is the same again", lab.wggw("export", "laptop").out, export)
    is_applied(lab, checks, "after rollback")
    checks.check("the tunnel works on", lab.pings("laptop", SERVER[4]))
    history = lab.wggw("history").out
    checks.contains("history tells of both", history, "the first", "the second")


def unconfirmed(lab, checks):
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    before = snapshot(lab)
    peers = lambda: lab.run("gateway", "wg", "show", "wg0", "peers").out.split()
    lab.wggw("add-peer", "tablet")
    start = time.monotonic()
    lab.wggw("apply", "--confirm", "5")
    checks.equal("apply --confirm applies at once", len(peers()), 2)
    checks.check("unconfirmed, it goes back by itself", eventually(lambda: len(peers()) == 1, seconds=20))
    checks.check("but not before its time", time.monotonic() - start >= 5)
    checks.check("and is as before", eventually(lambda: not differences(before, snapshot(lab))),
                 differences(before, snapshot(lab)))
    lab.wggw("apply", "--confirm", "5")
    lab.wggw("confirm")
    time.sleep(6)
    checks.equal("confirmed, it stays", len(peers()), 2)
    is_applied(lab, checks, "after confirm")


def killed(lab, checks, times=8, seed=1):
    """kill -9 at random points of an apply; the next apply repairs by itself."""
    rng = random.Random(seed)
    lab.init()
    lab.wggw("add-peer", "laptop")
    start = time.monotonic()
    lab.wggw("apply")
    length = time.monotonic() - start
    lab.connect()
    cut = 0
    for turn in range(times):
        # Changes of every kind: peers, routes, policy, the reply path, and all of it from nothing.
        if turn % 4 == 0:
            lab.wggw("down")
        lab.wggw("add-peer", f"peer{turn}", "--route", f"10.99.{turn}.0/24")
        lab.wggw("set-peer", "laptop", "--full-tunnel" if turn % 2 else "--split-tunnel")
        lab.wggw("init", "--reply-path", "routed" if turn % 3 == 2 else "masquerade")
        process = lab.start("gateway", "wggw", "apply")
        time.sleep(rng.uniform(0, length))
        process.send_signal(signal.SIGKILL)
        cut += process.wait() != 0
        process.communicate()
        lab.wggw("apply")
        done = lab.wggw("plan", "--detailed-exitcode", check=False)
        if done.code:
            checks.check(f"apply after kill {turn + 1} repairs", False, done.out + done.err)
            return
    checks.check(f"apply killed at {times} random points ({cut} of them before its end): the next one repairs", cut > 0, cut)
    lab.connect()
    checks.check("and packets go through", lab.pings("laptop", SERVER[4]))
    lab.wggw("down")


def at_once(lab, checks):
    """Commands at the same time wait for each other or say so; none is lost, none corrupts."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.wggw("apply")
    processes = [lab.start("gateway", "wggw", *command) for command in
                 (["add-peer", "a"], ["apply"], ["add-peer", "b"], ["apply"], ["add-peer", "c"], ["apply"])]
    ends = [(process.communicate(timeout=60)[0], process.returncode) for process in processes]
    checks.check("six commands at once all end well, or say that another one is at work",
                 all(code == 0 or "another" in out.lower() for out, code in ends), ends)
    lab.wggw("apply")
    is_applied(lab, checks, "after them")
    names = lab.wggw("list").out
    added = [name for name, (_, code) in zip("abc", ends[::2]) if code == 0]
    checks.check("every peer that was added is there", all(re.search(rf"\b{name}\b", names) for name in added), names)


def foreign_firewall(lab, checks):
    """A chain of somebody else's that drops what wggw lets through is named, with the rule that helps."""
    lab.init()
    lab.wggw("add-peer", "laptop")
    lab.run("gateway", "nft", "-f", "-", stdin="""
        add table inet strict
        add chain inet strict forwarding { type filter hook forward priority 10; policy drop; }
        """)
    lab.at_reset("gateway", "nft", "delete", "table", "inet", "strict")
    plan = lab.wggw("plan")
    checks.contains("plan names the chain", plan.out + plan.err, "strict", "forwarding")
    lab.wggw("apply")
    lab.connect()
    checks.check("it does drop", lab.is_silent("laptop", SERVER[4]))
    status = lab.wggw("status", check=False)
    checks.contains("status names the chain", status.out + status.err, "strict", "forwarding")
    commands = re.findall(r"(nft (?:add|insert) rule .*)", status.out + status.err)
    if checks.check("status tells the command that would let it through", commands, status.out + status.err):
        for command in commands:
            lab.run("gateway", "sh", "-ec", command)
        checks.check("and that command does", lab.pings("laptop", SERVER[4]))
    lab.wggw("down")
    checks.check("down leaves the other table alone",
                 "chain forwarding" in lab.run("gateway", "nft", "list", "table", "inet", "strict").out)
