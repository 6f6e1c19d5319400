"""The answer to a call, whole and streamed."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.routes import Simulator as Application

from .calls import (
    CLAUDE,
    LLAMA,
    PROMPT,
    converse,
    converse_stream,
    invoke,
    invoke_stream,
)
from .lapse import lapse

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator

MESSAGES: Any = [{"role": "user", "content": [{"text": PROMPT}]}]
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


def test_the_ledger_has_when_bytes_are_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when a slow connection has taken them: here each message takes it a second."""

    def called(operation: str, **settings: Any) -> dict[str, float]:
        with lapse(monkeypatch, output_tokens=1, **settings) as simulator:
            simulator.do(slowly(Application(simulator.service), f"/model/x.y/{operation}"))
            [call] = simulator.calls()
        names = ("first_token_at_ns", "ended_at_ns")
        return {name[:5]: (call[name] - call["arrived_at_ns"]) / 1e9 for name in names if call[name]}

    assert called("converse") == {"ended": 0.02}
    assert called("converse-stream") == {"first": 2.002, "ended": 5.002}
    assert called("converse-stream", faults={"early-end": 1}, fault_after_events=1) == {"first": 2.002, "ended": 4.002}


async def slowly(application: Application, path: str) -> None:
    """A call over a connection that takes a second for each message."""
    request = {"type": "http.request", "body": json.dumps({"messages": MESSAGES}).encode()}
    asked = [request]

    async def receive() -> Any:
        return asked.pop() if asked else await asyncio.sleep(60, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        await asyncio.sleep(1)

    scope = {
        "method": "POST",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }
    await asyncio.create_task(application(scope, receive, send))
    await asyncio.sleep(60)
