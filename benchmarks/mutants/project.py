"""A copy of the project in which tests run, with a mutant or without."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from lines import PLAN, plan_of
from recorder import RUN_ONLY

if TYPE_CHECKING:
    from choice import Chosen
    from mutator import Mutant

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "node_modules", "results", "__pycache__", ".*_cache", ".hypothesis")
LEAST_S, TIMES_AS_LONG = 60.0, 4
"""A mutant is stopped, and counts as noticed, after 60 s and 4 times what its tests take without it."""
WHOLE_RUNS = ("tests/e2e/", "tests/faults/", "tests/versions/")
"""Tests that run the whole command."""
PASSED, NONE_FOUND = 0, 5
"""Exit codes of pytest."""


class Copy:
    """A copy of the project."""

    def __init__(self, root: Path, place: Path) -> None:
        """`root` is the project; `place` is a folder that does not exist yet."""
        shutil.copytree(root, place, ignore=LEFT_OUT, symlinks=True)
        self.place = place
        self._said, self._listed = place.with_suffix(".txt"), place.with_suffix(".json")

    def record(self, tests: list[str], processes: int) -> Path:
        """Run files of tests without a mutant: the folder with what the plugin has seen."""
        folder = Path(tempfile.mkdtemp(prefix="seen-", dir=self.place.parent))
        plan = folder / "plan.json"
        plan.write_text(json.dumps({"root": str(self.place), "files": plan_of(self.place)}))
        spread = ["-n", str(processes), "--dist", "loadfile"] if processes > 1 else []
        self._pytest([*tests, *spread], {PLAN: str(plan)}, None)
        return folder

    def noticed_by(self, mutant: Mutant, chosen: Chosen) -> str:
        """What noticed a mutant, in a few words; empty if nothing did."""
        if not chosen.tests:
            return ""
        path = self.place / mutant.name
        # Tests of whole runs leave sockets as they are, and the others do not: pytest cannot run them together.
        parts = [[test for test in chosen.tests if test.startswith(WHOLE_RUNS) is whole] for whole in (False, True)]
        path.write_text(mutant.source())
        try:
            found = (self._noticed_by(tests, LEAST_S + TIMES_AS_LONG * chosen.took_s) for tests in parts if tests)
            files, code = next((one for one in found if one[1] not in (PASSED, NONE_FOUND)), ([], PASSED))
        finally:
            path.write_bytes(mutant.original)
        if not files:
            return ""
        return "the deadline" if code is None else self._failure() or self._unable(files)

    def _noticed_by(self, tests: list[str], timeout_s: float) -> tuple[list[str], int | None]:
        """The files of these tests, and what pytest says of them; None if it had to be stopped."""
        self._listed.write_text(json.dumps(tests))
        # In the order of a whole run: the first folder's conftest.py lets gevent patch sockets before others use them.
        files = sorted({test.partition("::")[0] for test in tests})
        return files, self._pytest(["-x", *files], {RUN_ONLY: str(self._listed)}, timeout_s)

    def _failure(self) -> str:
        lines = self._said.read_text(errors="replace").splitlines()
        failed = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
        return failed[0].split(" - ")[0] if failed else ""

    def _unable(self, files: list[str]) -> str:
        """Pytest did not get as far as a test: through the mutant, unless it is the same without it."""
        if self._pytest(["--collect-only", *files], {}, None) != PASSED:
            sys.exit(f"pytest cannot run these files together: {' '.join(files)}\n{self._said.read_text()[-2000:]}")
        return "what stops pytest"

    def _pytest(self, arguments: list[str], variables: dict[str, str], timeout_s: float | None) -> int | None:
        """Run pytest; its exit code, None if it had to be stopped."""
        plain = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "recorder"]
        python_path = {"PYTHONPATH": f"{self.place}{os.pathsep}{HERE}", "PYTHONDONTWRITEBYTECODE": "1"}
        around = {name: value for name, value in os.environ.items() if not name.startswith("MUTANTS_")}
        with self._said.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *plain, *arguments],
                cwd=self.place,
                env=around | python_path | variables,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End tests and what they have started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
