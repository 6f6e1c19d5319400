"""A profile of rates in the report: its parts in their order, by number and rates, none of them a step of load."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from reports import compare
from reports.charts import CHARTS
from reports.edition import edition
from reports.numbers.doubts import doubts
from reports.reading.run import read
from reports.report import write
from reports.sections.conclusion import conclusion
from reports.sections.trust import told

from . import run_folders as make
from .run_folders import T0

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PARTS = ((20.0, 1.0, 9.0), (20.0, 5.0, 5.0), (10.0, 20.0, 20.0), (20.0, 5.0, 5.0))
"""Three of the four have the same rate on average."""


def folder(
    parts: Sequence[tuple[float, float, float]] = PARTS, modes: Sequence[str] = ("streaming",), growth: float = 0.0
) -> make.Folder:
    """A run of a profile: calls at the middle of each of their intervals, with a latency that grows within a part."""
    random_, made, at = random.Random(7), make.Folder(), T0
    for mode in modes:
        for number, (length_s, first, last) in enumerate(parts, 1):
            key, mean = f"{mode}-part-{number}", (first + last) / 2
            due = round(mean * length_s)
            row = make.level(mode, 1, at - make.WARMUP_S, length_s)
            counts = {"arrivals_due": due, "arrivals_dropped": 0, "arrivals_missed": 0}
            ends = {"part": number, "rate_from_per_s": first, "rate_to_per_s": last}
            unlike = {"level": key, "users": "", "users_reached": 0, "rate_per_s": mean}
            made.levels.append(row | unlike | counts | ends)
            for place in range(due):
                share = (place + 0.5) / due
                where = {"mode": mode, "name": key, "level": key, "users": "", "phase": "measure"}
                call = make.call(random_, at + share * length_s, **where)
                times = ("ttft_ms", "first_text_ms", "last_token_ms", "latency_ms")
                slower = {name: call[name] * (1 + growth * share) for name in times if name in call}
                made.requests.append(call | slower | {"scheduled_at": call["started_at"] - 0.002})
            at += length_s
        at += 5
    made.info = make.info(len(made.requests), len(made.levels))
    made.info["settings"].pop("concurrency")
    made.info["settings"]["arrivals"] = {"profile": [list(part) for part in parts], "warmup_seconds": 0}
    return made


def test_parts_stand_in_their_order(tmp_path: Path) -> None:
    """With number and rates, though the last has the mean rate of the first."""
    text = write(folder().write(tmp_path), formats=["markdown"]).read_text(encoding="utf-8")
    levels = text.split("## Results per level")[1].split("\n## ")[0].splitlines()
    rows = [row.split("|")[2:4] for row in levels if "streaming" in row]
    assert [[cell.strip() for cell in row] for row in rows] == [["1", "1 to 9"], ["2", "5"], ["3", "20"], ["4", "5"]]
    assert "in part 3 (20 requests/s)" in text


def test_no_part_is_a_step_of_load(tmp_path: Path) -> None:
    """The part with the most throughput is named; no part is advised up to which, and no knee is looked for."""
    made = folder()
    made.info["settings"]["slo"] = {"latency_ms": 60_000}
    made.info["settings"]["model"] |= {"quota": 400, "tokens_per_minute": 200_000}
    found = edition(read(made.write(tmp_path)))
    assert [(one.basis, one.best, one.advised, one.knee, one.rising) for one in found.conclusions] == [
        ("most", "streaming-part-3", "streaming-part-3", (), False)
    ]
    assert found.forecasts == []
    words = "\n".join(conclusion(found))
    assert "up to" not in words
    assert "SLO gate: passed" in words


@pytest.mark.parametrize("parts", [((60.0, 2.0, 18.0),), ((60.0, 10.0, 10.0),)], ids=["ramp", "even"])
def test_latency_that_follows_the_rate_is_no_drift(tmp_path: Path, parts: tuple[tuple[float, float, float]]) -> None:
    """Where the rate changes within a part, so may the latency; at one rate it is a queue."""
    found = edition(read(folder(parts, growth=1.5).write(tmp_path)))
    what = {doubt.what for doubt in doubts(found)}
    assert ("queue" in what) == (parts[0][1] == parts[0][2])
    assert not what & {"drift", "no_warmup"}


@pytest.mark.parametrize(("language", "said"), [("en", "a part of the same rate before them"), ("zh", "到达率相同")])
def test_a_profile_is_not_told_to_warm_up(tmp_path: Path, language: str, said: str) -> None:
    """Its parts have no warm-up: a part before them has to do."""
    found = edition(read(folder(((60.0, 10.0, 10.0),), growth=-0.7).write(tmp_path)), language)
    [text] = [text for doubt, text in zip(found.doubts, told(found), strict=True) if doubt.what == "drift"]
    assert said in text
    assert "warmup_seconds" not in text


def test_both_modes_are_compared_part_by_part(tmp_path: Path) -> None:
    """By their numbers: two parts with one mean rate are two pairs."""
    found = edition(read(folder(modes=("streaming", "non_streaming")).write(tmp_path)))
    assert [(one.streaming, one.non_streaming) for one in found.gains] == [
        (f"streaming-part-{number}", f"non_streaming-part-{number}") for number in (1, 2, 3, 4)
    ]


def test_charts_have_a_place_for_each_part(tmp_path: Path) -> None:
    """The number of the part is on the axis, as a rate can come twice."""
    found = edition(read(folder().write(tmp_path)))
    for name in ("knee", "ttft", "latency"):
        drawn = json.dumps(CHARTS[name](found).to_dict(validate=False))
        assert '"title": "part of the profile"' in drawn
        assert "arrivals/s" not in drawn
        assert all(f'"load": {number}' in drawn for number in (1, 2, 3, 4))
    timeline = json.dumps(CHARTS["timeline"](found).to_dict(validate=False))
    assert '"label": "1 \\u2192 9"' in timeline


def test_parts_with_other_rates_are_not_compared(tmp_path: Path) -> None:
    """The second part of another profile is another load."""
    other = (PARTS[0], (20.0, 7.0, 7.0), *PARTS[2:])
    folders = [[folder(parts).write(tmp_path / name)] for name, parts in (("one", PARTS), ("two", other))]
    written = compare.write(folders, tmp_path / "out", None, formats=["json"])
    assert written.is_compared
    found = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    tested = {one["level"][1] for one in found["comparisons"]["B"]["tests"]}
    assert tested == {"streaming-part-1 1 9", "streaming-part-3 20 20", "streaming-part-4 5 5"}
    assert found["comparisons"]["B"]["missing"] == [["streaming", "streaming-part-2 5 5"]]


def test_a_rate_that_changes_in_a_level_of_another_shape(tmp_path: Path) -> None:
    """It has no number, but its rates."""
    made = folder(PARTS[:1])
    made.levels[0]["part"] = ""
    text = write(made.write(tmp_path), formats=["markdown"]).read_text(encoding="utf-8")
    assert "at 1 to 9 requests/s" in text
    assert "Part" not in text
