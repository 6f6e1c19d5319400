"""Growth, knee and limit stand out from chance, or are not named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.edition import Edition, edition
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
