"""Names of functions: what is mistyped is found before the load, and nothing is imported for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.process.function_name import why_not_found

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = "reports.charts.live"


@pytest.mark.parametrize(
    "name", ["reports:write", f"{HEAVY}:charts", "json:dumps", "sys:exit", "sys.more:exit", "pathlib:Path"]
)
def test_what_is_there_is_found(name: str) -> None:
    """A function in a package, in a module of it, of the standard library, and without source."""
    assert why_not_found(name) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("reports:nosuch", r"reports/__init__\.py has no 'nosuch'"),
        ("reports.charts.nosuch:charts", r"reports/charts/__init__\.py has no module 'nosuch'"),
        ("reports.report.more:write", r"reports/report\.py has no module 'more'"),
        ("nosuch.module:write", "there is no module 'nosuch' on the path"),
        ("reports", "must be written as 'package.module:function'"),
        ("reports:", "must be written as"),
        (":write", "must be written as"),
        ("reports.write()", "must be written as"),
        ("../reports:write", "must be written as"),
    ],
)
def test_a_mistake_is_named(name: str, why: str) -> None:
    """With the file that lacks it."""
    with pytest.raises(AssertionError, match=why):
        assert why_not_found(name) == "", why_not_found(name)


def test_a_module_that_hides_ours_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An own reports.py beside the locustfile comes first on the path."""
    (tmp_path / "reports.py").write_text("def mine(): ...\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name == "reports" or name.startswith("reports.")]:
        monkeypatch.delitem(sys.modules, name)
    assert why_not_found("reports:write") == f"{tmp_path / 'reports.py'} has no 'write'"
    assert why_not_found("reports:mine") == ""


@pytest.mark.parametrize(
    "source",
    [
        "from json import *",
        "def __getattr__(name): ...",
        "if True:\n    make = print",
        "from json import dumps as make",
        "(",
    ],
)
def test_what_cannot_be_told_is_let_through(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may come by another way than a definition; a file with a mistake is named by whoever imports it."""
    (tmp_path / "own_maker.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert why_not_found("own_maker:make") == ""
    assert "own_maker" not in sys.modules


def test_places_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package comes before a module of its name; names count wherever they are given in the file, others do not."""
    files = {
        "own_package/__init__.py": "x = 1",
        "own_package/one/__init__.py": "def of_package(): ...",
        "own_package/one.py": "def of_module(): ...",
        "own_package/two.py": (
            "import a.b, c as d\nfrom e import f as g\nclass H: i = 1\nasync def j(): ...\nk: int = 1\nprint(m)"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "own_package"
    assert why_not_found("own_package.one:of_package") == ""
    assert why_not_found("own_package.one:of_module") == f"{package / 'one' / '__init__.py'} has no 'of_module'"
    for name in ("a", "d", "g", "H", "H.anything", "i", "j", "k"):
        assert why_not_found(f"own_package.two:{name}") == ""
    for name in ("b", "c", "e", "f", "m", "H2.i"):
        assert why_not_found(f"own_package.two:{name}") == f"{package / 'two.py'} has no {name!r}"
    assert why_not_found("own_package.three:x") == f"{package / '__init__.py'} has no module 'three'"
    assert why_not_found("own_package.two.more:x") == f"{package / 'two.py'} has no module 'more'"


@pytest.mark.parametrize("name", ["a", "a:", ":a", "a b:c", "a.:b", "a:b.", "a:1", "1:a", "a:b:c", ""])
def test_names_that_are_none(name: str) -> None:
    """Each part of both has to be one of Python's."""
    assert why_not_found(name) == "it must be written as 'package.module:function'"
