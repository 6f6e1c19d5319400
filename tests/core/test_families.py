"""Native formats of all families: whole answers and streams, as they should be, with nulls, and mangled."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust import formats
from bedrock_locust.errors import ModelFailedError
from bedrock_locust.formats import Reading
from bedrock_locust.formats.required import MissingPartError
from bedrock_locust.settings.fields import NativeFormat

from .test_formats import ARN, CLAUDE
from .test_required import BY_HEADERS, CACHING, MODELS, STREAMED, WHOLE, has_end, members_of, put, value_at
from .test_values import ANY_JSON

if TYPE_CHECKING:
    from bedrock_locust.formats import Content

NAMES = sorted(WHOLE.keys() - {"converse"})
EACH_NATIVE = pytest.mark.parametrize(
    ("family", "streams"), [(family, streams) for family in NAMES for streams in (False, True)]
)


def said_by(family: str, streams: bool) -> Any:
    """An answer as it should be: a body, or the chunks of a stream."""
    return copy.deepcopy([chunk for _, chunk in STREAMED[family]] if streams else WHOLE[family])


def read(family: str, said: Any) -> tuple[list[Content], Reading]:
    """What each chunk brought, and what all of them said."""
    native, reading = formats.native(MODELS[family], family), Reading()
    if not isinstance(said, list):
        native.read(said, reading)
        reading.add_figures(said)
        return [], reading
    brought = list[Any]()
    for chunk in said:
        brought.append(native.read_event(chunk, reading))
        reading.add_figures(chunk)
    return brought, reading


def test_each_format_is_tested() -> None:
    """The names of the formats are those of the settings, and each has an answer here."""
    assert formats.native_names() == list(get_args(NativeFormat)) == NAMES


@EACH_NATIVE
def test_an_answer_as_it_should_be(family: str, streams: bool) -> None:
    """Counts, text and end; a stream with reasoning brings it as other content."""
    brought, reading = read(family, said_by(family, streams))
    counts = (None, None) if family in BY_HEADERS and not streams else (20, 300)
    assert (reading.input_tokens, reading.output_tokens) == counts
    assert (reading.cache_read_tokens, reading.cache_write_tokens) == ((7, 8) if family in CACHING else (None, None))
    assert (reading.text, reading.stopped) == ("hello", True)
    if streams:
        assert "text" in brought
        assert ("other" in brought) == (family in {"gpt_oss", "jamba", "open_weight", "palmyra"})


def nulls(family: str, streams: bool) -> list[tuple[Any, ...]]:
    """The paths of all members of an answer."""
    said = said_by(family, streams)
    return list(members_of([("chunk", chunk) for chunk in said] if streams else said))


@EACH_NATIVE
def test_a_null_member_says_nothing(family: str, streams: bool) -> None:
    """Any member may be null: it is as if it had not been said, and nothing else changes."""
    for path in nulls(family, streams):
        said: Any = [("chunk", chunk) for chunk in said_by(family, True)] if streams else said_by(family, False)
        had_end = streams and has_end(said)
        put(said, path, None)
        _, reading = read(family, [chunk for _, chunk in said] if streams else said)
        assert reading.stopped == (not had_end or has_end(said)), path
        assert reading.input_tokens in {None, 20}
        assert reading.output_tokens in {None, 1, 2, 300}


@EACH_NATIVE
@given(data=st.data())
def test_any_value_anywhere(family: str, streams: bool, data: st.DataObject) -> None:
    """Any JSON at any member: a part is missing, or each figure is one or not known."""
    said: Any = [("chunk", chunk) for chunk in said_by(family, True)] if streams else said_by(family, False)
    for _ in range(data.draw(st.integers(1, 3))):
        put(said, data.draw(st.sampled_from(members_of(said))), data.draw(ANY_JSON))
    try:
        _, reading = read(family, [chunk for _, chunk in said] if streams else said)
    except (MissingPartError, ModelFailedError):
        return
    for value in (reading.input_tokens, reading.output_tokens, reading.cache_read_tokens, reading.reasoning_tokens):
        assert value is None or (type(value) is int and 0 <= value < 10**12)
    assert len(reading.stop_reason.splitlines()) <= 1


def test_a_name_says_more_than_an_id() -> None:
    """An ARN that does not name its model gets the format that the settings name."""
    arn = f"{ARN}:application-inference-profile/a1b2c3d4e5f6"
    assert formats.native(arn, "nova") is formats.native("amazon.nova-lite-v1:0")
    assert formats.native(CLAUDE, "claude_text") is not formats.native(CLAUDE)


TAGGED = "<reasoning>hm</reasoning>"


@pytest.mark.parametrize(
    ("pieces", "brought", "text"),
    [
        ([TAGGED, "so"], ["other", "text"], "so"),
        ([f"{TAGGED}so"], ["text"], "so"),
        ([TAGGED, TAGGED, "a", "b"], ["other", "other", "text", "text"], "ab"),
        (["<reasoning>h", "m", "</reasoning>so"], ["other", "other", "text"], "so"),
        (["<reasoning></reasoning>"], [""], ""),
        (["a < b", "<b>"], ["text", "text"], "a < b<b>"),
    ],
)
def test_reasoning_in_tags(pieces: list[str], brought: list[Content], text: str) -> None:
    """gpt-oss has its reasoning in the text: each piece in tags of its own, or all of it in one pair."""
    chunks = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    found, reading = read("gpt_oss", chunks)
    assert (found, reading.text) == (brought, text)
    _, whole = read("gpt_oss", {"choices": [{"message": {"content": "".join(pieces)}, "finish_reason": "stop"}]})
    assert whole.text == text


def test_counts_of_openai_leave_out_the_cache() -> None:
    """Input tokens are those that came from no cache and went into none, as in the other APIs."""
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 15},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    _, reading = read("open_weight", {"choices": [], "usage": usage})
    counts = (reading.input_tokens, reading.cache_read_tokens, reading.cache_write_tokens, reading.output_tokens)
    assert (*counts, reading.reasoning_tokens) == (25, 60, 15, 30, 20)


def test_who_is_told_titan_is_blocked_is_told_no_reason() -> None:
    """A guardrail that blocks the prompt ends the stream without a reason of the model (a recorded answer)."""
    chunk = {"outputText": "Input blocked", "totalOutputTextTokenCount": 3.0, "inputTextTokenCount": 6.0}
    brought, reading = read("titan", [{**chunk, "amazon-bedrock-guardrailAction": "INTERVENED"}])
    assert (brought, reading.stopped, reading.stop_reason) == (["text"], True, "guardrail_intervened")


def test_a_tool_call_is_other_content() -> None:
    """In each family that has tools, a call of one is content but no text."""
    call = {"index": 0, "id": "t", "function": {"name": "n", "arguments": ""}}
    brought, _ = read("open_weight", [{"choices": [{"delta": {"tool_calls": [call]}}]}])
    assert brought == ["other"]
    brought, _ = read("cohere", [{"event_type": "tool-calls-generation", "tool_calls": [{"name": "n"}]}])
    assert brought == ["other"]
    start = {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t", "name": "n"}}, "contentBlockIndex": 1}}
    assert read("nova", [start])[0] == ["other"]


@pytest.mark.parametrize("family", NAMES)
def test_what_is_no_answer_lacks_its_part(family: str) -> None:
    """An object without the part that an answer must have is none."""
    with pytest.raises(MissingPartError):
        read(family, {"greeting": "hi"})
    assert value_at(said_by(family, False), next(iter(members_of(said_by(family, False))))) != "hi"
