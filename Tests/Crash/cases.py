# SPDX-License-Identifier: GPL-3.0-or-later
"""Which call of which scenario comes to grief, and how: all of them, or a sample that is spread out."""

import dataclasses
import random
import re

import effects
from scenarios import Scenario
from supervisor import SLOW, Point

#: What comes next is one of these; the first as often as the others together.
NEXT = ("draft", "again", "draft", "down")


#: {scenario: cases of it that found something once}; they are in every sample.
FOUND = {
    # The old datapath let go of its port only when its process ended: "Address already in use".
    "apply restart": ("running.all.0 slow, then draft",),
}


@dataclasses.dataclass(frozen=True)
class Case:
    scenario: Scenario
    point: Point
    effect: str
    #: Which command comes next: one that repairs and nothing else, the same again, or `down`.
    next: str

    @property
    def name(self):
        """`apply peers: command.send.7 ENOBUFS, then again`"""
        return f"{self.scenario.name}: {self.point} {self.effect}, then {self.next}"


def all_of(scenario, calls):
    """{(role, kind, effect): [case…]} of a scenario. `calls`: {(role, kind, n): the call's name} of an unharmed run."""
    found = {}
    # Slow, everybody or one of them: so that the probes see each state in between, and so that some wait for others.
    for role in {"all", *(role for role, _, _ in calls if role != "before")}:
        found[role, "all", SLOW] = [Case(scenario, Point(role, "all", 0), SLOW, "draft")]
    for (role, kind, n), name in sorted(calls.items()):
        # What made the state that the scenario starts from has done its work.
        if role == "before":
            continue
        for number, effect in enumerate(effects.effects_on(name)):
            case = Case(scenario, Point(role, kind, n), effect, NEXT[(n + number) % len(NEXT)])
            found.setdefault((role, kind, effect), []).append(case)
    return found


def named(scenario, words):
    """The case of a scenario that `Case.name` calls `ROLE.KIND.N EFFECT, then NEXT`; None if the words name none."""
    found = re.fullmatch(r"(\w+)\.(\w+)\.(\d+) (\w+), then (\w+)", words)
    if not found:
        return None
    role, kind, n, effect, following = found.groups()
    return Case(scenario, Point(role, kind, int(n)), effect, following)


def sample(scenario, calls, count, seed):
    """Up to `count` cases: one of each kind of call and effect before the second of any. The same for the same seed."""
    dice = random.Random(f"{seed} {scenario.name}")
    groups = [dice.sample(cases, len(cases)) for _, cases in sorted(all_of(scenario, calls).items())]
    dice.shuffle(groups)
    found = [named(scenario, words) for words in FOUND.get(scenario.name, ())]
    turns = max((len(group) for group in groups), default=0)
    others = [group[turn] for turn in range(turns) for group in groups if turn < len(group)]
    return (found + [case for case in others if case not in found])[:count]


def shares(scenario_list, count):
    """How many of `count` cases each scenario gets, by its weight; each at least one."""
    total = sum(scenario.weight for scenario in scenario_list)
    return {scenario.name: max(1, round(count * scenario.weight / total)) for scenario in scenario_list}
