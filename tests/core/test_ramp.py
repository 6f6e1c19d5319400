"""RampShape: half the rate after a 503, else up by half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locust.event import EventHook

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.arrivals import RAMP_LEVELS
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import build
from bedrock_locust.settings.stock_levels import stock_levels
from shapes import LevelShape, RampShape, base, ramp, rate
from shapes.ramp import MOST_LEVELS, NO_CAPACITY, next_rate
from shapes.rate import SETTLE_S

from .test_rate import Ground
from .test_shape import Clock, One, Other

if TYPE_CHECKING:
    from collections.abc import Iterable


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of shapes."""
    made = Clock()
    for module in (base, ramp, rate):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(LevelShape, "get_run_time", lambda shape: made.now - shape.start_time)
    return made


def ground_of(clock: Clock, had: Iterable[dict[str, int]], **runner: Any) -> Ground:
    """A ramp to 20/s in which the levels had these failures, in order, and then none."""

    class Shape(RampShape):
        target = 20
        duration_seconds = 3
        user_classes = (One, Other)

    ground = Ground(Shape(), clock, **runner)
    failures = iter(had)
    hook = EventHook()
    hook.add_listener(lambda answer, **_: answer.update(next(failures, {})))
    ground.runner.environment.events.level_failures = hook
    return ground


def rates_of(ground: Ground, user_class: str) -> list[float]:
    """What was asked of one class."""
    return [plan.levels[0].rate_per_s or 0 for plan in ground.schedules if plan.user_class == user_class]


BUSY = {NO_CAPACITY: 1}


@pytest.mark.parametrize(
    ("had", "rates"),
    [
        ([], [20]),
        ([{"ThrottlingError": 5}], [20]),
        ([BUSY], [20, 10, 15, 20]),
        ([BUSY, BUSY], [20, 10, 5, 7.5, 11.25, 16.875, 20]),
        ([BUSY, {}, BUSY], [20, 10, 15, 7.5, 11.25, 16.875, 20]),
    ],
)
def test_rates(clock: Clock, had: list[dict[str, int]], rates: list[float]) -> None:
    """Class by class; the ramp of one class says nothing of the other."""
    ground = ground_of(clock, had)
    ground.run()
    assert rates_of(ground, "One") == rates
    assert rates_of(ground, "Other") == [20]
    keys = [plan.key for plan in ground.schedules]
    assert keys[: len(rates)] == [f"one-ramp-{number:02d}" for number in range(1, len(rates) + 1)]
    assert len(set(keys)) == len(keys)
    assert ground.told[-1] is None


def test_it_ends_where_there_is_never_room(clock: Clock) -> None:
    """After the most levels of the class."""
    ground = ground_of(clock, [BUSY] * MOST_LEVELS)
    ground.run()
    assert rates_of(ground, "One") == [20 / 2**halves for halves in range(MOST_LEVELS)]
    assert rates_of(ground, "Other") == [20]


def test_it_waits_for_rows_of_workers(clock: Clock) -> None:
    """They come some seconds after the last call has ended: its failure counts."""
    ground = ground_of(clock, [], clients=[], user_count=1)
    ground.shape._present_workers = list  # type: ignore[method-assign]
    while not any(level and level.completed for level in ground.told):
        ground.tick()
    ground.tick(10)
    ground.runner.user_count = 0
    ended_at = clock.now
    while len(ground.schedules) == 1:
        ground.tick()
    assert clock.now - ended_at >= SETTLE_S


@given(target=st.floats(0.01, 1e4), failures=st.lists(st.booleans(), max_size=30))
def test_no_rate_is_above_the_target(target: float, failures: list[bool]) -> None:
    """And it ends at it alone."""
    asked: float | None = target
    for had in failures:
        if asked is None:
            break
        assert 0 < asked <= target
        then = next_rate(asked, target, had_capacity=not had)
        assert (then is None) == (asked == target and not had)
        asked = then


def settings(**arrivals: Any) -> Any:
    """Settings with these arrivals."""
    return build({"model": {"id": "m"}, "arrivals": arrivals}, {}, "config.json")


@pytest.mark.parametrize("given", [{"rates": [1, 2]}, {"profile": [[1, 2, 3]]}, {"trace": "x.jsonl"}])
def test_it_needs_one_rate(given: dict[str, Any]) -> None:
    """The one to get to."""
    with pytest.raises(SettingsError, match="ramp needs one rate to get to"):
        settings(ramp="aws", **given)


def test_the_plan_is_the_most() -> None:
    """All levels, each at the target."""
    made = settings(rates=[20], ramp="aws", duration_seconds=900)
    assert RAMP_LEVELS == MOST_LEVELS
    assert [level.rate_per_s for level in stock_levels(made)] == [20] * 2 * MOST_LEVELS
    lines = Plan.of(made, levels=stock_levels(made)[:MOST_LEVELS]).lines()
    assert lines[0] == "a ramp to 20 requests/s in at most 12 steps; it ends with the first there without a 503"
    assert lines[1].startswith("at most 3 h")
