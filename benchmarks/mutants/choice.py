"""Which tests run on a mutant, and in which order."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from project import WHOLE_RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mutator import Mutant
    from record import Record


@dataclass(frozen=True)
class Chosen:
    """The tests that may notice a mutant."""

    tests: list[str]
    """Those that run, in this order."""
    took_s: float
    """How long they take without it."""
    covered: bool
    """Whether one of them is known to run its line."""
    left_out: int
    """Those that would have taken longer than the script may."""


class Choice:
    """Chooses tests by the record."""

    def __init__(self, root: Path, record: Record, most_s: float) -> None:
        """`most_s` is how long the tests of a mutant may take together."""
        self._root, self._record, self._most_s = root, record, most_s
        self._took_s = record.tests()

    def of(self, mutant: Mutant) -> Chosen:
        """Those that run the line, then those that are named after the module or import it.

        The quickest come first: by file, because tests of a file share what they prepare, and in each file.
        """
        path = self._root / mutant.name
        near = near_tests(self._root, path)
        running = self._running(path, mutant)
        beside = [test for test in self._took_s if _file(test) in near]
        ordered = dict.fromkeys([*self._ordered(running, near), *self._ordered(beside, near)])
        chosen, took_s = list[str](), 0.0
        for test in ordered:
            if took_s + self._took_s[test] <= self._most_s:
                chosen.append(test)
                took_s += self._took_s[test]
        return Chosen(chosen, took_s, bool(running), len(ordered) - len(chosen))

    def _running(self, path: Path, mutant: Mutant) -> set[str]:
        """The tests that run a line; if a file runs at import only, those that run what imports it."""
        if mutant.lines:
            return self._record.running(self._root, mutant.name, mutant.lines)
        found, every_line = set[str](), range(20_000)
        for importer in importers(self._root, path):
            found |= self._record.running(self._root, str(importer.relative_to(self._root)), every_line)
        return found

    def _ordered(self, tests: Iterable[str], near: tuple[str, ...]) -> list[str]:
        total_s = defaultdict[str, float](float)
        for test in tests:
            total_s[_file(test)] += self._took_s[test]
        return sorted(
            tests,
            key=lambda test: (
                *(test.startswith(WHOLE_RUNS), _file(test) not in near),
                *(total_s[_file(test)], self._took_s[test]),
            ),
        )


def _file(test: str) -> str:
    return test.partition("::")[0]


def module_of(root: Path, path: Path) -> str:
    """The name of the module in a file."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@cache
def importers(root: Path, path: Path) -> tuple[Path, ...]:
    """The files of the project that import a module."""
    files = (file for file in sorted(root.glob("*/**/*.py")) if file.relative_to(root).parts[0] != "tests")
    return tuple(file for file in files if module_of(root, path) in imported(file))


@cache
def near_tests(root: Path, path: Path) -> tuple[str, ...]:
    """The files of tests that are named after a module, import it, or import what holds it.

    If there are none: those that import what stands beside it.
    """
    parts = path.relative_to(root).parts
    module = module_of(root, path)
    folder = "reports" if parts[0] == "reports" else "simulator" if "simulator" in parts else "core"
    tests = sorted((root / "tests" / folder).glob("test_*.py"))
    near = [test for test in tests if test.stem == f"test_{path.stem.strip('_')}"]
    near += [test for test in tests if module in imported(test)]
    if "." in (beside := module.rpartition(".")[0]):
        near += [test for test in tests if beside in imported(test)]
    near = near or [test for test in tests if any(name.startswith(f"{beside}.") for name in imported(test))]
    return tuple(dict.fromkeys(str(test.relative_to(root)) for test in near))


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules that a file imports, and the names in them."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names)
