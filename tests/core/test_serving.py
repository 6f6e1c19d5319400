"""The Regions that served the calls of a run, from the account's invocation logs."""

from __future__ import annotations

import csv
import gzip
import json
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.aws.account.log_source import parts_of
from bedrock_locust.aws.account.serving import _percentile
from bedrock_locust.aws.account.serving import by_region as served
from bedrock_locust.commands import main
from bedrock_locust.settings.mistakes import SettingsError
from reports.edition import edition
from reports.numbers.serving import serving
from reports.reading.run import read
from reports.sections.cross_check import aws_check
from tests.reports import closed_loop

if TYPE_CHECKING:
    from pathlib import Path

    from reports.reading.run import Run
    from tests.simulator.process import Simulator

WEST, EAST = "us-west-2", "us-east-1"


def record(id_: str, region: str | None) -> dict[str, Any]:
    """A record as AWS writes it; a call that its own Region served has no inferenceRegion."""
    served = {"inferenceRegion": region} if region else {}
    return {"schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "region": EAST, "requestId": id_, **served}


def logs(folder: Path, *records: dict[str, Any]) -> Path:
    """A folder as S3 has it, with a large body aside, which is none."""
    hour = folder / "AWSLogs" / "123456789012" / "BedrockModelInvocationLogs" / EAST / "2026" / "11" / "28" / "05"
    (hour / "data").mkdir(parents=True)
    (hour / "data" / "body.json.gz").write_bytes(b"no log")
    with gzip.open(hour / "20261128T050000000Z_0a1b.json.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in records)
    return folder


def by_region(place: Path, run: Path) -> dict[str, Any]:
    """What the logs of a folder say, all of which can be read."""
    found = served(parts_of(str(place), None), run)
    assert found.unread == []
    return found.by_region


def run_of(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    """A run of streamed calls of different lengths, the first of which failed; and its rows."""
    run = closed_loop.run((2,), lambda *_: closed_loop.streamed(1000))
    for number, row in enumerate(run.requests):
        row.update(request_id=f"id-{number}", latency_ms=1000.0 + 7 * number, ttft_ms=100.0 + 3 * number)
    run.requests[0].update(error="ThrottlingError", error_stage="response", ttft_ms="")
    path = run.write(folder)
    with (path / "requests.csv").open(encoding="utf-8", newline="") as file:
        return path, list(csv.DictReader(file))


def test_calls_are_joined_by_their_ids(tmp_path: Path) -> None:
    """Each success counts where it was served; failures, calls of others and doubles count nowhere."""
    path, rows = run_of(tmp_path / "run")
    last = len(rows) - 1
    records = [record(f"id-{n}", WEST if n % 3 else None) for n in range(last)]
    found = by_region(logs(tmp_path / "logs", *records, records[1], record("of another", "eu-west-1")), path)
    assert found["calls_without_log"] == 1
    assert [one["region"] for one in found["regions"]] == [WEST, EAST]
    numbers = {row["request_id"]: row for row in rows if not row["error"]}
    for one, rest in zip(found["regions"], ((1, 2), (0,)), strict=True):
        ids = [f"id-{n}" for n in range(1, last) if n % 3 in rest]
        assert one["calls"] == len(ids)
        for name in ("ttft_ms", "latency_ms"):
            expected = np.percentile([float(numbers[id_][name]) for id_ in ids], [50, 95])
            assert [one[name]["p50"], one[name]["p95"]] == pytest.approx(list(expected), abs=0.001)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.sampled_from([50, 95]))
def test_percentiles_are_those_of_the_report(values: list[float], percent: int) -> None:
    """Between two values it is reckoned as numpy does."""
    assert _percentile(values, percent) == pytest.approx(float(np.percentile(values, percent)), rel=1e-9, abs=1e-9)


def test_whole_answers_have_no_ttft(tmp_path: Path) -> None:
    """Then only latency is there; a single call is its own percentile."""
    (tmp_path / "requests.csv").write_text("request_id,error,ttft_ms,latency_ms\na,,,250.5\nb,,,\n,,,9\n", "utf-8")
    found = by_region(logs(tmp_path / "logs", record("a", WEST)), tmp_path)
    latency = {"p50": 250.5, "p95": 250.5}
    of_it = {"region": WEST, "mode": "", "calls": 1, "latency_ms": latency}
    assert found == {"regions": [of_it], "calls_without_log": 1}


def test_streams_and_whole_answers_are_apart(tmp_path: Path) -> None:
    """Each mode has its rows, streams first, and its own times; an older file without modes is shown as it is."""
    rows = ["request_id,mode,error,ttft_ms,latency_ms"]
    rows += [f"w{n},non_streaming,,,{1000 + n}" for n in range(4)] + [f"s{n},streaming,,{n},{9 + n}" for n in range(3)]
    (tmp_path / "requests.csv").write_text("\n".join(rows), encoding="utf-8")
    ids = [row.split(",")[0] for row in rows[1:]]
    found = by_region(logs(tmp_path / "logs", *(record(id_, WEST if id_ != "s0" else EAST) for id_ in ids)), tmp_path)
    said = [(one["mode"], one["region"], one["calls"], one["latency_ms"]["p50"]) for one in found["regions"]]
    assert said == [("streaming", WEST, 2, 10.5), ("streaming", EAST, 1, 9), ("non_streaming", WEST, 4, 1001.5)]
    assert "ttft_ms" not in found["regions"][2]
    path, _ = run_of(tmp_path / "run")

    def table(regions: list[dict[str, Any]]) -> str:
        aws = {"metrics": {}, "serving": {"regions": regions}}
        (path / "aws.json").write_text(json.dumps(aws), encoding="utf-8")
        return " ".join(aws_check(edition(read(path)), {}).split())

    assert "| Mode | Region | Calls |" in table(found["regions"])
    assert "| non-streaming | us-west-2 | 4 |" in table(found["regions"])
    older = [{name: value for name, value in one.items() if name != "mode"} for one in found["regions"]]
    assert "| Region | Calls |" in table(older)
    assert "Mode" not in table(older)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """No rows, no logs, no such file, no JSON."""
    with pytest.raises(SettingsError, match=r"requests\.csv: the calls of the run cannot be read"):
        by_region(tmp_path, tmp_path)
    (tmp_path / "requests.csv").write_text("request_id,error\na,\n", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SettingsError, match=r"no invocation logs in .*empty: give the folder"):
        by_region(empty, tmp_path)
    with pytest.raises(SettingsError, match=r"--logs: .*none\.json"):
        by_region(tmp_path / "none.json", tmp_path)
    (empty / "a.json").write_text("{broken", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"--logs: .*a\.json, line 1: not JSON"):
        by_region(empty, tmp_path)


def test_from_the_command_to_the_report(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command writes it into aws.json beside CloudWatch's figures, and the report shows it in both languages."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    path, rows = run_of(tmp_path / "run")
    folder = logs(tmp_path / "logs", *(record(row["request_id"], WEST) for row in rows[:-2]))
    config = tmp_path / "c.json"
    aws = {"control_endpoint_url": simulator.url}
    config.write_text(json.dumps({"aws": aws}), encoding="utf-8")
    assert main(["aws", str(path), "--bedrock-config", str(config), "--logs", str(folder)]) == 0
    assert f"{len(rows) - 3} in us-west-2; without a log: 2" in capsys.readouterr().out
    english, chinese = (aws_check(edition(read(path), language), {}) for language in ("en", "zh"))
    assert "| Mode | Region | Calls | TTFT, P50 (ms) | TTFT, P95 (ms) |" in " ".join(english.split())
    assert f"| streaming | us-west-2 | {len(rows) - 3} |" in " ".join(english.split())
    assert "Successes that the logs do not have: 2." in english
    assert "按实际处理请求的区域统计" in chinese
    assert main(["aws", str(path), "--bedrock-config", str(config), "--logs", str(tmp_path / "none")]) == 2
    assert "--logs: " in capsys.readouterr().err


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["regions", "region", "mode", "calls", "ttft_ms", "p50"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["regions", "calls_without_log"]), ANYTHING) | ANYTHING)
def test_any_file_is_read(said: Any) -> None:
    """A spoilt aws.json never keeps a report from being made."""
    found = serving(cast("Run", SimpleNamespace(aws={"serving": said})))
    assert found is None or all(len(one.times) == 4 for one in found.regions)
