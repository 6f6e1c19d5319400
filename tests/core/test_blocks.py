"""Documents, tools and cache points in the bodies of other APIs than Converse, and read from them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_locust.workload.conversation import conversation
from bedrock_locust.workload.convert import body_from
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.shapes import input_shape, shaped

from .test_request import settings_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PDF = {"document": {"format": "pdf", "name": "terms", "source": {"bytes": b"\0\1\2"}}}
TALK: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": [{"text": "Rain?"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t1", "name": "rain", "input": {"city": "Ulm"}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"json": {"mm": 3}}]}}]},
    ],
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "rain", "description": "Rain today", "inputSchema": {"json": SCHEMA}}}],
        "toolChoice": {"any": {}},
    },
}


@pytest.mark.parametrize(("api", "model"), [("messages", "m"), ("invoke", "anthropic.claude-3")])
def test_messages(api: str, model: str) -> None:
    """Tools, their calls and results, documents, and a cache point as a member of the block before it."""
    body = body_from(TALK, settings_of(api, model), 7)
    assert body["tools"] == [{"name": "rain", "description": "Rain today", "input_schema": SCHEMA}]
    assert body["tool_choice"] == {"type": "any"}
    [use], [result] = (message["content"] for message in body["messages"][1:])
    assert use == {"type": "tool_use", "id": "t1", "name": "rain", "input": {"city": "Ulm"}}
    assert result == {"type": "tool_result", "tool_use_id": "t1", "content": '{"mm": 3}'}
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    note = {"document": {"format": "md", "name": "note", "source": {"bytes": "ä".encode()}}}
    documents = {"messages": [{"role": "user", "content": [PDF, note, point]}]}
    pdf, text = body_from(documents, settings_of(api, model), 7)["messages"][0]["content"]
    assert pdf["source"] == {"type": "base64", "media_type": "application/pdf", "data": "AAEC"}
    assert (text["source"]["data"], text["title"]) == ("ä", "note")
    assert text["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_chat_completions() -> None:
    """Results are messages of their own, calls are a member."""
    body = body_from(TALK, settings_of("chat", "m"), 7)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool"]
    [call] = body["messages"][1]["tool_calls"]
    assert (call["id"], json.loads(call["function"]["arguments"])) == ("t1", {"city": "Ulm"})
    assert body["messages"][2] == {"role": "tool", "tool_call_id": "t1", "content": '{"mm": 3}'}
    assert body["tools"][0]["function"]["parameters"] == SCHEMA
    assert body["tool_choice"] == "required"
    file = body_from({"messages": [{"role": "user", "content": [PDF]}]}, settings_of("chat", "m"), 7)
    [part] = file["messages"][0]["content"]
    assert part["file"] == {"filename": "terms.pdf", "file_data": "data:application/pdf;base64,AAEC"}


def test_responses() -> None:
    """Calls and results are items."""
    body = body_from(
        {**TALK, "toolConfig": {**TALK["toolConfig"], "toolChoice": {"tool": {"name": "rain"}}}},
        settings_of("responses", "m"),
        7,
    )
    assert [item.get("type") for item in body["input"]] == [None, "function_call", "function_call_output"]
    assert (body["input"][1]["call_id"], body["input"][2]["output"]) == ("t1", '{"mm": 3}')
    assert body["tool_choice"] == {"type": "function", "name": "rain"}
    assert body["tools"][0]["parameters"] == SCHEMA
    file = body_from({"messages": [{"role": "user", "content": [PDF]}]}, settings_of("responses", "m"), 7)
    assert file["input"][0]["content"][0]["type"] == "input_file"


@pytest.mark.parametrize("api", ["messages", "chat", "responses"])
def test_what_an_api_cannot_take_is_named(api: str) -> None:
    """A kind of document, and media in the result of a tool."""
    sheet = {"document": {**PDF["document"], "format": "xlsx"}}
    image = {"toolResult": {"toolUseId": "t", "content": [{"image": {"format": "png", "source": {"bytes": b"x"}}}]}}
    for block in (sheet, image):
        with pytest.raises(RecordError, match=r"set model[.]api to converse"):
            body_from({"messages": [{"role": "user", "content": [block]}]}, settings_of(api, "m"), 7)


@pytest.mark.parametrize("api", ["messages", "chat"])
def test_what_was_written_is_read_again(api: str) -> None:
    """As arguments of Converse, which its shape accepts; what is JSON there has become text."""
    written = body_from({"messages": TALK["messages"]}, settings_of(api, "m"), 7)
    again = conversation({"messages": written["messages"]})
    assert again["messages"][:2] == TALK["messages"][:2]
    assert again["messages"][2]["content"] == [{"toolResult": {"toolUseId": "t1", "content": [{"text": '{"mm": 3}'}]}}]
    shaped(again, input_shape("Converse"), "", whole=False)


def test_documents_of_messages_are_read() -> None:
    """PDF and text; names as Converse takes them."""
    source = {"type": "base64", "media_type": "application/pdf", "data": "AAEC"}
    parts = [
        {"type": "document", "source": source, "title": "a/b: c"},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
    ]
    [message] = conversation({"messages": [{"role": "user", "content": parts}]})["messages"]
    pdf, text = (block["document"] for block in message["content"])
    assert (pdf["format"], pdf["name"], pdf["source"]) == ("pdf", "a b c", {"bytes": "AAEC"})
    assert (text["format"], text["name"], text["source"]) == ("txt", "document", {"bytes": "eA=="})


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [5]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "function": {"name": "n", "arguments": "{"}}],
        },
        {"role": "user", "content": [{"type": "tool_use", "id": "1", "name": "n", "input": 5}]},
        {"role": "user", "content": [{"type": "document", "source": {"type": "url", "data": "x"}}]},
    ],
)
def test_what_is_wrong_in_them_is_a_line(message: Any) -> None:
    """It names the place."""
    with pytest.raises(RecordError, match=r"messages\[1\]"):
        conversation({"messages": [{"role": "user", "content": "x"}, message]})
