# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's gateway, from outside: what is on it, what runs there, what wggw remembers; and how it is put back."""

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import lifecycle
import supervisor
from lab import PATIENCE, eventually

#: Seconds that anything may take.
LIMIT = 10
SYSCTLS = "/proc/sys/net"


@dataclasses.dataclass(frozen=True)
class Records:
    """What wggw's database says. `newest` is nil before the first revision; `revisions` are those that were ever applied."""
    newest: int | None = None
    applied: int | None = None
    is_up: bool = False
    journal: str | None = None
    pending: int | None = None
    ever_applied: frozenset = frozenset()
    integrity: str = "ok"

    @property
    def is_settled(self):
        """Nothing is left to be ended by another command."""
        return self.journal is None and self.integrity == "ok"


@dataclasses.dataclass
class Ended:
    """A command that ended, or was ended after its time. `code` is as in `subprocess`: negative is a signal."""
    code: int
    said: str
    seconds: float
    #: What each process was waiting for, if it had to be ended.
    hung: str = ""


class Gateway:
    def __init__(self, lab):
        self.lab = lab
        base = pathlib.Path(f"/run/wggw-lab/{lab.name}/gateway")
        self.state = base / "var/lib/wggw"
        self.sockets = base / "run/wireguard"
        self.files = base / "run/wggw"
        self.namespace = os.stat(f"/run/netns/{lab.name}-gateway").st_ino
        #: Of commands under a filter whose descendants may live.
        self.supervisors = []
        self.sysctls = self._read_sysctls()

    # Running

    def run(self, *command, limit=LIMIT):
        """An unharmed wggw command. Returns `Ended`."""
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(["wggw", *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       **self.lab.on("gateway"))
            return self._await(process.poll, process.pid, output, limit)

    def run_supervised(self, *command, names=None, armed=None, limit=LIMIT):
        """A wggw command under a filter, which its descendants keep. Returns its `Ended` and its supervisor."""
        with tempfile.TemporaryFile() as output:
            watch = supervisor.launch(self.lab.on("gateway"), ["wggw", *command], output.fileno(), names, armed)
            self.supervisors.append(watch)
            status = lambda: None if (s := supervisor.is_over(watch.pid)) is None else os.waitstatus_to_exitcode(s)
            return self._await(status, watch.pid, output, limit), watch

    def _await(self, poll, pid, output, limit):
        begun = time.monotonic()
        code, hung = poll(), ""
        while code is None:
            if time.monotonic() - begun > limit * PATIENCE and not hung:
                hung = self.report()
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.003)
            code = poll()
        output.seek(0)
        return Ended(code, output.read().decode(errors="replace").strip(), time.monotonic() - begun, hung)

    # Looking

    def processes(self):
        """{process id: its words} of what runs in the gateway's network."""
        found = {}
        for entry in os.scandir("/proc"):
            # What ends meanwhile is no process any more.
            with contextlib.suppress(OSError, ValueError):
                pid = int(entry.name)
                if os.stat(f"/proc/{pid}/ns/net").st_ino == self.namespace:
                    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                    # One that has ended and waits for its parent has no words.
                    if words:
                        found[pid] = words
        return found

    def report(self):
        """What each process waits for, for people."""
        lines = []
        for pid, words in self.processes().items():
            lines.append(f"process {pid}: {words}")
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
                with contextlib.suppress(OSError):
                    stack = [line.split()[-1].split("+")[0] for line in (task / "stack").read_text().splitlines()[:4]]
                    lines.append(f"  thread {task.name}: {(task / 'wchan').read_text()} ({' < '.join(stack)})"
                                 f" system call {(task / 'syscall').read_text().split()[0]}")
        return "\n".join(lines)

    def look(self):
        """Everything that a revision decides, as {what: text}; endpoints and counters are not among it."""
        run = lambda *command, **options: self.lab.run("gateway", *command, **options).out
        digest = lambda name: hashlib.sha256((self.files / name).read_bytes()).hexdigest()
        lists = lambda version: run("ip", f"-{version}", "-batch", "-", stdin=lifecycle.LISTS)
        return {
            # What was ended is remembered for a while, and is nothing that anybody wants there.
            "firewall": re.sub(r"(set ended[46] \{[^}]*?)\t\telements = \{[^}]*\}\n", r"\1", run("nft", "-s", "list", "ruleset")),
            "links and addresses": re.sub(r"@if\d+", "", run("ip", "-brief", "-batch", "-", stdin="link\naddress\n")),
            **{f"IPv{version} routes, rules and proxy neighbours": lists(version) for version in (4, 6)},
            "settings": "\n".join(f"{name} {text.strip()}" for name, text in self._read_sysctls().items()),
            "WireGuard": self._wireguard(),
            "sockets": "\n".join(sorted(os.listdir(self.sockets))),
            "files": "\n".join(f"{name} {digest(name)}" for name in sorted(os.listdir(self.files)) if ".new." not in name),
        }

    def _wireguard(self):
        # `wg` waits as long as a datapath that hangs.
        script = "for i in $(wg show interfaces); do echo \"interface $i\"; wg showconf $i; done"
        text = self.lab.run("gateway", "timeout", "5", "sh", "-c", script, check=False).out
        text = re.sub(r"(?m)^Endpoint = .*\n", "", text)
        # No key in a report, but another key is another text.
        text = re.sub(r"(?<=Key = )\S+", lambda key: hashlib.sha256(key[0].encode()).hexdigest()[:12], text)
        head, *peers = text.split("\n[Peer]\n")
        return "\n".join([head, *("[Peer]\n" + "\n".join(sorted(peer.splitlines())) for peer in sorted(peers))])

    def records(self):
        """From a copy, since whoever opens a database whose writer died repairs it."""
        if not (self.state / "wggw.db").exists():
            return Records()
        with tempfile.TemporaryDirectory() as place:
            for name in ("wggw.db", "wggw.db-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(self.state / name, place)
            with contextlib.closing(sqlite3.connect(f"{place}/wggw.db")) as database:
                return read_records(database)

    def set_deadline(self, seconds):
        """When the apply that waits for confirmation goes back: seconds of the boot's clock."""
        with contextlib.closing(sqlite3.connect(self.state / "wggw.db", timeout=LIMIT)) as database, database:
            database.execute("UPDATE pending SET deadline = ?", (seconds,))

    def leftovers(self):
        """Files that nothing should have left."""
        known = {"wggw.db", "wggw.db-wal", "wggw.db-shm", "key", "lock"}
        return [f"/var/lib/wggw/{name}" for name in sorted(os.listdir(self.state)) if name not in known] + [
            f"{place.name}/{name}" for place in (self.sockets, self.files) for name in sorted(os.listdir(place))
            if ".new." in name or re.search(r"\.\d+$", name)]

    # Putting back

    def save(self):
        """The state directory, to be brought back by `restore`: {name: bytes}."""
        return {name: (self.state / name).read_bytes() for name in os.listdir(self.state)}

    def clear(self):
        """Nothing of wggw's on the box, whatever it is in the middle of."""
        self.end_processes()
        self.lab.run("gateway", "nft", "-f", "-", stdin="".join(
            f"table {family} wggw\ndelete table {family} wggw\n" for family in ("inet", "ip", "ip6", "arp")))
        for name in self._links():
            self.lab.run("gateway", "ip", "link", "delete", name, check=False)
        for directory in (self.state, self.sockets, self.files):
            for name in os.listdir(directory):
                (directory / name).unlink()
        self._write_sysctls()

    def end_processes(self):
        while running := self.processes():
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        while self.supervisors:
            self.supervisors.pop().end()

    def _links(self):
        words = self.lab.run("gateway", "ip", "-brief", "link").out.split("\n")
        return [name for line in words if (name := line.split(" ")[0].split("@")[0]).startswith("wg")]

    def restore(self, saved):
        for name, contents in saved.items():
            with open(self.state / name, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(contents)

    def _read_sysctls(self):
        """{setting of the interfaces, or of forwarding: text}, of all interfaces that there are."""
        found = {}
        with self.lab.network_of("gateway"):
            for path in [*pathlib.Path(SYSCTLS).glob("ipv4/conf/*/*"), *pathlib.Path(SYSCTLS).glob("ipv6/conf/*/*")]:
                # Some are for writing only, and an interface may go meanwhile.
                with contextlib.suppress(OSError):
                    found[str(path.relative_to(SYSCTLS))] = path.read_text()
        return found

    def _write_sysctls(self):
        # Some set others: until none differs.
        for _ in range(3):
            now = self._read_sysctls()
            changed = [name for name, text in self.sysctls.items() if now.get(name) != text]
            with self.lab.network_of("gateway"):
                for name in changed:
                    pathlib.Path(f"{SYSCTLS}/{name}").write_text(self.sysctls[name])
            if not changed:
                return

    def settles(self, question):
        return eventually(question, seconds=LIMIT)


def read_records(database):
    one = lambda query: database.execute(query).fetchone()
    try:
        integrity = one("PRAGMA integrity_check")[0]
        if not one("SELECT count(*) FROM sqlite_master WHERE name = 'box'")[0]:
            return Records(integrity=integrity)
        applied, is_up = one("SELECT applied, is_up FROM box")
        journal, pending = one("SELECT command FROM journal"), one("SELECT revision FROM pending")
        ever = frozenset(row[0] for row in database.execute("SELECT id FROM revision WHERE applied_at IS NOT NULL"))
        return Records(one("SELECT max(id) FROM revision")[0], applied, bool(is_up), journal and journal[0],
                       pending and pending[0], ever, integrity)
    except sqlite3.DatabaseError as error:
        return Records(integrity=f"{error}")
