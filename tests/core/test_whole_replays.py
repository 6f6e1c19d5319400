"""What is read of a trace for a replay: its calls, what they add up to, and what is wrong, in golden files."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.measured import sent_in
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.replay import Replay, replay_of
from bedrock_locust.workload.replayed import ReplayedWorkload
from bedrock_locust.workload.source import worded_of
from bedrock_locust.workload.traffic import Facts

from .approved import check_lines, flat, shortened
from .replays import line, settings_of, written

if TYPE_CHECKING:
    from pathlib import Path

CALLS = [
    line(0.5, model="a", operation="converse_stream", session_id="s1", latency_ms=200),
    line(1000.5, model="b", operation="converse", input_length=1200, cache_read_tokens=512, latency_ms=400.5),
    line(4000, model="a", operation="invoke_model", session_id="s1", max_tokens=50, output_length=30),
    line(2000, model="a", session_id="s2", cache_write_tokens=512, latency_ms=True),
    line(61_500, model="c", session_id="s2", operation="invoke_model_with_response_stream", output_length=None),
    line(61_900, model="a", input_length=0),
    line(62_000, latency_ms=-1),
]
WHOLE_SECONDS = [line(1000 * second, input_length=10 + second) for second in (0, 2, 4, 4, 8)]
CONTENT = [
    {"timestamp": 0, "text_input": "Hello", "session_id": "s" * 120},
    {"timestamp": 900, "messages": [{"role": "user", "content": "Bye"}], "output_length": 5},
]
CASES: dict[str, tuple[list[Any], dict[str, Any], dict[str, Any]]] = {
    "all": (CALLS, {}, {}),
    "a part, twice as fast": (CALLS, {"speed": 2, "from": 1, "to": 61.6}, {}),
    "two of three models": (CALLS, {"models": {"a": "mine", "b": "other"}}, {"model": {"id": "mine"}}),
    "streams only": (CALLS, {}, {"test": {"non_streaming": False}}),
    "whole seconds": (WHOLE_SECONDS, {}, {}),
    "whole seconds, another seed": (WHOLE_SECONDS, {"seed": 2}, {}),
    "content": (CONTENT, {}, {"test": {"max_tokens": 70}}),
    "bad lines left out": ([*CALLS[:2], {"timestamp": -1}, line(5000)], {}, {"workload": {"on_bad": "skip"}}),
    "long": ([line(0), line(3_599_000)], {"to": 3600}, {}),
}


def told(replay: Replay) -> list[str]:
    """All of it."""
    traffic = {name: shortened(value) for name, value in asdict(replay.traffic).items()}
    facts = {"modes": replay.modes, "bad": replay.bad, "open": replay.open_ended, "seconds": replay.seconds}
    calls = [f"  {one.due_s:.5g} s: line {one.record}, owner {one.owner}, {one.mode}" for one in replay.calls()]
    public = {name: value for name, value in replay.public().items() if name != "sha256"}
    level = {name: value for name, value in replay.level().to_plain().items() if value}
    asked = traffic.pop("asked")
    return [
        *calls,
        *(f"  {flat(part)}" for part in ({**facts, "rate_per_s": replay.rate_per_s}, traffic, public, level)),
        f"  asked {len(asked)}: {' '.join(map(str, asked))}",
    ]


def test_what_is_read_of_traces(tmp_path: Path) -> None:
    """Calls in their order, and what they add up to."""
    lines = []
    for number, (name, (calls, arrivals, sections)) in enumerate(CASES.items()):
        settings = settings_of(written(tmp_path, calls, f"{number}.jsonl"), arrivals, **sections)
        replay = replay_of(settings)
        assert replay
        counted = replay.counted(settings).workload
        assert counted
        lengths = {
            name: getattr(counted, name).model_dump(exclude_none=True) for name in ("input_tokens", "output_tokens")
        }
        lines += [
            f"{name}:",
            *told(replay),
            f"  {flat(lengths)}",
            *(f"  {one}" for one in replay.traffic.lines(settings)),
        ]
    check_lines("replays.txt", [line.replace(str(tmp_path), "...") for line in lines])


WRONG: dict[str, tuple[list[Any], dict[str, Any], dict[str, Any]]] = {
    "no timestamp": ([{"input_length": 5}], {}, {}),
    "a timestamp in words": ([{"timestamp": "1", "input_length": 5}], {}, {}),
    "a timestamp of truth": ([{"timestamp": True, "input_length": 5}], {}, {}),
    "a timestamp that is too large": ([{"timestamp": 1e15, "input_length": 5}], {}, {}),
    "seven bad lines": ([{"timestamp": -1}] * 7, {}, {}),
    "six bad lines": ([{"timestamp": -1}] * 6 + [line(0)], {}, {}),
    "five bad lines": ([{"timestamp": -1}] * 5, {}, {}),
    "a wrong length": ([{"timestamp": 1, "input_length": 1.5}], {}, {}),
    "wrong content": ([{"timestamp": 1, "text_input": 5}], {}, {}),
    "none in the window": (CALLS, {"from": 100}, {}),
    "none before the end": (CALLS[1:], {"to": 1}, {}),
    "no model": (CALLS, {"models": {"z": "m"}}, {}),
    "no length": ([line(0, input_length=0)], {}, {}),
    "only bad lines left out": ([{"timestamp": -1}] * 2, {}, {"workload": {"on_bad": "skip"}}),
    "a warm-up as long as all": ([line(0), line(1500)], {"warmup_seconds": 2}, {}),
}


def test_what_is_said_of_wrong_traces(tmp_path: Path) -> None:
    """With what to do."""
    lines = []
    for number, (name, (calls, arrivals, sections)) in enumerate(WRONG.items()):
        with pytest.raises(SettingsError) as refused:
            replay_of(settings_of(written(tmp_path, calls, f"{number}.jsonl"), arrivals, **sections))
        lines += [f"{name}:", *(f"  {line.replace(str(tmp_path), '...')}" for line in refused.value.lines)]
    with pytest.raises(SettingsError) as refused:
        replay_of(settings_of(tmp_path / "none.jsonl"))
    lines += ["no file:", *(f"  {line.replace(str(tmp_path), '...')}" for line in refused.value.lines)]
    check_lines("replays_wrong.txt", lines)
    warm = settings_of(written(tmp_path, [line(0), line(1500)], "warm.jsonl"), {"warmup_seconds": 1.999})
    assert replay_of(warm)


def test_a_trace_is_read_again_where_something_has_changed(tmp_path: Path) -> None:
    """The file, or a setting that decides which calls are made; not others."""
    path = written(tmp_path, CALLS, "x.jsonl")
    first = replay_of(settings_of(path))
    assert replay_of(settings_of(path, pricing={"input_per_million": 1, "output_per_million": 1})) is first
    assert replay_of(settings_of(path, {"speed": 2})) is not first
    again = replay_of(settings_of(path))
    assert again is not first
    written(tmp_path, CALLS[:3], "x.jsonl")
    later = replay_of(settings_of(path))
    assert later
    assert len(later) == 3


def test_others_have_their_turn_and_known_lines_are_left_out(tmp_path: Path) -> None:
    """A turn every 200 lines, from the first on, beside those that reading the file gives."""
    turns = list[int]()
    path = written(tmp_path, [line(second) for second in range(401)], "x.jsonl")
    RecordFile(path, pause=lambda: turns.append(0))
    of_the_file = len(turns)
    replay_of(settings_of(path), lambda: turns.append(1))
    assert turns.count(1) == of_the_file + 3
    found = replay_of(settings_of(path, {"speed": 3}), bad=[0, 7])
    assert found
    assert (len(found), found.bad, list(found.records)[:7]) == (399, (0, 7), [1, 2, 3, 4, 5, 6, 8])


def test_requests_of_a_trace(tmp_path: Path) -> None:
    """Each line goes to its model, with its session; lengths are corrected for each model by itself."""
    calls = [*CALLS[:2], line(3000), *CONTENT]
    settings = settings_of(
        written(tmp_path, calls, "x.jsonl"), {"models": {"a": "mine", "b": "other"}}, model={"id": "mine"}
    )
    file = RecordFile(tmp_path / "x.jsonl")
    workload = ReplayedWorkload(settings, file, Prepared(bad=(0,)), "w")
    requests = [workload.next(position) for position in range(5)]
    assert sent_in(workload.next()) == sent_in(requests[1])
    workload.heard(requests[1], 1300)
    workload.heard(requests[1], 9000)
    workload.heard(requests[0], None)
    workload.heard(requests[3], 5)
    requests += [workload.next(0), workload.next(1)]
    check_lines(
        "replays_requests.txt", [f"{flat(one.about)} {one.words} {flat(shortened(sent_in(one)))}" for one in requests]
    )
    assert list(worded_of(settings, Prepared(), file)) == ["mine", "other"]
    alone = settings_of(written(tmp_path, calls[:1], "y.jsonl"))
    assert list(worded_of(alone, Prepared(), RecordFile(tmp_path / "y.jsonl"))) == ["m"]
    of_content = settings_of(written(tmp_path, CONTENT, "z.jsonl"))
    assert worded_of(of_content, Prepared(), RecordFile(tmp_path / "z.jsonl")) == {}


@pytest.mark.parametrize(
    ("length_s", "bin_s", "asked"),
    [
        (12.0, 0.1, 120),
        (12.1, 0.2, 61),
        (24.0, 0.2, 120),
        (60.0, 0.5, 120),
        (61.0, 1, 61),
        (3600.0, 30, 120),
        (10_368_000.0, 86400, 120),
        (20_000_000.0, 60 * 20_000_000.0, 1),
    ],
)
def test_how_fine_calls_over_time_are(length_s: float, bin_s: float, asked: int) -> None:
    """120 pieces at most, each as long as people count."""
    facts = Facts()
    facts.add({"input_length": 5}, 7)
    found = facts.traffic([0], [0.0], length_s, {}, [0])
    assert (found.bin_s, len(found.asked), sum(found.asked)) == (bin_s, asked, 1)
    assert (found.limit_tokens, found.output_tokens, found.most_limit) == (7, 0, 7)


def test_pieces_of_time_grow_as_people_count() -> None:
    """120 of one size, and a moment more takes the next size."""
    sizes = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
    facts = Facts()
    facts.add({"input_length": 1, "max_tokens": 1}, 7)
    for size, larger in pairwise(sizes):
        assert facts.traffic([0], [0.0], 120 * size, {}, [0]).bin_s == size
        assert facts.traffic([0], [0.0], 120 * size + 0.001, {}, [0]).bin_s == larger
    found = facts.traffic([0], [0.0], 5.0, {}, [0])
    assert (found.most_input, found.most_limit) == (1, 1)
