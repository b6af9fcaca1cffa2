# SPDX-License-Identifier: GPL-3.0-or-later
"""Which call of which scenario comes to grief, and how: all of them, or a sample that is spread out."""

import dataclasses
import random
import re

import effects
from scenarios import Scenario
from supervisor import Point

#: What comes next is one of these; the first as often as the others together.
NEXT = ("draft", "again", "draft", "down")


@dataclasses.dataclass(frozen=True)
class Case:
    scenario: Scenario
    #: None: every call that changes something waits for a moment, so that the probes see each state in between.
    point: Point | None
    effect: str
    #: Which command comes next: one that repairs and nothing else, the same again, or `down`.
    next: str

    @property
    def name(self):
        """`apply peers: command.send.7 ENOBUFS, then again`"""
        where = f"{self.point} {self.effect}" if self.point else self.effect
        return f"{self.scenario.name}: {where}, then {self.next}"


def all_of(scenario, calls):
    """{(role, kind, effect): [case…]} of a scenario. `calls`: {(role, kind, n): the call's name} of an unharmed run."""
    found = {("all", "all", "slow"): [Case(scenario, None, "slow", "draft")]}
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
    turns = max((len(group) for group in groups), default=0)
    return [group[turn] for turn in range(turns) for group in groups if turn < len(group)][:count]


def shares(scenario_list, count):
    """How many of `count` cases each scenario gets, by its weight; each at least one."""
    total = sum(scenario.weight for scenario in scenario_list)
    return {scenario.name: max(1, round(count * scenario.weight / total)) for scenario in scenario_list}
