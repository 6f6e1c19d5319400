"""Requests as users get them, one after the other, of each kind of workload: golden files."""

from __future__ import annotations

import json
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload import positions, session, words
from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.generated import GeneratedWorkload
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.measured import sent_in
from bedrock_locust.workload.positions import HandedOut, NoneLeftError, Positions, local_positions
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.source import worded_of, workload_of
from bedrock_locust.workload.template import checked
from bedrock_locust.workload.words import filler, name_of, nonce, passage

from .approved import check_lines, flat, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bedrock_locust.workload.contract import Request, Workload

GUARDRAIL = {"guardrailIdentifier": "g1", "guardrailVersion": "1", "trace": "enabled"}
ALL = {"service_tier": "flex", "latency": "optimized"}


@pytest.fixture(autouse=True)
def same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nonces are the same each time, and conversations have a clock that goes on by a second a look."""
    draw, clock = Random(3), iter(range(10_000))
    monkeypatch.setattr(words, "secrets", SimpleNamespace(choice=draw.choice))
    monkeypatch.setattr(session, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))


def settings_of(model: dict[str, Any] | None = None, test: Any = None, **workload: Any) -> Settings:
    """Settings with short prompts."""
    values: dict[str, Any] = {"model": {"id": "m", **(model or {})}, "test": {"max_tokens": 40, **(test or {})}}
    return Settings.model_validate({**values, "workload": workload} if workload else values)


def said(request: Request) -> str:
    """A request in a line."""
    arguments = {name: value for name, value in request.arguments.items() if name != "body"}
    body = flat(shortened(sent_in(request))) if "body" in request.arguments else ""
    around = {"words": request.words, "pause_s": round(request.pause_s, 4), **request.about}
    known = {name: value for name, value in around.items() if value not in (0, 0.0, None)}
    return f"{flat(shortened(arguments))} {body} {flat(known)}".replace("  ", " ")


def turns(request: Request, *answers: str) -> Iterator[str]:
    """The requests of a conversation, by what the model answers."""
    yield said(request)
    for answer in answers:
        if request.then is None:
            return
        request = request.then(answer)
        yield f"  {said(request)}"


ONE_PROMPT = {"prompt_size": 12, "unique_prompts": False}
FIXED: dict[str, Settings] = {
    "converse": settings_of(ALL, {**ONE_PROMPT, "temperature": 0}),
    "converse, with a guardrail": settings_of({}, {**ONE_PROMPT, "request": {"guardrailConfig": GUARDRAIL}}),
    "converse, with bytes": settings_of(
        {},
        {
            **ONE_PROMPT,
            "non_streaming": False,
            "request": {"additionalModelRequestFields": {"a": 1}, "guardrailConfig": {"streamProcessingMode": "sync"}},
        },
    ),
    "claude": settings_of({"id": "anthropic.claude-3", "api": "invoke", **ALL}, ONE_PROMPT),
    "claude, with a guardrail": settings_of(
        {"id": "anthropic.claude-3", "api": "invoke"}, {**ONE_PROMPT, "request": {"guardrailConfig": GUARDRAIL}}
    ),
    "responses": settings_of(
        {"api": "responses", "service_tier": "flex", "project": "p1", "endpoint": "mantle"}, ONE_PROMPT
    ),
    "chat": settings_of({"api": "chat"}, {**ONE_PROMPT, "request": {"guardrailConfig": GUARDRAIL, "seed": 1}}),
    "messages": settings_of({"api": "messages", "project": "p1", "endpoint": "mantle"}, ONE_PROMPT),
    "limits that are drawn": settings_of({}, ONE_PROMPT, output_tokens={"values": [3, 4, 5]}),
}


def test_prompts_of_a_size() -> None:
    """With all that settings may add."""
    lines = []
    for name, settings in FIXED.items():
        workload = workload_of(settings, name="w")
        lines.append(f"{name}: {said(workload.next())}")
        if "drawn" in name:
            lines += [f"  {said(workload.next(5))}" for _ in range(2)]
    check_lines("workloads/fixed.txt", lines)


MEDIAN = {"median": 20, "mean": 30}
BRIEF = {"request": {"system": "Be brief."}}
SAY = {"unique_prompts": False, "prompt_template": "Say {size}."}
THREE = Prepared(prefix="one two three")
CALIBRATED = Prepared({"m": Calibration(2.0, 20.0, "CountTokens")}, prefix="brave quiet truck")
GENERATED: dict[str, tuple[Settings, Prepared]] = {
    "lengths": (
        settings_of(input_tokens={"mean": 30, "stddev": 9}, output_tokens={"median": 20, "mean": 30}),
        Prepared(),
    ),
    "two tokens a word": (settings_of(input_tokens=60, output_tokens=7), CALIBRATED),
    "not unique": (
        settings_of({}, SAY, input_tokens=12),
        Prepared(),
    ),
    "a shared prefix": (
        settings_of(input_tokens=40, shared_prefix_tokens=16, prefixes=3),
        THREE,
    ),
    "a cached prefix": (settings_of(input_tokens=60, shared_prefix_tokens=16, cache="5m"), CALIBRATED),
    "for an hour, in Messages": (
        settings_of(
            {"api": "messages"},
            {"request": {"system": "Be brief."}},
            input_tokens=60,
            shared_prefix_tokens=16,
            cache="1h",
        ),
        CALIBRATED,
    ),
    "by itself, in chat": (
        settings_of({"api": "chat"}, input_tokens=60, shared_prefix_tokens=16, cache="implicit"),
        CALIBRATED,
    ),
    "longer than asked": (
        settings_of(input_tokens={"values": [5, 17]}, shared_prefix_tokens=16, cache="5m"),
        THREE,
    ),
}


def test_prompts_of_words() -> None:
    """Of lengths that are drawn, with what they share; what is counted corrects them."""
    lines = []
    for name, (settings, prepared) in GENERATED.items():
        workload = workload_of(settings, prepared, "w")
        assert isinstance(workload, GeneratedWorkload)
        lines.append(f"{name}:")
        requests = [workload.next() for _ in range(3 if "lengths" in name or "shared" in name else 1)]
        workload.heard(requests[0], 90)
        requests += [workload.next(), workload.probe(9, 5), *workload.of_each_prefix()[:2]]
        lines += [f"  {said(request)}" for request in requests]
        assert len(workload.of_each_prefix()) == (settings.workload.prefixes if settings.workload else 0)
    check_lines("workloads/generated.txt", lines)


NORMAL = {"mean": 5, "stddev": 2}
SPOKEN: dict[str, Settings] = {
    "words": settings_of(input_tokens=20, output_tokens=6, turns=3, think_time_seconds={"mean": 5, "median": 4}),
    "words, as answered": settings_of(
        input_tokens=20, turns=3, history="live", think_time_seconds={"mean": 5, "stddev": 2}
    ),
    "words with a prefix": settings_of(input_tokens=60, shared_prefix_tokens=16, cache="5m", turns=3),
    "words in Messages": settings_of(
        {"api": "messages"}, input_tokens=60, shared_prefix_tokens=16, cache="1h", turns=3, think_time_seconds=2
    ),
}


def test_conversations_of_words() -> None:
    """Each turn sends all that was said before it."""
    lines = []
    for name, settings in SPOKEN.items():
        workload = workload_of(settings, CALIBRATED, "w")
        for request in (workload.next(), workload.next()):
            lines += [f"{name}:", *turns(request, " I see. ", "  ", "More")]
    check_lines("workloads/conversations_of_words.txt", lines)


TALK = [
    {"role": "user", "content": [{"text": "one"}]},
    {"role": "assistant", "content": [{"text": "first"}]},
    {"role": "user", "content": [{"text": "two"}]},
    {"role": "user", "content": [{"text": "and a half"}]},
    {"role": "assistant", "content": [{"text": "second"}]},
    {"role": "user", "content": [{"text": "three"}]},
]
TOOLS = [
    {"role": "user", "content": [{"text": "look"}]},
    {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}]},
    {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "seen"}]}}]},
    {"role": "assistant", "content": [{"text": "done"}]},
    {"role": "user", "content": [{"text": "thanks"}]},
]
TIMED = {"text": "b", "timestamp": 9000, "output_length": 7}
RECORDS = [
    {"messages": TALK, "inferenceConfig": {"maxTokens": 5}},
    {"messages": TOOLS},
    {
        "turns": [
            {"text": "a", "timestamp": 0},
            {"text": "b", "timestamp": 9000, "output_length": 7},
            {"text": "c", "delay": 250},
        ]
    },
    {"turns": ["x", "y"]},
    {"input_length": 12},
    {
        "conversations": [
            {"from": "human", "value": "p"},
            {"from": "gpt", "value": "q"},
            {"from": "human", "value": "r"},
        ]
    },
]
HEARD: dict[str, dict[str, Any]] = {
    "as recorded": {"history": "recorded", "think_time_seconds": 3, "tool_seconds": 1.5},
    "as answered": {"history": "live", "think_time_seconds": {"mean": 5, "median": 4}},
    "two turns, cached": {"turns": 2, "cache": "5m"},
}


def workload_of_file(folder: Path, records: list[Any], settings: dict[str, Any], **about: Any) -> Workload:
    """The workload of a file with these records, in their order."""
    path = folder / "x.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    values = {**settings, "workload": {"file": str(path), **settings.get("workload", {})}}
    sequence = local_positions(HandedOut())
    chosen = Settings.model_validate(values)
    return workload_of(chosen, about.get("prepared", Prepared()), "w", RecordFile(path), sequence.take)


@pytest.mark.parametrize("name", HEARD)
def test_conversations_of_a_file(name: str, tmp_path: Path) -> None:
    """With recorded answers or those of the model, pauses, and cache points where turns end."""
    lines = []
    for api in ("converse", "messages", "chat"):
        if api == "chat" and "cache" in HEARD[name]:
            continue
        values = {"model": {"id": "m", "api": api}, "test": {"max_tokens": 40}, "workload": {"turns": 5, **HEARD[name]}}
        for number, record in enumerate(RECORDS):
            workload = workload_of_file(tmp_path, [record], values)
            lines += [f"{api}, record {number}:", *turns(workload.next(), "I see.", "", "More", "Still")]
    check_lines(f"workloads/conversations_{name.replace(', ', '_').replace(' ', '_')}.txt", lines)


def test_records_in_their_order(tmp_path: Path) -> None:
    """Shuffled or not, without those that are bad, by positions of arrivals or of the file."""
    records = [{"prompt": str(number)} for number in range(6)]

    def found(prepared: Prepared, *positions: int | None, **workload: Any) -> str:
        values = {"model": {"id": "m"}, "workload": workload}
        made = workload_of_file(tmp_path, records, values, prepared=prepared)
        return "".join(str(made.next(position).about["record"]) for position in positions)

    nine = [None] * 9
    assert found(Prepared(), *nine) == "012345012"
    assert found(Prepared(bad=(0, 3)), *nine) == "124512451"
    assert found(Prepared(), 5, 4, 7, None, 3) == "54103"
    assert found(Prepared(), 5, 4, 7, passes=2) == "012"
    shuffled = found(Prepared(), *[None] * 12, order="shuffled")
    assert (sorted(shuffled[:6]), sorted(shuffled[6:])) == (list("012345"), list("012345"))
    assert shuffled[:6] not in (shuffled[6:], "012345")
    assert found(Prepared(), *range(12), order="shuffled") == shuffled
    assert found(Prepared(), *range(6), order="shuffled", seed=9) != shuffled[:6]


def test_whose_prompts_are_made_of_words(tmp_path: Path) -> None:
    """Those with a length in tokens, whatever makes them."""
    assert worded_of(settings_of()) == {}
    assert list(worded_of(settings_of(input_tokens=5))) == ["m"]
    for records, is_worded in (([{"input_length": 5}], True), ([{"prompt": "x"}], False)):
        (tmp_path / "x.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        found = worded_of(settings_of(file=str(tmp_path / "x.jsonl")), Prepared(), RecordFile(tmp_path / "x.jsonl"))
        assert list(found) == (["m"] if is_worded else [])


WRONG: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({}, {"messages": []}, {}),
    ({}, {"inferenceConfig": {"maxTokens": 5}}, {}),
    ({}, {"inferenceConfig": {"temperature": 1}}, {}),
    ({}, {"inferenceConfig": 5}, {}),
    ({}, {"inferenceConfig": {"topP": "x"}}, {}),
    ({}, {"inferenceConfig": {"topP": True}}, {}),
    ({}, {"inferenceConfig": {"stopSequences": "x"}}, {}),
    ({}, {"inferenceConfig": {"stopSequences": [5]}}, {}),
    ({}, {"inferenceConfig": {"stopSequences": [""]}}, {}),
    ({}, {"modelId": "x"}, {}),
    ({}, {"serviceTier": {"type": "flex"}}, {}),
    ({}, {"performanceConfig": {}}, {}),
    ({}, {"sytem": []}, {}),
    ({}, {"x" * 90: []}, {}),
    ({}, {"system": "x"}, {}),
    ({}, {"system": [{"text": ""}]}, {}),
    ({}, {"system": [{}]}, {}),
    ({}, {"system": [{"text": "a", "cachePoint": {"type": "default"}}]}, {}),
    ({}, {"toolConfig": {"tools": [{"toolSpec": {"name": "n"}}]}}, {}),
    ({}, {"guardrailConfig": {"guardrailIdentifier": 5}}, {}),
    ({}, {"requestMetadata": []}, {}),
    ({}, {"requestMetadata": {"a": 5}}, {}),
    ({"id": "meta.llama3-8b", "api": "invoke"}, {"prompt": "x"}, {}),
    ({"id": "anthropic.claude-3", "api": "invoke"}, {"sistem": "x"}, {}),
    ({"id": "anthropic.claude-3", "api": "invoke"}, {"zzzz": "x"}, {}),
    ({"id": "anthropic.claude-3", "api": "invoke"}, {"guardrailConfig": {"guardrailVersion": "1"}}, {}),
    ({"id": "anthropic.claude-3", "api": "invoke"}, {"guardrailConfig": {"guardrailIdentifier": "1"}}, {}),
    ({"api": "responses"}, {"guardrailConfig": GUARDRAIL}, {}),
    ({"api": "chat", "endpoint": "mantle"}, {"guardrailConfig": GUARDRAIL}, {}),
    ({"api": "responses"}, {"background": True, "store": True}, {}),
    ({"api": "responses", "endpoint": "mantle"}, {"background": True, "store": True}, {}),
    ({"api": "responses", "endpoint": "mantle"}, {"background": True}, {"non_streaming": False}),
    ({"api": "chat"}, {"stream": True}, {}),
    ({"api": "chat"}, {"model": "x"}, {}),
    ({"api": "chat"}, {"service_tier": "flex"}, {}),
    ({"api": "chat"}, {"modle": "x"}, {}),
    ({"id": "unknown", "api": "invoke"}, {}, {}),
    ({"id": "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2", "api": "invoke"}, {}, {}),
]


def test_what_is_said_of_wrong_templates() -> None:
    """The whole line."""
    lines = []
    for model, template, test in WRONG:
        with pytest.raises(SettingsError) as refused:
            checked(settings_of(model, {**test, **({"request": template} if template else {})}))
        lines.append(f"{flat(template)[:90]}: {' / '.join(refused.value.lines)}")
    with pytest.raises(SettingsError) as refused:
        checked(settings_of({"id": "unknown", "api": "invoke"}), "AWS said no")
    lines.append(f"with a reason: {' / '.join(refused.value.lines)}")
    trace = {"file": "none.jsonl", "models": {"a": "unknown", "b": "anthropic.claude-3"}}
    traced = {"model": {"id": "anthropic.claude-3", "api": "invoke"}, "arrivals": {"trace": trace}}
    with pytest.raises(SettingsError) as refused:
        checked(Settings.model_validate(traced))
    lines.append(f"of a trace: {' / '.join(refused.value.lines)}")
    for cache in ("5m", "1h"):
        with pytest.raises(SettingsError) as refused:
            checked(settings_of({"api": "chat"}, input_tokens=60, shared_prefix_tokens=16, cache=cache))
        lines.append(f"no cache points: {' / '.join(refused.value.lines)}")
    check_lines("workloads/wrong_templates.txt", lines)


def test_words() -> None:
    """As many as are asked for, from a book that has no end; a number has words and a text of its own."""
    book = filler(0, 10_000).split()
    assert filler(9998, 4).split() == [*book[9998:], *book[:2]]
    assert filler(3, 25_000).split() == [book[(3 + n) % 10_000] for n in range(25_000)]
    assert filler(7, 0) == ""
    assert name_of(0).split() == [words.WORDS[0]] * 5
    assert name_of(len(words.WORDS) + 2).split()[:3] == [words.WORDS[2], words.WORDS[1], words.WORDS[0]]
    assert passage(4, 3) == " ".join(name_of(4).split()[:3])
    assert passage(4, 8) == f"{name_of(4)} {filler(4 * 7919, 3)}"
    assert passage(4, 0) == ""
    assert len({len(word) for word in words.WORDS}) == 1
    assert (len(nonce().split()), len(nonce(7).split()), nonce(0)) == (3, 7, "")


def test_when_more_positions_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once in a second until they come; as many as last half a second, and more when half of these are left."""
    clock, asks = SimpleNamespace(now=100.0), list[tuple[float, str, int]]()
    monkeypatch.setattr(positions, "time", SimpleNamespace(monotonic=lambda: clock.now))
    handed_out = HandedOut()
    answers = True

    def ask(sequence: str, number: int) -> None:
        asks.append((round(clock.now - 100, 3), sequence, number))
        if answers:
            own.give(sequence, handed_out.deal(sequence, number))

    own = Positions(ask)
    assert [own.take() for _ in range(3)] == [0, 1, 2]
    assert asks == [(0, "", 2), (0, "", 2)]
    taken = []
    for _ in range(40):
        clock.now += 0.05
        taken.append(own.take())
    assert taken == list(range(3, 43))
    check_lines("workloads/positions.txt", [f"{at:g} s: {number}" for at, _, number in asks])
    answers = False
    own.give("", range(50, 53))
    own.give("another", range(900, 901))
    while own.take() < 51:
        pass
    asks.clear()
    clock.now += 0.999
    own.give("", range(60, 62))
    assert [own.take(), own.take()] == [52, 60]
    assert [number > 0 for _, _, number in asks] == [True] * len(asks)


def test_a_request_without_an_answer_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second, and not before; one that is answered at once need not wait for that."""
    clock, asks, waits = SimpleNamespace(now=100.0), list[float](), list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.now += 0.5
        if len(waits) == 5:
            own.give("", range(7, 9))

    came = SimpleNamespace(wait=wait, clear=lambda: None, set=lambda: None)
    monkeypatch.setattr(positions, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(positions, "Event", lambda: came)
    own = Positions(lambda _, __: asks.append(clock.now))
    assert own.take() == 7
    assert (asks, waits) == ([100.0, 101.0, 102.0], [1.0] * 5)


def test_the_last_positions() -> None:
    """None after them; who wants more is told, and so is the process that leads."""
    handed_out = HandedOut(5)
    handed_out.holders.update({"a", "b"})
    assert (handed_out.deal("", 3), handed_out.is_over) == (range(3), False)
    assert (handed_out.deal("", 3), handed_out.is_over) == (range(3, 5), True)
    assert handed_out.deal("", 3) == range(5, 5)
    handed_out.use_up("a")
    assert (handed_out.holders, handed_out.is_used_up) == ({"b"}, True)
    sequence = HandedOut(2)
    own = local_positions(sequence)
    assert [own.take(), own.take()] == [0, 1]
    assert not sequence.is_used_up
    with pytest.raises(NoneLeftError):
        own.take()
    assert sequence.is_used_up
    assert (HandedOut().deal("x", 0), HandedOut().deal("x", 9999)) == (range(1), range(5000))
    assert (HandedOut().is_over, HandedOut(0).is_over) == (False, True)


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({200: 220, 2000: 2020}, Calibration(1.0, 20.0, "x")),
        ({2000: 4100, 200: 500}, Calibration(2.0, 100.0, "x")),
        ({200: 200, 2000: 380}, Calibration(0.1, 180.0, "x")),
        ({200: 200, 2000: 379}, None),
        ({200: 0, 2000: 36_000}, Calibration(20.0, -4000.0, "x")),
        ({200: 0, 2000: 36_001}, None),
    ],
)
def test_the_line_through_two_counts(counts: dict[int, int], found: Calibration | None) -> None:
    """Tokens for each word, and around them, where a text can have them."""
    line = Calibration.of(counts, "x")
    assert (line is None) == (found is None)
    if line and found:
        assert line.per_word == pytest.approx(found.per_word)
        assert line.rest == pytest.approx(found.rest)
        assert line.source == "x"
