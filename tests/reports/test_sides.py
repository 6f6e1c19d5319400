"""The sides of a comparison, and what is compared between them, by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from reports.edition import edition
from reports.numbers.comparison import METRICS, THROUGHPUT, Answers, Comparison, compare
from reports.numbers.rate import Rate
from reports.numbers.sample import Sample
from reports.numbers.sides import Bound, Side, mean
from reports.numbers.trials import Trials

from . import few_calls

if TYPE_CHECKING:
    from pathlib import Path

    from reports.numbers.sides import Level

NAN = math.nan
ONE: Level = ("streaming", 4.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], NAN),
        ([7.0], 7.0),
        ([2.0, 8.0], 4.0),
        ([1.0, 1.0, 8.0], 2.0),
        ([0.0, 8.0], 4.0),
        ([-2.0, 8.0], 3.0),
        ([NAN, 8.0], NAN),
    ],
)
def test_the_mean_of_several_runs(values: list[float], expected: float) -> None:
    """That of the logarithms where all are above 0."""
    assert mean(values) == pytest.approx(expected, nan_ok=True)


def row(key: str, mode: str, load: float, unit: str = "users", name: str = "", **cells: Any) -> dict[str, Any]:
    """A level in which calls ended."""
    counts = {"key": key, "mode": mode, "load": load, "unit": unit, "name": name or key, "ok": 3.0, "failed": 0.0}
    return counts | dict.fromkeys(("part", "rate_from_per_s", "rate_to_per_s"), NAN) | cells


def run_of(*rows: dict[str, Any], max_tokens: float | None = None, **samples: list[float]) -> Any:
    """A run with these levels: as much of it as a side needs."""
    levels = SimpleNamespace(sample=lambda key, metric: np.array(samples.get(f"{key}_{metric}", [])))
    figures = pd.DataFrame(rows).set_index("key")
    about = SimpleNamespace(number=lambda *_: max_tokens)
    return SimpleNamespace(figures=figures, levels=levels, run=about, level=lambda key: figures.loc[key])


def test_which_levels_the_runs_of_a_side_have() -> None:
    """By users, else by name, with the rates of a part of a profile; only where calls ended in every run."""
    rows = [
        row("s-4", "streaming", 4.0),
        row("s-8", "streaming", 8.0, ok=0.0, failed=2.0),
        row("n-4", "non_streaming", 4.0),
        row("s-9", "streaming", 9.0, ok=0.0),
        row("r-2", "streaming", 2.0, "rate", "rate 2"),
        row("p-1", "streaming", 1.5, "rate", "day", part=1.0, rate_from_per_s=1.0, rate_to_per_s=2.5),
        row("x", "streaming", NAN, "", "question"),
    ]
    expected = {
        ("streaming", 4.0): "s-4",
        ("streaming", 8.0): "s-8",
        ("non_streaming", 4.0): "n-4",
        ("streaming", "rate 2"): "r-2",
        ("streaming", "day 1 2.5"): "p-1",
        ("streaming", "question"): "x",
    }
    assert Side([run_of(*rows)]).keys == {level: [key] for level, key in expected.items()}
    other = [row("other", "streaming", 4.0), row("r-2", "streaming", 2.0, "rate", "rate 3"), rows[2] | {"ok": 0.0}]
    both = Side([run_of(*rows), run_of(*other)])
    assert both.keys == {("streaming", 4.0): ["s-4", "other"]}
    assert Side([run_of(*other), run_of(*rows)]).keys == {("streaming", 4.0): ["other", "s-4"]}


def test_what_a_side_of_two_runs_says() -> None:
    """Each figure run by run, and their mean; the rows are those of the first run."""
    first = run_of(row("a", "streaming", 4.0, speed=2.0), max_tokens=5, a_output_tokens=[1.0, 2.0])
    second = run_of(row("b", "streaming", 4.0, speed=8.0), max_tokens=None, b_output_tokens=[7.0])
    side = Side([first, second])
    assert side.each(ONE, "speed") == [2.0, 8.0]
    assert side.figure(ONE, "speed") == pytest.approx(4.0)
    assert side.row(ONE)["speed"] == 2.0
    assert side.rows([ONE])["speed"].to_dict() == {"a": 2.0}
    assert side.answers(ONE).tolist() == [1.0, 2.0, 7.0]
    assert side.most_tokens == {5, None}


class Told(Side):
    """A side of which the figures are given."""

    def __init__(self, levels: list[Level], *, rates: float = 100.0, **told: Any) -> None:
        """`told`: `values` of each metric, `figures`, `trials`, `lengths` of answers, `later` texts, and `most`."""
        super().__init__([])
        self.__dict__ |= {"keys": {level: ["k"] for level in levels}, "most_tokens": {told.get("most")}}
        self.__dict__ |= {"told": told, "per_s": rates}

    def samples(self, level: Level, metric: str) -> list[Sample]:
        """Values that do not depend on each other, one after the other."""
        values = np.sort(np.array(self.__dict__["told"].get("values", {}).get(metric, []), dtype="float64"))
        return [Sample(values, (np.arange(len(values)) % 100).astype("int8"))]

    def rates(self, level: Level) -> list[Rate]:
        """One rate."""
        return [Rate(self.__dict__["per_s"], 0.0001)]

    def trials(self, level: Level) -> list[Trials]:
        """Successes and calls."""
        hits, calls = self.__dict__["told"].get("trials", (100, 100))
        return [Trials(hits, calls, 1.0)]

    def each(self, level: Level, column: str) -> list[float]:
        """One figure, or that of each of several runs."""
        found = self.__dict__["told"].get("figures", {}).get(column, 1.0)
        return found if isinstance(found, list) else [found]

    def answers(self, level: Level) -> Any:
        """Lengths of answers."""
        return np.array(self.__dict__["told"].get("lengths", [100.0]))

    def later_text(self, level: Level) -> float:
        """The share of later first texts."""
        return float(self.__dict__["told"].get("later", 0.0))


TIMES = dict.fromkeys(METRICS, np.linspace(100, 200, 5000))


def test_what_is_compared_in_a_level() -> None:
    """Each percentile of each metric, the throughput and the success rate; with the levels that one side lacks."""
    other: Level = ("streaming", 8.0)
    slower = {metric: 2 * values for metric, values in TIMES.items()}
    found = compare(
        Told([ONE, other], values=TIMES, trials=(90, 100)),
        Told([ONE, ("non_streaming", 4.0)], values=slower, rates=50.0, trials=(40, 80)),
    )
    assert found.missing == [other]
    told = [(test.level, test.metric, test.percent) for test in found.tests]
    times = [(metric, percent) for metric in METRICS[:3] for percent in (50, 95, 99)]
    pairs = [*times, ("max_gap_ms", 95), ("max_gap_ms", 99)]
    assert told == [(ONE, *pair) for pair in pairs]
    for test in found.tests:
        assert test.percent_change == pytest.approx(100)
        assert (test.clear, test.counts) == (True, True)
        assert test.before == pytest.approx(100 + (test.percent or 0))
        assert (test.before_longer, test.after_longer) == (False, False)
    [rate] = found.throughput
    assert (rate.level, rate.metric, rate.percent, rate.clear, rate.counts) == (ONE, THROUGHPUT, None, True, True)
    assert [rate.before, rate.after, rate.percent_worse] == pytest.approx([100, 50, 50])
    [share] = found.success
    assert (share.level, share.before, share.after, share.calls, share.clear) == (ONE, 0.9, 0.5, 80, True)
    assert -0.65 < share.low < share.after - share.before < share.high < -0.2
    assert found.verdict == "slower"
    assert (found.lacking, found.answers) == ([], [])


def test_what_has_too_few_calls_is_named_up_to_p95() -> None:
    """Of a higher percentile, and of stalls, that goes without saying; a metric of one side only is none."""
    few = dict.fromkeys(METRICS, np.array([100.0, 110.0, 120.0]))
    found = compare(Told([ONE], values=few), Told([ONE], values=few))
    assert [(test.metric, test.percent, test.change) for test in found.tests] == [
        (metric, percent, None) for metric in METRICS if metric != "max_gap_ms" for percent in (50, 95)
    ]
    assert not any(test.clear for test in found.tests)
    assert [test.before for test in found.tests] == pytest.approx([110, 119] * 3)
    assert compare(Told([ONE], values=few), Told([ONE])).tests == []
    assert compare(Told([ONE]), Told([ONE], values=few)).tests == []
    assert compare(Told([ONE], rates=NAN), Told([ONE])).throughput == []


@pytest.mark.parametrize(
    ("base", "run", "lacking"),
    [
        ({}, {}, []),
        ({}, {"ttft_ms_count": 0.0}, ["ttft_ms"]),
        ({}, {"ttft_ms_count": 0.0, "ok": 0.0}, []),
        ({"ttft_ms_count": 0.0}, {"ttft_ms_count": 0.0}, []),
        ({"ttft_ms_count": 0.0}, {}, []),
        ({}, dict.fromkeys([f"{metric}_count" for metric in METRICS], 0.0), list(METRICS)),
        ({}, {THROUGHPUT: 0.0}, [THROUGHPUT]),
        ({}, {THROUGHPUT: NAN}, [THROUGHPUT]),
        ({THROUGHPUT: 0.0}, {THROUGHPUT: 0.0}, []),
        ({THROUGHPUT: NAN}, {THROUGHPUT: NAN}, []),
        # of several runs, all of the base have it, and some of the others do not
        ({}, {"ttft_ms_count": [1.0, 0.0], THROUGHPUT: [1.0, 0.0]}, ["ttft_ms", THROUGHPUT]),
        ({"ttft_ms_count": [1.0, 0.0], THROUGHPUT: [1.0, 0.0]}, {"ttft_ms_count": 0.0, THROUGHPUT: 0.0}, []),
        ({}, {"ttft_ms_count": 0.0, THROUGHPUT: 0.0, "ok": [1.0, 0.0]}, []),
    ],
    ids=str,
)
def test_what_the_run_lacks(base: dict[str, Any], run: dict[str, Any], lacking: list[str]) -> None:
    """A metric that the base has in the level, where calls of the run succeeded."""
    found = compare(Told([ONE], figures=base), Told([ONE], figures=run))
    assert found.lacking == [(ONE, metric) for metric in lacking]


@pytest.mark.parametrize(
    ("before", "after", "begins"),
    [(0, 0.1, False), (0, 0.101, True), (1, 0.9, False), (1, 0.89, True), (NAN, 1, False), (0, NAN, False)],
)
def test_where_ttft_is_another_moment(before: float, after: float, begins: bool) -> None:
    """More than 10 points apart: the first text is compared, and TTFT does not count."""
    values = TIMES | {"first_text_ms": TIMES["ttft_ms"]}
    found = compare(Told([ONE], values=values, later=before), Told([ONE], values=values, later=after))
    assert [(one.level, one.before, one.after) for one in found.begins] == ([(ONE, before, after)] if begins else [])
    assert {test.metric for test in found.tests} == {*METRICS, *(["first_text_ms"] if begins else [])}
    assert {test.metric for test in found.tests if not test.counts} == ({"ttft_ms"} if begins else set())


def test_the_share_of_calls_whose_text_comes_later(tmp_path: Path) -> None:
    """Of the successes with a first token, in all runs; a call without a text has none that is later."""
    times = [(100, 100), (100, 101), (100, None), (100, 300), (None, None)]
    own = ({"ttft_ms": first, "first_text_ms": text} for first, text in times)
    calls = [few_calls.call("streaming-04", at, **cells) for at, cells in enumerate(own)]
    calls.append(few_calls.call("streaming-04", 9, ttft_ms=1, first_text_ms=5, error="ModelError"))
    runs = [edition(few_calls.run_of(tmp_path / name, own)[0]) for name, own in (("a", calls), ("b", calls[:1]))]
    assert Side(runs).later_text(ONE) == 2 / 5


SPREAD = [100.0 + 50 * (-1) ** place for place in range(1000)]
"""With a standard error of 1.6."""


@pytest.mark.parametrize(
    ("before", "after", "most", "unlike"),
    [
        ([100.0] * 9, [110.0] * 9, (5, 5), None),
        ([100.0] * 9, [110.1] * 9, (5, 5), (100, 110.1)),
        ([100.0] * 9, [90.0] * 9, (5, 5), None),
        ([100.0] * 9, [89.9] * 9, (5, 6), (100, 89.9)),
        ([100.0], [], (5, 5), None),
        ([100.0], [], (5, 6), (NAN, NAN)),
        ([], [100.0], (5, None), (NAN, NAN)),
        ([], [], (None, None), None),
        (SPREAD, [value + 11 for value in SPREAD], (5, 5), (100, 111)),
        # Of 100 each, the error of the difference is 50 * sqrt(2) / 10 = 7.1, and 3.29 times that is 23.3.
        (SPREAD[:100], [value + 23.2 for value in SPREAD[:100]], (5, 5), None),
        (SPREAD[:100], [value + 23.4 for value in SPREAD[:100]], (5, 5), (100, 123.4)),
    ],
    ids=lambda one: str(one)[:20],
)
def test_answers_of_another_length(
    before: list[float], after: list[float], most: tuple[float, float], unlike: tuple[float, float] | None
) -> None:
    """By more than a tenth and by more than chance; where none is counted, by what was allowed."""
    base, run = (
        Told([ONE], lengths=before, most=most[0], values=TIMES),
        Told([ONE], lengths=after, most=most[1], values=TIMES),
    )
    found: Comparison = compare(base, run)
    if unlike is None:
        assert found.answers == []
    else:
        [one] = found.answers
        assert isinstance(one, Answers)
        assert (one.level, one.before, one.after) == (ONE, *(pytest.approx(side, nan_ok=True) for side in unlike))
    assert {test.metric for test in found.tests if not test.counts} == (set() if unlike is None else {"latency_ms"})
    assert [test.counts for test in found.throughput] == [unlike is None]


def test_only_a_lower_bound_is_marked() -> None:
    """Where calls that failed after a long time are among those that make a percentile."""
    values = np.linspace(100, 200, 5000)
    longer = np.arange(5000) >= 4650
    base, run = Told([ONE], values=TIMES), Told([ONE], values=TIMES)
    cut = Sample(values, (np.arange(5000) % 100).astype("int8"), longer)
    run.__dict__["samples"] = lambda _, metric: [cut] if metric == "ttft_ms" else base.samples(ONE, metric)
    for found, swapped in ((compare(base, run), False), (compare(run, base), True)):
        marks = {(test.metric, test.percent): (test.before_longer, test.after_longer) for test in found.tests}
        told = (True, False) if swapped else (False, True)
        assert {pair for pair, mark in marks.items() if mark == told} == {("ttft_ms", 95), ("ttft_ms", 99)}
        assert not any(all(mark) for mark in marks.values())
    for percent, value, is_least in ((95, 195, True), (50, 150, False)):
        bound: Bound = run.percentile(ONE, "ttft_ms", percent)
        assert bound.value == pytest.approx(value)
        assert bound.is_least is is_least
