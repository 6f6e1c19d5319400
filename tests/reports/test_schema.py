"""`report.json` and `comparison.json` against their schemas."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import reports
from reports.__main__ import main

from . import run_folders as make
from .test_golden import CASES
from .whole import whole_report

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parents[2] / "docs"
SCHEMAS = {name: json.loads((DOCS / f"{name}.schema.json").read_text()) for name in ("report", "comparison")}
REGISTRY: Registry[Any] = Registry().with_resources(
    [(f"{name}.schema.json", Resource.from_contents(schema)) for name, schema in SCHEMAS.items()]
)


def check(name: str, found: object) -> None:
    """Say what is wrong with a document, and where."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    errors = list(Draft202012Validator(SCHEMAS[name], registry=REGISTRY).iter_errors(found))
    assert not errors, [f"{list(error.absolute_path)}: {error.message}" for error in errors]


def undescribed(schema: dict[str, Any], found: Any, path: str = "") -> list[str]:
    """The keys in a document of which its schema says nothing."""
    if found is not None and "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
    if isinstance(found, list) and "items" in schema:
        return [one for item in found for one in undescribed(schema["items"], item, f"{path}[]")]
    if not isinstance(found, dict) or "properties" not in schema:
        return []
    missing = []
    for key, value in found.items():
        if key in schema["properties"]:
            missing += undescribed(schema["properties"][key], value, f"{path}.{key}")
        elif not any(re.search(pattern, key) for pattern in schema.get("patternProperties", {})):
            missing.append(f"{path}.{key}")
    return missing


@pytest.mark.parametrize("make_case", CASES, ids=lambda case: case.__name__)
def test_a_report_keeps_its_schema(make_case: Callable[[Path], None], tmp_path: Path) -> None:
    """Whatever became of the run; and the schema describes every key."""
    make_case(tmp_path / "run")
    reports.write(tmp_path / "run", formats=["json"])
    found = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    check("report", found)
    assert sorted(set(undescribed(SCHEMAS["report"], found))) == []


def test_a_wrong_report_does_not(tmp_path: Path) -> None:
    """The schema can fail."""
    make.shaped(("streaming",), (4,)).write(tmp_path / "run")
    reports.write(tmp_path / "run", formats=["json"])
    found = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    found["levels"][0]["ttft_ms_p95"] = "fast"
    del found["tokens"]
    with pytest.raises(AssertionError, match=r"'fast' is not of type.*'tokens' is a required|'tokens' is a required"):
        check("report", found)


def test_a_comparison_keeps_its_schema(tmp_path: Path) -> None:
    """With a level that failed, one that is missing, and a gate."""
    before, after = (make.shaped(("streaming",), (4, 8, 12), seed=seed) for seed in (1, 2))
    after.requests = [
        make.failed(row, "ThrottlingError", "ThrottlingException", "no") if row["users"] == 8 else row
        for row in after.requests
        if row["users"] != 12
    ]
    folders = [str(one.write(tmp_path / name)) for one, name in ((before, "a"), (after, "b"))]
    main(["compare", *folders, "--max-regression", "10%", "--output", str(tmp_path), "--format", "json"])
    check("comparison", json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8")))


def test_the_numbers_are_those_of_the_tables(tmp_path: Path) -> None:
    """Calls, TTFT and the slowest call, in Markdown and in JSON."""
    run = make.shaped(("streaming",), (4, 8)).write(tmp_path / "run")
    reports.write(run, formats=["markdown", "json"])
    text = (run / "report.md").read_text(encoding="utf-8")
    found = json.loads((run / "report.json").read_text(encoding="utf-8"))
    first_token = text.split("## Time to first token")[1].split("\n## ")[0]
    for level in found["levels"]:
        row = next(line for line in first_token.splitlines() if line.startswith(f"| {level['users']:>5,} "))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert int(cells[1]) == level["ttft_ms_count"]
        assert cells[4].split()[0] == f"{level['ttft_ms_p50']:.0f}"
    slowest = whole_report(run).split("## Slowest successful calls")[1].split("\n## ")[0]
    assert [call["request_id"] for call in found["slowest"]] == re.findall(r"`([0-9a-f]{12})`", slowest)
    rows = csv.DictReader((run / "requests.csv").read_text(encoding="utf-8").splitlines())
    assert found["tokens"]["output_tokens"] == sum(int(row["output_tokens"] or 0) for row in rows)
