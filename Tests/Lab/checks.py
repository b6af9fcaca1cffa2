# SPDX-License-Identifier: GPL-3.0-or-later
"""One line per check, and the count of them."""

import traceback


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.context = ""

    def check(self, what, holds, seen=""):
        """`ok …` or `FAIL …` with what was seen instead. Returns whether it holds."""
        line = f"{self.context}: {what}"
        if holds:
            self.passed += 1
            print(f"ok   {line}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {line}" + (f"\n     seen: {str(seen).strip()}" if seen != "" else ""), flush=True)
        return bool(holds)

    def equal(self, what, seen, expected):
        return self.check(what, seen == expected, f"{seen!r}\n     instead of: {expected!r}")

    def contains(self, what, seen, *words):
        return self.check(what, all(word in seen for word in words), f"{seen!r}\n     without one of: {words!r}")

    def scenario(self, context, body):
        """Runs a function that makes checks; what it raises is a failed check, not the end of the others."""
        self.context = context
        try:
            body()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next scenario has its turn
            place = traceback.extract_tb(error.__traceback__)
            here = next((f for f in reversed(place) if "/Tests/Lab/" in f.filename and "lab.py" not in f.filename), place[-1])
            self.check(f"runs to its end ({here.name}, line {here.lineno})", False, f"{type(error).__name__}: {error}")
