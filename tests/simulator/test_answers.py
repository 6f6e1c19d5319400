"""The answer to a call, whole and streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
