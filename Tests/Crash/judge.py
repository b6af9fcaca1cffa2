# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one case and judges what it came to."""

import dataclasses

from gateway import LIMIT
from lab import PATIENCE
from lifecycle import differences
from supervisor import HOLD, SLOW

#: How a case ends; `not reached`: the call did not come this time; `not judged`: the case broke off.
OUTCOMES = ("old", "new", "repaired", "not reached", "not judged")

#: What ends a guard, or a datapath.
DEADLY = ("die", "SIGHUP", "SIGINT", "SIGTERM")


@dataclasses.dataclass
class Verdict:
    #: One of `OUTCOMES`.
    outcome: str
    #: What is wrong, for people.
    faults: list
    #: The call, and what the command said.
    notes: list


def judge(bench, case, lesson, number):
    """`number` tells the packets of this case from those of others."""
    trial = Trial(bench, case, lesson)
    trial.begin(number)
    trial.strike()
    trial.look_at_once()
    trial.go_on()
    trial.look_at_the_end()
    return Verdict(trial.outcome, trial.faults, trial.notes)


class Trial:
    def __init__(self, bench, case, lesson):
        self.bench, self.gateway, self.prober = bench, bench.gateway, bench.prober
        self.case, self.scenario, self.lesson = case, case.scenario, lesson
        #: Whether a datapath comes to its end by it, which is nobody's fault, and no draft mends it.
        self.ends_datapath = case.point.role in ("running", "datapath") and case.effect in DEADLY
        self.faults, self.notes = [], []
        self.outcome = "not reached"
        #: How the command ended; None where it is the guard that acts.
        self.ended = None
        #: What was seen last, and which of the two states that is.
        self.state, self.is_like = lesson.old, {"old"}

    def fault(self, text):
        self.faults.append(text)

    # What happens

    def begin(self, number):
        self.bench.start(self.scenario, self.lesson.saved)
        if self.lesson.old.records.is_up:
            self.bench.call_on()
            self.prober.begin(number)
            if not self.prober.reaches(LIMIT * PATIENCE):
                self.fault("before it: the guest does not come through")
        self.prober.begin(number)

    def strike(self):
        point, effect = self.case.point, self.case.effect
        watches = list(self.bench.standing)
        for watch in watches:
            watch.arm(point, effect)
        if self.scenario.is_guard:
            self.gateway.set_deadline(0)
            self.guard_alone()
        else:
            # What is slow on purpose has the time for it.
            limit = LIMIT + 300 * HOLD if effect == SLOW else LIMIT
            self.ended, watch = self.gateway.run_supervised(*self.scenario.command, armed=(point, effect), limit=limit)
            watches.append(watch)
            self.notes.append(f"status {self.ended.code} after {self.ended.seconds:.1f} s: {self.ended.said[-500:]}")
            self.must_not_hang("it", self.ended)
        struck = next((watch.struck for watch in watches if watch.struck), None)
        if struck:
            self.notes.insert(0, f"at: {struck}")
        self.was_struck = struck is not None
        # What goes on living is harmed no more.
        for watch in watches:
            watch.disarm()

    def must_not_hang(self, who, ended):
        if ended.hung:
            self.fault(f"{who} had not ended after {ended.seconds:.0f} s:\n{ended.hung}")

    def guard_alone(self):
        """Waits for the guard to go back, without any command, if there is one."""
        has_guard = lambda: any(" guard " in words for words in self.gateway.processes().values())
        is_back = lambda: (records := self.gateway.records()).pending is None and records.journal is None
        if not has_guard():
            return
        if not self.gateway.settles(lambda: is_back() or not has_guard()):
            self.fault(f"the guard does not go back:\n{self.gateway.report()}")
        elif not is_back() and self.case.effect not in DEADLY:
            self.fault("the guard ended without going back")

    # What it came to

    def look(self):
        self.state = self.bench.state()
        known = {"old": self.lesson.old, "new": self.lesson.new}
        self.is_like = {name for name, state in known.items() if not self.distance(state)}

    def distance(self, wanted):
        """What differs between what was seen last and a state, for people; empty if nothing does."""
        found = differences(wanted.box, self.state.box)
        if self.key(self.state.records) != self.key(wanted.records):
            found = f"{self.state.records}, not {wanted.records}\n{found}"
        return shortened(found)

    def key(self, records):
        """What of the records tells one state from another."""
        applied, newest = records.applied, records.newest
        if self.scenario.goes_further and applied != self.lesson.old.records.applied:
            # Each try makes a revision of its own; what it says is what is on the box.
            applied = "later"
        return applied, None if self.scenario.goes_further else newest, records.is_up, records.journal, records.pending

    def look_at_once(self):
        """Before any other command: is what it said true?"""
        self.look()
        is_success = self.ended is not None and self.ended.code == 0
        if is_success and "new" not in self.is_like and not self.ends_datapath:
            self.fault(f"it said success, and the state is another one: {self.distance(self.lesson.new)}")
        if self.scenario.goes_back and self.state.records.pending is not None:
            self.gateway.set_deadline(0)
            self.guard_alone()
            self.look()
        if self.was_struck:
            said = ["new", "old"] if is_success or self.scenario.is_guard else ["old", "new"]
            self.outcome = next((name for name in said if name in self.is_like), "repaired")
        #: How many packets of each probe arrived while the tunnel had to be there.
        self.arrived = self.prober.arrived()

    def go_on(self):
        """The next command, whichever it is, leads to a state that somebody asked for."""
        has_site = self.state.records.newest is not None
        can_repeat = not self.scenario.is_guard and not (self.scenario.goes_further and "old" not in self.is_like)
        # A command that only drafts brings no datapath back.
        can_mend = can_repeat and differences(self.lesson.old.box, self.lesson.new.box)
        if has_site and (self.case.next == "down" or self.ends_datapath and not can_mend):
            return self.take_down()
        can_draft = has_site and not (self.ends_datapath and can_repeat)
        if can_draft and (self.case.next == "draft" or not can_repeat or "new" in self.is_like):
            self.then(*self.scenario.draft, wanted={"old", "new"})
        if can_repeat and "new" not in self.is_like:
            self.then(*self.scenario.command, wanted={"new"})
        records = self.state.records
        if records.is_up and records.newest == records.applied:
            self.do("plan", "--detailed-exitcode")
        self.arrived = self.prober.arrived()

    def do(self, *command):
        ended = self.gateway.run(*command)
        what = f"then `wggw {' '.join(command)}`"
        self.must_not_hang(what, ended)
        if ended.code:
            self.fault(f"{what} ends with status {ended.code}: {ended.said}")
        return what

    def then(self, *command, wanted):
        what = self.do(*command)
        self.look()
        if not self.is_like & wanted:
            found = min((self.distance(state) for state in (self.lesson.old, self.lesson.new)), key=len)
            self.fault(f"{what} leads to another state: {found}")

    def take_down(self):
        what = self.do("down")
        self.state, self.is_like = self.bench.state(), {"down"}
        left = differences(self.bench.bare, {**self.state.box, "files": self.bench.bare["files"]})
        if self.state.records.is_up or self.state.records.journal or left:
            self.fault(f"{what} leaves {self.state.records}\n{shortened(left)}")

    def look_at_the_end(self):
        records, old, new = self.state.records, self.lesson.old.records, self.lesson.new.records
        if records.integrity != "ok":
            self.fault(f"the database: {records.integrity}")
        # `down` is no confirmation: what waited for one counts as never applied.
        unconfirmed = {old.pending} if "down" in self.is_like else set()
        lost = (old.ever_applied & new.ever_applied) - records.ever_applied - unconfirmed
        if lost:
            self.fault(f"applied revisions are lost: {sorted(lost)}")
        self.must_leave_nothing(records)
        finally_arrived = self.prober.arrived()
        for probe, (_, while_up), (_, at_all) in zip(self.prober.probes, self.arrived, finally_arrived):
            count = while_up if probe.rule == "while up" and old.is_up and new.is_up else at_all if probe.rule == "never" else 0
            if count:
                self.fault(f"{count} packets arrived: {probe.name}")
        if records.is_up:
            self.bench.call_on()
            if not self.prober.reaches(LIMIT * PATIENCE):
                self.fault("at the end the guest does not come through")

    def must_leave_nothing(self, records):
        files = self.gateway.leftovers()
        if files:
            self.fault(f"files are left: {', '.join(files)}")
        # One, and for each of its three sockets a janitor.
        allowed = {"datapath": 4 if records.is_up else 0, "guard": 1 if records.pending is not None else 0}

        def too_many():
            running = self.gateway.processes()
            count = {role: sum(f" {role} " in words for words in running.values()) for role in allowed}
            return len(running) > sum(allowed.values()) or any(count[role] > allowed[role] for role in allowed)

        if not self.gateway.settles(lambda: not too_many()):
            self.fault(f"processes are left:\n{self.gateway.report()}")


def shortened(text, most=12):
    lines = text.strip().splitlines()
    return "\n".join(lines[:most] + ([f"… and {len(lines) - most} lines more"] if len(lines) > most else []))
