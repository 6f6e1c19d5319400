"""Growth, knee and limit stand out from chance, or are not named."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from reports.edition import Edition, edition
from reports.numbers.growth import Growth
from reports.reading.run import read
from reports.report import markdown

from . import closed_loop, run_folders

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from .closed_loop import Row

USERS = (2, 4, 8, 16)


def answer(latency_ms: Callable[[int], float], spread: float = 0.3) -> Callable[[random.Random, int], Row]:
    """Answers that take about this long with each number of users."""
    return lambda random_, users: closed_loop.streamed(latency_ms(users) * random_.lognormvariate(0, spread))


def head_of(run: run_folders.Folder, path: Path) -> tuple[Edition, str]:
    """What is known of a run, and the first screen."""
    found = edition(read(run.write(path)))
    return found, markdown(found, {}).split("\n## ")[0]


def test_growth_is_said_where_it_is(tmp_path: Path) -> None:
    """A server that no load slows down: the last level brings most, and more may come."""
    found, text = head_of(closed_loop.run(USERS, answer(lambda _: 1000)), tmp_path)
    assert found.conclusions[0].rising
    assert "Throughput still grew at the last level" in text
    assert "Limit reached" not in text


@pytest.mark.parametrize("latency_ms", [lambda users: 500 * users, lambda users: 1000 if users == 2 else 4500])
@pytest.mark.parametrize("slo", [{}, {"latency_ms": 60_000}])
def test_throughput_that_lies_flat_or_halves_does_not_grow(
    tmp_path: Path, latency_ms: Callable[[int], float], slo: Row
) -> None:
    """Neither with an SLO that every level meets nor without one."""
    run = closed_loop.run((2, 4), answer(latency_ms))
    run.info["settings"]["slo"] = slo
    found, text = head_of(run, tmp_path)
    assert not found.conclusions[0].rising
    assert "still grew" not in text


def test_a_call_a_level_has_no_knee(tmp_path: Path) -> None:
    """Nothing is said of growth, and the level with the most throughput is named as that."""
    found, text = head_of(closed_loop.run(USERS, answer(lambda _: 1000), calls=1), tmp_path)
    assert (found.conclusions[0].knee, found.conclusions[0].basis) == ((), "most")
    assert "knee" not in text
    assert "still grew" not in text


def test_one_straggler_does_not_move_the_knee(tmp_path: Path) -> None:
    """A call of 40 s at the knee of a server for eight."""
    run = closed_loop.run((2, 4, 8, 16, 32), answer(lambda users: 1000 * max(1, users / 8), 0.1))
    found, _ = head_of(run, tmp_path / "usual")
    assert found.conclusions[0].knee == ("streaming-08",)
    at_8 = [row for row in run.requests if row["users"] == 8 and row["phase"] == "measure"]
    at_8[5]["latency_ms"] += 40_000
    found, _ = head_of(run, tmp_path / "straggler")
    assert found.conclusions[0].advised == "streaming-08"
    assert found.conclusions[0].limit is not None
    assert found.conclusions[0].limit.kind == "flat"


def test_missing_token_counts_do_not_move_the_knee(tmp_path: Path) -> None:
    """Where a level lacks counts, levels are ranked by requests."""
    run = closed_loop.run((2, 4, 8, 16, 32), answer(lambda users: 1000 * max(1, users / 8), 0.1))
    for row in [row for row in run.requests if row["users"] == 8][::2]:
        row["output_tokens"] = None
    found, _ = head_of(run, tmp_path)
    assert (found.conclusions[0].rate, found.conclusions[0].knee) == ("requests_per_s", ("streaming-08",))


def test_a_knee_between_two_levels_is_said_to_be_there(tmp_path: Path) -> None:
    """Eight and ten users have the same power on a server for nine."""
    latency_ms = {2: 1000.0, 8: 1000.0, 10: 1000 * 10 / (8 * 10 / 8) ** 0.5 / 10**0.5 * 1.118, 40: 6000.0}
    found, text = head_of(closed_loop.run((2, 8, 10, 40), answer(latency_ms.__getitem__)), tmp_path)
    assert found.conclusions[0].knee == ("streaming-08", "streaming-10")
    assert "**Streaming: works best between 8 and 10 users.**" in text
    assert found.conclusions[0].advised == "streaming-08"


@pytest.mark.parametrize("burst", [True, False])
def test_a_level_that_failed_shows_no_knee_below_it(tmp_path: Path, burst: bool) -> None:
    """Throughput doubles from level to level, and the last one has many failures: that is no growth that ended."""
    run = closed_loop.run(USERS, answer(lambda _: 1000.0))
    of_last = [place for place, row in enumerate(run.requests) if row["users"] == 16 and row["phase"] == "measure"]
    count = len(of_last) // 10
    for place in of_last[-count:] if burst else of_last[::10]:
        run.requests[place] = run_folders.failed(run.requests[place], "ModelError", "ModelErrorException", "no")
    found, text = head_of(run, tmp_path)
    conclusion = found.conclusions[0]
    assert (conclusion.advised, conclusion.is_last) == ("streaming-08", True)
    assert conclusion.limit is None or conclusion.limit.kind == "failures"
    assert "**Streaming: works best at 8 users**, the highest level without problems." in text
    assert "(knee)" not in text
    assert "throughput grew by only" not in text


@pytest.mark.parametrize("share", [0.005, 0.01])
def test_background_failures_are_no_limit(tmp_path: Path, share: float) -> None:
    """With the same few failures on every level, a limit is named in at most one of ten runs."""

    def background(random_: random.Random, _: int) -> Row:
        if random_.random() < share:
            return closed_loop.failed("ModelError", 300)
        return closed_loop.streamed(500)

    named = 0
    for seed in range(20):
        run = closed_loop.run(USERS, background, window_s=30, seed=seed)
        found = edition(read(run.write(tmp_path / str(seed))))
        named += found.conclusions[0].limit is not None
    assert named <= 2


def test_failures_beyond_the_asked_success_rate_only_are_a_limit(tmp_path: Path) -> None:
    """5 % of failures from 8 users on: a limit without an SLO, none where 90 % of successes are asked for."""

    def failing(random_: random.Random, users: int) -> Row:
        if users >= 8 and random_.random() < 0.05:
            return closed_loop.failed("ModelError", 300)
        return closed_loop.streamed(500)

    run = closed_loop.run(USERS, failing)
    found, text = head_of(run, tmp_path)
    assert found.conclusions[0].limit is not None
    assert (found.conclusions[0].limit.kind, found.conclusions[0].limit.key) == ("failures", "streaming-08")
    assert "Limit reached at 8 users: " in text
    run.info["settings"]["slo"] = {"success_rate": 90}
    found, text = head_of(run, tmp_path)
    assert found.conclusions[0].limit is None
    assert "Limit reached" not in text


KEYS = ("a", "b", "c", "d")


def levels_of(starts: list[float], latencies: list[float], tokens: list[float], place: int = 0) -> Any:
    """Levels of which the one at this place has these successes in a window of 100 s."""
    values = {"started_at": starts, "latency_ms": latencies, "output_tokens": tokens}
    arrays = {name: np.array(column, dtype="float64") for name, column in values.items()}
    table = SimpleNamespace(index=KEYS)
    return SimpleNamespace(
        table=table,
        window=lambda _: (0.0, 100.0),
        values=lambda key, name: arrays[name] if key == KEYS[place] else np.empty(0),
    )


def plain_factors(
    starts: list[float], latencies: list[float], yields: list[float], place: int, draws: int
) -> list[float]:
    """Sums of each tenth of the window, weighted at random, over what they are without weights; widened."""
    sums: dict[int, list[float]] = {}
    for start, latency, tokens in zip(starts, latencies, yields, strict=True):
        if not math.isnan(tokens):
            part = sums.setdefault(min(int(start // 10), 9), [0.0, 0.0])
            part[0], part[1] = part[0] + tokens, part[1] + latency
    known = [sums[part] for part in sorted(sums) if sums[part][1] > 0]
    plain = sum(one for one, _ in known) / sum(other for _, other in known)
    weights = np.random.default_rng([20251124, place]).exponential(size=(2000, len(known)))
    found = []
    for row in weights[:draws].tolist():
        drawn = [sum(weight * part[side] for weight, part in zip(row, known, strict=True)) for side in (0, 1)]
        found.append(max(1 + 1.28 * (drawn[0] / drawn[1] / plain - 1), 0.01))
    return found


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("rate", ["output_tokens_per_s", "requests_per_s"])
def test_resamples_are_those_of_a_plain_computation(place: int, rate: str) -> None:
    """Of tokens, or of calls, over the time that these took; some resamples are at the least factor."""
    starts = [1.0, 5, 11, 21, 31, 41, 41.5, 51, 61, 71, 95, 99]
    latencies = [100.0, 200, 5, 300, 9_000, 100, 80, 70, 60, 90, 20, 10]
    tokens = [5.0, math.nan, 900, 7, 1, 3, 2, 8, 9, 4, 6, 10]
    found = Growth(levels_of(starts, latencies, tokens, place))
    factors = found.factors(KEYS[place], rate)
    assert factors is not None
    yields = tokens if rate == "output_tokens_per_s" else [1.0] * len(tokens)
    assert factors.shape == (2000,)
    assert factors[:50].tolist() == pytest.approx(plain_factors(starts, latencies, yields, place, 50))
    assert factors.min() == pytest.approx(min(plain_factors(starts, latencies, yields, place, 2000)))
    assert found.tells(KEYS[place], rate)
    assert found.factors(KEYS[place], rate) is factors, "drawn once"
    assert not found.tells("d", rate)


@pytest.mark.parametrize(
    ("starts", "tokens", "tells"),
    [
        ([10.0 * place for place in range(10)], [1.0] * 10, True),
        ([10.0 * place for place in range(10)], [1.0] * 9 + [math.nan], False),
        ([10.0 * place for place in range(9)], [1.0] * 9, False),
        ([20.0 * (place % 5) for place in range(10)], [1.0] * 10, True),
        ([20.0 * (place % 4) for place in range(10)], [1.0] * 10, False),
        ([10.0 * place for place in range(10)], [0.0] * 10, False),
        ([10.0 * place for place in range(10)], [0.0] * 9 + [0.5], True),
    ],
    ids=str,
)
def test_calls_enough_to_tell_of_growth(starts: list[float], tokens: list[float], *, tells: bool) -> None:
    """Ten with a count, in five parts of the window, and a token among them."""
    assert Growth(levels_of(starts, [100.0] * len(starts), tokens)).tells("a", "output_tokens_per_s") is tells


class Drawn(Growth):
    """Growth of which the resamples are given: for each level, how many of 2,000 have which factor."""

    def __init__(self, **drawn: list[tuple[int, float]]) -> None:
        """A level that is not named here has too few calls."""
        super().__init__(levels_of([], [], []))
        self.__dict__["drawn"] = {
            key: np.concatenate([np.full(count, factor) for count, factor in parts]) for key, parts in drawn.items()
        }

    def factors(self, key: str, rate: str) -> Any:
        """The resamples."""
        return self.__dict__["drawn"].get(key)


ALIKE = [(2000, 1.0)]


@pytest.mark.parametrize(
    ("before", "after", "rates", "grows"),
    [
        (ALIKE, ALIKE, (10, 11), True),
        (ALIKE, ALIKE, (10, 10), False),
        (ALIKE, ALIKE, (11, 10), False),
        (ALIKE, [(1950, 1.0), (50, 0.5)], (10, 11), True),
        (ALIKE, [(1949, 1.0), (51, 0.5)], (10, 11), False),
        ([(1950, 1.0), (50, 2.0)], ALIKE, (10, 11), True),
        ([(1949, 1.0), (51, 2.0)], ALIKE, (10, 11), False),
        (ALIKE, None, (10, 99), False),
        (None, ALIKE, (10, 99), False),
    ],
)
def test_growth_by_more_than_chance(before: Any, after: Any, rates: tuple[float, float], *, grows: bool) -> None:
    """In 97.5 % of the resamples."""
    drawn = {key: parts for key, parts in (("a", before), ("b", after)) if parts}
    figures = pd.DataFrame({"requests_per_s": rates}, index=["a", "b"])
    assert Drawn(**drawn).grows(figures, "a", "b", "requests_per_s") is grows


def shares_of(*shares: int) -> dict[str, list[tuple[int, float]]]:
    """Of 2,000 resamples, in so many each of the levels has the most power."""
    found = {}
    for place, key in enumerate(KEYS[: len(shares)]):
        found[key] = [(count, 5.0 if other == place else 1.0) for other, count in enumerate(shares)]
    return found


@pytest.mark.parametrize(
    ("drawn", "in_flight", "knee"),
    [
        (dict.fromkeys("abc", ALIKE), (1, 2, 4), ("b",)),
        (dict.fromkeys("abc", ALIKE), (0.5, 2, 4), ("a",)),
        (dict.fromkeys("ab", ALIKE), (1, 2, 4), ()),
        (dict.fromkeys("abc", ALIKE), (1, 0, 4), ()),
        (shares_of(100, 1800, 100), (1, 2, 4), ("b",)),
        (shares_of(0, 1799, 201), (1, 2, 4), ("b", "c")),
        (shares_of(201, 1799, 0), (1, 2, 4), ("a", "b")),
        (shares_of(150, 1700, 150), (1, 2, 4), ("a", "b")),
        (shares_of(100, 1700, 200), (1, 2, 4), ("b", "c")),
        (shares_of(201, 1599, 200), (1, 2, 4), ("a", "b")),
        (shares_of(201, 1598, 201), (1, 2, 4), ()),
        (shares_of(1000, 900, 100), (0.5, 2, 4), ("a", "b")),
        (shares_of(100, 900, 1000), (1, 4, 2), ("b", "c")),
        (shares_of(0, 100, 900, 1000), (1, 4, 4, 2), ("c", "d")),
    ],
    ids=str,
)
def test_the_knee_by_hand(drawn: Any, in_flight: tuple[float, ...], knee: tuple[str, ...]) -> None:
    """The level with the most power in nine of ten resamples, else the two neighbours that have it together."""
    rates = (10.0, 18.0, 20.0, 20.0)[: len(in_flight)]
    figures = pd.DataFrame({"requests_per_s": rates, "in_flight": in_flight}, index=list(KEYS[: len(in_flight)]))
    assert Drawn(**drawn).knee(figures, "requests_per_s") == knee
