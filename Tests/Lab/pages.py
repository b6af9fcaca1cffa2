# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual's pages as a reader's hands see them: which commands are typed where, what they are said to print, and which files are
written. docs/lab.md, "The manual is run", has the few words of this."""

import dataclasses
import functools
import pathlib
import re

from lab import ROOT

HOSTS = "gateway|laptop|home|server|router|far|builder"
PROMPT = re.compile(rf"({HOSTS})# (.*)")
STATUS = re.compile(r"\s# status (\d+)$")
UNTIL_INTERRUPTED = re.compile(r"\s# until Ctrl-C$")
LAB = re.compile(r"<!-- lab: (one-arm|router)$")
FENCE = re.compile(r"```(\S*) ?(.*)")
#: For who works on wggw; what stands in them is run by scripts/test, or measured.
DEVELOPERS = {"design.md", "bench.md", "lab.md"}


@dataclasses.dataclass
class Command:
    """One command, and what the page shows of its output: None where it shows nothing."""

    host: str
    text: str
    line: int
    shown: list[str] | None = None

    @property
    def status(self):
        found = STATUS.search(self.text)
        return int(found[1]) if found else 0

    @property
    def runs_on(self):
        """Whether it goes on until the page has something else typed there."""
        return UNTIL_INTERRUPTED.search(self.text) is not None

    def prints(self, output):
        """Whether an output is the one that is shown, where `…` stands for anything, and alone for any lines. How many spaces are
        between two words depends on the words above."""
        if self.shown is None:
            return True
        lines = [r"(?:.*\n)*?" if line.strip() == "…" else re.escape(squeezed(line)).replace("…", ".*?") + r"\n" for line in self.shown]
        return re.fullmatch("".join(lines), "".join(squeezed(line) + "\n" for line in output.strip("\n").splitlines())) is not None


@dataclasses.dataclass
class File:
    """What a page has its reader write into a file."""

    name: str
    text: str
    line: int


@dataclasses.dataclass
class Session:
    """What is done in one lab, from the page's mark to the next one."""

    page: pathlib.Path
    title: str
    shape: str
    steps: list[Command | File] = dataclasses.field(default_factory=list)

    @property
    def name(self):
        # The runner's names end at a comma.
        return f"manual: {self.page.relative_to(ROOT).as_posix()}: {self.title.replace(',', '')}"


@dataclasses.dataclass
class Page:
    path: pathlib.Path
    sessions: list[Session]
    #: Commands that no lab can run, each with the reason that the page gives.
    left_out: list[tuple[Command, str]]
    #: What is wrong with how it is written, each with its line.
    faults: list[str]


def squeezed(line):
    return re.sub(r" +", " ", line.rstrip())


@functools.cache
def pages():
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [read(path) for path in found if path.name not in DEVELOPERS]


def sessions():
    return [session for page in pages() for session in page.sessions]


def read(path):
    """Reads a page. A step that belongs to no lab, or a command outside of a fence for it, is a fault of the page."""
    page = Page(path, [], [], [])
    title, lines = path.stem, path.read_text().splitlines()
    number = 0

    def fault(line, what):
        page.faults.append(f"{path.relative_to(ROOT)}:{line}: {what}")

    def take(steps):
        if page.sessions:
            page.sessions[-1].steps += steps
        elif steps:
            fault(steps[0].line, "belongs to no lab: <!-- lab: … --> comes before it")

    def until(end):
        nonlocal number
        begun, body = number, []
        while number < len(lines) and lines[number] != end:
            body.append(lines[number])
            number += 1
        number += 1
        return begun + 1, body

    while number < len(lines):
        line = lines[number]
        number += 1
        if line.startswith("#"):
            title = line.lstrip("# ")
        elif found := LAB.match(line.removesuffix(" -->")):
            page.sessions.append(Session(path, title, found[1]))
            if not line.endswith("-->"):
                take(commands(*until("-->"), fault))
        elif line == "<!-- meanwhile":
            take(commands(*until("-->"), fault))
        elif found := FENCE.match(line):
            language, rest = found.groups()
            first, body = until("```")
            if language == "console" and rest:
                page.left_out += [(command, rest.removeprefix("not run: ")) for command in commands(first, body, fault)]
                if not rest.startswith("not run: "):
                    fault(first - 1, "a reason not to be run begins with \"not run:\"")
            elif language == "console":
                take(commands(first, body, fault))
            elif rest:
                take([File(rest, "\n".join(body) + "\n", first)])
            else:
                for offset, text in enumerate(body):
                    if is_command(text):
                        fault(first + offset, f"a command that nobody runs: {text}")
        elif line.startswith("    ") and is_command(line) and path.name != "README.md":
            fault(number, f"a command that nobody runs: {line.strip()}")
    return page


def is_command(text):
    return re.match(r"\s*(sudo |scripts/|wggw |wg-quick |wg |apt |systemctl |podman |docker )", text) is not None


def commands(first, body, fault):
    """The commands of a session's lines, of which a `\\` at the end goes on."""
    found = []
    going_on = False
    for line, text in enumerate(body, start=first):
        prompt = PROMPT.fullmatch(text)
        if going_on:
            found[-1].text += "\n" + text
        elif prompt:
            found.append(Command(prompt[1], prompt[2], line))
        elif not found:
            fault(line, f"stands before the first prompt: {text}")
            continue
        else:
            found[-1].shown = (found[-1].shown or []) + [text]
            continue
        going_on = text.endswith("\\")
    return found
