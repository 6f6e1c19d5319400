"""Which tests run a line of the project, as recorded once, and how long they take."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from lines import plan_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDERS = ("tests/reports", "tests/core", "tests/simulator", "tests/e2e")
"""The tests that are recorded: those of faults and of pages take minutes."""


class Record:
    """What was recorded so far, in a file that outlives the copies of the project."""

    def __init__(self, path: Path) -> None:
        """`path` is written when something is added."""
        self._path = path
        known = json.loads(path.read_text()) if path.exists() else {"sources": {}, "files": {}}
        self._sources: dict[str, str] = known["sources"]
        self._files: dict[str, dict[str, Any]] = known["files"]

    def missing(self, root: Path, folder: str) -> list[str]:
        """The files of tests in a folder, or the one file, that were not recorded as they are now."""
        place = root / folder
        found = [place] if place.is_file() else sorted(place.rglob("test_*.py"))
        names = {str(path.relative_to(root)): digest(path) for path in found}
        return [name for name, now in names.items() if self._files.get(name, {}).get("digest") != now]

    def add(self, root: Path, folder: Path, files: Iterable[str]) -> None:
        """Add what the plugin has seen of these files of tests."""
        by_file = defaultdict[str, dict[str, Any]](dict)
        for line in (line for seen in folder.glob("*.seen") for line in seen.read_text().splitlines()):
            for test, what in json.loads(line).items():
                by_file[test.partition("::")[0]][test] = what
        for name in files:
            none_ran = {name: {"took_s": 0.0, "passed": False, "ran": {}}}
            self._files[name] = {"digest": digest(root / name), "tests": by_file[name] or none_ran}
        for name in plan_of(root):
            self._sources.setdefault(name, digest(root / name))
        self._path.write_text(json.dumps({"sources": self._sources, "files": self._files}))

    def tests(self) -> dict[str, float]:
        """The tests that passed, and the seconds that each took."""
        return {test: what["took_s"] for test, what in self._every().items() if what["passed"]}

    def failed(self) -> list[str]:
        """The tests that failed without a mutant, or the file if it could not be read."""
        return [test for test, what in self._every().items() if not what["passed"]]

    def running(self, root: Path, name: str, lines: Iterable[int]) -> set[str]:
        """The tests that run one of these lines of a file; any line of it if it has changed since the record."""
        same = self._sources.get(name) == digest(root / name)
        wanted = sum({1 << line for line in lines}) if same else -1
        every = self._every().items()
        return {test for test, what in every if what["passed"] and wanted & int(what["ran"].get(name, "0"), 16)}

    def _every(self) -> dict[str, dict[str, Any]]:
        return {test: what for file in self._files.values() for test, what in file["tests"].items()}


def digest(path: Path) -> str:
    """A short name for what a file says."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
