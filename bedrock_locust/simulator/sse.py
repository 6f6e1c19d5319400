"""Events of a `text/event-stream`, as the APIs of OpenAI and Anthropic send them."""

from __future__ import annotations

import json
from typing import Any, Literal

Style = Literal["", "named", "named last", "plain"]
"""`named`: `event:`, then `data:`; `named last`: the other way round, as bedrock-mantle sends Responses; `plain`: only
`data:`. Empty: no such stream."""

DONE = "[DONE]"
"""An event of this type is the end mark of Chat Completions."""

_to_json = json.JSONEncoder(separators=(",", ":")).encode


def event(style: Style, name: str, payload: dict[str, Any]) -> bytes:
    """One event with its blank line."""
    if name == DONE:
        return b"data: [DONE]\n\n"
    data = f"data: {_to_json(payload)}\n"
    named = f"event: {name}\n"
    lines = {"named": named + data, "named last": data + named}.get(style, data)
    return f"{lines}\n".encode()
