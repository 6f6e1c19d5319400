"""What became of arrivals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.counts import Account, Fate, Made, Plain, merged

from .test_schedule import level, schedule

COUNTS = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.dictionaries(st.sampled_from(["warmup", "measure"]), st.lists(st.integers(0, 99), min_size=2, max_size=2)),
)


def test_made_and_dropped_travel() -> None:
    """By level and phase."""
    made = Made()
    made.made["a", "measure"] += 3
    made.dropped["a", "measure"] += 1
    made.dropped["b", "warmup"] += 2
    assert made.to_plain() == {"a": {"measure": [3, 1]}, "b": {"warmup": [0, 2]}}


@given(COUNTS, COUNTS)
def test_reports_may_come_in_any_order(one: Plain, other: Plain) -> None:
    """Counts only grow, so the later of two is the larger."""
    assert merged(one, other) == merged(other, one)
    assert merged(one, one) == one


@pytest.mark.parametrize(
    ("reports", "fate"),
    [
        ([{"a": {"measure": [30, 2]}}, {"a": {"measure": [18, 0]}}], Fate(50, 48, 2, 0)),
        ([{"a": {"measure": [30, 2]}}], Fate(50, 30, 2, 18)),
        ([], Fate(50, 0, 0, 50)),
        ([{"a": {"measure": [51, 0]}}], Fate(51, 51, 0, 0)),
    ],
)
def test_every_arrival_is_accounted_for(reports: list[Plain], fate: Fate) -> None:
    """Made, dropped and missed are due: what no process reports was missed."""
    account = Account()
    account.begin(schedule(), 990.0)
    account.advance(1100.0)
    assert account.fate(reports, ("a", "measure")) == fate
    assert fate.made + fate.dropped + fate.missed == fate.due


def test_what_is_due_grows_with_time() -> None:
    """Until the load ends: what would come later is no arrival any more."""
    account = Account()
    account.begin(schedule(level("a"), level("b")), 990.0)
    for now, due in ((999.0, 0), (1001.0, 10), (1003.0, 30)):
        account.advance(now)
        assert account.fate([]).due == due
    account.stop(1004.0)
    account.advance(2000.0)
    assert account.fate([]) == Fate(40, 0, 0, 40)


def test_an_arrival_is_due_from_its_moment_on() -> None:
    """As it is made then: one that counted as due only after that would be made, but not due."""
    coming, account = schedule(level("a")), Account()
    first, second, *_ = coming.arrivals()
    account.begin(coming, coming.start_at)
    assert account.due(coming.start_at + (first.due_s + second.due_s) / 2) == 1
    assert account.due(coming.start_at + second.due_s) == 2


def test_a_level_counts_as_soon_as_a_process_reports_it() -> None:
    """In all of the run, but not in another level."""
    account = Account()
    account.begin(schedule(level("a"), level("b")), 990.0)
    account.advance(1100.0)
    early = [{"c": {"measure": [3, 1]}}, {"a": {"measure": [20, 0]}}]
    assert account.fate(early) == Fate(account.due(1100.0) + 4, 23, 1, account.due(1100.0) - 20)
    assert account.fate(early, ("a", "measure")) == Fate(50, 20, 0, 30)
    assert account.fate(early, ("c", "measure")) == Fate(4, 3, 1, 0)
    assert Account().fate([]) == Fate(0, 0, 0, 0)


def test_schedules_follow_each_other() -> None:
    """The arrivals of all of them count in the run."""
    account = Account()
    account.begin(schedule(level("a")), 990.0)
    account.begin(schedule(level("b"), start_at=2000.0), 1999.0)
    account.advance(3000.0)
    assert account.fate([{"a": {"warmup": [10, 0]}}]) == Fate(120, 10, 0, 110)
    assert account.fate([], ("b", "measure")).due == 50


def test_what_no_process_can_have_told_yet_is_not_missed() -> None:
    """Workers report every 3 s: until then an arrival is due, and once the run ends what nobody told of is missed."""
    account = Account()
    account.begin(schedule(level("a")), 990.0)
    made: list[Plain] = [{"a": {"measure": [8, 2]}}]
    account.advance(1005.5, 3.5)
    assert account.fate(made, ("a", "measure"), heard=True) == Fate(45, 8, 2, 0)
    assert account.fate(made, ("a", "measure")) == Fate(45, 8, 2, 35)
    account.advance(1005.5, 2.0)
    assert account.fate(made, ("a", "measure"), heard=True) == Fate(45, 8, 2, 15)
    account.stop(1005.5)
    assert account.fate(made, ("a", "measure"), heard=True) == Fate(45, 8, 2, 35)
