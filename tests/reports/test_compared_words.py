"""The words of comparisons of each kind, against golden files: what differs is made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reports.numbers.comparison import Answers, Begins, Comparison, Difference, Share
from reports.numbers.intervals import Change
from reports.numbers.regression import Limits, gate
from reports.numbers.sides import Side
from reports.sections.changes import changes, throughput
from reports.sections.compared import Compared
from reports.sections.comparison import page, spoken
from reports.sections.regression import regression
from reports.sections.verdict import verdict

from . import test_golden
from .more_runs import mantle, open_loop
from .test_golden import check_text, keeps_the_rules
from .test_words import check_lines, with_info

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.edition import Edition
    from reports.numbers.sides import Level

    from .conftest import Made

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
NOTHING = Comparison([], [], [], [], [], [])


def sides(runs: Mapping[str, Sequence[Edition]]) -> Compared:
    """Sides of these runs, between which nothing is compared yet."""
    named = {
        f"{letter}{place}" if len(own) > 1 else letter: one
        for letter, own in runs.items()
        for place, one in enumerate(own, 1)
    }
    folders = {name: Path("results") / f"run *{name}*" for name in named}
    return Compared(named, {letter: Side(own) for letter, own in runs.items()}, folders, {}, None)


def with_comparison(compared: Compared, found: Comparison, limits: Limits | None = None) -> Compared:
    """The second side against the first."""
    judged = gate({"B": found}, limits) if limits else None
    return replace(compared, comparisons={"B": found}, gate=judged)


def difference(
    level: Level, metric: str = "ttft_ms", percent: int | None = 50, by: float = 1.0, **more: Any
) -> Difference:
    """From 400 to so many times of it, with an interval of 5 % on both sides."""
    change = Change(by * 0.95 - 1, by * 1.05 - 1, 0.001)
    return replace(Difference(level, metric, percent, 400.0, 400 * by, change, clear=by != 1), **more)


def comparisons(levels: list[Level]) -> dict[str, Comparison]:
    """What may be found, by its name."""
    first, second, third, *_ = levels
    level = [difference(first), difference(first, percent=95)]
    faster, slower = difference(first, by=0.8), difference(second, "latency_ms", 95, by=1.5)
    few = [
        difference(one, metric, percent, change=None, clear=False)
        for one, metric, percent in (
            (first, "ttft_ms", 95),
            (second, "ttft_ms", 95),
            (third, "latency_ms", 95),
            (third, "latency_ms", 50),
        )
    ]
    fell = Share(first, 0.999, 0.91, -0.12, -0.05, 0.001, clear=True, calls=250)
    rose = Share(second, 0.8, 0.9, 0.05, 0.15, 0.001, clear=True, calls=1)
    unclear = Share(third, 0.99, 0.985, -0.03, 0.02, 0.5, calls=3)
    rates = [difference(first, "output_tokens_per_s", None, 0.7), difference(second, "output_tokens_per_s", None, 1.4)]
    return {
        "nothing in common": replace(NOTHING, missing=levels[:2]),
        "nothing, too few": replace(NOTHING, tests=few),
        "nothing succeeded": replace(NOTHING, success=[fell]),
        "too few of times": replace(NOTHING, tests=few[:1], success=[replace(unclear, calls=500)]),
        "no difference": replace(NOTHING, tests=level, success=[replace(unclear, calls=500)]),
        "none, few tested": replace(NOTHING, tests=[*level, *few], throughput=[replace(rates[0], change=None)]),
        "faster": replace(NOTHING, tests=[*level, faster], success=[rose], throughput=rates[1:]),
        "slower": replace(
            NOTHING, tests=[*level, slower, difference(first, "latency_ms", 95, by=1.75)], throughput=rates[:1]
        ),
        "mixed": replace(NOTHING, tests=[faster, slower]),
        "faster, but failing": replace(
            NOTHING, tests=[faster], success=[fell, replace(fell, level=second, after=0.8, low=-0.25, high=-0.15), rose]
        ),
        "mixed, and failing": replace(NOTHING, tests=[faster, slower], success=[fell]),
        "slower, and failing": replace(NOTHING, tests=[slower], success=[fell, unclear]),
        "at least": replace(
            NOTHING,
            tests=[
                replace(slower, after_longer=True),
                difference(first, by=0.8, before_longer=True),
                difference(third, by=1.2, before_longer=True, after_longer=True),
                difference(third, "tpot_ms", 95, by=2.0, change=Change(0.5, math.inf, 0.001)),
            ],
        ),
        "unlike answers": replace(
            NOTHING,
            tests=[replace(slower, counts=False), *level],
            answers=[Answers(second, 98.76, 45.6), Answers(third, math.nan, math.nan)],
        ),
        "another moment": replace(
            NOTHING,
            tests=[
                replace(difference(first, by=0.45), counts=False),
                difference(first, "first_text_ms", 95, by=1.01),
                difference(second, "first_text_ms", by=1.2),
            ],
            begins=[Begins(first, 0.0, 1.0), Begins(second, 0.123, 0.9876)],
        ),
        "lacking": replace(NOTHING, tests=level, lacking=[(first, "ttft_ms"), (second, "ttft_ms"), (first, "tpot_ms")]),
        "much is worse": replace(
            NOTHING,
            tests=[
                difference(one, metric, 95, by=1.3) for one in (first, second) for metric in ("ttft_ms", "latency_ms")
            ],
            success=[replace(fell, level=one) for one in levels[:4]],
            missing=levels[4:],
            answers=[Answers(one, 100.0, 50.0) for one in levels[:4]],
        ),
        "untested and worse": replace(NOTHING, tests=[*level, difference(second, by=1.3, change=None, clear=False)]),
    }


@pytest.fixture
def pair(made: Made, language: str) -> Compared:
    """Two runs with eight levels each."""
    before, after = (made.edition(case, language) for case in (test_golden.both_modes, test_golden.decision))
    return sides({"A": [before], "B": [after]})


@LANGUAGES
def test_each_verdict_of_a_comparison(pair: Compared, language: str) -> None:
    """And of its gate, with the limits of 10 % and 1 point, and of 60 % and 2.5."""
    said: dict[str, str] = {}
    for name, found in comparisons(pair.common).items():
        for limits in (Limits(10.0), Limits(60.0, 2.5)):
            compared = with_comparison(pair, found, limits)
            gated = regression(compared)
            said[name] = "\n".join([*([said[name]] if name in said else [verdict(compared, "B")]), gated])
            assert spoken(compared).splitlines()[0] == gated.split("\n\n")[0].replace("**", "")
        assert regression(with_comparison(pair, found)) == ""
    check_lines("verdicts", language, said)


@LANGUAGES
def test_each_table_of_a_comparison(pair: Compared, language: str) -> None:
    """What changed and what is clear about it; nothing of what nothing was compared."""
    said: dict[str, str] = {}
    for name in ("no difference", "none, few tested", "faster", "slower", "at least", "unlike answers"):
        found = comparisons(pair.common)[name]
        rates = [Share(level, 0.99, 0.98, -0.03, 0.01, 0.5) for level in pair.common]
        compared = with_comparison(pair, replace(found, success=rates))
        tables = [changes(compared, metric) for metric in ("ttft_ms", "tpot_ms", "latency_ms")]
        said[name] = "\n\n".join(filter(None, [*tables, throughput(compared)]))
    check_lines("changes", language, said)


def test_nothing_in_common_has_no_tables(made: Made) -> None:
    """Neither of times nor of throughput."""
    compared = with_comparison(sides({"A": [made.edition(open_loop)], "B": [made.edition(mantle)]}), NOTHING)
    assert compared.common == []
    assert (changes(compared, "ttft_ms"), throughput(compared)) == ("", "")


@LANGUAGES
def test_runs_that_are_not_alike(made: Made, language: str) -> None:
    """Other APIs, places, tiers and settings: each is named with its run, and so are doubts; no chart, no gate."""
    here = made.edition(test_golden.both_modes, language)
    there = made.edition(mantle, language)
    settings = {**here.run.info["settings"], "test": {"max_tokens": 100, "temperature": None, "prompt_size": 1000}}
    other = with_info(here, settings=settings, simulator=True, endpoint="http://127.0.0.1:8000")
    compared = sides({"A": [here, other], "B": [there], "C": [with_info(here, endpoint="http://127.0.0.1:1")]})
    found = replace(NOTHING, success=[Share(level, 1.0, 1.0, -0.01, 0.01, calls=100) for level in compared.common])
    compared = replace(compared, comparisons={"B": found, "C": found})
    text = page(compared, "")
    keeps_the_rules("unlike", text)
    check_text(f"unlike_{language}.md", text)
    assert "**" not in spoken(compared)
    assert len(spoken(compared).splitlines()) == 2
