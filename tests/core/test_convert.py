"""Arguments of Converse as the bodies of other APIs."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.workload.convert import body_from
from bedrock_locust.workload.records import RecordError

from .test_request import settings_of

IMAGE = {"image": {"format": "png", "source": {"bytes": b"\0\1\2"}}}
ARGUMENTS: dict[str, Any] = {
    "system": [{"text": "Be brief"}],
    "messages": [
        {"role": "user", "content": [{"text": "Hello"}, IMAGE]},
        {"role": "assistant", "content": [{"text": "Hi"}]},
        {"role": "user", "content": [{"text": "Bye"}]},
    ],
    "inferenceConfig": {"topP": 0.5, "stopSequences": ["x"]},
}
DATA = "data:image/png;base64,AAEC"


def test_chat_completions() -> None:
    """System first, images as URLs of data."""
    body = body_from(ARGUMENTS, settings_of("chat", "m"), 7)
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["messages"][1]["content"] == [
        {"type": "text", "text": "Hello"},
        {"type": "image_url", "image_url": {"url": DATA}},
    ]
    assert (body["top_p"], body["stop"]) == (0.5, ["x"])
    assert 7 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def test_responses() -> None:
    """Texts of the assistant are output."""
    body = body_from({**ARGUMENTS, "inferenceConfig": {"maxTokens": 9}}, settings_of("responses", "m"), 7)
    assert body["max_output_tokens"] == 9
    assert body["input"][1]["content"][1] == {"type": "input_image", "image_url": DATA}
    assert body["input"][2]["content"] == [{"type": "output_text", "text": "Hi"}]


@pytest.mark.parametrize(("api", "model"), [("messages", "m"), ("invoke", "anthropic.claude-3")])
def test_messages_and_claude(api: str, model: str) -> None:
    """Blocks with types; InvokeModel also has its version."""
    body = body_from(ARGUMENTS, settings_of(api, model, temperature=0.5), 7)
    assert body["max_tokens"] == 7
    assert body["temperature"] == 0.5
    assert body["system"] == [{"type": "text", "text": "Be brief"}]
    assert body["messages"][0]["content"][1]["source"] == {"type": "base64", "media_type": "image/png", "data": "AAEC"}
    assert body["stop_sequences"] == ["x"]
    assert ("anthropic_version" in body) == (api == "invoke")


def test_native_formats() -> None:
    """Nova takes the form of Converse, models with open weights that of OpenAI, others a single text."""
    text = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}], "system": [{"text": "Be brief"}]}
    nova = body_from(text, settings_of("invoke", "amazon.nova-pro-v1:0"), 7)
    assert (nova["messages"], nova["inferenceConfig"]) == (text["messages"], {"maxTokens": 7})
    shown = {"messages": [{"role": "user", "content": [IMAGE]}], "inferenceConfig": {"topP": 0.5}}
    nova = body_from(shown, settings_of("invoke", "amazon.nova-pro-v1:0", temperature=0), 7)
    assert nova["messages"][0]["content"][0]["image"]["source"] == {"bytes": "AAEC"}
    assert nova["inferenceConfig"] == {"topP": 0.5, "maxTokens": 7, "temperature": 0}
    open_weight = body_from(text, settings_of("invoke", "qwen.qwen3-32b-v1:0"), 7)
    assert open_weight["messages"][0]["role"] == "system"
    titan = body_from(text, settings_of("invoke", "amazon.titan-text-lite-v1"), 7)
    assert "Be brief\n\nHello" in titan["inputText"]


@pytest.mark.parametrize(
    ("arguments", "model", "words"),
    [
        ({**ARGUMENTS, "guardrailConfig": {}}, "anthropic.claude-3", "guardrailConfig can be sent by Converse only"),
        (
            {"messages": [{"role": "user", "content": [{"document": {}}]}]},
            "anthropic.claude-3",
            "a document without its bytes",
        ),
        (
            {"messages": [{"role": "user", "content": [{"video": {}}]}]},
            "anthropic.claude-3",
            "a block with video",
        ),
        ({**ARGUMENTS, "toolConfig": {}}, "amazon.titan-text-lite-v1", "takes one text"),
        (ARGUMENTS, "amazon.titan-text-lite-v1", "takes one text"),
    ],
)
def test_what_cannot_be_carried_over_is_named(arguments: Any, model: str, words: str) -> None:
    """With the way to send it."""
    with pytest.raises(RecordError, match=r"set model\.api to converse") as refused:
        body_from(arguments, settings_of("invoke", model), 7)
    assert words in str(refused.value)
