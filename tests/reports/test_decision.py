"""SLO, quota, cost and conclusion against plain computations from the rows."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.__main__ import main
from reports.edition import edition
from reports.numbers.analysis import Analysis, analyse
from reports.reading.run import read
from reports.sections.head import told_plainly

from . import run_folders as make
from .whole import short_report, whole_report

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]
FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
AT, END = make.T0 + 10, make.T0 + 40
KEY = "streaming-04"


def analysis_of(folder: Path, calls: list[Row], **sections: Row) -> Analysis:
    """These calls in a run with one streaming level measured from `AT` to `END`."""
    level = make.level("streaming", 4, AT - 5) | {"measured_from": AT, "measured_to": END}
    run = make.Folder(calls, [level], make.info(len(calls), 1))
    for name, section in sections.items():
        run.info["settings"].setdefault(name, {}).update(section)
    return analyse(read(run.write(folder)))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A streaming call around the window, in whole milliseconds."""
    ttft_ms = draw(st.integers(1, 2_000))
    last_ms = ttft_ms + draw(st.integers(0, 9_000))
    return {
        "started_at": make.T0 + draw(st.integers(0, 50_000)) / 1000,
        "mode": "streaming",
        "level": KEY,
        "users": 4,
        "phase": draw(st.sampled_from(["warmup", "measure", "measure", "drain"])),
        "name": "x",
        "max_tokens": 256,
        "latency_ms": last_ms + draw(st.integers(0, 500)),
        "ttft_ms": ttft_ms,
        "last_token_ms": last_ms,
        "input_tokens": draw(st.integers(0, 5_000)),
        "output_tokens": draw(st.integers(0, 500)),
        "cache_read_tokens": draw(st.none() | st.integers(0, 900)),
        "cache_write_tokens": draw(st.none() | st.integers(0, 900)),
        "error": draw(st.sampled_from(["", "", "", "ThrottlingError", "ModelError", "Cancelled"])),
    }


def inside(row: Row) -> bool:
    """Whether a call ended in the window."""
    return bool(AT <= row["started_at"] + row["latency_ms"] / 1000 <= END)


def part(row: Row) -> float:
    """The share of a call that falls into the window."""
    end = row["started_at"] + row["latency_ms"] / 1000
    return float(max(min(end, END) - max(row["started_at"], AT), 0) / (end - row["started_at"]))


@FILES
@given(st.lists(rows(), max_size=50), st.integers(1, 2_000), st.integers(1, 9_000), st.integers(1, 100))
def test_goodput_counts_calls_within_every_limit(
    tmp_path: Path, calls: list[Row], ttft_ms: int, latency_ms: int, tokens_per_s: int
) -> None:
    """A good call succeeded within TTFT, latency and speed; goodput counts those that ended in the window."""
    slo = {"ttft_ms": ttft_ms, "latency_ms": latency_ms, "min_tokens_per_s": tokens_per_s}
    gate = analysis_of(tmp_path, calls, slo=slo).gate
    assert gate is not None

    def good(row: Row) -> Any:
        gaps, span_ms = row["output_tokens"] - 1, row["last_token_ms"] - row["ttft_ms"]
        paced = gaps < 1 or (span_ms >= gaps and span_ms / gaps <= 1000 / tokens_per_s)
        return not row["error"] and row["ttft_ms"] <= ttft_ms and row["latency_ms"] <= latency_ms and paced

    found = gate.goodput.loc[KEY]
    expected = sum(good(row) * part(row) for row in calls) / (END - AT)
    assert found["goodput_per_s"] == pytest.approx(expected, rel=1e-5, abs=1e-6)
    own = [row for row in calls if row["phase"] == "measure" and row["error"] != "Cancelled"]
    if own:
        assert found["good_share"] == pytest.approx(sum(map(good, own)) / len(own))


@FILES
@given(st.lists(rows(), max_size=40))
def test_quota_use_is_counted_as_the_service_counts(tmp_path: Path, calls: list[Row]) -> None:
    """Finished calls by their final count, calls at work by their reservation, throttled ones not at all."""
    model = {"output_burndown": 5, "tokens_per_minute": 10_000, "quota": 30}
    found = analysis_of(tmp_path, calls, model=model, test={"max_tokens": 256}).quota.table.loc[KEY]
    accepted = [row for row in calls if row["error"] != "ThrottlingError"]
    final = [
        row["input_tokens"] + (row["cache_write_tokens"] or 0) + 5 * row["output_tokens"]
        for row in accepted
        if inside(row)
    ]
    if final:
        assert found["tokens_per_min"] == pytest.approx(2 * sum(final))
    held = 0.0
    for row in accepted:
        cached = (row["cache_read_tokens"] or 0) + (row["cache_write_tokens"] or 0)
        end = row["started_at"] + row["latency_ms"] / 1000
        held += max(min(end, END) - max(row["started_at"], AT), 0) * (row["input_tokens"] + cached + 256)
    assert found["reserved_in_flight"] == pytest.approx(held / (END - AT), abs=1e-3)
    measured = [row for row in accepted if row["phase"] == "measure"]
    assert found["requests_percent"] == pytest.approx(100 * 2 * len(measured) / 30)
    if final:
        assert found["tokens_percent"] == pytest.approx(found["counted_per_min"] / 100)


@FILES
@given(st.lists(rows(), max_size=40))
def test_cost_is_tokens_times_prices(tmp_path: Path, calls: list[Row]) -> None:
    """Each call with counts has its price, whatever became of it."""
    pricing = {"input_per_million": 3, "output_per_million": 15, "cache_read_per_million": 0.3}
    found = analysis_of(tmp_path, calls, pricing=pricing).cost
    assert found is not None

    def price(row: Row) -> float:
        cached: int = row["cache_read_tokens"] or 0
        return float(3 * row["input_tokens"] + 15 * row["output_tokens"] + 0.3 * cached) / 1e6

    assert found.total == pytest.approx(sum(map(price, calls)))
    own = [price(row) for row in calls if row["phase"] == "measure" and not row["error"]]
    if own:
        assert found.table["per_1000"][KEY] == pytest.approx(1000 * sum(own) / len(own))


def test_the_cost_of_an_answer_that_broke_off_is_not_known(tmp_path: Path) -> None:
    """It has no token counts, but what had been generated may be charged; a call that was refused cost nothing."""
    pricing = {"input_per_million": 3, "output_per_million": 15}
    usual: Row = {"started_at": AT + 1, "mode": "streaming", "level": KEY, "users": 4, "phase": "measure", "name": "x"}
    answered: Row = {
        "latency_ms": 900,
        "ttft_ms": 100,
        "last_token_ms": 900,
        "input_tokens": 1000,
        "output_tokens": 100,
    }
    cut: Row = {"latency_ms": 500, "ttft_ms": 100, "error": "StreamInterruptedError", "error_stage": "stream"}
    timed_out: Row = {"latency_ms": 500, "error": "TimeoutError", "error_stage": "stream"}
    ended: Row = {"latency_ms": 500, "ttft_ms": 100, "error": "Cancelled"}
    refused: Row = {"latency_ms": 5, "error": "ThrottlingError", "error_stage": "response"}
    rows = [usual | row for row in (answered, cut, timed_out, ended, refused)]
    analysis = analysis_of(tmp_path, rows, pricing=pricing)
    assert analysis.cost is not None
    assert analysis.cost.total == pytest.approx(0.0045)
    assert analysis.cost.unknown == 3
    text = short_report(tmp_path)
    assert "The run cost 0.00450 USD, not counting 3 calls without token counts." in text


def test_the_first_line_has_the_time_of_load(tmp_path: Path) -> None:
    """From the first call to the end of the last window, or call: not the wait for a worker that was lost."""
    usual: Row = {"mode": "streaming", "level": KEY, "users": 4, "phase": "measure", "name": "x", "latency_ms": 900}
    rows = [usual | {"started_at": AT - 2, "phase": "warmup"}, usual | {"started_at": AT + 1}]
    level = make.level("streaming", 4, AT - 5) | {"measured_from": AT, "measured_to": END}
    run = make.Folder(rows, [level], make.info(2, 1, started_at=AT - 5, ended_at=END + 60))
    assert analyse(read(run.write(tmp_path))).levels.load_s == pytest.approx(32)
    text = short_report(tmp_path)
    assert ", 32 s of load, 2 calls" in text
    assert ", 负载时长 32 秒" in short_report(tmp_path, language="zh").replace("、", ", ")


def test_a_temperature_that_is_not_sent_is_a_setting(tmp_path: Path) -> None:
    """Null leaves it to the model: without a row nobody could repeat the run."""
    analysis_of(tmp_path, [], test={"temperature": None})
    row = r"test\.temperature` +\| `{}`"
    assert re.search(row.format("not sent"), whole_report(tmp_path))
    assert re.search(row.format("不发送"), whole_report(tmp_path, "zh"))
    analysis_of(tmp_path, [], test={"temperature": 0.5, "max_tokens": None})
    text = whole_report(tmp_path)
    assert re.search(row.format("0.5"), text)
    assert "not sent" not in text


def test_without_sections_there_is_nothing_of_them(tmp_path: Path) -> None:
    """No SLO, no prices: not a word of either."""
    text = short_report(make.shaped(("streaming",), (2,)).write(tmp_path))
    assert "SLO" not in text
    assert "Cost" not in text


def test_one_failure_of_many_is_not_where_failures_set_in(tmp_path: Path) -> None:
    """One failed call may be chance, however small the level; the second counts."""
    run = make.shaped(("streaming",), (2, 4), length_s=10)
    measured = [place for place, row in enumerate(run.requests) if row["users"] == 2 and row["phase"] == "measure"]
    run.requests[measured[0]] = make.throttled(run.requests[measured[0]])
    assert analyse(read(run.write(tmp_path))).conclusions[0].breaks is None
    run.requests[measured[1]] = make.throttled(run.requests[measured[1]])
    assert analyse(read(run.write(tmp_path))).conclusions[0].breaks == "streaming-02"


def test_the_knee_is_where_waiting_grows_more_than_throughput(tmp_path: Path) -> None:
    """A service that serves 8 at a time: its knee is at 8 users."""
    folder, random_ = make.Folder(), random.Random(1)
    for place, users in enumerate((2, 4, 8, 16, 32)):
        at = make.T0 + 60 * place
        folder.levels.append(make.level("streaming", users, at))
        latency_ms = 1000 * max(1, users / 8)
        for user in range(users):
            start = at + user / users
            while start < at + 40:
                phase = "measure" if start >= at + make.WARMUP_S else "warmup"
                where = {"level": make.level_name("streaming", users), "users": users, "phase": phase, "name": "x"}
                times = {"latency_ms": latency_ms, "ttft_ms": latency_ms / 5, "last_token_ms": latency_ms - 1}
                folder.requests.append(make.call(random_, start, **where, **times, output_tokens=50))
                start += latency_ms / 1000
    folder.info = make.info(len(folder.requests), 5)
    del folder.info["settings"]["model"]["quota"]
    found = analyse(read(folder.write(tmp_path))).conclusions[0]
    assert (found.advised, found.basis) == ("streaming-08", "knee")
    assert found.limit is not None
    assert (found.limit.kind, found.limit.key) == ("flat", "streaming-16")


def test_what_only_streams_have_is_not_asked_of_others(tmp_path: Path) -> None:
    """With a limit of TTFT alone, levels without streaming are not judged: neither by the gate nor in words."""
    run = make.shaped(("streaming", "non_streaming"), (2, 4))
    run.info["settings"]["slo"] = {"ttft_ms": 60_000}
    text = short_report(run.write(tmp_path))
    assert "**SLO gate: passed**" in text
    assert "Non-streaming: no level meets" not in text
    assert "no requirement" in text
    run.info["settings"]["slo"] = {"ttft_ms": 60_000, "success_rate": 90}
    text = short_report(run.write(tmp_path))
    assert "**Non-streaming: meets the SLO at every level, up to 4 users** (success ≥ 90 %)" in text
    run.info["settings"]["slo"] = {"ttft_ms": 1}
    assert "**SLO gate: failed**" in short_report(run.write(tmp_path))


@pytest.mark.parametrize(("slo", "code"), [({}, 3), ({"success_rate": 5}, 0)])
def test_a_level_that_throttles_most_calls_does_not_run_well(tmp_path: Path, slo: Row, code: int) -> None:
    """Fast successes do not make up for failures, unless the SLO says so; the most is no less than what is told."""
    run = make.shaped(("streaming",), (2, 16))
    run.requests = [
        make.throttled(row) if row["users"] == 16 and place % 5 else row for place, row in enumerate(run.requests)
    ]
    run.info["settings"]["slo"] = {"ttft_ms": 60_000, **slo}
    assert main([str(run.write(tmp_path)), "--gate"]) == code
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert ("up to 2 users**" in text) is (code == 3)
    assert ("Without `slo.success_rate`, at most 1 %" in text) is (code == 3)
    assert ("less than 99 %" in text) is (code == 3)
    assert "Highest throughput" not in text


@pytest.mark.parametrize(
    ("slo", "code"),
    [
        ({"ttft_ms": 60_000, "success_rate": 90}, 0),
        ({"ttft_ms": 1}, 3),
        ({"latency_ms": 2_000, "percentile": 50}, 3),
        ({"latency_ms": 2_000, "percentile": 50, "users": 2}, 0),
        ({}, 2),
    ],
)
def test_the_gate_is_an_exit_code(tmp_path: Path, slo: Row, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """3 when a level that counts did not hold, 2 when nothing was asked for."""
    run = make.shaped(("streaming",), (2, 16))
    run.info["settings"]["slo"] = slo
    assert main([str(run.write(tmp_path)), "--gate", "--format", "json"]) == code
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["slo"]
    assert found is None if not slo else found["passed"] is (code == 0)
    assert len(capsys.readouterr().err.splitlines()) == bool(code)


def test_a_mark_in_the_terminal_has_its_meaning_there(tmp_path: Path) -> None:
    """The lines for a terminal say what † means, and only where one of them has it."""
    few = make.shaped(("streaming",), (2,), length_s=9).write(tmp_path / "few")
    many = make.shaped(("streaming",), (16,), length_s=60).write(tmp_path / "many")
    for folder, marked in ((few, True), (many, False)):
        lines = told_plainly(edition(read(folder)))
        assert any("†" in line and not line.startswith("†") for line in lines) is marked
        assert any(line.startswith("† Too few calls") for line in lines) is marked
