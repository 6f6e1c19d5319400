"""The four operations through boto3, each to its end."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
NOVA_PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0"

PROMPT = "Say three things about tides."


def converse(client: BedrockRuntimeClient, model_id: str = NOVA_PROFILE, **more: Any) -> Any:
    """Call Converse."""
    return client.converse(modelId=model_id, messages=[{"role": "user", "content": [{"text": PROMPT}]}], **more)


def converse_stream(client: BedrockRuntimeClient, model_id: str = NOVA_PROFILE, **more: Any) -> list[Any]:
    """Call ConverseStream; its events."""
    messages: Any = [{"role": "user", "content": [{"text": PROMPT}]}]
    with closing(client.converse_stream(modelId=model_id, messages=messages, **more)["stream"]) as stream:
        return list(stream)


def body(model_id: str, prompt: str = PROMPT) -> bytes:
    """A native request body that asks for at most 50 tokens."""
    if model_id == LLAMA:
        return json.dumps({"prompt": prompt, "max_gen_len": 50}).encode()
    messages = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]
    request = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": messages}
    return json.dumps(request).encode()


def invoke(client: BedrockRuntimeClient, model_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Call InvokeModel: its body and its headers."""
    response = client.invoke_model(modelId=model_id, body=body(model_id))
    return json.loads(response["body"].read()), response["ResponseMetadata"]["HTTPHeaders"]


def invoke_stream(client: BedrockRuntimeClient, model_id: str) -> list[dict[str, Any]]:
    """Call InvokeModelWithResponseStream: its chunks."""
    response = client.invoke_model_with_response_stream(modelId=model_id, body=body(model_id))
    with closing(response["body"]) as stream:
        return [json.loads(event["chunk"]["bytes"]) for event in stream]


OPERATIONS: dict[str, Callable[[BedrockRuntimeClient], Any]] = {
    "converse": converse,
    "converse-stream": converse_stream,
    "invoke": lambda client: invoke(client, CLAUDE),
    "invoke-with-response-stream": lambda client: invoke_stream(client, CLAUDE),
}
"""The operations by the last segment of their paths."""
