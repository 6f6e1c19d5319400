"""The Messages format of Anthropic's Claude models in InvokeModel.

Members as in AWS's documentation of the Claude Messages parameters; that `message_stop` carries the
invocation metrics is seen in public client code.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from bedrock_locust.simulator.formats import citing
from bedrock_locust.simulator.formats.base import Body, Event, Format, Metrics, chunk, invocation_metrics
from bedrock_locust.simulator.formats.blocks import as_text, ttl_s
from bedrock_locust.simulator.formats.thinking import asked_for
from bedrock_locust.simulator.formats.tooling import anthropic_choice, anthropic_offer, openai_schema
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import SIGNATURE, Block, Kind

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply

Content = str | list[dict[str, Any]]


class _Message(Body):
    role: Literal["user", "assistant", "system"]
    content: Content


class _Request(Body):
    anthropic_version: str
    max_tokens: int = Field(ge=1)
    messages: list[_Message] = Field(min_length=1)
    system: Content = ""
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    stop_sequences: list[str] = Field(default_factory=list)
    tools: list[dict[str, Any]] = Field(default_factory=list)
    tool_choice: Any = None
    thinking: Any = None
    output_config: Any = None


class Claude(Format):
    """Claude Messages. Any `anthropic_version` is accepted."""

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        reasoning, budget = asked_for({"thinking": request.thinking})
        return Prompt(
            parts=(
                *(Part(json.dumps(tool), cache_ttl_s=_ttl_s(tool)) for tool in request.tools),
                *_parts(request.system),
                *(part for message in request.messages for part in _parts(message.content)),
            ),
            text="".join(_text(message.content) for message in request.messages),
            max_tokens=request.max_tokens,
            stop=tuple(request.stop_sequences),
            temperature=request.temperature,
            reasoning=reasoning,
            reasoning_budget=budget,
            omits_thinking=isinstance(request.thinking, dict) and request.thinking.get("display") == "omitted",
            cited=citing.source(message.content for message in request.messages),
            tool=anthropic_choice(request.tools, request.tool_choice),
            offered=anthropic_offer(request.tools, request.tool_choice),
            one_tool=isinstance(request.tool_choice, dict)
            and request.tool_choice.get("disable_parallel_tool_use") is True,
            schema=openai_schema(_format(request.output_config)),
            has_result=_has_result(request.messages[-1].content),
        )

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """A `message`."""
        content = [_content(_shown(reply, block)) | _citations(reply, block) for block in reply.blocks]
        message = _message(reply, content, reply.stop, reply.output_tokens) | {"stop_sequence": reply.stop_sequence}
        return message | (_details(reply, message["usage"]) if reply.family.native_details else {})

    def opening(self, reply: Reply) -> list[Event]:
        """`message_start`."""
        return [chunk({"type": "message_start", "message": _message(reply, [], None, 1)})]

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """`content_block_start`; that of a tool call has an empty piece of input after it."""
        block = reply.blocks[index]
        start = {"type": "content_block_start", "index": index, "content_block": _content(block, begins=True)}
        return [chunk(start), *([self.delta(block.kind, index, "")] if block.kind is Kind.TOOL else [])]

    def delta(self, kind: Kind, index: int, text: str) -> Event:
        """`content_block_delta`."""
        return _delta(index, _piece(kind, text))

    def counted_delta(self, reply: Reply, kind: Kind, index: int, text: str, sent: int) -> Event:  # noqa: ARG002
        """The same; none of thinking that is not shown."""
        return ("", {}) if _is_omitted(reply, kind) else self.delta(kind, index, text)

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """`content_block_stop`, after the signature of thinking, or what a text cites."""
        stop = chunk({"type": "content_block_stop", "index": index})
        cited = _citations(reply, reply.blocks[index]).get("citations", ())
        if cited:
            return [*(_delta(index, {"type": "citations_delta", "citation": one}) for one in cited), stop]
        if reply.blocks[index].kind is Kind.REASONING:
            return [_delta(index, {"type": "signature_delta", "signature": SIGNATURE}), stop]
        return [stop]

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """`message_delta`, and `message_stop` with the metrics."""
        stop = {"stop_reason": reply.stop, "stop_sequence": reply.stop_sequence}
        return [
            chunk({"type": "message_delta", "delta": stop, "usage": {"output_tokens": reply.output_tokens}}),
            chunk({"type": "message_stop"} | invocation_metrics(reply, metrics)),
        ]


def _format(config: Any) -> Any:
    return config.get("format") if isinstance(config, dict) else None


def _has_result(content: Content) -> bool:
    return isinstance(content, list) and any(block.get("type") == "tool_result" for block in content)


def _parts(content: Content) -> list[Part]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [Part(_block_text(block), media=_media(block), cache_ttl_s=_ttl_s(block)) for block in blocks]


def _ttl_s(block: dict[str, Any]) -> int:
    return ttl_s(block["cache_control"]) if block.get("cache_control") else 0


def _media(block: dict[str, Any]) -> int:
    inner = block.get("content")
    inside = [b for b in inner if isinstance(b, dict)] if isinstance(inner, list) else []
    return sum(b.get("type") in ("image", "document") for b in (block, *inside))


def _block_text(block: dict[str, Any]) -> str:
    """What the model reads of a block: its text, a call, the result of a call, or earlier thinking."""
    kind = block.get("type")
    if kind == "tool_use":
        return as_text(block.get("name", "")) + as_text(block.get("input", ""))
    if kind == "tool_result":
        inner = block.get("content", "")
        texts = [b.get("text") for b in inner if isinstance(b, dict)] if isinstance(inner, list) else [inner]
        return "".join(text for text in texts if isinstance(text, str))
    text = block.get("thinking" if kind == "thinking" else "text")
    return text if isinstance(text, str) else ""


def _text(content: Content) -> str:
    if isinstance(content, str):
        return content
    return "".join(text for block in content if isinstance(text := block.get("text"), str))


def _is_omitted(reply: Reply, kind: Kind) -> bool:
    """Whether a block of this kind is thinking that is not shown."""
    return kind is Kind.REASONING and reply.prompt.omits_thinking


def _shown(reply: Reply, block: Block) -> Block:
    """The block as the client sees it."""
    return replace(block, text="") if _is_omitted(reply, block.kind) else block


def _content(block: Block, *, begins: bool = False) -> dict[str, Any]:
    text = "" if begins else block.text
    if block.kind is Kind.TOOL:
        value = {} if begins else block.tool_input
        return {"type": "tool_use", "id": _tool_id(block), "name": block.tool_name, "input": value}
    if block.kind is Kind.REASONING:
        return {"type": "thinking", "thinking": text, "signature": "" if begins else SIGNATURE}
    return {"type": "text", "text": text}


def _tool_id(block: Block) -> str:
    return "toolu_bdrk_01" + block.tool_id.removeprefix("tooluse_")


def _citations(reply: Reply, block: Block) -> dict[str, Any]:
    """What a text cites."""
    if block.kind is not Kind.TEXT or reply.prompt.cited is None:
        return {}
    return {"citations": [citing.citation(reply.prompt.cited, block.text)]}


def _delta(index: int, delta: dict[str, Any]) -> Event:
    return chunk({"type": "content_block_delta", "index": index, "delta": delta})


def _piece(kind: Kind, text: str) -> dict[str, str]:
    if kind is Kind.TOOL:
        return {"type": "input_json_delta", "partial_json": text}
    if kind is Kind.REASONING:
        return {"type": "thinking_delta", "thinking": text}
    return {"type": "text_delta", "text": text}


def _message(reply: Reply, content: list[dict[str, Any]], stop: str | None, output_tokens: int) -> dict[str, Any]:
    return {
        "id": f"msg_bdrk_01{reply.request_id.replace('-', '')[:22]}",
        "type": "message",
        "role": "assistant",
        "model": _model_name(reply.model_id),
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": _usage(reply, output_tokens),
    }


def _usage(reply: Reply, output_tokens: int) -> dict[str, Any]:
    counts: dict[str, Any] = {"input_tokens": reply.input_tokens, "output_tokens": output_tokens}
    if reply.counts_cache:
        counts["cache_read_input_tokens"] = reply.cache.read
        counts["cache_creation_input_tokens"] = reply.cache.write
    if reply.family.native_cache:
        counts["cache_creation"] = {
            "ephemeral_5m_input_tokens": reply.cache.write_5m,
            "ephemeral_1h_input_tokens": reply.cache.write_1h,
        }
    return counts


def _details(reply: Reply, usage: dict[str, Any]) -> dict[str, Any]:
    """What answers have since Claude 4.8."""
    details = {"service_tier": "standard", "output_tokens_details": {"thinking_tokens": reply.reasoning_tokens}}
    return {"stop_details": None, "usage": usage | details}


def _model_name(model_id: str) -> str:
    """Anthropic's own name of a model, without what Bedrock adds around it."""
    return re.sub(r"-v\d+(:\d+)?$", "", model_id.rpartition("anthropic.")[2])
