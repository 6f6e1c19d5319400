"""A replay in the report: the trace beside what was made of it."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import pytest

from reports.charts import CHARTS
from reports.edition import Edition, edition
from reports.exports.figures import plain, tree
from reports.numbers.doubts import doubts
from reports.reading.run import read
from reports.report import write
from reports.sections.arrivals import arrivals
from reports.sections.conclusion import conclusion
from reports.sections.head import facts
from reports.sections.replay import replay
from reports.sections.trust import told

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

LENGTH_S = 60
SAID: dict[str, Any] = {
    "calls": 130,
    "left_out": {"window": 7, "model:theirs": 2, "no_length": 1, "bad": 3, "new": 1},
    "input_length": [900, 1800],
    "output_length": [50, 90],
    "latency_ms": [700, 900.5],
    "bin_s": 10,
    "asked": [20, 20, 20, 20, 20, 30],
}


def folder(said: Any = SAID, **counts: int) -> make.Folder:
    """120 calls in both modes, of which every tenth had to wait."""
    random_, made = random.Random(5), make.Folder()
    lost = {"arrivals_due": 130, "arrivals_dropped": 0, "arrivals_missed": 10, **counts}
    about = {"level": "replay", "users": "", "users_reached": 0, "rate_per_s": 2.17, **lost}
    made.levels.append(make.level("replay", 1, make.T0, LENGTH_S) | about)
    for number in range(120):
        moment = make.T0 + make.WARMUP_S + number / 2.2
        where = {"mode": ("streaming", "non_streaming")[number % 2], "level": "replay", "users": "", "phase": "measure"}
        row = make.call(random_, moment + 0.001, name="replay", **where)
        made.requests.append(row | {"scheduled_at": "" if number % 10 == 9 else moment, "input_tokens": 1000})
    made.info |= {"replay": said}
    made.info["settings"] = {"model": {"id": make.MODEL}, "arrivals": {"trace": {"file": "x", "speed": 2.0}}}
    return made


def report_of(made: make.Folder, path: Path, language: str = "en") -> Edition:
    """The analysis of a run."""
    return edition(read(made.write(path)), language)


def test_what_is_told(tmp_path: Path) -> None:
    """Calls, those that waited, those left out, and lengths and latency beside each other."""
    found = report_of(folder(), tmp_path)
    assert found.replay
    assert (found.replay.made, found.replay.waited, found.replay.mixed) == (120, 12, True)
    assert found.replay.input_tokens.trace == (900, 1800)
    assert found.replay.input_tokens.run == (1000, 1000)
    text = replay(found, {"replay": "charts/replay.svg"})
    assert "at 2 times its speed: 130. Calls that were made: 120." in text
    assert "7 outside of the window, 2 of the model `theirs`, 1 without the length of the prompt, 3 that" in text
    assert ", ." not in text
    assert "| Input tokens                |        900 |    1,000 |" in text
    assert "![Calls a second over the replay" in text
    [said] = [words for doubt, words in zip(doubts(found), told(found), strict=True) if doubt.what == "replay_lost"]
    assert "Lower `arrivals.trace.speed`" in said
    assert "Up to 7.69 % of its calls" in said


def test_asked_and_made_over_time(tmp_path: Path) -> None:
    """In stretches from the start of the level; all calls are in one of them."""
    found = report_of(folder(), tmp_path)
    assert found.replay
    table = found.replay.over_time
    assert table["asked_per_s"].tolist() == [2, 2, 2, 2, 2, 3]
    assert table["to_s"].tolist() == [10, 20, 30, 40, 50, 60]
    assert (10 * table["made_per_s"]).sum() == pytest.approx(120)
    assert CHARTS["replay"](found) is not None


def test_stretches_last_a_second_at_least(tmp_path: Path) -> None:
    """Of a short replay, counted by the tenth: four calls in 0.1 s are no 40 a second."""
    made = folder({**SAID, "bin_s": 0.1, "asked": [4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]})
    found = report_of(made, tmp_path).replay
    assert found
    assert found.over_time["to_s"].tolist()[:2] == [1, 2]
    assert found.over_time["asked_per_s"].tolist()[:3] == [5, 2, 0]
    assert found.over_time["made_per_s"].sum() == pytest.approx(120)


def test_modes_that_ran_together_have_one_name_in_the_timeline(tmp_path: Path) -> None:
    """Two names would lie on each other."""
    drawn = str(CHARTS["timeline"](report_of(folder(), tmp_path)).to_dict())
    assert drawn.count("'mode': 'streaming, non-streaming'") == 1


def test_lengths_and_latency_are_of_measured_successes(tmp_path: Path) -> None:
    """Neither the warm-up nor failures count; the service's own time does, where it told it."""
    run = folder()
    for number, row in enumerate(run.requests):
        row.update(input_tokens=1000, output_tokens=80, latency_ms=700, server_latency_ms=650)
        if number % 3 == 1:
            row.update(phase="warmup", input_tokens=9000, output_tokens=9, latency_ms=9000, server_latency_ms=9000)
        elif number % 3 == 2:
            row.update(error="ModelError", error_stage="stream", input_tokens=8000, output_tokens=8)
            row.update(latency_ms=8000, server_latency_ms=8000)
    found = report_of(run, tmp_path).replay
    assert found
    pairs = [found.input_tokens.run, found.output_tokens.run, found.latency_ms.run]
    assert pairs == [(1000, 1000), (80, 80), (650, 650)]
    assert found.made == len(run.requests)


def test_calls_after_the_last_that_was_asked_for(tmp_path: Path) -> None:
    """Calls that waited for the one before them are there, too."""
    made = folder({**SAID, "asked": [30, 29]})
    table = report_of(made, tmp_path).replay
    assert table is not None
    assert table.over_time["asked_per_s"].tolist() == [3, 2.9, 0, 0, 0, 0]
    assert (10 * table.over_time["made_per_s"]).sum() == pytest.approx(120)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_whole_report(tmp_path: Path, language: str) -> None:
    """With its chart, in both languages."""
    path = folder().write(tmp_path)
    text = write(path, language=language, formats=["markdown"]).read_text()
    assert {"en": "## Replay", "zh": "## 流量回放"}[language] in text
    assert (path / "charts" / "replay.svg").is_file()


@pytest.mark.parametrize(
    "said",
    [None, [], {}, {"calls": "x"}, {"calls": 5, "left_out": [], "input_length": [1], "asked": "x", "bin_s": 0}],
)
def test_what_is_not_known(tmp_path: Path, said: Any) -> None:
    """Is left out."""
    found = report_of(folder(said), tmp_path)
    assert CHARTS["replay"](found) is None
    assert (found.replay is None) == (replay(found, {}) == "")
    if found.replay:
        assert math.isnan(found.replay.input_tokens.trace[0])


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "at 1.07 requests/s, a level that ended early, after 30.0 s.**"),
        ("zh", "该级别提前结束"),
    ],
)
def test_the_rate_of_a_replay_that_was_stopped(tmp_path: Path, language: str, said: str) -> None:
    """It is that of its window, of which the first sentence says that it was cut short."""
    made = folder()
    start = made.levels[-1]["measured_from"]
    made.levels[-1] |= {"measured_to": start + 30, "completed": "false", "arrivals_due": 32, "arrivals_missed": 0}
    assert said in "".join(conclusion(report_of(made, tmp_path, language)))


def test_a_replay_is_one_level(tmp_path: Path) -> None:
    """Its calls of both modes are other ones, under one load: counted once, compared nowhere, and of no user class."""
    made = folder()
    late = {"what": "read_lag_p99_ms", "worker": "", "value": 18.0}
    made.info["health"] = {"replay": {"client_limited": True, "causes": [late]}}
    found = report_of(made, tmp_path)
    assert found.gains == []
    assert "1 level of" in facts(found)
    assert list(found.figures["group"]) == ["", ""]
    text = arrivals(found, {})
    assert text.count("130") == 1
    figures = plain(tree(found, told(found)))
    assert [row["due"] for row in figures["arrivals"]] == [None, None]
    assert [row["arrivals_missed"] for row in figures["levels"]] == [None, None]
    assert figures["arrivals_by_level"] == [{"name": "replay", "due": 130, "made": 120, "dropped": 0, "missed": 10}]
    assert "| 130 |  120 |       0 |     10 |" in text
    [said] = [words for doubt, words in zip(doubts(found), told(found), strict=True) if doubt.what == "late_said"]
    assert "first tokens were read 18 ms late at P99" in said
