"""The quotas of requests and of tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.quota import Quota


@given(st.integers(1, 600), st.integers(1, 20), st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_quota_is_never_exceeded(per_minute: int, burst: int, gaps: list[float]) -> None:
    """In no time are more calls admitted than the burst and what the rate adds."""
    quota, now, admitted = Quota(Behaviour(requests_per_minute=per_minute, burst=burst), gaps[0]), 0.0, 0
    for gap in gaps:
        now += gap
        admitted += not quota.lacks(0, now)
        assert admitted <= burst + (now - gaps[0]) * per_minute / 60 + 1e-6


def test_quota_refills() -> None:
    """A used-up quota admits calls again as time passes."""
    quota = Quota(Behaviour(requests_per_minute=60, burst=2), 0)
    lacking = [quota.lacks(0, now) for now in (0, 0, 0, 0.5, 1.1, 1.2)]
    assert lacking == ["", "", "requests", "requests", "", "requests"]


def test_quota_admits_a_minute_at_once_by_default() -> None:
    """Without a burst, an unused quota admits a minute's calls at once."""
    quota = Quota(Behaviour(requests_per_minute=10), 0)
    assert sum(not quota.lacks(0, 0) for _ in range(20)) == 10


def test_quota_of_tokens_reserves_and_settles() -> None:
    """A call reserves its `max_tokens`, and gets back at its end what it did not use."""
    quota = Quota(Behaviour(tokens_per_minute=1000), 0, burndown=5)
    assert [quota.lacks(450, 0) for _ in range(3)] == ["", "", "tokens"]
    quota.settle(450, input_tokens=50, output_tokens=20)
    assert quota.lacks(401, 0) == "tokens"
    assert quota.lacks(400, 0) == ""
    quota.settle(450, input_tokens=0, output_tokens=200)
    assert quota.lacks(1, 0) == "tokens"


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.floats(0, 5)), min_size=1, max_size=40))
def test_quota_of_tokens_is_never_exceeded(calls: list[tuple[int, int, float]]) -> None:
    """Whatever calls reserve and use, no more is used than the quota and what it gains."""
    quota, now, used = Quota(Behaviour(tokens_per_minute=600), 0), 0.0, 0
    for prompt, answer, pause in calls:
        now += pause
        if not quota.lacks(prompt + answer, now):
            quota.settle(prompt + answer, prompt, answer // 2)
            used += prompt + answer // 2
        assert used <= 600 + now * 10 + 1e-6


@pytest.mark.parametrize(("at_s", "lacking"), [(0.999, "requests"), (1.0, "")])
def test_the_rate_of_refilling_is_exact(at_s: float, lacking: str) -> None:
    """60 requests a minute are one each second."""
    quota = Quota(Behaviour(requests_per_minute=60, burst=1), 0)
    assert [quota.lacks(0, 0), quota.lacks(0, at_s)] == ["", lacking]


@pytest.mark.parametrize(("at_s", "lacking"), [(5.99, "tokens"), (6.0, "")])
def test_the_rate_of_tokens_is_exact(at_s: float, lacking: str) -> None:
    """600 tokens a minute are 10 each second."""
    quota = Quota(Behaviour(tokens_per_minute=600), 0)
    assert [quota.lacks(600, 0), quota.lacks(60, at_s)] == ["", lacking]


def test_a_quota_below_one_admits_a_call() -> None:
    """A quota of less than a call a minute admits one at first, and the next one when it has refilled."""
    quota = Quota(Behaviour(requests_per_minute=0.5), 0)
    assert [quota.lacks(0, at_s) for at_s in (0, 0, 119, 121)] == ["", "requests", "requests", ""]


def test_an_unused_quota_does_not_grow() -> None:
    """It holds a minute's worth, however long it was not used."""
    quota = Quota(Behaviour(requests_per_minute=3), 0)
    assert sum(not quota.lacks(0, 3600) for _ in range(10)) == 3


def test_quota_of_input_tokens() -> None:
    """That of bedrock-mantle holds prompt and `max_tokens`; what the answer used of it stays, counted once."""
    quota = Quota(Behaviour(input_tokens_per_minute=1000), 0, burndown=5)
    assert [quota.lacks(500, 0) for _ in range(3)] == ["", "", "tokens"]
    quota.settle(500, input_tokens=50, output_tokens=20)
    assert quota.lacks(431, 0) == "tokens"
    assert quota.lacks(430, 0) == ""


@given(st.lists(st.tuples(st.integers(0, 90), st.floats(0, 3)), min_size=1, max_size=40))
def test_quota_of_output_tokens(steps: list[tuple[int, float]]) -> None:
    """No more is granted than was asked for, and in all no more than the quota and what it gains; it refuses nobody."""
    quota, now, granted = Quota(Behaviour(output_tokens_per_minute=120), 0), 0.0, 0
    for wanted, pause in steps:
        now += pause
        assert quota.lacks(10_000, now) == ""
        got = quota.grant(wanted, now)
        assert 0 <= got <= wanted
        granted += got
        assert granted <= 120 + 2 * now + 1e-6


def test_without_a_quota_of_output_all_is_granted() -> None:
    """The default."""
    assert Quota(Behaviour(), 0).grant(10**9, 0) == 10**9


def test_quota_of_tokens_per_day() -> None:
    """It counts as that per minute, and comes back as slowly as a day is long."""
    quota = Quota(Behaviour(tokens_per_day=1440), 0, burndown=5)
    assert [quota.lacks(700, 0) for _ in range(3)] == ["", "", "tokens per day"]
    quota.settle(700, input_tokens=50, output_tokens=20)
    quota.settle(700, input_tokens=50, output_tokens=20)
    assert (quota.lacks(1141, 0), quota.lacks(1140, 0)) == ("tokens per day", "")
    assert (quota.lacks(61, 3600), quota.lacks(60, 3600)) == ("tokens per day", "")
