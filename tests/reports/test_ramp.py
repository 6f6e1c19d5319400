"""A ramp in the report: its steps in the order of time, how it ended, and no conclusion by load."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from reports.charts import CHARTS
from reports.charts.style import drawn
from reports.edition import edition
from reports.numbers.doubts import doubts
from reports.numbers.ramp import NO_CAPACITY
from reports.reading.run import read
from reports.sections.conclusion import conclusion
from reports.sections.levels import results
from reports.sections.trust import told

from . import run_folders as make
from .run_folders import T0

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STEPS = ((8, 1.0), (4, 0.0), (6, 0.5), (3, 0.0), (4.5, 0.0), (6.75, 0.0), (8, 0.0))
"""Rate, and the share of calls for which there was no capacity."""
LENGTH_S = 10.0


def folder(steps: Sequence[tuple[float, float]] = STEPS, modes: Sequence[str] = ("streaming",)) -> make.Folder:
    """A run of a ramp with these steps, in each mode."""
    random_, made, at = random.Random(3), make.Folder(), T0
    for mode in modes:
        for number, (rate, lacking) in enumerate(steps, 1):
            key, due = f"{mode}-ramp-{number:02d}", round(rate * LENGTH_S)
            row = make.level(mode, 1, at - make.WARMUP_S, LENGTH_S)
            counts = {"arrivals_due": due, "arrivals_dropped": 0, "arrivals_missed": 0}
            ends = {"part": number, "rate_from_per_s": rate, "rate_to_per_s": rate, "kind": "ramp"}
            unlike = {"level": key, "users": "", "users_reached": 0, "rate_per_s": rate}
            made.levels.append(row | unlike | counts | ends)
            for place in range(due):
                where = {"mode": mode, "name": key, "level": key, "users": "", "phase": "measure"}
                call = make.call(random_, at + (place + 0.5) / rate, **where)
                if place < round(lacking * due):
                    call = make.failed(call, NO_CAPACITY, "ServiceUnavailableException", "Too busy.")
                made.requests.append(call | {"scheduled_at": call["started_at"] - 0.002})
            at += LENGTH_S + 5
    made.info = make.info(len(made.requests), len(made.levels))
    made.info["settings"].pop("concurrency")
    made.info["settings"]["arrivals"] = {"rates": [8], "ramp": "aws", "warmup_seconds": 0}
    return made


def analysed(made: make.Folder, path: Path, language: str = "en") -> Any:
    """The analysis of a run folder."""
    return edition(read(made.write(path)), language)


def test_the_steps_stand_in_the_order_of_time(tmp_path: Path) -> None:
    """Numbered, though the first and the last have one rate."""
    analysis = analysed(folder(), tmp_path)
    rows = [line.split("|")[1:4] for line in results(analysis, {}).splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in rows[0]] == ["Mode", "Step", "Arrivals/s"]
    assert [(row[1].strip(), row[2].strip()) for row in rows[2:]] == [
        (str(number), f"{rate:g}") for number, (rate, _) in enumerate(STEPS, 1)
    ]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (STEPS, "**Streaming: the ramp reached 8 requests/s** in step 7 (8 requests/s), after 2 halvings."),
        (STEPS[-1:], "**Streaming: the ramp reached 8 requests/s in its first step**"),
        (STEPS[:3], "**Streaming: the ramp did not reach 8 requests/s**: its last step was over before"),
    ],
)
def test_how_it_ended(tmp_path: Path, steps: Sequence[tuple[float, float]], said: str) -> None:
    """Whether it reached its rate; no step is advised, or called a limit."""
    [first, *_] = conclusion(analysed(folder(steps), tmp_path))
    assert said in first
    assert "Limit reached" not in first


def test_where_capacity_lacked(tmp_path: Path) -> None:
    """Also the step of which every call failed; and the highest rate without, where the ramp did not get there."""
    assert "(503): 80 of 80 calls in step 1 (8 requests/s) and 30 of 60 calls in step 3" in _first(STEPS, tmp_path)
    short = _first(STEPS[:3], tmp_path / "short")
    assert "The highest rate without such a call was that in step 2 (4 requests/s)." in short
    assert "No step was without" in _first([(8, 1.0), (4, 0.5)], tmp_path / "none")


def _first(steps: Sequence[tuple[float, float]], path: Path) -> str:
    return conclusion(analysed(folder(steps), path))[0]


def test_a_ramp_that_was_cut(tmp_path: Path) -> None:
    """The run ended; the levels that it did not come to are not missing, as the plan is the most."""
    made = folder(STEPS[:2])
    made.info |= {"ended": "interrupted", "levels_planned": 12}
    made.levels[-1]["completed"] = "false"
    analysis = analysed(made, tmp_path)
    assert (
        "did not reach 8 requests/s**: the run ended in step 2 (4 requests/s), after 1 halving."
        in (conclusion(analysis)[0])
    )
    assert "planned" not in {doubt.what for doubt in doubts(analysis)}


def test_the_charts(tmp_path: Path) -> None:
    """By step; the one of which every call failed is drawn, too."""
    analysis = analysed(folder(), tmp_path)
    assert set(drawn(analysis.figures)["unit"]) == {"step"}
    chart = str(CHARTS["knee"](analysis).to_dict())
    assert "step of the ramp" in chart
    assert "'load': 1.0" in chart


def test_modes_are_not_compared_step_by_step(tmp_path: Path) -> None:
    """The same step may have another rate in the other mode."""
    assert analysed(folder(modes=("streaming", "non_streaming")), tmp_path).gains == []


def test_in_chinese(tmp_path: Path) -> None:
    """The same facts."""
    [first, *_] = conclusion(analysed(folder(), tmp_path, "zh"))
    assert all(words in first for words in ("爬坡达到 8 次请求/s**", "在第 7 步", "减半 2 次", "80 次调用中的 80 次"))


def test_a_step_whose_latency_drifted_is_no_part_of_a_profile(tmp_path: Path) -> None:
    """A step has a warm-up, which a part of a profile has not: that is what is advised."""
    made = folder([(40, 0.0)])
    for call in made.requests[: len(made.requests) // 2]:
        call["latency_ms"] *= 3
    analysis = analysed(made, tmp_path)
    [said] = [text for doubt, text in zip(doubts(analysis), told(analysis), strict=True) if doubt.what == "drift"]
    assert "`arrivals.warmup_seconds`" in said
    assert "`arrivals.profile`" not in said
