"""The levels of the stock benchmark, where there is no shape to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.level import Level
from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.stock_levels import stock_levels
from bedrock_locust.user import NonStreamingUser, StreamingUser
from shapes import RateShape

from .test_shape import shape_of

if TYPE_CHECKING:
    from shapes import StepShape


def stock(settings: Settings) -> StepShape:
    """A shape that is set as the one of the locustfile."""
    steps, test = settings.concurrency, settings.test
    chosen = ((StreamingUser, test.streaming), (NonStreamingUser, test.non_streaming))
    return shape_of(
        *(steps.start, steps.end, steps.step),
        duration_seconds=steps.duration_seconds,
        warmup_seconds=steps.warmup_seconds,
        user_classes=[user for user, on in chosen if on],
    )


def test_the_parts_of_a_profile_are_those_of_the_shape() -> None:
    """Number, rates and length of each."""
    parts = ((60.0, 1.0, 20.0), (5.0, 20.0, 20.0), (60.0, 1.0, 20.0))
    arrivals = {"profile": parts}
    foreseen = stock_levels(Settings.model_validate({"model": {"id": "m"}, "arrivals": arrivals}))
    shape = type("Shape", (RateShape,), {"profile": parts, "user_classes": [StreamingUser, NonStreamingUser]})()
    for one, other in zip(map(Level.from_plain, shape.levels()), foreseen, strict=True):
        assert (one.mode, one.part, one.rates_per_s, one.duration_s) == (
            *(other.mode, other.part),
            *(other.rates_per_s, other.duration_s),
        )


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"concurrency": {"start": 3, "end": 20, "step": 4, "duration_seconds": 2.5, "warmup_seconds": 1}},
        {"test": {"streaming": False}},
    ],
)
def test_they_are_those_of_the_shape(sections: dict[str, Any]) -> None:
    """What is said of a configuration file is what the shape does with it."""
    settings = Settings.model_validate({"model": {"id": "m"}, **sections})
    shape = [Level.from_plain(level) for level in stock(settings).levels()]
    foreseen = stock_levels(settings)
    for one, other in zip(shape, foreseen, strict=True):
        assert (one.mode, one.users, one.warmup_s, one.duration_s) == (
            *(other.mode, other.users),
            *(other.warmup_s, other.duration_s),
        )


def test_a_search_may_try_every_load_of_its_ladder() -> None:
    """By users and by rate; each doubles the one before, up to the most, as often as there are probes."""
    goal = {"slo": {"latency_ms": 1000}, "test": {"non_streaming": False}}
    search = {"start": 2, "most": 11, "probes": 5, "duration_seconds": 70, "warmup_seconds": 3}
    by_users, by_rate = (
        stock_levels(Settings.model_validate({"model": {"id": "m"}, **goal, "search": {**search, "for": kind}}))
        for kind in ("users", "rate")
    )
    assert [level.users for level in by_users] == [2, 4, 8, 11, 11]
    assert [level.rate_per_s for level in by_rate] == [2, 4, 8, 11, 11]
    assert len({level.key for level in by_users}) == len(by_users)
    assert {(level.kind, level.warmup_s, level.duration_s) for level in (*by_users, *by_rate)} == {("search", 3, 70)}
