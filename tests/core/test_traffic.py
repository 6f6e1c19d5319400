"""What the calls of a trace add up to."""

from __future__ import annotations

import json
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.goals import Pricing
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.traffic import MOST_BINS, Facts

from .replays import line


def facts(*lines: dict[str, object]) -> Facts:
    """What was noted of lines."""
    found = Facts()
    for one in lines:
        found.add(one, 77)
    return found


def test_sums_and_percentiles() -> None:
    """Of the chosen calls only; a limit is that of the call, else its length, else that of the settings."""
    lines = [line(0, latency_ms=5 * n, max_tokens=100 * n or None) for n in range(4)]
    found = facts(*lines, line(0, output_length=None)).traffic(
        [0, 1, 2, 4], array("d", [0.0, 1.0, 61.0, 62.0]), 100, {}, [0, 1, 1, 1, 2]
    )
    assert (found.calls, found.input_tokens, found.output_tokens, found.limit_tokens) == (4, 2400, 27, 386)
    assert (found.most_input, found.most_limit, found.latency_ms) == (600, 200, (5, 10))
    assert (found.busiest.calls, found.busiest.input_tokens, found.most_in_a_second) == (2, 1200, 1)
    assert found.conversations == 1
    assert json.loads(json.dumps(found.public()))["asked"] == list(found.asked)
    prices = Pricing(input_per_million=1, output_per_million=5)
    assert found.cost(prices, 1000) == found.cost(prices)
    assert found.cost(prices, 30) == pytest.approx([cost / 2 for cost in found.cost(prices)])


@pytest.mark.parametrize("latency", [None, "5", float("nan"), float("inf"), True, -3])
def test_a_latency_that_is_none(latency: object) -> None:
    """The trace has none then."""
    found = facts(line(0, latency_ms=latency)).traffic([0], array("d", [0.0]), 1, {}, [0])
    assert found.latency_ms is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50).map(sorted), st.floats(0.01, 1e5))
def test_stretches_of_time(due_s: list[float], more_s: float) -> None:
    """Each call is in one of them, and there are not too many."""
    found = facts(*[line(0)] * len(due_s)).traffic(range(len(due_s)), due_s, due_s[-1] + more_s, {}, [0] * len(due_s))
    assert sum(found.asked) == len(due_s)
    assert len(found.asked) <= MOST_BINS + 1


@pytest.mark.parametrize(
    ("sessions", "trace", "says"),
    [([1, 1], {}, True), ([1, 2], {}, False), ([0, 0], {}, False), ([1, 1], {"to": 9}, False)],
)
def test_conversations_may_take_longer(sessions: list[int], trace: dict[str, Any], says: bool) -> None:
    """Where calls may wait for the one before them, and no end is asked for."""
    found = facts(line(0), line(1)).traffic([0, 1], array("d", [0.0, 1.0]), 2, {}, sessions)
    settings = Settings.model_validate({"model": {"id": "m"}, "arrivals": {"trace": {"file": "x", **trace}}})
    assert any("wait for the one before them" in one for one in found.lines(settings)) == says


def test_without_quotas_nothing_is_said_of_them() -> None:
    """Nor of a speed that is that of production."""
    found = facts(line(0)).traffic([0], array("d", [0.0]), 1, {}, [0])
    lines = found.lines(Settings.model_validate({"model": {"id": "m"}, "arrivals": {"trace": "x"}}))
    assert lines[0] == "replay of 1 call in 1 s, at most 1 in a second and 1 in a minute"
    assert len(lines) == 2


def test_quotas_are_of_one_model() -> None:
    """Where calls go to several, the plan says so, as it counts all of them."""
    found = facts(line(0)).traffic([0], array("d", [0.0]), 1, {}, [0])
    for models, said in (({"a": "m"}, ""), ({"a": "other"}, ", which are those of m, with the calls to all models")):
        trace = {"trace": {"file": "x", "models": models}}
        settings = Settings.model_validate({"model": {"id": "m", "quota": 10}, "arrivals": trace})
        assert found.lines(settings)[-1].endswith(f"10 % of the requests per minute of your quotas{said}")
