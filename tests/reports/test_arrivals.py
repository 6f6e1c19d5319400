"""An open loop in the report: what became of arrivals, times from the arrival, and the load by its rate."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from bedrock_locust.arrivals import counts
from reports.charts import CHARTS, unchecked
from reports.edition import Edition, edition
from reports.exports import junit
from reports.numbers import arrivals as arrived
from reports.numbers.doubts import doubts
from reports.reading.run import read
from reports.report import write
from reports.sections.arrivals import arrivals
from reports.sections.conclusion import conclusion
from reports.sections.trust import told

from . import run_folders as make
from .test_numbers import plain_percentile

if TYPE_CHECKING:
    from pathlib import Path

LENGTH_S = 60.0


def folder(rates: tuple[float, ...], *, late_ms: float = 2.0, growth: float = 0.0, **counts: int) -> make.Folder:
    """A run of arrivals: each level has its calls evenly, this late, with a latency that grows by a share."""
    random_, made, at = random.Random(5), make.Folder(), make.T0
    for rate in rates:
        key, opened = f"streaming-rate-{rate:g}", at + make.WARMUP_S
        due = round(rate * LENGTH_S)
        lost = {"arrivals_dropped": 0, "arrivals_missed": 0, **counts}
        made.levels.append(
            make.level("streaming", 1, at, LENGTH_S)
            | {"level": key, "users": "", "users_reached": 0, "rate_per_s": rate, "arrivals_due": due, **lost}
        )
        for number in range(due - sum(lost.values())):
            moment = opened + (number + 0.5) / rate
            where = {"mode": "streaming", "name": key, "level": key, "users": "", "phase": "measure"}
            row = make.call(random_, moment + late_ms / 1000, **where)
            slower = 1 + growth * (moment - opened) / LENGTH_S
            times = {name: row[name] * slower for name in ("ttft_ms", "first_text_ms", "last_token_ms", "latency_ms")}
            made.requests.append(row | times | {"scheduled_at": moment})
        at += LENGTH_S + 30
    return made


def report_of(made: make.Folder, path: Path) -> Edition:
    """The analysis of a run."""
    return edition(read(made.write(path)))


def test_due_made_dropped_and_missed(tmp_path: Path) -> None:
    """From `levels.csv`; what was made is the rest, and is what the rows have."""
    found = report_of(folder((2, 5), arrivals_dropped=6, arrivals_missed=4), tmp_path)
    assert found.arrivals[["due", "made", "dropped", "missed"]].to_numpy().tolist() == [
        [120, 110, 6, 4],
        [300, 290, 6, 4],
    ]
    assert found.levels.unit == "rate"
    assert found.figures["load"].tolist() == [2, 5]
    assert [row["made"] for _, row in found.arrivals.iterrows()] == [
        len(found.levels.values(str(key), "latency_ms")) for key in found.arrivals.index
    ]


def test_times_from_the_arrival(tmp_path: Path) -> None:
    """They are those from the send and the lateness of the client, side by side."""
    found = report_of(folder((5,), late_ms=40.0), tmp_path)
    row = found.arrivals.iloc[0]
    assert row["lateness_ms_p50"] == pytest.approx(40, abs=0.1)
    for metric in ("ttft_ms", "latency_ms"):
        for percent in (50, 95):
            before = row[f"scheduled_{metric}_p{percent}"] - row[f"{metric}_p{percent}"]
            assert before == pytest.approx(40, abs=0.5)


def test_calls_without_an_arrival_are_in_no_time_beside_one(tmp_path: Path) -> None:
    """Turns that came when the one before them had ended are slow here, and only the note tells of them."""
    made = folder((5,), late_ms=40.0)
    for late in made.requests[::3]:
        late.update(scheduled_at="", latency_ms=late["latency_ms"] + 60_000)
    found = report_of(made, tmp_path)
    row = found.arrivals.iloc[0]
    assert row["followed"] == len(made.requests[::3])
    assert row["scheduled_latency_ms_p95"] - row["latency_ms_p95"] == pytest.approx(40, abs=0.5)
    assert "of which they tell nothing: 100. Each" in arrivals(found, {})


@pytest.mark.parametrize(
    ("made", "limited"),
    [
        ({}, False),
        ({"late_ms": 400.0}, True),
        ({"arrivals_dropped": 2}, False),
        ({"arrivals_dropped": 4}, True),
        ({"arrivals_missed": 4}, True),
    ],
)
def test_another_load_than_asked_for(tmp_path: Path, made: dict[str, Any], limited: bool) -> None:
    """Late, dropped or missed arrivals bend a level: it is marked, as one that the client held up."""
    found = report_of(folder((5,), **made), tmp_path)
    assert [key in found.late for key in found.figures.index] == [limited]
    told = [doubt for doubt in doubts(found) if doubt.what in ("arrivals_lost", "arrivals_late")]
    assert len(told) == limited
    assert "late" not in {doubt.what for doubt in doubts(found)}


def test_above_capacity(tmp_path: Path) -> None:
    """Latency that grows in an open loop is a queue, and is said to be one."""
    found = report_of(folder((10,), growth=1.5), tmp_path)
    what = [doubt.what for doubt in doubts(found)]
    assert "queue" in what
    assert "drift" not in what


def test_the_report_in_words(tmp_path: Path) -> None:
    """The load is its rate in title, tables and JSON, in both languages."""
    path = folder((2, 5.5), arrivals_dropped=6).write(tmp_path)
    text = write(path, formats=["markdown", "json"]).read_text(encoding="utf-8")
    assert "at 5.5 requests/s" in text
    assert "| Mode      | Arrivals/s | Due | Made | Dropped | Missed |" in text
    assert "users" not in text.split("## Configuration", maxsplit=1)[0].replace("`slo.users`", "")
    found = json.loads((path / "report.json").read_text(encoding="utf-8"))
    assert [(level["users"], level["rate_per_s"]) for level in found["levels"]] == [(None, 2), (None, 5.5)]
    assert [row["dropped"] for row in found["arrivals"]] == [6, 6]
    chinese = write(path, formats=["markdown"], language="zh").read_text(encoding="utf-8")
    assert "5.5 次请求/s" in chinese
    assert "应到达 | 已发出 | 丢弃 | 错过 |" in chinese


def test_a_closed_loop_has_none(tmp_path: Path) -> None:
    """Nor does a folder of an older version, which has no such columns."""
    found = report_of(make.shaped(("streaming",), (2,)), tmp_path)
    assert found.arrivals.empty
    assert arrivals(found, {}) == ""
    assert found.levels.unit == "users"


SLO = {"slo": {"latency_ms": 60_000, "percentile": 95}}


@pytest.mark.parametrize(
    ("language", "said"), [("en", "only 53.7 % of the load was made"), ("zh", "负载只达到要求的 53.7 %")]
)
def test_a_load_that_was_not_made_meets_no_slo(tmp_path: Path, language: str, said: str) -> None:
    """Its figures are those of a lower load: the gate fails, JUnit too, and no headline names it."""
    made = folder((2, 5), arrivals_dropped=0)
    made.levels[1] |= {"arrivals_due": 300, "arrivals_dropped": 139}
    made.requests = made.requests[:120] + made.requests[120:281]
    made.info = {**make.info(len(made.requests), 2), "settings": SLO}
    path = made.write(tmp_path)
    written = write(path, formats=["markdown", "junit"], language=language)
    text = written.read_text(encoding="utf-8")
    headline = next(line for line in text.splitlines() if line.startswith("**"))
    found = edition(read(path), language)
    assert found.gate_passed is False
    assert found.gate is not None
    assert [found.gate.met(str(key)) for key in found.figures.index] == [True, None]
    assert [one.advised for one in found.conclusions] == ["streaming-rate-2"]
    assert "5 " not in headline.split("**")[1].replace("SLO", "")
    assert said in text.split("SLO gate" if language == "en" else "SLO 门禁", 1)[1].splitlines()[0]
    assert said in junit.text(found)


def test_without_an_slo_no_headline_names_it(tmp_path: Path) -> None:
    """Nor is it the level with the most throughput."""
    made = folder((5,), arrivals_dropped=100, arrivals_missed=50)
    found = report_of(made, tmp_path)
    [one] = found.conclusions
    assert (one.advised, one.best, found.best_level("streaming")) == (None, None, None)
    first = conclusion(found)[0]
    assert first.startswith(
        "**Streaming: no level had the load that was asked for.** At 5 requests/s, only 50.0 % of the load was made. At"
    )


@pytest.mark.parametrize(("dropped", "passes"), [(3, True), (4, False)])
def test_one_percent_is_no_other_load(tmp_path: Path, dropped: int, passes: bool) -> None:
    """The bound is that of the search."""
    made = folder((5,), arrivals_dropped=dropped)
    made.info = {**make.info(len(made.requests), 1), "settings": SLO}
    assert report_of(made, tmp_path).gate_passed is passes
    assert arrived.LOST_SHARE == counts.LOST_SHARE


def test_a_level_with_fewer_users_than_asked_for(tmp_path: Path) -> None:
    """It has another load as well."""
    made = make.shaped(("streaming",), (4, 8))
    made.levels[1]["users_reached"] = 5
    made.info["settings"] |= SLO
    found = report_of(made, tmp_path)
    assert found.other_loads == {"streaming-08": 62.5}
    assert found.gate_passed is False
    assert [one.advised for one in found.conclusions] == ["streaming-04"]


def in_modes(made: make.Folder) -> make.Folder:
    """The levels once more, with calls that do not stream."""
    for row in list(made.levels):
        made.levels.append(row | {"mode": "non_streaming", "level": f"non_{row['level']}"})
    for row in list(made.requests):
        made.requests.append(
            row | {"mode": "non_streaming", "level": f"non_{row['level']}", "ttft_ms": "", "max_gap_ms": ""}
        )
    return made


def test_a_load_that_was_not_made_is_compared_nowhere(tmp_path: Path) -> None:
    """Neither in what streaming gains, nor in its chart: one of both modes had a lower load."""
    made = in_modes(folder((2, 5)))
    found = report_of(made, tmp_path / "whole")
    assert [one.load for one in found.gains] == [2, 5]
    made.levels[1] |= {"arrivals_due": 400, "arrivals_dropped": 100}
    found = report_of(made, tmp_path / "dropped")
    assert [one.load for one in found.gains] == [2]
    with unchecked():
        drawn = CHARTS["gain"](found)
    assert drawn is not None
    assert set(drawn.data["load"]) == {2}


@pytest.mark.parametrize("change", [None, "dropped", "late"])
def test_higher_rates_are_advised_only_where_these_were_made(tmp_path: Path, change: str | None) -> None:
    """Where the load generator was the limit, higher rates would show no more of the service."""
    made = folder((1, 2, 4))
    if change == "dropped":
        made.levels[2] |= {"arrivals_due": 400, "arrivals_dropped": 160}
    elif change == "late":
        made.info["health"] = {"streaming-rate-4": {"client_limited": True, "causes": []}}
    said = " ".join(conclusion(report_of(made, tmp_path)))
    assert ("Test with higher rates" in said) == (change is None)


def advice(made: make.Folder, path: Path) -> str:
    """All doubts in one text."""
    return " ".join(told(report_of(made, path)))


def test_advice_by_cause(tmp_path: Path) -> None:
    """Dropped, missed by a lost worker, missed without one, and the last few of a level that was cut short."""
    said = advice(folder((5,), arrivals_dropped=50), tmp_path / "dropped")
    assert "Raise `arrivals.max_in_flight`." in said
    assert "more workers" not in said
    said = advice(made := folder((5,), arrivals_missed=50), tmp_path / "missed")
    assert "Use more workers." in said
    assert "max_in_flight" not in said
    change = {"worker": "host_1f2e", "what": "lost", "levels": ["streaming-rate-5"]}
    made.info["worker_changes"] = [change]
    said = advice(made, tmp_path / "lost")
    assert "Worker `host_1f2e` was lost, stood still or left: streaming at 5 requests/s" in said
    assert "more workers" not in said
    made = folder((5,), arrivals_missed=4)
    made.levels[0]["completed"] = "false"
    said = advice(made, tmp_path / "cut")
    assert "dropped or missed." in said
    assert "Use more" not in said


def test_lost_arrivals_are_told_once(tmp_path: Path) -> None:
    """With their own advice, and not among the causes of a level that was held up in another way, too."""
    made = folder((5,), arrivals_dropped=50)
    dropped = {"what": "arrivals_dropped", "worker": "", "value": 17.0}
    late = {"what": "read_lag_p99_ms", "worker": "", "value": 18.0}
    made.info["health"] = {"streaming-rate-5": {"client_limited": True, "causes": [late, dropped]}}
    said = advice(made, tmp_path)
    assert "(first tokens were read 18 ms late at P99)" in said
    assert said.count("dropped") == 1
    assert "Raise `arrivals.max_in_flight`." in said


def test_a_worker_that_stood_still_is_named(tmp_path: Path) -> None:
    """With how long, and whatever share of the arrivals it missed; more workers are not advised for that."""
    made = folder((2, 5), arrivals_missed=3)
    change = {"worker": "host_1f2e", "what": "still", "levels": ["streaming-rate-2"], "lasted_s": 2.0}
    made.info["worker_changes"] = [change, change | {"lasted_s": 1.5}]
    said = advice(made, tmp_path)
    assert "Worker `host_1f2e` stood still for up to 2.0 s: streaming at 2 requests/s. Arrivals of that time" in said
    assert "more workers" not in said
    del change["lasted_s"]
    assert "stood still" in advice(made, tmp_path / "without")


def test_one_late_call_is_chance(tmp_path: Path) -> None:
    """Also where P99 of few calls is the latest one."""
    made = folder((1,))
    made.requests[5]["started_at"] += 0.9
    assert report_of(made, tmp_path / "one").late == []
    made.requests[9]["started_at"] += 0.9
    made.info["health"] = {"streaming-rate-1": {"workers": {"local": {"cpu_percent": 2.3}}}}
    found = report_of(made, tmp_path / "two")
    assert found.late == ["streaming-rate-1"]
    assert "although the CPU was free" in " ".join(told(found))


def plain(values: list[float], *percents: int) -> list[Any]:
    """Percentiles, or None of no value."""
    return [pytest.approx(plain_percentile(values, percent), rel=1e-3) if values else None for percent in percents]


def test_times_of_arrivals_are_those_of_a_plain_computation(tmp_path: Path) -> None:
    """Lateness of all that ended, and both times of successes that had an arrival of their own."""
    random_, calls = random.Random(2), list[dict[str, Any]]()
    cells: dict[str, Any] = {"mode": "streaming", "level": "r", "phase": "measure", "name": "r"}
    for number in range(40):
        moment = make.T0 + 10 + number / 2
        late_s, ttft_ms = random_.choice([0.004, 0.02, 0.3]), random_.randint(200, 400)
        row = cells | {"started_at": moment + late_s, "scheduled_at": moment, "ttft_ms": ttft_ms}
        calls.append(row | {"latency_ms": ttft_ms + random_.randint(100, 900)})
    for number, more in ((3, {"scheduled_at": ""}), (9, {"scheduled_at": ""}), (12, {"phase": "warmup"})):
        calls[number] |= more
    calls[20] |= {"error": "ModelError", "ttft_ms": ""}
    calls[21] |= {"error": "Cancelled", "ttft_ms": ""}
    level = make.level("streaming", 1, make.T0) | {
        "level": "r",
        "users": "",
        "rate_per_s": 2,
        "measured_to": make.T0 + 40,
    }
    level |= {"arrivals_due": 43, "arrivals_dropped": 2, "arrivals_missed": 1}
    found = report_of(make.Folder(calls, [level], {}), tmp_path).arrivals
    measured = [row for row in calls if row["phase"] == "measure"]
    own = [row for row in measured if not row.get("error") and row["scheduled_at"]]
    late_ms = [1000 * (row["started_at"] - row["scheduled_at"]) for row in own]
    ended = [row for row in measured if row.get("error") != "Cancelled" and row["scheduled_at"]]
    lateness_ms = [1000 * (row["started_at"] - row["scheduled_at"]) for row in ended]
    expected: list[Any] = [43, 40, 2, 1, *plain(lateness_ms, 50, 99)]
    for metric in ("ttft_ms", "latency_ms"):
        values = [row[metric] for row in own]
        whole = [value + late for value, late in zip(values, late_ms, strict=True)]
        expected += [*plain(values, 50, 95), *plain(whole, 50, 95)]
    assert list(found.to_dict("index")["r"].values()) == [*expected, 2, True]


@pytest.mark.parametrize(
    ("late_ms", "latest", "counts", "limited"),
    [
        (2.0, 1, {}, False),
        (2.0, 2, {}, True),
        (2.0, 0, {"arrivals_dropped": 1}, False),
        (2.0, 0, {"arrivals_dropped": 1, "arrivals_missed": 1}, True),
    ],
    ids=str,
)
def test_the_client_made_another_load(
    tmp_path: Path, *, late_ms: float, latest: int, counts: dict[str, int], limited: bool
) -> None:
    """Two arrivals that are late by more than a twentieth of the median wait, or more than one in 100 that was lost."""
    made = folder((2,), late_ms=late_ms, **counts)
    for row in made.requests[:latest]:
        row["started_at"] += 1
    found = report_of(made, tmp_path)
    assert bool(found.arrivals["limited"].iloc[0]) is limited
    assert bool(found.other_loads) is (sum(counts.values()) > 1)


@pytest.mark.parametrize(
    ("row", "share"),
    [
        ({"due": 100.0, "made": 99.0, "dropped": 1.0, "missed": 0.0}, None),
        ({"due": 100.0, "made": 98.0, "dropped": 1.0, "missed": 1.0}, 98),
        ({"users_reached": 99.0}, None),
        ({"users_reached": 98.9}, 98.9),
        ({"users_reached": 50.0, "window_s": None}, None),
        ({"users_reached": 50.0, "unit": "rate"}, None),
    ],
    ids=str,
)
def test_levels_with_another_load(row: dict[str, Any], share: float | None) -> None:
    """One in 100 of the arrivals, or of the users, is not another load; more is."""
    level = {"unit": "users", "window_s": 30.0, "users_reached": 100.0, "load": 100.0}
    figures = pd.DataFrame([level | {name: row[name] for name in row if name in level}], index=["one"])
    counts = [{name: row[name] for name in ("due", "made", "dropped", "missed")}] if "due" in row else []
    table = pd.DataFrame(
        counts, columns=["due", "made", "dropped", "missed"], index=["one"] * len(counts), dtype="float64"
    )
    found = arrived.other_loads(figures, table)
    assert found == ({} if share is None else {"one": pytest.approx(share)})
