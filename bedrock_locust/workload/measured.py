"""How long a request is: its text, and the limit of its answer, in whichever API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_locust.workload.contract import Request

_NO_TEXT = frozenset(
    {"role", "type", "modelId", "model", "format", "media_type", "data", "anthropic_version", "schemaVersion", "url"}
)
"""Members whose texts are no part of the prompt."""
_KINDS = {
    "text": {"text", "prompt", "inputText", "input_text", "user", "message"},
    "image": {"image", "image_url", "input_image"},
    "document": {"document", "input_file", "file"},
    "tool": {"toolUse", "toolResult", "tool_use", "tool_result", "tool_calls", "function_call", "function_call_output"},
    "system": {"system", "developer", "instructions"},
    "cache_point": {"cachePoint", "cache_control"},
}
"""Kind of content -> members, types and roles that tell it, in one API or another."""
_ENCODED = ("data", "bytes", "url", "image_url", "file_data")
"""Members with the base64 of a medium, if they are texts."""
_ASKING = frozenset({"user", "tool", "function_call_output"})
"""Roles and types of messages that are not the model's own: of a user, and with the result of a tool."""
_POINTS = frozenset({"cachePoint", "cache_control"})
_LIMITS = (
    *("maxTokens", "max_tokens", "max_completion_tokens", "max_output_tokens"),
    *("maxTokenCount", "max_new_tokens", "max_gen_len"),
)


def sent_in(request: Request) -> dict[str, Any]:
    """What is sent: the arguments of Converse, or the body of another API."""
    arguments = request.arguments
    body: dict[str, Any] = json.loads(arguments["body"]) if "body" in arguments else arguments
    return body


def chars_in(value: Any) -> int:
    """Characters of all texts, without names and kinds."""
    if isinstance(value, dict):
        texts = (part for name, part in value.items() if name not in _NO_TEXT)
        media = (value[name] for name in _ENCODED if name not in _NO_TEXT and isinstance(value.get(name), str))
        return sum(map(chars_in, texts)) - sum(map(len, media))
    if isinstance(value, list):
        return sum(map(chars_in, value))
    return len(value) if isinstance(value, str) else 0


def prompts_in(body: Mapping[str, Any]) -> list[int]:
    """Characters of the prompt of each turn: what is said up to the end of each question, and what stands around.

    Results of tools are questions, too; messages of the user that follow each other are one.
    """
    name = "input" if isinstance(body.get("input"), list) else "messages"
    messages = body.get(name)
    if not isinstance(messages, list):
        return [chars_in(body)]
    said, found, goes_on = chars_in({key: value for key, value in body.items() if key != name}), list[int](), False
    for message in messages:
        said += chars_in(message)
        asks = isinstance(message, dict) and bool(_ASKING & {message.get("role"), message.get("type")})
        if asks:
            found[-1:] = [said] if goes_on else [*found[-1:], said]
        goes_on = asks
    return found or [said]


def points_in(value: Any) -> int:
    """Cache points, of Converse or of Claude."""
    if isinstance(value, dict):
        return sum(name in _POINTS or points_in(part) for name, part in value.items())
    return sum(map(points_in, value)) if isinstance(value, list) else 0


def kinds_in(value: Any) -> set[str]:
    """The kinds of content in a request: text, image, document, tool, system and cache_point."""
    if isinstance(value, list):
        return set().union(*map(kinds_in, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*(kinds_in(part) for name, part in value.items() if name != "source"))
    names = {*value, *(value[name] for name in ("type", "role") if isinstance(value.get(name), str))}
    return found | {kind for kind, members in _KINDS.items() if members & names}


def media_bytes_in(value: Any) -> int:
    """Bytes of images and documents; of base64 in bodies, what it is decoded."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, list):
        return sum(map(media_bytes_in, value))
    if not isinstance(value, dict):
        return 0
    encoded = next((value[name] for name in _ENCODED if isinstance(value.get(name), str)), "")
    return _decoded_bytes(encoded, value.get("type")) + sum(media_bytes_in(part) for part in value.values())


def _decoded_bytes(encoded: str, kind: object) -> int:
    """The size of a medium in base64, also as a URL of data; a document of the kind `text` stands as it is."""
    if kind == "text":
        return len(encoded.encode(errors="surrogatepass"))
    content = "" if encoded.startswith("http") else encoded.rpartition("base64,")[2]
    return len(content) * 3 // 4 - content.count("=")


def limit_in(body: Mapping[str, Any]) -> int:
    """The limit of the answer, wherever it stands; 0 where there is none."""
    config = body.get("inferenceConfig") or body.get("textGenerationConfig") or body
    return next((int(config[name]) for name in _LIMITS if isinstance(config.get(name), int)), 0)


def percentiles(values: Sequence[float]) -> str:
    """P50, P95 and the largest of some lengths, in words."""
    ordered = sorted(values)
    points = [ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] for percent in (50, 95, 100)]
    return "P50 {:,.0f}, P95 {:,.0f}, longest {:,.0f}".format(*points)
