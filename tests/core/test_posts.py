"""What is known of a request before it is sent: of a call of the open APIs all of it, and why some cannot be made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from bedrock_locust.client.request import Asked, asked_in_body, asked_in_converse, checked_name, native_of, post_of
from bedrock_locust.formats import claude, llama, nova, open_weight
from bedrock_locust.formats.apis import CHAT, MESSAGES, RESPONSES
from bedrock_locust.wire.direct import Post

ASK = {"model": "m", "input": "Why?"}
SAID = [{"role": "user", "content": "Why?"}]
MADE: list[tuple[Any, dict[str, Any], bool, Post]] = [
    (
        RESPONSES,
        ASK,
        False,
        Post("responses", "/openai/v1/responses", b'{"model": "m", "input": "Why?"}', {}, False),
    ),
    (
        RESPONSES,
        {**ASK, "background": True, "extra_headers": {"X-Own": "a b\t~", "x-n": 1.5}},
        True,
        Post(
            "responses_stream",
            "/openai/v1/responses",
            b'{"model": "m", "input": "Why?", "background": true, "stream": true}',
            {"x-own": "a b\t~", "x-n": "1.5"},
            True,
        ),
    ),
    (
        RESPONSES,
        {**ASK, "background": False, "extra_headers": None},
        False,
        Post("responses", "/openai/v1/responses", b'{"model": "m", "input": "Why?", "background": false}', {}, False),
    ),
    (
        CHAT,
        {"model": "m", "messages": SAID, "temperature": None, "extra_headers": {}},
        False,
        Post(
            "chat_completions",
            "/openai/v1/chat/completions",
            b'{"model": "m", "messages": [{"role": "user", "content": "Why?"}], "temperature": null}',
            {},
            False,
        ),
    ),
    (
        MESSAGES,
        {"model": "m", "max_tokens": 0, "messages": [], "extra_headers": {"Anthropic-Version": "later"}},
        True,
        Post(
            "messages_stream",
            "/anthropic/v1/messages",
            b'{"model": "m", "max_tokens": 0, "messages": [], "stream": true}',
            {"anthropic-version": "later"},
            True,
        ),
    ),
]


@pytest.mark.parametrize(("api", "arguments", "stream", "expected"), MADE)
def test_a_call_in_whole(api: Any, arguments: dict[str, Any], stream: bool, expected: Post) -> None:
    """Operation, path, body and headers; those of the caller alone are not in the body, and win."""
    assert post_of(api, "runtime", dict(arguments), stream=stream) == expected


INVALID = "Parameter validation failed:\n"
REFUSED: list[tuple[dict[str, Any], Any, str]] = [
    ({"input": "x"}, False, 'Missing required parameter in input: "model"'),
    ({"model": "m"}, False, 'Missing required parameter in input: "input"'),
    ({"model": "m", "input": None}, False, 'Missing required parameter in input: "input"'),
    ({"model": 7, "input": "x"}, False, "Invalid type for parameter model, value: 7, must be a text"),
    ({"model": " ", "input": "x"}, False, "Invalid type for parameter model, value: ' ', must be a text"),
    (ASK, 1, "Invalid type for parameter stream, value: 1, must be true or false"),
    (
        {**ASK, "background": True},
        False,
        (
            "Invalid value for parameter background: such a response is given before there is an answer, so that its"
            " time would mean nothing. With stream=True it is measured to its end"
        ),
    ),
    (
        {**ASK, "extra_body": None},
        False,
        "Invalid parameter extra_body, which the APIs do not have: give its members as arguments of the call",
    ),
    (
        {**ASK, "extra_query": {}},
        False,
        "Invalid parameter extra_query, which the APIs do not have: these APIs have no query",
    ),
    ({**ASK, "timeout": 1}, False, "Invalid parameter timeout, which the APIs do not have: set test.timeout_seconds"),
    ({**ASK, "a": {1, 2}}, False, "The arguments are no JSON: Object of type set is not JSON serializable"),
    ({**ASK, "a": float("nan")}, False, "The arguments are no JSON: Out of range float values are not JSON compliant"),
    (
        {**ASK, "extra_headers": ["a"]},
        False,
        "Invalid type for parameter extra_headers, value: list, must be a dict",
    ),
    ({**ASK, "extra_headers": {7: "a"}}, False, "extra_headers: 7 is no name of a header"),
    ({**ASK, "extra_headers": {"": "a"}}, False, "extra_headers: '' is no name of a header"),
    ({**ASK, "extra_headers": {"a b": "a"}}, False, "extra_headers: 'a b' is no name of a header"),
    ({**ASK, "extra_headers": {"HOST": "a"}}, False, "extra_headers: HOST is set by each call itself, remove it"),
    (
        {**ASK, "extra_headers": {"X-Amz-Date": "a"}},
        False,
        "extra_headers: X-Amz-Date is set by each call itself, remove it",
    ),
    ({**ASK, "extra_headers": {"a": None}}, False, "extra_headers: the value of a is no text, but NoneType"),
    ({**ASK, "extra_headers": {"a": b"b"}}, False, "extra_headers: the value of a is no text, but bytes"),
    (
        {**ASK, "extra_headers": {"a": "b\nc"}},
        False,
        "extra_headers: the value of a has a line break, or a character beyond ASCII",
    ),
    (
        {**ASK, "extra_headers": {"a": "é"}},
        False,
        "extra_headers: the value of a has a line break, or a character beyond ASCII",
    ),
]


@pytest.mark.parametrize(("arguments", "stream", "why"), REFUSED)
def test_a_call_that_cannot_be_made(arguments: dict[str, Any], stream: Any, why: str) -> None:
    """A mistake of the caller is an exception of botocore's, with these words."""
    with pytest.raises(ParamValidationError) as caught:
        post_of(RESPONSES, "runtime", dict(arguments), stream=stream)
    assert str(caught.value).startswith(INVALID + why)


BODY = {"max_tokens": 7, "messages": [{"role": "user", "content": "Why?"}]}


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (json.dumps(BODY), Asked(4, 7)),
        (json.dumps(BODY).encode(), Asked(4, 7)),
        (bytearray(json.dumps(BODY).encode()), Asked(4, 7)),
        (None, Asked(None, None)),
        (BODY, Asked()),
    ],
)
def test_what_a_body_asks_for(body: Any, asked: Asked) -> None:
    """A text or bytes; what boto3 will read from elsewhere, or refuse, is not known."""
    assert asked_in_body(claude, {"body": body}) == asked
    assert asked_in_body(claude, {}) == Asked()


@pytest.mark.parametrize(
    ("body", "why"), [("[1]", "it is no object"), ("{", "Expecting property name enclosed in double quotes")]
)
def test_a_body_that_is_none(body: str, why: str) -> None:
    """The words say which argument it is."""
    with pytest.raises(ParamValidationError) as caught:
        asked_in_body(claude, {"body": body})
    begin = f"{INVALID}Invalid value for parameter body, must be the model's JSON request: {why}"
    assert str(caught.value).startswith(begin)


def test_what_converse_asks_for() -> None:
    """Characters of the prompt, and the limit of the answer."""
    said = [{"role": "user", "content": [{"text": "Why?"}]}]
    assert asked_in_converse({"messages": said, "inferenceConfig": {"maxTokens": 9}}) == Asked(4, 9)
    assert asked_in_converse({"messages": said}) == Asked(4, None)


def test_a_format_is_that_of_the_model() -> None:
    """By its id, or as it is named; what boto3 will refuse has any."""
    named = {"meta.llama3-8b-instruct-v1:0": "nova", "arn:x": "open_weight"}
    assert native_of({"modelId": "meta.llama3-8b-instruct-v1:0"}, {}) is llama
    assert native_of({"modelId": "meta.llama3-8b-instruct-v1:0"}, named) is nova
    assert native_of({"modelId": "arn:x"}, named) is open_weight
    assert [native_of(arguments, named) for arguments in ({}, {"modelId": ""}, {"modelId": 7})] == [claude] * 3


def test_a_name_is_a_text_or_none() -> None:
    """Locust sorts its tables by name."""
    checked_name(None)
    checked_name("")
    with pytest.raises(ParamValidationError) as caught:
        checked_name(7)
    assert str(caught.value) == f"{INVALID}Invalid type for parameter name, value: 7, must be a text"
