# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual, done: every command line of docs/ as it stands there, in order, each session of a page from a fresh gateway."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

from lab import PATIENCE, ROOT
from pages import File, pages

#: The text of a code span, and a line of code.
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def session(lab, checks, session):
    """Types what a session types, all hosts in one directory, so that what is written on one is there on the others. After the first
    command that does not do what the page says the rest would only fail with it."""
    desk = pathlib.Path(f"/run/wggw-lab/{lab.name}/desk")
    desk.mkdir()
    running = {}
    try:
        for step in session.steps:
            if isinstance(step, File):
                (desk / step.name).write_text(step.text)
            elif not (judged(checks, *interrupted(running.pop(step.host))) if step.host in running else True):
                return
            elif step.runs_on:
                running[step.host] = step, lab.start(step.host, "bash", "-c", f"cd {desk}; exec {step.text}")
                # For it to listen to what comes next.
                time.sleep(PATIENCE)
            else:
                done = lab.run(step.host, "bash", "-c", f"exec 2>&1; cd {desk}; {step.text}", check=False)
                if not judged(checks, step, done.code, done.out):
                    return
    finally:
        for step, process in running.values():
            judged(checks, *interrupted((step, process)))


def interrupted(entry):
    """Ends what runs on as Ctrl-C does; the command, its status and what it printed."""
    step, process = entry
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=10 * PATIENCE)[0]
    return step, process.returncode, output


def judged(checks, step, code, output):
    shown = "\n".join(step.shown or [])
    # Ctrl-C is no fault, whether a command has a status of its own for it or none.
    as_said = (code == step.status or step.runs_on) and step.prints(output)
    return checks.check(f"{step.line}: {step.host}# {step.text}", as_said, f"status {code}\n{output}\n     instead of:\n{shown}")


def whole(checks):
    """What holds for all pages together: no command that is neither run nor said not to be, none that wggw does not have, no link
    that leads nowhere. Prints what is not run."""
    read = pages()
    faults = [fault for page in read for fault in page.faults]
    checks.check("every command is run, or said not to be", not faults, "\n".join(faults))
    left_out = [(page, *entry) for page in read for entry in page.left_out]
    for page, command, reason in left_out:
        print(f"     not run: {page.path.relative_to(ROOT)}:{command.line}: {command.text}  ({reason})")
    run = sum(not isinstance(step, File) for page in read for session in page.sessions for step in session.steps)
    print(f"     {run} commands of the manual are run, {len(left_out)} are not")
    texts = {path: path.read_text() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
    known = Known()
    wrong = [f"{path.relative_to(ROOT)}: {words}: {known.fault(words)}" for path, text in texts.items() for words in spoken(text)
             if known.fault(words)]
    checks.check("wggw has every command and option that is named", not wrong, "\n".join(wrong))
    lost = [f"{path.relative_to(ROOT)}: {link}" for path, text in texts.items() for link in LINK.findall(text)
            if leads_nowhere(path, link, texts)]
    checks.check("every link leads somewhere", not lost, "\n".join(lost))


def spoken(text):
    """What begins with `wggw` in a page: in spans, in lines of code, behind a prompt."""
    for found in [*SPAN.findall(text), *re.findall(r"^(?:    |\w+# )(?:sudo )?(wggw .*)", text, re.MULTILINE)]:
        if found.startswith("wggw "):
            yield re.split(r"\s+#\s|[|><;&]|\s{3,}|[—…]", found)[0]


class Known:
    """wggw's commands and their options, as it prints them itself."""

    def __init__(self):
        said = subprocess.run([os.environ["WGGW_BIN"], "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
        self.root = json.loads(said)["command"]

    def fault(self, words):
        """What is wrong with a command line, or None. Only its command and its options are looked at."""
        command, chosen = self.root, []
        for word in words.split()[1:]:
            inner = {each["commandName"]: each for each in command.get("subcommands", [])}
            if word in inner and not chosen:
                command = inner[word]
            elif word.startswith("--"):
                chosen.append(word.split("=")[0].rstrip(",.)]"))
            elif command is self.root and re.fullmatch(r"[a-z-]+", word):
                return f"there is no command {word}"
        names = {name["name"] for argument in command.get("arguments", []) for name in argument.get("names") or []}
        missing = [option for option in chosen if option.removeprefix("--") not in names | {"help", "version", "experimental-dump-help"}]
        return f"there is no {missing[0]}" if missing else None


def leads_nowhere(path, link, texts):
    if re.match(r"[a-z]+:", link):
        return False
    file, _, anchor = link.partition("#")
    target = (path.parent / file).resolve() if file else path
    if not target.exists():
        return True
    return bool(anchor) and anchor not in {slug(line) for line in texts.get(target, "").splitlines() if line.startswith("#")}


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")
