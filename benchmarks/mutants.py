"""Whether the tests notice a mistake: `python benchmarks/mutants.py bedrock_locust/settings --sample 20 --seed 1`.

Each mutant is a copy of the project with one small mistake in the code: a comparison turned or moved by one, a sum
made a difference, a number changed, `and` made `or`, a condition negated, a result dropped, a statement or a keyword
argument left out. The tests that cover the module run on it, first those that are named after it or import it, then
their whole folder; a mutant that none of them notices survives, and its diff is printed. The exit code is 1 if one did.

Texts, annotations, decorators and code for the type checker stay as they are. A survivor that means the same as the
original has to be told apart by hand.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "node_modules", "results", "__pycache__", ".*_cache", ".hypothesis")
NICENESS = 10
LEAST_S, TIMES_AS_LONG = 30.0, 4
"""A mutant is stopped, and counts as noticed, after the longer of 30 s and 4 times what its tests take without it."""

COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitOr: ("|", "&"),
    ast.BitAnd: ("&", "|"),
}
Placed = ast.expr | ast.stmt | ast.keyword
"""What has its place in the file."""
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One mistake in one file: bytes `start` to `end` of it become `text`."""

    path: Path
    original: bytes
    line: int
    start: int
    end: int
    text: str

    def source(self) -> str:
        """The file with the mistake in it."""
        return (self.original[: self.start] + self.text.encode() + self.original[self.end :]).decode()

    def diff(self) -> str:
        """What it changes, line by line."""
        original = self.original.decode().splitlines()
        lines = difflib.unified_diff(original, self.source().splitlines(), n=0, lineterm="")
        return "\n".join(f"    {line}" for line in [*lines][3:])


class Mutator:
    """Finds the mutants of a file."""

    def __init__(self, path: Path) -> None:
        """`path` is a Python file of the project."""
        self.path = path
        self.source = path.read_bytes()
        self.tree = ast.parse(self.source)
        self._line_starts = [0]
        for line in self.source.splitlines(keepends=True):
            self._line_starts.append(self._line_starts[-1] + len(line))

    def mutants(self) -> Iterator[Mutant]:
        """Each mutant that Python can compile to something else than the original."""
        original = ast.dump(self.tree)
        for node in self._nodes(self.tree):
            for start, end, text in self._changes(node):
                mutant = Mutant(self.path, self.source, getattr(node, "lineno", 1), start, end, text)
                try:
                    changed = ast.parse(mutant.source())
                except SyntaxError:
                    continue
                if ast.dump(changed) != original:
                    yield mutant

    def _nodes(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes of a tree that run: no annotations, decorators, f-strings, or imports for the type checker."""
        yield node
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr) and not _for_types(child):
                    yield from self._nodes(child)

    def _changes(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        """The places in the file that a node lets one change, and what to."""
        yield from self._operators(node)
        yield from self._values(node)
        yield from self._statements(node)

    def _operators(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                for before, op, after in zip([left, *comparators], ops, comparators, strict=False):
                    old, news = COMPARISONS[type(op)]
                    yield from (self._between(before, after, old, new) for new in news)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC and not _is_text(left, right):
                yield self._between(left, right, *ARITHMETIC[type(op)])
            case ast.AugAssign(target=target, op=op, value=value) if type(op) in ARITHMETIC:
                old, new = ARITHMETIC[type(op)]
                yield self._between(target, value, f"{old}=", f"{new}=")
            case ast.BoolOp(op=op, values=[first, *others]):
                old, new = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
                yield self._between(first, others[0], old, new)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield self._whole(node, self._text(operand))

    def _values(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        match node:
            case ast.Constant(value=bool(value)):
                yield self._whole(node, str(not value))
            case ast.Constant(value=int(number)):
                yield self._whole(node, str(number + 1))
            case ast.Constant(value=float(number)):
                yield self._whole(node, str(number * 2 or 1.0))
            case ast.Call(func=func, keywords=keywords):
                if isinstance(func, ast.Name) and func.id in SWAPPED:
                    yield self._whole(func, SWAPPED[func.id])
                yield from (self._without(keyword) for keyword in keywords if keyword.arg not in (None, "strict"))

    def _statements(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield self._whole(test, f"(not ({self._text(test)}))")
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._whole(value, "None")
            case ast.Expr(value=ast.Call() | ast.Await()) | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield self._whole(node, "pass")
            case ast.AugAssign() | ast.Continue() | ast.Break() | ast.Raise():
                yield self._whole(node, "pass")

    def _between(self, before: ast.expr, after: ast.expr, old: str, new: str) -> tuple[int, int, str]:
        """The operator between two expressions, replaced."""
        start, end = self._span(before)[1], self._span(after)[0]
        found = re.search(re.escape(old).replace("\\ ", r"\s+"), self.source[start:end].decode())
        if not found:
            return start, end, self.source[start:end].decode()
        return start + found.start(), start + found.end(), new

    def _whole(self, node: Placed, text: str) -> tuple[int, int, str]:
        return *self._span(node), text

    def _without(self, keyword: ast.keyword) -> tuple[int, int, str]:
        start, end = self._span(keyword)
        comma = re.match(rb"\s*,\s*", self.source[end:])
        return start, end + (comma.end() if comma else 0), ""

    def _text(self, node: Placed) -> str:
        start, end = self._span(node)
        return self.source[start:end].decode()

    def _span(self, node: Placed) -> tuple[int, int]:
        """The first byte of a node in the file and the one after its last."""
        start = self._line_starts[node.lineno - 1] + node.col_offset
        return start, self._line_starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_text(*nodes: ast.AST) -> bool:
    texts = (ast.JoinedStr, ast.Constant)
    return any(isinstance(node, texts) and isinstance(getattr(node, "value", ""), str) for node in nodes)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


@dataclass(frozen=True)
class Covering:
    """The tests that cover a module.

    `near` are named after it, import it, or import its package. If there are none, those that import what stands beside
    it. `far` is the folder of tests.
    """

    near: tuple[str, ...]
    far: str


def covering(root: Path, path: Path) -> Covering:
    """The tests of a module, the one that is named after it first."""
    parts = path.relative_to(root).with_suffix("").parts
    module = ".".join(parts).removesuffix(".__init__")
    folder = "reports" if parts[0] == "reports" else "simulator" if "simulator" in parts else "core"
    tests = sorted((root / "tests" / folder).glob("test_*.py"))
    namesakes = [test for test in tests if test.stem == f"test_{parts[-1].strip('_')}"]
    importing = [test for test in tests if module in _imported(test)]
    if "." in (beside := module.rpartition(".")[0]):
        importing += [test for test in tests if beside in _imported(test)]
    if not namesakes and not importing:
        importing = [test for test in tests if any(name.startswith(f"{beside}.") for name in _imported(test))]
        importing += sorted((root / "tests" / folder).glob("*/test_*.py"))
    near = dict.fromkeys(str(test.relative_to(root)) for test in [*namesakes, *importing])
    return Covering(tuple(near), f"tests/{folder}")


@cache
def _imported(test: Path) -> frozenset[str]:
    """The modules that a test imports."""
    names = set()
    for node in ast.walk(ast.parse(test.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names)


class Copy:
    """A copy of the project in which mutants live and tests run."""

    def __init__(self, place: Path) -> None:
        """`place` is a folder that does not exist yet."""
        shutil.copytree(ROOT, place, ignore=LEFT_OUT, symlinks=True)
        self.place = place
        self._took: dict[tuple[str, ...], float] = {}
        self._said = place.with_suffix(".txt")

    def survives(self, mutant: Mutant, stages: list[tuple[str, ...]]) -> bool:
        """Whether no test fails with the mutant in place."""
        return all(self._survives(mutant, tests) for tests in stages)

    def _survives(self, mutant: Mutant, tests: tuple[str, ...]) -> bool:
        timeout_s = max(LEAST_S, TIMES_AS_LONG * self._usual_s(tests))
        mutant.path.write_text(mutant.source())
        try:
            return self._passes(tests, timeout_s)
        finally:
            mutant.path.write_bytes(mutant.original)

    def _usual_s(self, tests: tuple[str, ...]) -> float:
        """How long tests take without a mutant, in which they must pass."""
        if tests not in self._took:
            started_at = time.monotonic()
            if not self._passes(tests, None):
                failed = [line for line in self._said.read_text().splitlines() if line.startswith(("FAILED", "ERROR"))]
                sys.exit("\n".join(["tests fail without a mutant:", *failed]))
            self._took[tests] = time.monotonic() - started_at
        return self._took[tests]

    def _passes(self, tests: tuple[str, ...], timeout_s: float | None) -> bool:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", *tests]
        with self._said.open("wb") as said:
            process = subprocess.Popen(
                command,
                cwd=self.place,
                env=os.environ | {"PYTHONPATH": str(self.place), "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return process.wait(timeout_s) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End tests and what they have started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def chosen(root: Path, targets: list[str], sample: int, seed: int) -> list[Mutant]:
    """A random sample of the mutants of folders, files, or lines of files, in the order of the code."""
    found = []
    for target in targets:
        name, _, line = target.partition(":")
        path = root / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found += [mutant for mutant in Mutator(file).mutants() if not line or mutant.line == int(line)]
    picked = random.Random(seed).sample(found, min(sample, len(found)))
    print(f"{len(picked)} of {len(found)} mutants of {' '.join(targets)}, seed {seed}", flush=True)
    return sorted(picked, key=lambda mutant: (mutant.path, mutant.start))


def main() -> int:
    """Make the mutants, run the tests, print what survived; 1 if something did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="a folder, a file, or FILE:LINE")
    parser.add_argument("--sample", type=int, default=20, help="how many mutants to try")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--near", action="store_true", help="leave out the folder of the tests, which takes minutes")
    parser.add_argument("--tests", nargs="+", metavar="TEST", help="run these tests instead")
    options = parser.parse_args()
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the tests end, too, and the copy goes
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        copy, tally = Copy(Path(place) / "project"), Counter[bool]()
        mutants = chosen(copy.place, options.targets, options.sample, options.seed)
        for mutant in mutants:
            survived = copy.survives(mutant, _stages(copy.place, mutant.path, options))
            tally[survived] += 1
            print(f"{mutant.path.relative_to(copy.place)}:{mutant.line} {'SURVIVED' if survived else 'killed'}")
            print(mutant.diff() if survived else "", end="\n" if survived else "", flush=True)
    print(f"{tally[False]} of {len(mutants)} mutants killed ({100 * tally[False] / max(1, len(mutants)):.0f} %)")
    return int(tally[True] > 0)


def _stages(root: Path, path: Path, options: argparse.Namespace) -> list[tuple[str, ...]]:
    """Which tests run on a mutant, one group after the other."""
    if options.tests:
        return [tuple(options.tests)]
    tests = covering(root, path)
    return [stage for stage in (tests.near, () if options.near and tests.near else (tests.far,)) if stage]


if __name__ == "__main__":
    sys.exit(main())
