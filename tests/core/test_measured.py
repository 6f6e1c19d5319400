"""How long a request is."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.measured import (
    chars_in,
    kinds_in,
    limit_in,
    media_bytes_in,
    points_in,
    prompts_in,
    sent_in,
)
from bedrock_locust.workload.request import request

from .test_request import settings_of

MODELS = [
    ("converse", "m"),
    ("responses", "m"),
    ("chat", "m"),
    ("messages", "m"),
    ("invoke", "anthropic.claude-3"),
    ("invoke", "amazon.nova-pro-v1:0"),
    ("invoke", "amazon.titan-text-lite-v1"),
    ("invoke", "meta.llama3-8b"),
    ("invoke", "qwen.qwen3-32b-v1:0"),
]


@pytest.mark.parametrize(("api", "model"), MODELS)
def test_text_and_limit_are_found_in_each_api(api: str, model: str) -> None:
    """Names and kinds are no text; what a format adds around a prompt is."""
    body: dict[str, Any] = sent_in(Request(request(settings_of(api, model), "x" * 1000, 77)))
    assert limit_in(body) == 77
    assert 1000 <= chars_in(body) <= 1150


def test_what_is_not_there_is_nothing() -> None:
    """A body without a limit, and values of other types."""
    assert limit_in({"messages": []}) == 0
    assert chars_in([1, None, {"text": "abc", "role": "user"}, b"x"]) == 3


def test_each_turn_sends_what_was_said_before_it() -> None:
    """In each API; cache points are counted wherever they are."""
    said = [{"role": role, "content": [{"text": "x" * 10}]} for role in ("user", "assistant", "user")]
    assert prompts_in({"system": [{"text": "y"}], "messages": said, "max_tokens": 5}) == [11, 31]
    assert prompts_in({"input": said}) == [10, 30]
    assert prompts_in({"input": "abc"}) == prompts_in({"prompt": "abc"}) == [3]
    tool = {"role": "tool", "content": "abc"}
    assert prompts_in({"messages": [*said[:2], tool, said[0], said[1], tool]}) == [10, 33, 46]
    result = {"type": "function_call_output", "output": "abc"}
    assert prompts_in({"input": [said[0], {"type": "function_call"}, result]}) == [10, 13]
    point = {"cachePoint": {"type": "default"}}
    assert points_in({"system": [{"text": "y"}, point], "messages": [{"content": [{"cache_control": {}}]}]}) == 2


@pytest.mark.parametrize(
    ("body", "kinds", "size"),
    [
        ({"messages": [{"role": "user", "content": "x"}]}, {"text"}, 0),
        (
            {
                "system": [{"text": "x"}, {"cachePoint": {"type": "default"}}],
                "messages": [
                    {"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": b"123"}}}]},
                    {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "t", "input": {}}}]},
                ],
            },
            {"text", "system", "cache_point", "image", "tool"},
            3,
        ),
        (
            {
                "messages": [
                    {"role": "system", "content": "x"},
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,MTIz"}},
                            {"type": "document", "source": {"type": "base64", "data": "MTIzNDU2"}},
                        ],
                    },
                ]
            },
            {"text", "system", "image", "document"},
            9,
        ),
        ({"input": [{"type": "input_file", "file_data": "data:application/pdf;base64,MTIz"}]}, {"document"}, 3),
        ({"input": [{"type": "input_image", "image_url": "https://x.com/a.png"}]}, {"image"}, 0),
        ({"messages": [{"image": {"format": "png", "source": {"bytes": "MTI="}}}]}, {"image"}, 2),
        ({"messages": [{"image": {"format": "png", "source": {"bytes": "MQ=="}}}]}, {"image"}, 1),
        ({"content": [{"type": "document", "source": {"type": "text", "data": "Hé"}}]}, {"document"}, 3),
        ({"prompt": "x"}, {"text"}, 0),
    ],
)
def test_kinds_and_bytes_of_contents(body: dict[str, Any], kinds: set[str], size: int) -> None:
    """In each API."""
    assert kinds_in(body) == kinds
    assert media_bytes_in(body) == size
    assert chars_in(body) <= 3, "a medium is no text"


@pytest.mark.parametrize("name", ["maxTokens", "max_new_tokens"])
def test_a_limit_of_nova_has_two_names(name: str) -> None:
    """In its native requests."""
    assert limit_in({"inferenceConfig": {name: 30}}) == 30
