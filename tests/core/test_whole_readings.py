"""What each format sends for a prompt, and all that it takes from an answer, event by event, in golden files."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust import formats
from bedrock_locust.errors import MalformedEventError, ModelFailedError, NotAnAnswerError
from bedrock_locust.formats import ChunkReader, Reading, converse, native
from bedrock_locust.formats.apis import CHAT, MESSAGES, RESPONSES, path_of
from bedrock_locust.formats.events import read_data, read_event
from bedrock_locust.formats.required import JSON, MissingPartError, read_answer

from .approved import check_lines, flat
from .readings import BODIES, STREAMS, WHOLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_locust.formats import Content

APIS = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}
FIGURES = [field.name for field in fields(Reading) if field.compare]
TEMPERATURES = (None, 0, 0.7)
MODELS = {
    "claude": "anthropic.claude-sonnet-4-20250514-v1:0",
    "llama": "meta.llama3-8b-instruct-v1:0",
    "llama 2": "meta.llama2-13b-chat-v1",
    "llama 4": "us.meta.llama4-scout-17b-instruct-v1:0",
    "llama of no known generation": "arn:aws:bedrock:us-east-1:123456789012:imported-model/a1b2",
    "chat of OpenAI": "openai.gpt-5.6-sol",
    "chat of xAI": "us.xai.grok-4.3",
}
"""What is asked of which model; `m` where that makes no difference."""


def figures(reading: Reading) -> dict[str, Any]:
    """What a reading says."""
    return {name: getattr(reading, name) for name in FIGURES}


def told(reading: Reading, read: Callable[[], Content | None]) -> str:
    """What reading something brought, and which figures it changed to what."""
    before = figures(reading)
    try:
        brought: str = read() or "-"
    except (MalformedEventError, ModelFailedError, NotAnAnswerError, MissingPartError) as error:
        brought = f"{type(error).__name__}: {error}"
        if code := getattr(error, "code", ""):
            brought += f" (code {code})"
    changed = {name: value for name, value in figures(reading).items() if value != before[name]}
    return f"{brought} {' '.join(f'{name}={value!r}' for name, value in changed.items())}".strip()


def by_event(name: str) -> Callable[[Any, Reading], Content]:
    """What reads the events of a stream: as they come over the wire."""
    if name in APIS:
        return lambda event, reading: read_data(APIS[name].format, coded(event), reading)
    if name == "converse":
        return lambda event, reading: read_event(converse, event[0], coded(event[1]), reading)
    reader = ChunkReader(native("m", name))

    def chunk(event: Any, reading: Reading) -> Content:
        payload = {"bytes": b64encode(coded(event)).decode()}
        return read_event(reader, "chunk", coded(payload), reading)

    return chunk


def quickly(name: str, event: Any, reading: Reading) -> Content | None:
    """What an event brings that is read without a JSON parser; None where it cannot be."""
    if name in APIS:
        return APIS[name].format.read_delta(coded(event), reading)
    if name == "converse":
        return converse.read_delta(coded(event[1]), reading)
    payload = coded({"bytes": b64encode(coded(event)).decode(), "p": "ab"})
    return ChunkReader(native("m", name)).read_delta(payload, reading)


def coded(value: Any) -> bytes:
    """A value as the service writes it; text stands as it is."""
    return value.encode() if isinstance(value, str) else json.dumps(value, separators=(",", ":")).encode()


def streamed(name: str, events: list[Any]) -> Iterator[str]:
    """What each event of a stream brought and changed, with the event; `quick` where no parser was needed."""
    reading, quick, read = Reading(), Reading(), by_event(name)
    for event in events:
        brought = quickly(name, event, quick)
        found = told(reading, partial(read, event, reading))
        if brought is None:
            told(quick, partial(read, event, quick))
        assert quick == reading
        assert brought is None or found.split()[0] == (brought or "-")
        yield f"  {'' if brought is None else 'quick '}{found} | {flat(event)}"
    yield f"  = {reading.text!r}"
    assert quick.text == reading.text


@pytest.mark.parametrize("name", STREAMS)
def test_each_event_of_a_stream(name: str) -> None:
    """What it brought and what it changed, as read and approved."""
    lines = []
    for title, events in STREAMS[name].items():
        lines += [f"{title}:", *streamed(name, events)]
    check_lines(f"readings/{name}.txt", lines)


def test_whole_answers() -> None:
    """The figures of each, or what is wrong with it."""
    lines = []
    for name, answers in WHOLES.items():
        lines.append(f"{name}:")
        module: Any = APIS[name].format if name in APIS else converse if name == "converse" else native("m", name)
        for answer in answers:
            reading = Reading()
            read = partial(module.read, reading=reading)
            found = told(reading, partial(read_answer, coded(answer), JSON, read))
            lines.append(f"  {found} {reading.text!r} | {flat(answer)}")
    check_lines("readings/whole.txt", lines)


def test_bodies() -> None:
    """What is sent for a prompt, with and without a temperature."""
    lines = []
    for name in formats.native_names():
        for about, model_id in MODELS.items() if name in {"claude", "llama"} else {"": "m"}.items():
            if not about or about.startswith(name):
                lines += [
                    f"{about or name}: {flat(native('m', name).body('Hi {x}', 9, each, model_id))}"
                    for each in TEMPERATURES
                ]
    lines += [f"converse: {flat(converse.request('Hi', 9, each))}" for each in TEMPERATURES]
    for name, api in APIS.items():
        for about, model_id in {name: "m", **MODELS}.items():
            if about.startswith(name):
                lines += [f"{about}: {flat(api.format.request('Hi', 9, each, model_id))}" for each in TEMPERATURES]
    check_lines("readings/bodies.txt", lines)


def test_prompts_and_limits_of_bodies() -> None:
    """How many characters the prompt of a body has, and how many tokens it allows the answer."""
    lines = []
    for name, bodies in BODIES.items():
        module: Any = APIS[name].format if name in APIS else converse if name == "converse" else native("m", name)
        lines += [f"{name}: {module.prompt_chars(body)}, {module.max_tokens(body)} | {flat(body)}" for body in bodies]
    check_lines("readings/prompts.txt", lines)


@pytest.mark.parametrize(
    ("model_id", "paths"),
    [
        ("openai.gpt-oss-120b", "/openai/v1 /v1 /openai/v1 /v1 /anthropic/v1"),
        ("openai.gpt-5.6-sol", "/openai/v1 /openai/v1 /openai/v1 /openai/v1 /anthropic/v1"),
        ("openai.gpt-6", "/openai/v1 /openai/v1 /openai/v1 /openai/v1 /anthropic/v1"),
        ("xai.grok-4.3", "/openai/v1 /openai/v1 /openai/v1 /openai/v1 /anthropic/v1"),
        ("google.gemma-4-31b", "/openai/v1 /openai/v1 /openai/v1 /openai/v1 /anthropic/v1"),
        ("google.gemma-3-27b-it", "/openai/v1 /v1 /openai/v1 /v1 /anthropic/v1"),
        ("qwen.qwen3-32b", "/openai/v1 /v1 /openai/v1 /v1 /anthropic/v1"),
    ],
)
def test_paths(model_id: str, paths: str) -> None:
    """Of Chat Completions and Responses on both endpoints, and of Messages."""
    found = [path_of(api, endpoint, model_id) for api in (CHAT, RESPONSES) for endpoint in ("runtime", "mantle")]
    ends = ["/chat/completions", "/chat/completions", "/responses", "/responses", "/messages"]
    found.append(path_of(MESSAGES, "mantle", model_id))
    assert found == [begin + end for begin, end in zip(paths.split(), ends, strict=True)]
    assert path_of(MESSAGES, "runtime", model_id) == "/anthropic/v1/messages"
