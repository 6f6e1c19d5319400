"""The answer to a call, whole and streamed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .calls import (
    CLAUDE,
    LLAMA,
    PROMPT,
    converse,
    converse_stream,
    invoke,
    invoke_stream,
)

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator

INPUT_TOKENS = -(-len(PROMPT) // 4)


def test_same_words_and_counts_either_way(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A call of the same index is answered with the same words, streamed or not, in any format."""
    texts = []
    for operation in (
        lambda: converse(client)["output"]["message"]["content"][0]["text"],
        lambda: "".join(
            e.get("contentBlockDelta", {}).get("delta", {}).get("text", "") for e in converse_stream(client)
        ),
        lambda: invoke(client, CLAUDE)[0]["content"][0]["text"],
        lambda: "".join(chunk.get("delta", {}).get("text", "") for chunk in invoke_stream(client, CLAUDE)),
        lambda: invoke(client, LLAMA)[0]["generation"],
        lambda: "".join(chunk["generation"] for chunk in invoke_stream(client, LLAMA)),
    ):
        simulator.request("DELETE", "/_simulator/calls")
        texts.append(operation())
        [call] = simulator.ended(1)
        assert (call["input_tokens"], call["output_tokens"]) == (INPUT_TOKENS, 8)
    assert len(set(texts)) == 1


def test_a_document_is_cited(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Where its citations are enabled: text and citation are the same, whole and streamed."""
    document = {"format": "txt", "name": "tides", "source": {"text": "Tides rise."}, "citations": {"enabled": True}}
    asked: Any = [{"role": "user", "content": [{"text": PROMPT}, {"document": document}]}]
    whole = client.converse(modelId=CLAUDE, messages=asked)["output"]["message"]["content"]
    [cited] = [block["citationsContent"] for block in whole]
    assert cited["citations"][0]["title"] == "tides"
    simulator.request("DELETE", "/_simulator/calls")
    first = client.converse(modelId=CLAUDE, messages=asked)["output"]["message"]["content"]
    simulator.request("DELETE", "/_simulator/calls")
    events = list(client.converse_stream(modelId=CLAUDE, messages=asked)["stream"])
    deltas: list[Any] = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    assert "".join(d.get("text", "") for d in deltas) == first[0]["citationsContent"]["content"][0]["text"]
    assert [d["citation"] for d in deltas if "citation" in d] == first[0]["citationsContent"]["citations"]
    document["citations"] = {"enabled": False}
    assert "text" in client.converse(modelId=CLAUDE, messages=asked)["output"]["message"]["content"][0]


def test_the_counts_of_native_chat_completions_add_up(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Also where a part of the prompt was read from the cache, which is counted apart, in headers."""
    simulator.set(implicit_cache=True, cache_min_tokens=1)
    body = json.dumps({"messages": [{"role": "user", "content": "word " * 200}]})
    for _ in range(2):
        response = client.invoke_model(modelId="qwen.qwen3-32b-v1:0", body=body)
        usage = json.loads(response["body"].read())["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-cache-read-input-token-count"] == "160"
