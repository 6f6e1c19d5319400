"""The first screen of a run without levels: it speaks of kinds of call, not of users and levels."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from reports.edition import edition
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

LENGTH_S = 60
CALLS = 120
WORDS_OF_LEVELS = (" level", "at 1 user", "First to give out", "runs well", "级别", "个用户")


def text_of(path: Path, names: list[str], language: str = "en", failed: int = 0, **model: Any) -> str:
    """The report of a minute with 120 calls of each name, of which this number failed."""
    random_, run = random.Random(5), make.Folder()
    for name in names:
        starts = [make.T0 + LENGTH_S * place / CALLS for place in range(CALLS)]
        calls = [make.call(random_, at, name=name, level="", users="", phase="") for at in starts]
        run.requests += [make.throttled(row) if place < failed else row for place, row in enumerate(calls)]
    run.info = make.info(len(run.requests), None)
    run.info["settings"]["model"] |= model
    run.info["settings"]["slo"] = {"ttft_ms": 5_000}
    return markdown(edition(read(run.write(path)), language), {})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_kind_has_its_paragraph(tmp_path: Path, language: str) -> None:
    """Its throughput, its SLO, what failed."""
    screen = text_of(tmp_path, ["chat", "sum"], language, failed=30).split("\n## ")[0]
    assert not [word for word in WORDS_OF_LEVELS if word in screen], screen
    assert screen.count("ThrottlingError") == 3, "once a kind, and the remedy"
    if language == "en":
        assert "**Streaming `chat`: " in screen
        assert "Does not meet the SLO (TTFT P95 ≤ 5,000 ms): success was 75.0 %, less than 99 %." in screen
        assert "30 of 120 calls (25.0 %) failed, most with ThrottlingError." in screen


def test_the_kinds_use_the_quotas_together(tmp_path: Path) -> None:
    """Two kinds of some 120 calls a minute each are more than 200 a minute, which is said first, but not than 300."""
    below, above = (text_of(tmp_path / str(quota), ["chat", "sum"], quota=quota) for quota in (300, 200))
    assert "All kinds of call together" not in below.split("\n## ")[0]
    assert "% of the quota of 300 requests/min" in below.split("## Quotas")[1]
    assert "% of the quota of 200 requests/min" in above.split("\n## ")[0]


def test_of_many_kinds_the_first_screen_names_some(tmp_path: Path) -> None:
    """The table has them all."""
    screen, results, *_ = text_of(tmp_path, [f"kind{number}" for number in range(9)]).split("\n## ")
    assert "The table of results has 3 more kinds of call." in screen
    assert screen.count("Meets the SLO") == 6
    assert all(f"kind{number}" in results for number in range(9))


def test_a_kind_that_the_end_cut_off_has_no_paragraph(tmp_path: Path) -> None:
    """None of its calls ended: neither a paragraph, nor a word that there is more in the table."""
    random_, run = random.Random(5), make.Folder()
    for name in ("chat", "cut"):
        calls = [make.call(random_, make.T0 + place, name=name, level="", users="", phase="") for place in range(30)]
        run.requests += calls if name == "chat" else [make.cut_off(row) for row in calls]
    run.info = make.info(len(run.requests), None)
    screen, results, *_ = markdown(edition(read(run.write(tmp_path))), {}).split("\n## ")
    assert ("`chat`" in screen, "`cut`" in screen, "more kind" in screen) == (True, False, False)
    assert "`cut`" in results
