# SPDX-License-Identifier: MIT
"""conftest.py - make every cmocka test of a unit program a pytest item

The source tests/unit/test_NAME.c stands for the program build/unit/test_NAME.
Collecting it runs the program once, with output in the TAP format; each "ok"
or "not ok" line becomes one item. A program that is missing, dies, prints no
test, prints fewer than it planned, or exits otherwise than its tests say adds
an item that fails: nothing is lost without a word.
"""
import os
import pathlib
import re
import subprocess

import pytest

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
TIME_LIMIT_S = 300
LINE = re.compile(r"^(?P<not>not )?ok \d+ (?P<skip># SKIP|-) (?P<name>.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")


def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".c" and file_path.name.startswith("test_"):
        return UnitProgram.from_parent(parent, path=file_path)
    return None


class UnitProgram(pytest.File):
    """One program; its items are the results of one run."""

    def collect(self):
        program = BUILD / "unit" / self.path.stem
        if not program.exists():
            yield self.item("program", "failed",
                            "%s is not built: use make" % program)
            return
        output, status = run(program)
        results, planned = parse(output)
        for name, verdict, detail in results:
            yield self.item(name, verdict, detail)
        trouble = explain(results, planned, status)
        if trouble:
            yield self.item("program", "failed", trouble + "\n" + output)

    def item(self, name, verdict, detail):
        return UnitItem.from_parent(self, name=name, verdict=verdict,
                                    detail=detail)


class UnitItem(pytest.Item):
    """One result; "running" it reports what was seen."""

    def __init__(self, *, verdict, detail, **kwargs):
        super().__init__(**kwargs)
        self.verdict = verdict
        self.detail = detail

    def runtest(self):
        if self.verdict == "skipped":
            pytest.skip(self.detail)
        if self.verdict == "failed":
            raise UnitFailure(self.detail)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, UnitFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, "%s: %s" % (self.path.stem, self.name)


class UnitFailure(Exception):
    """The unit program reported a failure."""


def run(program):
    """Return (output, exit status); a status of None is a time-out."""
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    try:
        done = subprocess.run([str(program)], env=environment,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace"), None
    return done.stdout.decode(errors="replace"), done.returncode


def parse(output):
    """Return ([(name, verdict, detail)], number of tests planned).

    What a failed test has to say follows its line, as comments.
    """
    results, planned = [], 0
    for line in output.splitlines():
        plan = PLAN.match(line)
        match = LINE.match(line)
        if plan:
            planned += int(plan.group(1))
        elif match:
            verdict = "failed" if match.group("not") else "passed"
            if match.group("skip") == "# SKIP":
                verdict = "skipped"
            results.append((match.group("name"), verdict, []))
        elif results:
            results[-1][2].append(line)
    return [(name, verdict, "\n".join(notes))
            for name, verdict, notes in results], planned


def explain(results, planned, status):
    """Say what is wrong with a run as a whole, or return None."""
    failed = any(verdict == "failed" for _, verdict, _ in results)
    if status is None:
        return "ran for more than %d s" % TIME_LIMIT_S
    if not results:
        return "reported no test, exit status %d" % status
    if len(results) != planned:
        return "%d of %d planned tests reported, exit status %d" % (
            len(results), planned, status)
    if (status != 0) != failed:
        return "exit status %d does not fit the tests" % status
    return None
