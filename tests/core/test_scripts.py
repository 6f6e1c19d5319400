"""What is said in conversations."""

from __future__ import annotations

import json
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.workload import Pause
from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.lengths import draw_pause_s
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.source import workload_of

from .test_generated import settings_of
from .test_mistakes import lines

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_locust.workload.contract import Request

ROLES = ["human", "gpt", "human", "gpt", "human", "gpt"]
CHAT = {"conversations": [{"from": role, "value": f"said {number}"} for number, role in enumerate(ROLES)]}
TOOLS = {
    "messages": [
        {"role": "user", "content": [{"text": "a"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "t", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "b"}]}}]},
    ]
}


def all_turns(request: Request, answer: str = "live") -> list[list[str]]:
    """The texts of each turn of a conversation."""
    turns = []
    following: Request | None = request
    while following:
        messages = following.arguments["messages"]
        turns.append([block["text"] for message in messages for block in message["content"] if "text" in block])
        following = following.then(answer) if following.then else None
    return turns


def of_file(tmp_path: Path, record: Any, **workload: Any) -> Request:
    """The first request of a file with one record."""
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(record))
    values = {"model": {"id": "m"}, "workload": {"file": str(path), "turns": 5, **workload}}
    positions = count()
    settings = Settings.model_validate(values)
    return workload_of(settings, Prepared(), "w", RecordFile(path), lambda: next(positions)).next()


@pytest.mark.parametrize(
    ("workload", "turns"),
    [
        ({}, [["said 0"], ["said 0", "said 1", "said 2"], ["said 0", "said 1", "said 2", "said 3", "said 4"]]),
        (
            {"history": "live"},
            [["said 0"], ["said 0", "live", "said 2"], ["said 0", "live", "said 2", "live", "said 4"]],
        ),
        ({"turns": 2}, [["said 0"], ["said 0", "said 1", "said 2"]]),
        ({"turns": 1}, [["said 0", "said 1", "said 2", "said 3", "said 4"]]),
    ],
)
def test_a_record_is_said_turn_by_turn(tmp_path: Path, workload: dict[str, Any], turns: list[list[str]]) -> None:
    """With the recorded answers, or with those of the model; of one turn it is one request."""
    first = of_file(tmp_path, CHAT, **workload)
    assert all_turns(first) == turns
    assert first.about["record"] == 0
    assert first.about.get("session") == (None if workload.get("turns") == 1 else "w-1")


def test_the_call_of_a_tool_is_the_recorded_one(tmp_path: Path) -> None:
    """Whatever the model says: the result that follows has its id."""
    first = of_file(tmp_path, TOOLS, history="live")
    assert first.then is not None
    second = first.then("no tool was called")
    assert second.arguments["messages"] == TOOLS["messages"]


@pytest.mark.parametrize(
    ("record", "texts", "limits"),
    [
        ({"question_id": 1, "turns": ["one", "two", "three"]}, ["one", "two", "three"], [2048] * 3),
        ({"turns": [{"text": "one", "output_length": 7}, {"text": "two"}]}, ["one", "two"], [7, 2048]),
    ],
)
def test_turns_without_answers_get_those_of_the_model(
    tmp_path: Path, record: Any, texts: list[str], limits: list[int]
) -> None:
    """Questions of MT-Bench and AIPerf are turns, each with its own limit."""
    turns = all_turns(of_file(tmp_path, record), "said")
    assert turns[-1] == [text for question in texts for text in (question, "said")][:-1]
    found = list[int]()
    following: Request | None = of_file(tmp_path, record)
    while following:
        found.append(following.arguments["inferenceConfig"]["maxTokens"])
        following = following.then("said") if following.then else None
    assert found == limits


def pauses_of(tmp_path: Path, record: Any, **workload: Any) -> list[float]:
    """How long the user waits before each turn."""
    following: Request | None = of_file(tmp_path, record, **workload)
    found = []
    while following:
        found.append(following.pause_s)
        following = following.then("x") if following.then else None
    return found


def test_turns_begin_when_the_file_says(tmp_path: Path) -> None:
    """After a delay, or at a moment of the conversation; else after the time to think."""
    delays = {"turns": [{"text": "a", "delay": 9}, {"text": "b", "delay": 1500}, {"text": "c"}]}
    assert pauses_of(tmp_path, delays, think_time_seconds=7) == [0, 1.5, 7]
    moments = {"turns": [{"text": "a", "timestamp": 5e6}, {"text": "b", "timestamp": 5_100_000.0}]}
    assert pauses_of(tmp_path, moments, think_time_seconds=7) == pytest.approx([0, 100], abs=30)


@pytest.mark.parametrize(("tool", "pause_s"), [({"tool_seconds": 3}, 3), ({}, 7)])
def test_a_tool_takes_its_own_time(tmp_path: Path, tool: dict[str, Any], pause_s: float) -> None:
    """What comes back from a tool is not thought about."""
    assert pauses_of(tmp_path, TOOLS, think_time_seconds=7, **tool) == [0, pause_s]


@pytest.mark.parametrize(("history", "answer_words"), [("recorded", 20), ("live", 1)])
def test_words_make_a_conversation(history: str, answer_words: int) -> None:
    """Each message as long as asked for, each answer as long as its limit; one session after the other."""
    values: dict[str, Any] = {"input_tokens": 100, "output_tokens": 40, "turns": 3, "history": history}
    workload = workload_of(settings_of(**values), Prepared({"m": Calibration(2, 10)}), "w")
    first = workload.next()
    turns = all_turns(first)
    assert [len(turn) for turn in turns] == [1, 3, 5]
    asked = len(["Write", "a", "long", "text", "about", "these", "words,", "of", "at", "least", "40", "words."])
    assert [len(text.split()) for text in turns[2]] == [45 + asked, answer_words, 50 + asked, answer_words, 50 + asked]
    assert turns[2][:3] == turns[1]
    assert [first.about["session"], workload.next().about["session"]] == ["w-1", "w-2"]


@pytest.mark.parametrize(("api", "mark"), [("converse", "cachePoint"), ("messages", "cache_control")])
def test_cache_points_end_the_history(api: str, mark: str) -> None:
    """Where this turn and the one before it end, so that the next turn reads what this one writes."""
    values: dict[str, Any] = {"input_tokens": 100, "output_tokens": 40, "turns": 4, "cache": "5m"}
    following = workload_of(settings_of(api, **values), Prepared({"m": Calibration(2, 10)})).next()
    marked = []
    while True:
        messages = following.arguments["messages"]
        marked.append([number for number, one in enumerate(messages) if mark in json.dumps(one)])
        if following.then is None:
            break
        following = following.then("x")
    assert marked == [[0], [0, 2], [2, 4], [4, 6]]


@pytest.mark.parametrize(
    ("value", "mean"), [(3, 3), (0, 0), ({"mean": 3, "stddev": 1}, 3), ({"median": 2, "mean": 3}, 3)]
)
def test_users_think_between_turns(value: Any, mean: float) -> None:
    """As long as the distribution says on average, and never a negative time."""
    rng, pause = Random(1), Pause.model_validate(value)
    drawn = [draw_pause_s(pause, rng) for _ in range(5000)]
    assert sum(drawn) / 5000 == pytest.approx(mean, rel=0.1)
    assert min(drawn) >= 0


@pytest.mark.parametrize(
    ("workload", "words"),
    [
        ({"turns": 3}, "turns needs something to say"),
        (
            {"input_tokens": 5, "think_time_seconds": "long"},
            "must be a number of seconds, {mean, stddev} or {median, mean}",
        ),
        ({"input_tokens": 5, "think_time_seconds": {"mean": 5, "median": 6}}, "must have a mean of the median or more"),
        ({"input_tokens": 5, "think_time_seconds": 1e9}, "must be 3,600 s or less on average"),
        ({"input_tokens": 5, "turns": 0}, "workload.turns is 0, but must be greater than 0"),
    ],
)
def test_wrong_settings_are_one_line(workload: dict[str, Any], words: str) -> None:
    """With what to do."""
    found = lines({"model": {"id": "m"}, "workload": workload})
    assert len(found) == 1
    assert words in found[0]
