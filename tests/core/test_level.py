"""A level as the load shape announces it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from locust.env import Environment
from locust.rpc.protocol import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shapes
from bedrock_locust.level import REQUIRED, Level, LevelError, Load, in_words, loads_in_words, planned_levels

from .strategies import UNIX_TIME

ANNOUNCED: dict[str, Any] = {"level": "chat-04", "mode": "chat", "users": 4, "phase": "measure"}
MOMENTS = st.none() | UNIX_TIME
RATES = {"rate_per_s": st.floats(0, 1e6), "max_in_flight": st.none() | st.integers(1, 10**6)}
LOADS = st.fixed_dictionaries({"users": st.integers(0, 10**6)}) | st.fixed_dictionaries(RATES)
LEVELS = st.builds(
    lambda load, **rest: Level(**load, **rest),
    load=LOADS,
    key=st.text(max_size=20),
    mode=st.text(max_size=20),
    phase=st.sampled_from(["warmup", "measure", "drain"]),
    started_at=MOMENTS,
    measured_from=MOMENTS,
    measured_to=MOMENTS,
    users_reached=st.integers(0, 10**6),
    completed=st.booleans(),
    warmup_s=st.floats(0, 1e6),
    duration_s=st.none() | st.floats(0, 1e6),
)


@given(LEVELS)
def test_a_level_travels_as_it_is(level: Level) -> None:
    """Through Locust's messages, as a mapping, and back."""
    message = Message("spawn", {"parsed_options": {"level_tag": level.to_plain()}}, "id")
    assert Level.from_plain(Message.unserialize(message.serialize()).data["parsed_options"]["level_tag"]) == level


def test_what_a_shape_plans_can_be_read() -> None:
    """A shape has a dataclass of its own, of which the plain package knows nothing."""
    planned = shapes.Level("chat-04", "chat", 4, warmup_s=2, duration_s=9)
    assert Level.from_plain(planned) == Level(key="chat-04", mode="chat", users=4, warmup_s=2, duration_s=9)


def test_little_is_enough() -> None:
    """What a shape does not say is not known, and what this package does not know does no harm."""
    level = Level.from_plain({**ANNOUNCED, "colour": 3})
    assert level == Level(key="chat-04", mode="chat", users=4, phase="measure")
    assert (level.started_at, level.duration_s, level.length_s) == (None, None, None)


@pytest.mark.parametrize("loads", [{}, {"users": None}, {"users": 3, "rate_per_s": 2.0}])
def test_a_level_has_one_load(loads: dict[str, Any]) -> None:
    """Users or arrivals per second: a shape that announces neither, or both, is told."""
    with pytest.raises(LevelError, match="with either users or rate_per_s"):
        Level.from_plain({"level": "a", "mode": "streaming", "phase": "measure", **loads})


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (Load(1), "1 user"),
        (Load(1200), "1,200 users"),
        (Load(1, "requests/s"), "1 request/s"),
        (Load(0.25, "requests/s"), "0.25 requests/s"),
        (Load(3e6), "3,000,000 users"),
    ],
)
def test_a_load_in_words(load: Load, words: str) -> None:
    """With its unit, which no other code needs to know."""
    assert str(load) == words


def test_loads_in_words() -> None:
    """All of them, or of many the first and the last."""
    loads = [Load(each, "requests/s") for each in (1, 2.5, 4, 8, 16)]
    assert in_words(loads) == "1, 2.5, 4, 8, 16 requests/s"
    assert in_words(loads, 4) == "1, 2.5, 4, ..., 16 requests/s"


def test_the_load_of_a_level() -> None:
    """Of a closed loop its users, of an open one its rate, which may change within the level."""
    closed = Level(key="a", mode="streaming", users=4)
    spike = Level(key="b", mode="streaming", rate_per_s=3.0, rate_from_per_s=1.0, rate_to_per_s=5.0, max_in_flight=50)
    assert (closed.load, closed.most_in_flight, closed.rates_per_s) == (Load(4), 4, (0, 0))
    assert (spike.load, spike.most_in_flight, spike.rates_per_s) == (Load(3.0, "requests/s"), 50, (1.0, 5.0))
    assert (spike.title, spike.short_load) == ("streaming, 1 to 5 requests/s", "1 to 5")
    assert (closed.title, closed.short_load) == ("streaming, 4 users", "4")
    assert (closed.peak, spike.peak) == (Load(4), Load(5.0, "requests/s"))
    assert replace(spike, rate_from_per_s=1.0, rate_to_per_s=1.0, rate_per_s=1.0).title == "streaming, 1 request/s"


def part(number: int, first: float, last: float) -> Level:
    """A part of a profile."""
    rates: dict[str, Any] = {"rate_per_s": (first + last) / 2, "rate_from_per_s": first, "rate_to_per_s": last}
    return Level(key=f"part-{number}", mode="streaming", part=number, **rates)


def test_a_part_of_a_profile() -> None:
    """It has a number and its rates; its peak is the higher one."""
    ramp, even = part(2, 5, 1), part(3, 20, 20)
    assert ramp.title == "streaming, part 2 (5 to 1 requests/s)"
    assert (ramp.short_load, ramp.load, ramp.peak) == ("5 to 1", Load(3, "requests/s"), Load(5, "requests/s"))
    assert (even.load_in_words, even.short_load, even.peak) == (
        *("part 3 (20 requests/s)", "20"),
        Load(20, "requests/s"),
    )


def test_levels_in_words() -> None:
    """Loads that come twice are named once; of a profile all parts are, as the same rate may come again."""
    users = [Level(key=f"{mode}{each}", mode=mode, users=each) for mode in ("a", "b") for each in (1, 2)]
    assert loads_in_words(users, 9) == "1, 2 users"
    parts = [part(number, *ends) for number, ends in enumerate([(1, 5), (5, 5), (20, 20), (5, 5), (5, 0)], 1)]
    assert loads_in_words(parts, 9) == "5 parts: 1 to 5, 5, 20, 5, 5 to 0 requests/s"
    assert loads_in_words(parts, 4) == "5 parts: 1 to 5, 5, 20, ..., 5 to 0 requests/s"
    assert loads_in_words(parts[:1], 4) == "1 part: 1 to 5 requests/s"


@pytest.mark.parametrize("name", REQUIRED)
def test_a_field_that_is_missing_is_named(name: str) -> None:
    """A shape that forgets a field is told which."""
    with pytest.raises(LevelError, match=f"announced a level without '{name}'"):
        Level.from_plain({key: value for key, value in ANNOUNCED.items() if key != name})


@pytest.mark.parametrize(
    ("announced", "words"),
    [
        ({**ANNOUNCED, "phase": "cooldown"}, "the phase of a level is 'cooldown', but must be one of"),
        ("chat-04", "announced 'chat-04' as a level, but must announce a mapping"),
        (4, "announced 4 as a level"),
    ],
)
def test_what_is_no_level_is_refused(announced: Any, words: str) -> None:
    """With the value, in one sentence."""
    with pytest.raises(LevelError, match=words):
        Level.from_plain(announced)


class Plain:
    """A shape that offers no more than it must."""

    def levels(self) -> list[dict[str, Any]]:
        """Two levels."""
        return [{**ANNOUNCED, "users": users, "phase": "warmup"} for users in (2, 9)]


def test_what_a_shape_must_offer_is_enough() -> None:
    """The levels of a shape are asked for by `levels()`; without a shape, or one without levels, there are none."""
    environment = Environment()
    assert planned_levels(environment) is None
    environment.shape_class = Plain()  # type: ignore[assignment]  # its tick is not asked for
    assert [level.users for level in planned_levels(environment) or ()] == [2, 9]
    environment.shape_class = object()  # type: ignore[assignment]
    assert planned_levels(environment) is None


@pytest.mark.parametrize(
    ("level", "title"),
    [
        (Level(key="a", mode="non_streaming", users=1), "non-streaming, 1 user"),
        (Level(key="a", mode="Chat", users=1200), "Chat, 1,200 users"),
    ],
)
def test_the_title(level: Level, title: str) -> None:
    """What people read."""
    assert level.title == title


def test_the_length() -> None:
    """Warm-up and measuring."""
    assert Level(key="a", mode="m", users=1, warmup_s=2, duration_s=9).length_s == 11
