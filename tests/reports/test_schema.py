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
from reports.report import publish

from . import run_folders as make
from .test_golden import CASES
from .test_replay import folder as replay
from .whole import whole_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Made

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
def test_a_report_keeps_its_schema(make_case: Callable[[Path], None], made: Made, tmp_path: Path) -> None:
    """Whatever became of the run; and the schema describes every key."""
    path = publish(made.edition(make_case), tmp_path, None, {"json"})
    found = json.loads(path.read_text(encoding="utf-8"))
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


def test_a_replay(tmp_path: Path) -> None:
    """The trace beside the run, and calls asked for and made over time; null without a trace."""
    folder = replay().write(tmp_path / "run")
    reports.write(folder, formats=["json"])
    found = json.loads((folder / "report.json").read_text(encoding="utf-8"))["replay"]
    assert (found["calls"], found["made"], found["waited"], found["speed"]) == (130, 120, 12, 2)
    assert found["left_out"]["model:theirs"] == 2
    assert found["input_tokens"] == {"trace": [900, 1800], "run": [1000, 1000]}
    assert [stretch["asked_per_s"] for stretch in found["over_time"]] == [2, 2, 2, 2, 2, 3]
    assert sum(10 * stretch["made_per_s"] for stretch in found["over_time"]) == pytest.approx(120, rel=1e-4)
    make.shaped(("streaming",), (4,)).write(tmp_path / "other")
    reports.write(tmp_path / "other", formats=["json"])
    assert json.loads((tmp_path / "other" / "report.json").read_text(encoding="utf-8"))["replay"] is None


def test_what_is_known_of_the_account(tmp_path: Path) -> None:
    """Its quotas, AWS's counts beside ours with what explains a difference, and the Regions; or nothing of it."""
    run = make.shaped(("streaming",), (4,))
    quota = {"value": 60, "source": "account", "account_value": 60.0, "code": "L-AB", "others_per_minute": 6.0}
    run.info["quotas"] = {"quota": quota, "tokens_per_day": {"value": 9, "source": "settings"}}
    run.info["quota_notes"] = ["no quota"]
    run.info["settings"]["model"] |= {"base_model": "anthropic.claude-opus-5"}
    folder = run.write(tmp_path / "run")
    served = {"region": "us-west-2", "mode": "streaming", "calls": 3, "ttft_ms": {"p50": 1.5, "p95": 2}}
    aws = {
        "model_id": make.MODEL,
        "fetched_at": run.info["ended_at"] + 120,
        "metrics": {"Invocations": {"Sum": 1_000_000}, "InvocationLatency": {"Average": 5.0}},
        "missing": ["CloudWatch has no TimeToFirstToken of this run"],
        "serving": {"regions": [served], "calls_without_log": 4},
    }
    (folder / "aws.json").write_text(json.dumps(aws), encoding="utf-8")
    reports.write(folder, formats=["json"])
    found = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    check("report", found)
    assert sorted(set(undescribed(SCHEMAS["report"], found))) == []
    account = found["account"]
    assert account["quota_notes"] == ["no quota"]
    assert account["base_model"] == "anthropic.claude-opus-5"
    known = [(one["setting"], one["value"], one["source"], one["others_percent"]) for one in account["quotas"]]
    assert known == [("model.quota", 60, "account", 10), ("model.tokens_per_day", 9, "settings", None)]
    by_aws = account["by_aws"]
    [accepted] = [one for one in by_aws["counts"] if one["name"] == "accepted"]
    calls = len(run.requests)
    assert (accepted["aws"], accepted["ours"], accepted["difference"]) == (1_000_000, calls, 1_000_000 - calls)
    assert by_aws["reasons"] == [
        {"what": "more", "values": {"calls": 1_000_000 - calls}},
        {"what": "times", "values": {}},
    ]
    assert (by_aws["minutes_after_end"], by_aws["missing"]) == (2, aws["missing"])
    assert account["by_region"] == {
        "regions": [
            {
                "region": "us-west-2",
                "mode": "streaming",
                "calls": 3,
                "ttft_ms_p50": 1.5,
                "ttft_ms_p95": 2,
                "latency_ms_p50": None,
                "latency_ms_p95": None,
            }
        ],
        "calls_without_log": 4,
    }
    (folder / "aws.json").unlink()
    reports.write(folder, formats=["json"])
    found = json.loads((folder / "report.json").read_text(encoding="utf-8"))["account"]
    assert (found["by_aws"], found["by_region"]) == (None, None)


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
