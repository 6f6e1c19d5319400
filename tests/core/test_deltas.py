"""Text that is read without a JSON parser: never otherwise than with one."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_locust.errors import ModelFailedError
from bedrock_locust.formats import ChunkReader, Reading, chat, claude, converse, llama, messages, native, responses
from bedrock_locust.formats.required import MissingPartError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.formats import Content, NativeFormat
    from bedrock_locust.formats.apis import ApiFormat

TEXTS = ["Hello", "", "two words, (a comma)", "Grüße 世界 🙂", "{}[]:"]
texts = st.one_of(st.text(), st.sampled_from(['"', "\\", "\n", "\x00", "\ud800", '"}}', *TEXTS]))
paddings = st.one_of(st.none(), st.text("abcXYZ019", max_size=30), st.sampled_from(["-", '"']))


def converse_payload(text: str, p: str | None, extra: dict[str, Any], *, ascii_only: bool) -> bytes:
    """The payload of a contentBlockDelta event."""
    event = {"contentBlockIndex": 0, "delta": {"text": text}, **extra, **({} if p is None else {"p": p})}
    return json.dumps(event, ensure_ascii=ascii_only, separators=(",", ":")).encode(errors="surrogatepass")


def claude_chunk(text: str, *, ascii_only: bool) -> bytes:
    """A chunk of Claude with text."""
    chunk = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return json.dumps(chunk, ensure_ascii=ascii_only, separators=(",", ":")).encode(errors="surrogatepass")


def llama_chunk(text: str, count: int, *, ascii_only: bool) -> bytes:
    """A chunk of Llama with text."""
    chunk = {"generation": text, "prompt_token_count": None, "generation_token_count": count, "stop_reason": None}
    return json.dumps(chunk, ensure_ascii=ascii_only, separators=(",", ":")).encode(errors="surrogatepass")


def same(
    payload: bytes,
    read_delta: Callable[[bytes, Reading], Content | None],
    read_event: Callable[[Any, Reading], Content],
) -> None:
    """Without a parser nothing is read, or the same as with one."""
    quick, slow = Reading(), Reading()
    brought = read_delta(payload, quick)
    if brought is None:
        assert quick == slow, "who gives up has changed nothing"
    else:
        assert (brought, quick) == (read_event(json.loads(payload.decode()), slow), slow)


def read_converse(delta: Any, reading: Reading) -> Content:
    """As the event of a stream."""
    return converse.read_event({"contentBlockDelta": delta}, reading)


@given(texts, paddings, st.dictionaries(st.sampled_from(["more", "delta"]), st.just({"text": "b"})), st.booleans())
def test_converse(text: str, p: str | None, extra: dict[str, Any], ascii_only: bool) -> None:
    """Any text, with any padding, and with members that no one knows."""
    same(converse_payload(text, p, extra, ascii_only=ascii_only), converse.read_delta, read_converse)


@given(texts, st.booleans())
def test_claude(text: str, ascii_only: bool) -> None:
    """Any text."""
    same(claude_chunk(text, ascii_only=ascii_only), claude.read_delta, claude.read_event)


@given(texts, st.integers(0, 10**9), st.booleans())
def test_llama(text: str, count: int, ascii_only: bool) -> None:
    """Any text, with its count of tokens."""
    same(llama_chunk(text, count, ascii_only=ascii_only), llama.read_delta, llama.read_event)


def natives(text: str, *, ascii_only: bool) -> dict[str, tuple[NativeFormat, bytes]]:
    """A chunk with text of each other family that has a way to read it without a parser."""
    chat = {"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], "created": 1}
    index = {"contentBlockIndex": 3}
    titan = {"outputText": text, "index": 0, "totalOutputTextTokenCount": None, "completionReason": None}
    said: dict[str, Any] = {
        "nova": {"contentBlockDelta": {"delta": {"text": text}, **index}},
        "titan": {**titan, "inputTextTokenCount": None},
        "mistral": {"outputs": [{"text": text, "stop_reason": None}]},
        "deepseek": {"choices": [{"index": 0, "text": text, "stop_reason": None}]},
        "cohere": {"is_finished": False, "event_type": "text-generation", "text": text},
        "cohere_text": {"is_finished": False, "text": text},
        "open_weight": {**chat, "object": "chat.completion.chunk", "service_tier": "flex", "usage": None},
    }

    def coded(chunk: Any) -> bytes:
        return json.dumps(chunk, ensure_ascii=ascii_only, separators=(",", ":")).encode(errors="surrogatepass")

    return {name: (native("any", name), coded(chunk)) for name, chunk in said.items()}


NATIVE_NAMES = list(natives("", ascii_only=True))


@pytest.mark.parametrize("family", NATIVE_NAMES)
@given(text=texts, ascii_only=st.booleans())
def test_families(family: str, text: str, ascii_only: bool) -> None:
    """Any text, in each native format."""
    module, chunk = natives(text, ascii_only=ascii_only)[family]
    same(chunk, module.read_delta, module.read_event)


@pytest.mark.parametrize("family", NATIVE_NAMES)
@given(text=texts, place=st.integers(0, 400), instead=st.binary(max_size=3))
def test_damaged_chunks(family: str, text: str, place: int, instead: bytes) -> None:
    """What is no JSON is never read without a parser, in no native format."""
    module, chunk = natives(text, ascii_only=False)[family]
    damaged = bytearray(chunk)
    damaged[place % len(damaged) : place % len(damaged) + 1] = instead
    try:
        json.loads(damaged.decode())
    except ValueError:
        assert module.read_delta(bytes(damaged), Reading()) is None
    else:
        same_or_refused(bytes(damaged), module)


def same_or_refused(chunk: bytes, module: NativeFormat | ApiFormat) -> None:
    """Without a parser nothing is read of what a parser finds lacking a part."""
    try:
        module.read_event(json.loads(chunk), Reading())
    except (MissingPartError, ModelFailedError, AttributeError, TypeError):
        assert module.read_delta(chunk, Reading()) is None
    else:
        same(chunk, module.read_delta, module.read_event)


@pytest.mark.parametrize("family", NATIVE_NAMES)
@pytest.mark.parametrize("text", TEXTS)
def test_plain_text_of_families_needs_no_parser(family: str, text: str) -> None:
    """What the service sends for most tokens is read so in each format."""
    module, chunk = natives(text, ascii_only=False)[family]
    assert module.read_delta(chunk, Reading()) == ("text" if text else "")


def of_apis(text: str, *, ascii_only: bool, spaces: bool, sort: bool) -> dict[str, tuple[ApiFormat, bytes]]:
    """The data of an event with text, of each API that has server-sent events; in any order, with or without blanks."""
    choice = {"delta": {"content": text, "refusal": None}, "finish_reason": None, "index": 0, "logprobs": None}
    chunk = {"choices": [choice], "created": 1, "id": "c", "model": "m", "object": "chat.completion.chunk"}
    responses_event = {
        "type": "response.output_text.delta",
        "sequence_number": 7,
        "item_id": "msg_1",
        "output_index": 1,
        "content_index": 0,
        "delta": text,
        "logprobs": [],
        "obfuscation": "x9",
    }
    said: dict[str, tuple[ApiFormat, Any]] = {
        "responses": (responses, responses_event),
        "chat": (chat, {**chunk, "service_tier": "auto", "system_fingerprint": None, "usage": None}),
        "messages": (
            messages,
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": text}},
        ),
    }

    def coded(event: Any) -> bytes:
        separators = (", ", ": ") if spaces else (",", ":")
        written = json.dumps(event, ensure_ascii=ascii_only, separators=separators, sort_keys=sort)
        return written.encode(errors="surrogatepass")

    return {name: (api, coded(event)) for name, (api, event) in said.items()}


APIS = pytest.mark.parametrize("api", ["responses", "chat", "messages"])
FLAGS = pytest.mark.parametrize(("spaces", "sort"), [(False, False), (False, True), (True, False), (True, True)])


@APIS
@FLAGS
@given(text=texts, ascii_only=st.booleans())
def test_apis(api: str, text: str, ascii_only: bool, *, spaces: bool, sort: bool) -> None:
    """Any text, in each API with server-sent events."""
    module, event = of_apis(text, ascii_only=ascii_only, spaces=spaces, sort=sort)[api]
    same(event, module.read_delta, module.read_event)


@APIS
@given(text=texts, place=st.integers(0, 400), instead=st.binary(max_size=3), sort=st.booleans())
def test_damaged_events(api: str, text: str, place: int, instead: bytes, sort: bool) -> None:
    """What is no JSON, or no event with text, is never read without a parser."""
    module, event = of_apis(text, ascii_only=False, spaces=False, sort=sort)[api]
    damaged = bytearray(event)
    damaged[place % len(damaged) : place % len(damaged) + 1] = instead
    try:
        json.loads(damaged.decode())
    except ValueError:
        assert module.read_delta(bytes(damaged), Reading()) is None
    else:
        same_or_refused(bytes(damaged), module)


@APIS
@FLAGS
@pytest.mark.parametrize("text", TEXTS)
def test_plain_text_of_apis_needs_no_parser(api: str, text: str, *, spaces: bool, sort: bool) -> None:
    """What the service sends for most tokens is read so, in any order of its members."""
    module, event = of_apis(text, ascii_only=False, spaces=spaces, sort=sort)[api]
    assert module.read_delta(event, Reading()) == ("text" if text else "")


def test_reasoning_in_tags_needs_a_parser() -> None:
    """Text with tags, and what comes before the tag is closed."""
    module, event = of_apis("<reasoning>hm</reasoning>", ascii_only=False, spaces=False, sort=False)["chat"]
    assert module.read_delta(event, Reading()) is None
    _, plain = of_apis("hm", ascii_only=False, spaces=False, sort=False)["chat"]
    assert module.read_delta(plain, Reading(in_reasoning=True)) is None


@given(texts, st.booleans(), st.integers(0, 400), st.binary(max_size=3))
@example("a", True, 50, b"\xff")
def test_damaged(text: str, ascii_only: bool, place: int, instead: bytes) -> None:
    """What is no JSON, or no UTF-8, is never read without a parser."""
    payload = bytearray(converse_payload(text, "ab", {}, ascii_only=ascii_only))
    payload[place % len(payload) : place % len(payload) + 1] = instead
    try:
        json.loads(payload.decode())
    except ValueError:
        assert converse.read_delta(bytes(payload), Reading()) is None
    else:
        same(bytes(payload), converse.read_delta, read_converse)


@pytest.mark.parametrize("text", TEXTS)
def test_plain_text_needs_no_parser(text: str) -> None:
    """What the service sends for most tokens is read so in each format."""
    size = len(text.encode())
    plain: list[tuple[Callable[[bytes, Reading], Content | None], bytes]] = [
        (converse.read_delta, converse_payload(text, "abcDEF012", {}, ascii_only=False)),
        (claude.read_delta, claude_chunk(text, ascii_only=False)),
        (llama.read_delta, llama_chunk(text, 3, ascii_only=False)),
        (ChunkReader(claude).read_delta, in_chunk(claude_chunk(text, ascii_only=False))),
    ]
    for read_delta, payload in plain:
        reading = Reading()
        assert read_delta(payload, reading) == ("text" if text else "")
        assert reading.text_bytes == size


def in_chunk(chunk: bytes) -> bytes:
    """The payload of the chunk event around a native chunk."""
    return json.dumps({"bytes": b64encode(chunk).decode(), "p": "abc"}, separators=(",", ":")).encode()


CHANGES = st.none() | st.tuples(st.integers(0, 400), st.binary(max_size=3))


@example([("</reasoning>", (394, b"\x80"), False), ("", None, False)])
@given(st.lists(st.tuples(texts | st.just("</reasoning>"), CHANGES, st.booleans()), min_size=2, max_size=6))
def test_chunks_of_a_stream(chunks: list[tuple[str, tuple[int, bytes] | None, bool]]) -> None:
    """What stood around the text of an earlier chunk never makes a later one read otherwise than a parser reads it."""
    quick, slow = Reading(), Reading()
    for text, change, ascii_only in chunks:
        module, whole = natives(text, ascii_only=ascii_only)["open_weight"]
        chunk = bytearray(whole)
        if change:
            chunk[change[0] % len(chunk) : change[0] % len(chunk) + 1] = change[1]
        brought = module.read_delta(bytes(chunk), quick)
        if brought is not None:
            assert brought == module.read_event(json.loads(chunk.decode()), slow)
            assert quick == slow
            assert quick.text == slow.text
