"""Formats of workload files: each record becomes a request."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.commands.workload import KEPT
from bedrock_locust.workload.readers import BY_NAME, READERS, reader_of
from bedrock_locust.workload.records import Record, RecordError, Turn

HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
ANSWERED = [*HELLO, {"role": "assistant", "content": [{"text": "Hi"}]}, {"role": "user", "content": [{"text": "Bye"}]}]
PNG = "iVBORw0KGgo="
IMAGE = {"image": {"format": "png", "source": {"bytes": PNG}}}
BODY = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}

SAMPLES: dict[str, list[tuple[dict[str, Any], Record]]] = {
    "plain": [
        ({"prompt": "Hello"}, Record(arguments={"messages": HELLO})),
        (
            {"prompt": "Hello", "system": "Be brief", "max_tokens": 5, "stop": "x"},
            Record(
                arguments={
                    "messages": HELLO,
                    "system": [{"text": "Be brief"}],
                    "inferenceConfig": {"maxTokens": 5, "stopSequences": ["x"]},
                }
            ),
        ),
        (
            {
                "system": "Be brief",
                "messages": [
                    {"role": "system", "content": "Be kind"},
                    {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
                    {"role": "assistant", "content": "Hi"},
                    {"role": "user", "content": "Bye"},
                ],
            },
            Record(arguments={"messages": ANSWERED, "system": [{"text": "Be brief"}, {"text": "Be kind"}]}),
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                        ],
                    }
                ]
            },
            Record(arguments={"messages": [{"role": "user", "content": [IMAGE, IMAGE]}]}),
        ),
    ],
    "converse": [
        ({"messages": HELLO}, Record(arguments={"messages": HELLO})),
        (
            {"modelId": "other", "messages": HELLO, "inferenceConfig": {"topP": 0.5}},
            Record(arguments={"messages": HELLO, "inferenceConfig": {"topP": 0.5}}),
        ),
        (
            {"messages": [{"role": "user", "content": [{"image": {"source": {"bytes": {"__llmeter_bytes__": PNG}}}}]}]},
            Record(arguments={"messages": [{"role": "user", "content": [{"image": {"source": {"bytes": PNG}}}]}]}),
        ),
    ],
    "native": [
        ({"anthropic_version": "x", **BODY}, Record(body={"anthropic_version": "x", **BODY}, api="invoke")),
        ({"inputText": "Hello"}, Record(body={"inputText": "Hello"}, api="invoke")),
        (
            {"schemaVersion": "messages-v1", "messages": HELLO},
            Record(body={"schemaVersion": "messages-v1", "messages": HELLO}, api="invoke"),
        ),
        ({"model": "gpt", "stream": True, **BODY}, Record(body=BODY, api="chat")),
        ({"thinking": {}, **BODY}, Record(body={"thinking": {}, **BODY}, api="messages")),
        ({"model": "gpt", "input": "Hello"}, Record(body={"input": "Hello"}, api="responses")),
    ],
    "openai_batch": [
        (
            {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt", **BODY}},
            Record(body=BODY, api="chat"),
        ),
        (
            {"custom_id": "1", "url": "/v1/responses", "body": {"model": "gpt", "input": "Hello"}},
            Record(body={"input": "Hello"}, api="responses"),
        ),
    ],
    "bedrock_batch": [
        (
            {"recordId": "1", "modelInput": {"anthropic_version": "x", **BODY}},
            Record(body={"anthropic_version": "x", **BODY}, api="invoke"),
        ),
        ({"modelInput": {"prompt": "Hello"}}, Record(body={"prompt": "Hello"}, api="invoke")),
        (
            {"recordId": "1", "modelInput": {"messages": HELLO, "inferenceConfig": {"maxTokens": 5}}},
            Record(arguments={"messages": HELLO, "inferenceConfig": {"maxTokens": 5}}),
        ),
    ],
    "sharegpt": [
        (
            {
                "id": "x",
                "conversations": [
                    {"from": "gpt", "value": "Welcome"},
                    {"from": "human", "value": "Hello"},
                    {"from": "gpt", "value": "Hi"},
                    {"from": "human", "value": "Bye"},
                    {"from": "gpt", "value": "Bye"},
                ],
            },
            Record(arguments={"messages": ANSWERED}),
        ),
        (
            {"conversations": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello"}]},
            Record(arguments={"messages": HELLO, "system": [{"text": "Be brief"}]}),
        ),
    ],
    "mt_bench": [
        (
            {"question_id": 1, "category": "writing", "turns": ["Hello", "Bye"], "reference": []},
            Record(
                arguments={"messages": [{"role": "user", "content": [{"text": "Hello"}, {"text": "Bye"}]}]},
                said=(HELLO[0], {"role": "user", "content": [{"text": "Bye"}]}),
            ),
        )
    ],
    "aiperf": [
        (
            {"text": "Hello", "output_length": 5, "timestamp": 100},
            Record(arguments={"messages": HELLO, "inferenceConfig": {"maxTokens": 5}}),
        ),
        (
            {"texts": [{"name": "a", "contents": ["Hello"]}], "image": f"data:image/png;base64,{PNG}"},
            Record(arguments={"messages": [{"role": "user", "content": [{"text": "Hello"}, IMAGE]}]}),
        ),
        (
            {
                "session_id": "s",
                "turns": [{"text": "Hello"}, {"text": "Hi", "role": "assistant"}, {"text": "Bye", "delay": 5}],
            },
            Record(arguments={"messages": ANSWERED}, said=tuple(ANSWERED), turns=(Turn(), Turn(pause_s=0.005))),
        ),
        (
            {
                "turns": [
                    {"text": "Hello", "timestamp": 1000, "output_length": 7},
                    {"text": "Bye", "timestamp": 3500, "output_length": 9},
                ]
            },
            Record(
                arguments={
                    "messages": [{"role": "user", "content": [{"text": "Hello"}, {"text": "Bye"}]}],
                    "inferenceConfig": {"maxTokens": 9},
                },
                said=(HELLO[0], {"role": "user", "content": [{"text": "Bye"}]}),
                turns=(Turn(at_s=0.0, max_tokens=7), Turn(at_s=2.5, max_tokens=9)),
            ),
        ),
        (
            {"text": "Hello", "images": ["pictures/a.jpg"]},
            Record(
                arguments={
                    "messages": [
                        {
                            "role": "user",
                            "content": [
                                {"text": "Hello"},
                                {"image": {"format": "jpeg", "source": {"path": "pictures/a.jpg"}}},
                            ],
                        }
                    ]
                }
            ),
        ),
    ],
    "mooncake": [
        (
            {"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1, 2]},
            Record(input_tokens=6758, blocks=(0, 1, 2), max_tokens=500),
        ),
        ({"input_length": 10}, Record(input_tokens=10)),
        (
            {"input_length": 10, "output_length": 90, "max_tokens": 700},
            Record(input_tokens=10, max_tokens=700),
        ),
        (
            {"text_input": "Hello", "output_length": 5},
            Record(arguments={"messages": HELLO, "inferenceConfig": {"maxTokens": 5}}),
        ),
        (
            {"messages": BODY["messages"], "output_length": 5},
            Record(arguments={"messages": HELLO, "inferenceConfig": {"maxTokens": 5}}),
        ),
        ({"timestamp": 0, "payload": {"model": "gpt", **BODY}}, Record(body=BODY, api="chat")),
    ],
}
ALL = [(name, found, record) for name, samples in SAMPLES.items() for found, record in samples]


@pytest.mark.parametrize(("name", "found", "record"), ALL)
def test_a_record_is_told_by_its_members_and_read(name: str, found: dict[str, Any], record: Record) -> None:
    """As the tool that wrote it means it."""
    assert name == reader_of(found).NAME
    assert BY_NAME[name].read(found) == record


@pytest.mark.parametrize(("name", "found", "record"), ALL)
def test_the_normal_form_is_the_same_request(name: str, found: dict[str, Any], record: Record) -> None:
    """Written as arguments of Converse, in JSON, and read again."""
    if record.arguments is not None and "tools" not in found and name not in KEPT:
        again = json.loads(json.dumps(record.arguments))
        assert reader_of(again).NAME == "converse", name
        assert reader_of(again).read(again) == record


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"question": "x"}, "its members (question) are those of no known format"),
        ({}, "its members (none) are those of no known format"),
        ({"prompt": 5}, "prompt must be a text"),
        ({"prompt": ""}, "prompt must not be empty"),
        ({"prompt": "x", "promt": 1}, "promt is no member beside prompt"),
        ({"prompt": "x", "max_tokens": "many"}, "max_tokens must be a whole number above 0"),
        ({"messages": []}, "messages must be a list that is not empty"),
        ({"messages": [5]}, "messages[0] must be an object"),
        ({"messages": [{"role": "user"}]}, "messages[0].content must be a list that is not empty"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role must be system, user or assistant"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "the first message must be of the user"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, "messages[0].content[0].type is none of"),
        (
            {"messages": [{"role": "user", "content": "x"}], "functions": []},
            "functions is a member that Converse does not",
        ),
        ({"custom_id": "1", "url": "/v1/embeddings", "body": {}}, "url must be that of chat/completions"),
        ({"custom_id": "1", "body": 5}, "body must be an object"),
        ({"modelInput": 5}, "modelInput must be an object"),
        ({"conversations": [{"from": "robot", "value": "x"}]}, "conversations[0].from must be human"),
        ({"conversations": [{"from": "gpt", "value": "x"}]}, "it has no message of a user"),
        ({"text": "x", "audio": "y"}, "audio cannot be sent"),
        ({"turns": [{"delay": 5}]}, "turns[0] has no text and no image"),
        ({"image": "https://example.com/a.png"}, "no other URL"),
        ({"image": "a.tiff"}, "must be an image of one of these kinds"),
        ({"input_length": 0}, "input_length must be a whole number above 0"),
        ({"hash_ids": [1]}, "input_length is missing"),
        ({"input_length": 5, "hash_ids": ["x"]}, "hash_ids must be a list of whole numbers"),
    ],
)
def test_a_wrong_record_is_named_and_not_shown(found: dict[str, Any], words: str) -> None:
    """What is wrong with it, by the name of the member."""
    with pytest.raises(RecordError) as refused:
        reader_of(found).read(found)
    assert words in str(refused.value)


MEMBERS = sorted({name for _, found, _ in ALL for name in found} | {"role", "content", "type", "from", "value"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(["", "x", "user", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=4))
def test_no_record_is_a_traceback(found: dict[str, Any]) -> None:
    """Whatever is in it, and whichever format is asked: a request, or a RecordError."""
    with contextlib.suppress(RecordError):
        reader_of(found).read(found)
    for reader in READERS:
        if reader.fits(found):
            with contextlib.suppress(RecordError):
                reader.read(found)
