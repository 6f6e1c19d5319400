"""benchmarks/mutants: the mistakes that it makes, and the tests that it runs on them."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SIZE = """LEAST = 3


def fits(size, least=LEAST):
    return (
        size
        >= least
    )


def never_run():
    return 1 + 1


def run_in_a_child():
    return 2 + 2


def run_by_the_command():
    return 3 + 3
"""
WHOLE = """from bedrock_locust.size import run_by_the_command


def test_a_whole_run():
    assert run_by_the_command() == 6
"""
TESTS = """import subprocess
import sys

from bedrock_locust.size import fits


def test_fits():
    assert fits(3)
    assert not fits(2)


def test_a_child():
    subprocess.run([sys.executable, "-c", "from bedrock_locust.size import *; run_in_a_child()"], check=True)


def test_that_fails():
    assert fits(0)
"""
CODE = """def whole(first, then):
    '''Says nothing.'''
    global seen
    try:
        if first:
            seen = 1
        elif then:
            seen = 2
        else:
            raise ValueError
    except ValueError:
        seen = 3
    finally:
        def inner():
            return 4
    match inner():
        case 4:
            return [
                seen
            ]
    return None
"""


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports one of its modules, which is no part of a package."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks" / "mutants")
    return importlib.import_module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project of the same folders."""
    root = tmp_path / "whole"
    texts = {"bedrock_locust/size.py": SIZE, "tests/core/test_size.py": TESTS, "pyproject.toml": "[tool.pytest]"}
    folders = ("bedrock_locust", "tests", "tests/core", "tests/e2e")
    texts |= {"tests/e2e/test_whole.py": WHOLE, **{f"{folder}/__init__.py": "" for folder in folders}}
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def mutants_of(mutator: ModuleType, root: Path, source: str) -> list[str]:
    """What the line of a file with one function becomes."""
    (root / "one.py").write_text(f"def f(a, b):\n    {source}\n")
    found = [mutant.source().splitlines()[1].strip() for mutant in mutator.Mutator(root, root / "one.py").mutants()]
    return [line for line in found if line != source]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("return a < b", ["return a <= b", "return a >= b", "return None"]),
        ("return a is not b", ["return a is b", "return None"]),
        ("return a + b", ["return a - b", "return None"]),
        ("return '%s' % b", ["return None"]),
        ("return a and b", ["return a or b", "return None"]),
        ("return not a", ["return a", "return None"]),
        ("return 7", ["return 8", "return None"]),
        ("return 0.0", ["return 1.0", "return None"]),
        ("return min(a, key=b)", ["return max(a, key=b)", "return min(a, )", "return None"]),
        ("if a: pass", ["if (not (a)): pass"]),
        ("a += b", ["a -= b", "pass"]),
        ("a.b = None", ["pass"]),
        ("a(b)", ["pass"]),
        ("raise a", ["pass"]),
        ("return f'{a + b}'", ["return None"]),
        ("b: int = a", []),
    ],
)
def test_small_mistakes_are_made(load: Any, tmp_path: Path, source: str, expected: list[str]) -> None:
    """One at a time, none in a text or an annotation."""
    assert sorted(mutants_of(load("mutator"), tmp_path, source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    a = 1 + 1",
        "@overload\ndef f(a: int = 1) -> int: ...",
        "class Needs(Protocol):\n    def f(self, a: int = 1) -> int: ...",
    ],
)
def test_what_only_the_type_checker_reads_has_no_mutants(load: Any, tmp_path: Path, source: str) -> None:
    """No test can notice them."""
    (tmp_path / "one.py").write_text(source)
    assert load("mutator").Mutator(tmp_path, tmp_path / "one.py").mutants() == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [(1, {5, 6, 7, 8, 12, 16, 20}), (4, {5, 6, 7, 8}), (7, {5, 7}), (12, {12})],
    ids=["constant", "default", "expression", "statement"],
)
def test_lines_tell_who_ran_a_line(load: Any, project: Path, line: int, expected: set[int]) -> None:
    """The line and its statement; of what runs at import, the lines that use it."""
    mutator = load("mutator")
    tree = mutator.Mutator(project, project / "bedrock_locust/size.py").tree
    assert mutator.lines_that_tell(tree, line) == expected


@pytest.mark.parametrize(
    ("arguments", "returned", "ran"),
    [
        ((True, False), [1], {3, 4, 5, 6, 14, 15, 16, 18}),
        ((False, True), [2], {3, 4, 5, 7, 8, 14, 15, 16, 18}),
        ((False, False), [3], {3, 4, 5, 7, 10, 12, 14, 15, 16, 18}),
    ],
)
def test_lines_that_run_are_marked(
    load: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[bool, bool], returned: list[int], ran: set[int]
) -> None:
    """The first of each statement in a function; the code does what it did."""
    lines, marks = load("lines"), bytearray(100)
    monkeypatch.setattr("builtins.__ran__", marks, raising=False)
    names: dict[str, Any] = {}
    exec(compile(lines.marked(ast.parse(CODE), 50), "code", "exec"), names)
    assert names["whole"](*arguments) == returned
    assert {place - 50 for place, mark in enumerate(marks) if mark} == ran
    assert names["whole"].__doc__ == "Says nothing."


def script(load: Any) -> Any:
    """The script itself."""
    path = Path(load("project").__file__).with_name("__main__.py")
    spec = importlib.util.spec_from_file_location("mutants", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tests_that_run_the_line_are_run(load: Any, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tests that fail anyway are left out; what no test runs has lived; after a change any line of the file counts."""
    mutants, copy = script(load), load("project").Copy(project, project.parent / "copy")
    assert mutants.recorded(copy, project.parent / "other.json", 1, ["tests/reports"]).tests() == {}
    record = mutants.recorded(copy, project.parent / "record.json", 1)
    found = mutants.chosen_mutants(copy.place, ["bedrock_locust"], 99, 1)
    choice = load("choice").Choice(copy.place, record, 60)
    by_line = {mutant.line: (mutant, choice.of(mutant)) for mutant in found}
    covered = {line: chosen.covered for line, (_, chosen) in by_line.items()}
    assert covered == {1: True, 5: True, 6: True, 12: False, 16: True, 20: True}
    assert by_line[16][1].tests[0] == "tests/core/test_size.py::test_a_child"
    assert by_line[1][1].tests[0] == "tests/core/test_size.py::test_fits"
    assert mutants.report(*zip(*(by_line[line] for line in (1, 12, 20)), strict=True), [copy]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "left out, because it fails without a mutant: tests/core/test_size.py::test_that_fails" in said
    assert "bedrock_locust/size.py:1 killed by FAILED tests/core/test_size.py::test_fits" in said
    assert any(line.startswith("bedrock_locust/size.py:12 LIVED, NOT COVERED") for line in said)
    assert "bedrock_locust/size.py:20 killed by FAILED tests/e2e/test_whole.py::test_a_whole_run" in said
    assert said[-1] == "bedrock_locust: 2 of 3 mutants killed (67 %)"
    assert record.missing(copy.place, "tests/core") == []
    (copy.place / "tests/core/test_size.py").write_text(f"{TESTS}\n")
    for target in ("tests/core", "tests/core/test_size.py"):
        assert record.missing(copy.place, target) == ["tests/core/test_size.py"]

    assert record.running(copy.place, "bedrock_locust/size.py", [12]) == set()
    (copy.place / "bedrock_locust/size.py").write_text(f"\n{SIZE}")
    every = {"core/test_size.py::test_fits", "core/test_size.py::test_a_child", "e2e/test_whole.py::test_a_whole_run"}
    assert record.running(copy.place, "bedrock_locust/size.py", [12]) == {f"tests/{test}" for test in every}
