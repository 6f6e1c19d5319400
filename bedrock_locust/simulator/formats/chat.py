"""Chat completions in OpenAI's form: gpt-oss, Qwen, newer Mistral and DeepSeek models, AI21's Jamba.

Shapes as in OpenAI's public API reference; that Bedrock takes them in InvokeModel, with the metrics in
the last chunk, is seen in public client code. That gpt-oss puts its reasoning between tags in the
content is background knowledge, not verified.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bedrock_locust.simulator.formats.base import Body, Event, Format, Metrics, chunk, invocation_metrics, word
from bedrock_locust.simulator.formats.blocks import as_text
from bedrock_locust.simulator.formats.thinking import asked_for
from bedrock_locust.simulator.formats.tooling import openai_choice, openai_offer, openai_schema
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import Block, Kind, Stop

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply

CREATED = 1_767_225_600
"""The time at which made-up calls begin; any would do."""

_TAG, _END_TAG = "<reasoning>", "</reasoning>"


class _Message(Body):
    role: str
    content: str | list[dict[str, Any]] | None = None
    tool_calls: Any = None


class _Request(Body):
    messages: list[_Message] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    stop: str | list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    response_format: Any = None
    reasoning_effort: Any = None
    enable_thinking: Any = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop sequences."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


class Chat(Format):
    """Chat completions; `tagged` reasoning stands in the content, other has a member of its own."""

    running_counts = True

    def __init__(self, *, tagged: bool = False) -> None:
        self._tagged = tagged

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        effort = {"reasoning_effort": request.reasoning_effort, "enable_thinking": request.enable_thinking}
        tools = request.tools or []
        return Prompt(
            parts=(*(Part(json.dumps(tool)) for tool in tools), *map(_part, request.messages)),
            text="".join(_text(m) for m in request.messages if m.role not in ("system", "developer")),
            max_tokens=request.max_completion_tokens or request.max_tokens,
            stop=request.stops,
            temperature=request.temperature,
            reasoning=asked_for(effort)[0],
            declines_reasoning=request.reasoning_effort == "none",
            tool=openai_choice(tools, request.tool_choice),
            offered=openai_offer(tools, request.tool_choice),
            one_tool=request.parallel_tool_calls is False,
            schema=openai_schema(request.response_format),
            has_result=request.messages[-1].role == "tool",
        )

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """A `chat.completion`."""
        thought, text = reply.of(Kind.REASONING), reply.text
        if self._tagged and thought:
            text = _TAG + thought + _END_TAG + text
        message: dict[str, Any] = {"role": "assistant", "content": text or None}
        if thought and not self._tagged:
            message["reasoning_content"] = thought
        if reply.tools:
            message["tool_calls"] = [_tool_call(tool, tool.text) for tool in reply.tools]
        choice = {"index": 0, "message": message, "finish_reason": _reason(reply), "logprobs": None}
        return _envelope(reply, "chat.completion", [choice]) | {"usage": _usage(reply)}

    def opening(self, reply: Reply) -> list[Event]:
        """A chunk with the role."""
        return [_chunk(reply, {"role": "assistant", "content": ""})]

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """The start of a tool call, or the tag before reasoning."""
        block = reply.blocks[index]
        if block.kind is Kind.TOOL:
            return [_chunk(reply, {"tool_calls": [{"index": _place(reply, index), **_tool_call(block, "")}]})]
        return [_chunk(reply, {"content": _TAG})] if self._is_tagged(block) else []

    def delta(self, kind: Kind, index: int, text: str) -> Event:  # noqa: ARG002  # it has one list of choices
        """A chunk with text, without the members that tell the answer."""
        return chunk({"choices": [{"index": 0, "delta": self._piece(kind, text, 0), "finish_reason": None}]})

    def counted_delta(self, reply: Reply, kind: Kind, index: int, text: str, sent: int) -> Event:  # noqa: ARG002
        """A chunk with text."""
        return _chunk(reply, self._piece(kind, text, _place(reply, index)))

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """The tag after reasoning."""
        return [_chunk(reply, {"content": _END_TAG})] if self._is_tagged(reply.blocks[index]) else []

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """A last chunk with the finish reason, the usage and the metrics."""
        choice = {"index": 0, "delta": {}, "finish_reason": _reason(reply)}
        last = _envelope(reply, "chat.completion.chunk", [choice]) | {"usage": _usage(reply)}
        return [chunk(last | invocation_metrics(reply, metrics))]

    def _is_tagged(self, block: Block) -> bool:
        return self._tagged and block.kind is Kind.REASONING

    def _piece(self, kind: Kind, text: str, place: int) -> dict[str, Any]:
        if kind is Kind.TOOL:
            return {"tool_calls": [{"index": place, "function": {"arguments": text}}]}
        return {"reasoning_content" if kind is Kind.REASONING and not self._tagged else "content": text}


def _part(message: _Message) -> Part:
    calls = as_text(message.tool_calls) if message.tool_calls else ""
    content = message.content if isinstance(message.content, list) else []
    return Part(_text(message) + calls, media=sum("image_url" in block for block in content))


def _text(message: _Message) -> str:
    if isinstance(message.content, str):
        return message.content
    return "".join(text for block in message.content or () if isinstance(text := block.get("text"), str))


def _tool_call(block: Block, arguments: str) -> dict[str, Any]:
    return {"id": block.tool_id, "type": "function", "function": {"name": block.tool_name, "arguments": arguments}}


def _place(reply: Reply, index: int) -> int:
    """The number of a block among the calls of tools."""
    return sum(block.kind is Kind.TOOL for block in reply.blocks[:index])


def _chunk(reply: Reply, delta: dict[str, Any]) -> Event:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return chunk(_envelope(reply, "chat.completion.chunk", [choice]))


def _envelope(reply: Reply, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    name = f"chatcmpl-{reply.request_id}"
    return {"id": name, "object": kind, "created": CREATED, "model": reply.model_id, "choices": choices}


def _usage(reply: Reply) -> dict[str, int]:
    prompt, answer = reply.input_tokens, reply.output_tokens
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _reason(reply: Reply) -> str:
    return word(reply.stop, {Stop.LENGTH: "length", Stop.TOOL: "tool_calls"}, "stop")
