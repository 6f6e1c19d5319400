"""A plugin of pytest: records the lines, seconds and outcome of each test, or runs tests of a list in its order."""

from __future__ import annotations

import builtins
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lines import MARKS, NAME, PLAN, open_marks

if TYPE_CHECKING:
    from collections.abc import Generator

RUN_ONLY = "MUTANTS_RUN_ONLY"
"""Variable of the environment: the file with the tests to run, a list in JSON."""
TO_DIGITS = bytes.maketrans(b"\0\1", b"01")


def pytest_configure(config: pytest.Config) -> None:
    """Record, if the environment says how, in the process that runs the tests."""
    if (plan := os.environ.get(PLAN)) and not config.getoption("numprocesses", None):
        config.pluginmanager.register(Recorder(Path(plan)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the list, in its order, if the environment names one."""
    if listed := os.environ.get(RUN_ONLY):
        order = {test: place for place, test in enumerate(json.loads(Path(listed).read_text()))}
        items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])


class Recorder:
    """Writes what it has seen, a line a test, beside the plan, with the number of the process in the name."""

    def __init__(self, plan: Path) -> None:
        """What this process starts from here on marks its lines in the same file."""
        self._files: dict[str, tuple[int, int]] = json.loads(plan.read_text())["files"]
        self._seen = plan.with_name(f"{os.getpid()}.seen")
        marks = self._seen.with_suffix(".marks")
        self._marks = open_marks(marks, sum(lines for _, lines in self._files.values()))
        self._none = bytes(len(self._marks))
        setattr(builtins, NAME, self._marks)
        os.environ[MARKS] = str(marks)
        self._passed = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What runs between the beginning of a test and its end belongs to it."""
        self._marks[:] = self._none
        self._passed, began_at = True, time.monotonic()
        try:
            return (yield)
        finally:
            took_s = round(time.monotonic() - began_at, 3)
            what = {"took_s": took_s, "passed": self._passed, "ran": self._ran()}
            with self._seen.open("a") as file:
                print(json.dumps({item.nodeid: what}), file=file)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test has passed if nothing of it failed."""
        self._passed = self._passed and not report.failed

    def _ran(self) -> dict[str, str]:
        """The lines that ran in each file: a number, in hexadecimal, whose bit of value 2^n stands for line n."""
        now = self._marks[:]
        found = {name: now[at : at + lines] for name, (at, lines) in self._files.items()}
        return {name: f"{int(marks[::-1].translate(TO_DIGITS), 2):x}" for name, marks in found.items() if any(marks)}
