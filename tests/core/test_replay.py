"""The calls of a trace as arrivals of a run."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.level import Level, LevelError
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.workload.replay import replay_of

from .replays import line, replayed, settings_of, written

if TYPE_CHECKING:
    from pathlib import Path

CALLS = [
    line(0.5, model="a", operation="converse_stream", session_id="s1"),
    line(1000.5, model="b", operation="converse"),
    line(4000, model="a", operation="invoke_model", session_id="s1", max_tokens=50),
    line(2000, model="a", session_id="s2"),
    line(9000, model="c", session_id="s2", operation="invoke_model_with_response_stream"),
]


def test_calls_come_at_their_times_in_order(tmp_path: Path) -> None:
    """Whatever the order of the lines; faster by `speed`, and only those of the window."""
    found = replayed(tmp_path, CALLS, {"speed": 2})
    assert [(call.due_s, call.record) for call in found.calls()] == [
        (0.00025, 0),
        (0.50025, 1),
        (1.0, 3),
        (2.0, 2),
        (4.5, 4),
    ]
    assert (len(found), found.seconds, found.rate_per_s) == (5, 5.0, 1.0)
    assert replace(found, traffic=replace(found.traffic, seconds=7.0)).rate_per_s == 0.714
    cut = replayed(tmp_path, CALLS, {"speed": 2, "from": 1, "to": 9})
    assert [(round(call.due_s, 6), call.record) for call in cut.calls()] == [(0.00025, 1), (0.5, 3), (1.5, 2)]
    assert (cut.seconds, cut.traffic.left_out) == (4, {"window": 2})


def test_conversations_have_owners(tmp_path: Path) -> None:
    """The number of their first call in the window; a call without a conversation has its own."""
    assert [call.owner for call in replayed(tmp_path, CALLS).calls()] == [0, 1, 2, 0, 2]
    assert [call.owner for call in replayed(tmp_path, CALLS, {"from": 1}).calls()] == [0, 1, 2, 1]
    assert replayed(tmp_path, CALLS).traffic.conversations == 2


@pytest.mark.parametrize(
    ("test", "modes", "of_calls"),
    [
        ({}, ("streaming", "non_streaming"), "snsns"),
        ({"streaming": False}, ("non_streaming",), "nnnnn"),
        ({"non_streaming": False}, ("streaming",), "sssss"),
    ],
)
def test_streaming_or_not(tmp_path: Path, test: Any, modes: tuple[str, ...], of_calls: str) -> None:
    """As the trace says, where both are wanted; where it says nothing, they stream."""
    found = replayed(tmp_path, CALLS, test=test)
    assert found.modes == modes
    assert "".join(call.mode[0] for call in found.calls()) == of_calls


def test_models_that_are_not_mapped_are_left_out(tmp_path: Path) -> None:
    """And counted, by their names."""
    found = replayed(tmp_path, CALLS, {"models": {"a": "x", "c": "y"}})
    assert [call.record for call in found.calls()] == [0, 3, 2, 4]
    assert found.traffic.left_out == {"model:b": 1}


def test_whole_seconds_are_spread(tmp_path: Path) -> None:
    """By the seed, as those of a log; times with fractions stay."""
    lines = [line(1000 * (number // 10)) for number in range(100)]
    first, again, other = (
        [call.due_s for call in replayed(tmp_path, lines, {"seed": seed}).calls()] for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(set(first)) == 100
    assert first == sorted(first)
    counts = [sum(second <= due < second + 1 for due in first) for second in range(10)]
    assert counts == [10] * 10


def test_a_call_without_its_length_is_left_out(tmp_path: Path) -> None:
    """A log may lack it; the rest is made."""
    found = replayed(tmp_path, [line(0), line(5, input_length=0)])
    assert (len(found), found.traffic.left_out) == (1, {"no_length": 1})


@pytest.mark.parametrize(
    ("lines", "arrivals", "words"),
    [
        ([{"prompt": "a"}], {}, "line 1: it has no timestamp in milliseconds. Make a trace first: python -m"),
        ([line(-1)], {}, "line 1: it has no timestamp in milliseconds"),
        ([line(0, hash_ids="x")], {}, "line 1: hash_ids must be a list of whole numbers"),
        ([line(0, payload={"messages": []})], {}, "line 1: "),
        ([line(0, model="a")], {"models": {"b": "x"}}, "has no call to make: its models are a: see arrivals.trace.mod"),
        (
            [line(0, model="a"), line(1), line(2, model="b"), line(3, model="b"), line(4, model="b"), line(5)],
            {"models": {"c": "x"}},
            "has no call to make: its models are b, without a name, a: see arrivals.trace.models",
        ),
        ([line(0), line(5000.5)], {"from": 9}, "has no call to make: its calls come from 0 s to 5 s: see from and to"),
        ([line(0.5)], {"warmup_seconds": 9}, "arrivals.warmup_seconds is 9, but the whole replay lasts 0.5005 s"),
    ],
)
def test_what_cannot_be_replayed(tmp_path: Path, lines: Any, arrivals: Any, words: str) -> None:
    """It is said with the line, or with what to change."""
    with pytest.raises(SettingsError) as raised:
        replayed(tmp_path, lines, arrivals)
    assert words in raised.value.lines[0]
    assert raised.value.lines[0].startswith("arrivals.")


def test_bad_lines_are_left_out_where_asked_for(tmp_path: Path) -> None:
    """They are named by their numbers, so that workers leave out the same."""
    lines = [{"timestamp": 5}, line(1), {}, line(2)]
    with pytest.raises(SettingsError, match=r"set workload\.on_bad to skip"):
        replayed(tmp_path, lines)
    found = replayed(tmp_path, lines, workload={"on_bad": "skip"})
    assert (found.bad, [call.record for call in found.calls()]) == ((2,), [1, 3])
    assert found.traffic.left_out == {"bad": 1, "no_length": 1}
    assert found.public() == {
        "format": "trace",
        "records": 3,
        "bad": 1,
        "bytes": found.file.size,
        "sha256": found.file.sha256,
    }
    (tmp_path / "copy").mkdir()
    copy = settings_of(written(tmp_path / "copy", lines), workload={"on_bad": "skip"})
    again = replay_of(copy, bad=found.bad)
    assert again
    assert list(again.calls()) == list(found.calls())


def test_a_file_is_read_again_only_where_something_has_changed(tmp_path: Path) -> None:
    """A shape asks for it again and again."""
    path = written(tmp_path, CALLS)
    first = replay_of(settings_of(path))
    assert replay_of(settings_of(path)) is first
    assert replay_of(settings_of(path, {"speed": 3})) is not first
    again = replay_of(settings_of(path))
    time.sleep(0.01)
    written(tmp_path, CALLS[:2])
    assert (changed := replay_of(settings_of(path))) is not again
    assert changed
    assert len(changed) == 2
    path.unlink()
    with pytest.raises(SettingsError, match=r"arrivals\.trace: .*trace\.jsonl\.gz cannot be read"):
        replay_of(settings_of(path))


def test_without_a_trace(tmp_path: Path) -> None:
    """Nothing is replayed, and a schedule of a trace that others announce is a mistake."""
    plain = settings_of(written(tmp_path, CALLS), test={"load": "users"})
    assert replay_of(plain) is None
    lonely = Schedule(
        start_at=0.0,
        user_class="",
        burstiness=1,
        seed=1,
        max_in_flight=1,
        is_replay=True,
        levels=(Level(key="a", mode="b", rate_per_s=1, duration_s=1),),
    )
    with pytest.raises(LevelError, match=r"the settings have no arrivals.trace"):
        list(lonely.arrivals())


def test_the_plan_knows_what_a_trace_costs(tmp_path: Path) -> None:
    """From its tokens to its limits, with the prices of the cache."""
    lines = [line(100.5 * n, cache_read_tokens=500, max_tokens=100, model="a") for n in range(200)]
    settings = settings_of(
        written(tmp_path, [*lines, line(0, model="z")]),
        {"models": {"a": "m"}, "speed": 2},
        pricing={"input_per_million": 10, "output_per_million": 100, "cache_read_per_million": 1},
        model={"id": "m", "quota": 100},
        concurrency={"start": 2, "end": 3},
    )
    replay = replay_of(settings)
    assert replay
    plan = replay.told(Plan.of(replay.counted(settings), levels=(replay.level(),)), settings)
    text = "\n".join(plan.lines())
    assert text.startswith("1 level, 19 requests/s on average\n")
    assert "expected 200 calls" not in text, "the trace says how many there are, and their tokens"
    assert "replay of 200 calls in 10 s at 2 times its speed, at most 20 in a second and 200 in a minute" in text
    assert "120,000 in and 1,800 out; at most 20,000 out by the limits of its calls" in text
    assert "left out of the trace: 1 of the model z" in text
    assert "in its busiest minutes it uses 200 % of the requests per minute of your quotas" in text
    assert "expected cost 0.48 to 1.60 USD" in text
    assert "test.load is rates: the users of concurrency are left out" in text


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 3)), min_size=1, max_size=30), st.floats(0.01, 100))
def test_any_trace(tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[float, int]], speed: float) -> None:
    """Each call comes once, in the order of time, and none after the end; turns have the owner of their first."""
    lines = [line(at, **({"session_id": f"s{session}"} if session else {})) for at, session in calls]
    found = replayed(tmp_path_factory.getbasetemp(), lines, {"speed": speed})
    made = list(found.calls())
    assert sorted(call.record for call in made) == list(range(len(lines)))
    assert [call.due_s for call in made] == sorted(call.due_s for call in made)
    assert made[-1].due_s < found.seconds
    assert sum(found.traffic.asked) == len(lines)
    first: dict[int, int] = {}
    for number, call in enumerate(made):
        session = calls[call.record][1]
        assert call.owner == (first.setdefault(session, number) if session else number)
