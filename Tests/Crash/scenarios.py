# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that change something, each with the state that it starts from."""

import dataclasses

import probes
from lab import SERVER

#: Makes the lab's site; in both shapes the same.
INIT = ("init", "--lan", "192.168.1.0/24", "--lan", "2001:db8:1::/64", "--tunnel", "192.168.2.0/24", "--tunnel6", "fd5e:1::/64",
        "--endpoint", "itzxa.com:51820", "--datapath", "userspace")
TUNNELS = {4: "192.168.2.0/24", 6: "fd5e:1::/64"}

#: How the guest's policy names what its probe may reach.
GUEST = ("--allow", f"{SERVER[4]}:{probes.ALLOWED}/udp", f"[{SERVER[6]}]:{probes.ALLOWED}/udp")
WIDER = ("--allow", SERVER[4] + f":{probes.ALLOWED}/udp", f"[{SERVER[6]}]:{probes.ALLOWED}/udp", f"{SERVER[4]}:443/tcp")
#: Makes a site with the peers that the scenarios speak of.
SITE = (INIT, ("add-peer", "laptop", "--split-tunnel"), ("add-peer", "guest", *GUEST), ("add-peer", "tablet"))
#: Where `profile import` finds the site with another MTU.
PROFILE = "/etc/wireguard/site.toml"

PEERS = (("add-peer", "phone", "--route", "10.99.1.0/24"), ("remove-peer", "tablet"),
         ("set-peer", "laptop", "--route", "10.99.2.0/24"))
POLICY = (("set-peer", "guest", *WIDER), ("set-peer", "laptop", "--allow", SERVER[4]), ("set-peer", "tablet", "--full-tunnel"),
          ("init", "--reply-path", "routed"))
CONFIRM = ("apply", "--confirm", "600")


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    #: None: it is the guard that acts, because its time has come.
    command: tuple | None
    #: What it starts from: nothing, a site that is drafted, or one that is on the box as well.
    base: str = "applied"
    #: Commands from there to where it starts; done once.
    prepare: tuple = ()
    #: Commands whose processes have to be there when it starts; done each time.
    live: tuple = ()
    #: Whether the same command again goes on from where this one ended, and so to another state.
    goes_further: bool = False
    #: Whether it ends with an apply that waits for confirmation, and then goes back.
    goes_back: bool = False
    #: How many cases it gets for one of a command that only drafts.
    weight: int = 3

    @property
    def is_guard(self):
        return self.command is None

    @property
    def draft(self):
        """A draft in which nothing is new: it ends first what another command began, as each does that changes something."""
        return INIT if self.base == "nothing" else ("set-peer", "laptop", "--split-tunnel")

    @property
    def touches_box(self):
        """Whether its preparation does."""
        return any(command[0] in ("apply", "down") for command in self.prepare)


SCENARIOS = [
    Scenario("init", INIT, base="nothing", weight=1),
    Scenario("init again", ("init", "--mtu", "1380"), weight=1),
    Scenario("add-peer", ("add-peer", "phone"), weight=1),
    Scenario("set-peer", ("set-peer", "tablet", "--full-tunnel"), weight=1),
    Scenario("remove-peer", ("remove-peer", "tablet"), weight=1),
    Scenario("profile import", ("profile", "import", PROFILE), weight=1),
    Scenario("export", ("export", "laptop", "--png", "/run/wggw/laptop.png", "--force"), weight=1),
    Scenario("first apply", ("apply",), base="drafted", weight=5),
    Scenario("apply peers", ("apply",), prepare=PEERS, weight=5),
    Scenario("apply policy", ("apply",), prepare=POLICY, weight=5),
    Scenario("apply interface", ("apply",), prepare=(("init", "--interface", "wg7"),), weight=5),
    Scenario("apply restart", ("apply", "--restart"), weight=5),
    Scenario("apply confirm", CONFIRM, prepare=PEERS, goes_back=True),
    Scenario("apply restart confirm", ("apply", "--restart", "--confirm", "600"), prepare=POLICY, goes_back=True),
    Scenario("first apply confirm", CONFIRM, base="drafted", goes_back=True),
    Scenario("guard", None, prepare=PEERS, live=(CONFIRM,)),
    Scenario("guard takes down", None, base="drafted", live=(CONFIRM,)),
    Scenario("confirm", ("confirm",), prepare=PEERS, live=(CONFIRM,), weight=1),
    Scenario("rollback unconfirmed", ("rollback",), prepare=POLICY, live=(CONFIRM,), goes_further=True),
    Scenario("rollback", ("rollback",), prepare=(*POLICY, ("apply",)), goes_further=True),
    Scenario("down", ("down",), weight=4),
    Scenario("up", ("up",), prepare=(("down",),), weight=4),
]

