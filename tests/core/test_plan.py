"""What a run is going to do at most."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.plan import Plan, length_in_words
from bedrock_locust.settings import Settings


def plan(**sections: dict[str, Any]) -> Plan:
    """The plan of settings with these sections."""
    return Plan.of(Settings.model_validate({"model": {"id": "m"}} | sections))


def test_levels_and_length() -> None:
    """Levels of both modes, each with its warm-up; the last level may stay below the end."""
    made = plan(concurrency={"start": 1, "end": 10, "step": 4, "duration_seconds": 50, "warmup_seconds": 10})
    assert (made.levels, made.seconds, made.most_users) == (6, 360, 9)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ({}, None),
        ({"quota": 100}, 100 * 20 * 2048),
        ({"tokens_per_minute": 5000}, 5000 * 20),
        ({"quota": 1, "tokens_per_minute": 5000}, 20 * 2048),
    ],
)
def test_worst_case(model: dict[str, int], tokens: int | None) -> None:
    """The quotas bound the tokens; without one nothing does, and the plan says how to see the worst case."""
    made = plan(model={"id": "m", **model})
    assert made.output_tokens == tokens
    assert ("set model.quota" in made.lines()[2]) == (tokens is None)


def test_cost() -> None:
    """With prices the plan says what a call, and by the quota the run, may cost at most; without them nothing."""
    prices = {"input_per_million": 3, "output_per_million": 15}
    test = {"prompt_size": 1000, "max_tokens": 200}
    made = plan(model={"id": "m", "quota": 100}, pricing=prices, test=test)
    assert made.call_cost == pytest.approx(0.006)
    assert made.lines()[3] == "at most 0.0060 USD a call; by the quota at most 12.00 USD in all"
    assert plan(pricing=prices, test=test).lines()[3] == "at most 0.0060 USD a call"
    assert len(plan(test=test).lines()) == 3


def test_use_of_the_quota() -> None:
    """What the levels are expected to use of the quotas is the last line."""
    settings = Settings.model_validate({"model": {"id": "m", "quota": 100}})
    assert Plan.of(settings, "throttling expected from 4 users on").lines()[-1] == "throttling expected from 4 users on"


@pytest.mark.parametrize(
    ("seconds", "words"), [(48, "48 s"), (120, "2 min"), (750, "12 min 30 s"), (3900, "1 h 5 min"), (7200, "2 h")]
)
def test_length_in_words(seconds: float, words: str) -> None:
    """Seconds, minutes or hours, whatever is read at a glance."""
    assert length_in_words(seconds) == words
