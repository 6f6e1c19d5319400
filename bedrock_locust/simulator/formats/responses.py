"""OpenAI's Responses. The order of events is that of real streams of Bedrock, see docs/simulator.md."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, StrictBool

from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.formats.base import Body, Event, Format, Metrics
from bedrock_locust.simulator.formats.blocks import as_text
from bedrock_locust.simulator.formats.chat import CREATED
from bedrock_locust.simulator.formats.tooling import openai_choice, openai_offer, openai_schema
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import Block, Kind, Stop

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply
    from bedrock_locust.simulator.sse import Style

_GEMMA, _SHOWN = re.compile(r"\bgoogle\.gemma"), re.compile(r"\b(google\.gemma|openai\.gpt-oss)")
"""Models that spell the events of their reasoning in a way of their own, and that show it without being asked.

The latter count 0 tokens of reasoning."""
_NEW = re.compile(r"\bopenai\.gpt-[56]")
ENCRYPTED = "rsn_" + "c2ltdWxhdGVk" * 64
"""Encrypted reasoning: as long as it was recorded, and of no meaning."""
ECHOED = frozenset(
    {
        *("instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "truncation", "metadata", "user"),
        *("temperature", "top_p", "max_output_tokens", "store", "background", "previous_response_id", "reasoning"),
    }
)
"""Members of a request that its response repeats."""


class _Request(Body):
    input: str | list[dict[str, Any]]
    instructions: str | None = None
    max_output_tokens: int | None = Field(None, ge=16)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    tools: list[dict[str, Any]] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    text: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None
    service_tier: str | None = None
    store: StrictBool | None = None
    background: StrictBool | None = None
    previous_response_id: str | None = None
    include: list[str] | None = None


class Responses(Format):
    """A response and its events; `sequence_number` is added where they are sent."""

    style: ClassVar[Style] = "named"
    running_counts = numbered = True
    hidden: ClassVar[dict[str, str]] = {}
    """What deltas of text and of tools have beside it."""

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        tools = [{"type": "function", "function": tool} for tool in request.tools or [] if "name" in tool]
        items = [{"content": request.input}] if isinstance(request.input, str) else request.input
        texts = [_text(item) for item in items]
        effort = (request.reasoning or {}).get("effort")
        if request.background and request.store is False:
            raise ServiceError("ValidationException", "Background mode requires store to be true.")
        turns = tuple(Part(text + _call(item), media=_media(item)) for item, text in zip(items, texts, strict=True))
        return Prompt(
            parts=(Part(request.instructions or ""), *(Part(json.dumps(tool)) for tool in tools), *turns),
            turns=turns,
            is_stored=request.store is not False,
            in_background=bool(request.background),
            previous=request.previous_response_id or "",
            text="".join(texts),
            max_tokens=request.max_output_tokens,
            temperature=request.temperature,
            reasoning=effort not in (None, "none"),
            declines_reasoning=effort == "none",
            wants_encrypted="reasoning.encrypted_content" in (request.include or ()),
            shows_reasoning=bool((request.reasoning or {}).get("summary")),
            tool=openai_choice(tools, _choice(request.tool_choice)),
            offered=openai_offer(tools, request.tool_choice),
            one_tool=request.parallel_tool_calls is False,
            schema=openai_schema((request.text or {}).get("format")),
            has_result=items[-1].get("type") == "function_call_output" if items else False,
            tier=request.service_tier or "",
            echo={key: value for key, value in json.loads(body).items() if key in ECHOED},
        )

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002 - it has none
        """A whole `response`."""
        output = [_item(reply, index, whole=True) for index in range(len(reply.blocks))]
        done = {"completed_at": CREATED} if _NEW.search(reply.model_id) else {}
        return _response(reply, _status(reply), output) | {"usage": _usage(reply)} | _incomplete(reply) | done

    def taken(self, reply: Reply, status: str) -> dict[str, Any]:
        """A response without its output."""
        return _response(reply, status, [])

    def queued(self, reply: Reply) -> list[Event]:
        """`response.created` and `response.queued` of a response in the background."""
        begun = {"response": self.taken(reply, "queued")}
        names = ("response.created", "response.queued") if reply.prompt.in_background else ()
        return [_event(name, **begun) for name in names]

    def opening(self, reply: Reply) -> list[Event]:
        """`response.created` and `response.in_progress`, which echo the request."""
        begun = {"response": self.taken(reply, "in_progress")}
        names = (
            ("response.in_progress",) if reply.prompt.in_background else ("response.created", "response.in_progress")
        )
        return [_event(name, **begun) for name in names]

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """The item, and the part of a message."""
        added = _event("response.output_item.added", output_index=index, item=_item(reply, index, whole=False))
        if reply.blocks[index].kind is not Kind.TEXT:
            return [added]
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        return [added, _event("response.content_part.added", **_place(reply, index), part=part)]

    def delta(self, kind: Kind, index: int, text: str) -> Event:  # noqa: ARG002 - of no answer
        """A piece of text of no answer."""
        return _event("response.output_text.delta", output_index=index, content_index=0, delta=text, logprobs=[])

    def counted_delta(self, reply: Reply, kind: Kind, index: int, text: str, sent: int) -> Event:  # noqa: ARG002
        """A piece of text, reasoning or input of a tool; an empty event where reasoning is not shown."""
        if kind is Kind.TOOL:
            place = {"item_id": _id(reply, index), "output_index": index, **self.hidden}
            return _event("response.function_call_arguments.delta", **place, delta=text)
        if kind is Kind.REASONING:
            name = _reasoning(reply)
            return _event(f"{name}.delta", **_place(reply, index), delta=text) if name else ("", {})
        return _event("response.output_text.delta", **_place(reply, index), delta=text, logprobs=[], **self.hidden)

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """The whole text, the part and the item."""
        block = reply.blocks[index]
        item = _event("response.output_item.done", output_index=index, item=_item(reply, index, whole=True))
        if block.kind is Kind.TOOL:
            place = {"item_id": _id(reply, index), "output_index": index}
            return [_event("response.function_call_arguments.done", **place, arguments=block.text), item]
        if block.kind is Kind.REASONING:
            name = _reasoning(reply)
            return [*([_event(f"{name}.done", **_place(reply, index), text=block.text)] if name else []), item]
        part = {"type": "output_text", "text": block.text, "annotations": [], "logprobs": []}
        return [
            _event("response.output_text.done", **_place(reply, index), text=block.text, logprobs=[]),
            _event("response.content_part.done", **_place(reply, index), part=part),
            item,
        ]

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """`response.completed`, or `response.incomplete`, with the usage."""
        return [_event(f"response.{_status(reply)}", response=self.answer(reply, metrics))]

    def failure(self, reply: Reply, code: str, message: str) -> Event:
        """`response.failed`."""
        failed = _response(reply, "failed", []) | {"error": {"code": code, "message": message}}
        return _event("response.failed", response=failed)


class MantleResponses(Responses):
    """The same on bedrock-mantle: recorded there, each event has its data before its name."""

    style: ClassVar[Style] = "named last"
    hidden: ClassVar[dict[str, str]] = {"obfuscation": ""}

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:
        """A whole `response`; that of a newer model of OpenAI says who pays."""
        return super().answer(reply, metrics) | (
            {"billing": {"payer": "developer"}} if _NEW.search(reply.model_id) else {}
        )

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """The last event, without who pays."""
        return [_event(f"response.{_status(reply)}", response=super().answer(reply, metrics))]


def _event(name: str, **members: Any) -> Event:
    return name, {"type": name, **members}


def _text(item: dict[str, Any]) -> str:
    """What the model reads of an item: a message, or the result of a tool."""
    content = item.get("content", item.get("output", ""))
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(text for part in parts if isinstance(part, dict) and isinstance(text := part.get("text"), str))


def _call(item: dict[str, Any]) -> str:
    """What it reads of the call of a tool, as in the other APIs."""
    is_call = item.get("type") == "function_call"
    return as_text(item.get("name", "")) + as_text(item.get("arguments", "")) if is_call else ""


def _media(item: dict[str, Any]) -> int:
    """Images and files in an item."""
    content = item.get("content", item.get("output"))
    parts = content if isinstance(content, list) else []
    return sum(isinstance(part, dict) and part.get("type") in ("input_image", "input_file") for part in parts)


def _choice(choice: Any) -> Any:
    """The choice of a tool as Chat Completions writes it."""
    return {"type": "function", "function": choice} if isinstance(choice, dict) and "name" in choice else choice


def _reasoning(reply: Reply) -> str:
    """How the events of shown reasoning are called; empty where it is hidden."""
    if reply.prompt.shows_reasoning:
        return "response.reasoning_summary_text"
    if not _SHOWN.search(reply.model_id):
        return ""
    return "response.reasoning" if _GEMMA.search(reply.model_id) else "response.reasoning_text"


def _id(reply: Reply, index: int) -> str:
    kind = {Kind.TEXT: "msg", Kind.REASONING: "rs", Kind.TOOL: "fc"}[reply.blocks[index].kind]
    return f"{kind}_{reply.request_id.replace('-', '')}{index}"


def _place(reply: Reply, index: int) -> dict[str, Any]:
    return {"item_id": _id(reply, index), "output_index": index, "content_index": 0}


def _item(reply: Reply, index: int, *, whole: bool) -> dict[str, Any]:
    block, about = reply.blocks[index], {"id": _id(reply, index), "status": "completed" if whole else "in_progress"}
    if block.kind is Kind.TOOL:
        call = {"call_id": block.tool_id, "name": block.tool_name, "arguments": block.text if whole else ""}
        return about | {"type": "function_call"} | call
    if block.kind is Kind.REASONING and _NEW.search(reply.model_id):
        secret = {"encrypted_content": ENCRYPTED} if reply.prompt.wants_encrypted else {}
        return {"id": about["id"], "type": "reasoning", "summary": _summary(reply, block) if whole else [], **secret}
    if block.kind is Kind.REASONING:
        return about | {"type": "reasoning", "summary": [], "content": _content(reply, block) if whole else []}
    part, phase = {"type": "output_text", "text": block.text, "annotations": []}, {}
    if _NEW.search(reply.model_id):
        part, phase = part | {"logprobs": []}, {"phase": "final_answer"}
    return about | {"type": "message", "role": "assistant", "content": [part] if whole else [], **phase}


def _summary(reply: Reply, block: Block) -> list[dict[str, Any]]:
    return [{"type": "summary_text", "text": block.text}] if reply.prompt.shows_reasoning else []


def _content(reply: Reply, block: Block) -> list[dict[str, Any]]:
    return [{"type": "reasoning_text", "text": block.text}] if _reasoning(reply) else []


def _status(reply: Reply) -> str:
    return "incomplete" if reply.stop is Stop.LENGTH else "completed"


def _incomplete(reply: Reply) -> dict[str, Any]:
    reason = {"reason": "max_output_tokens"} if reply.stop is Stop.LENGTH else None
    return {"incomplete_details": reason}


def _defaults(model_id: str) -> dict[str, Any]:
    """What a response says of settings that the request left to the model, as recorded."""
    said: dict[str, Any] = {
        "background": False,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
    }
    return said | _DEFAULTS_OF_NEW if _NEW.search(model_id) else said


_DEFAULTS_OF_NEW: dict[str, Any] = {
    **dict.fromkeys(("max_output_tokens", "max_tool_calls", "moderation", "previous_response_id")),
    **dict.fromkeys(("completed_at", "prompt_cache_key", "safety_identifier", "user")),
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "prompt_cache_retention": "in_memory",
    "reasoning": {"context": "all_turns", "effort": "medium", "summary": None},
    "store": True,
    "top_logprobs": 0,
}


def _settings(reply: Reply) -> dict[str, Any]:
    """What a response says of its settings: those of its request, and defaults for what that left open."""
    defaults, made = _defaults(reply.model_id), reply.prompt.echo
    reasoning = {**defaults.get("reasoning", {}), **(made.get("reasoning") or {})}
    return {**defaults, **made, **({"reasoning": reasoning} if reasoning else {})}


def _response(reply: Reply, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        **_settings(reply),
        "id": f"resp_{reply.request_id.replace('-', '')}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "model": reply.model_id,
        "output": output,
        "error": None,
        "incomplete_details": None,
        "service_tier": reply.prompt.tier or "default",
        "usage": None,
    }


def _usage(reply: Reply) -> dict[str, Any]:
    """Tokens of the prompt with those of a cache, as OpenAI counts."""
    written = {"cache_write_tokens": reply.cache.write} if _NEW.search(reply.model_id) else {}
    return {
        "input_tokens": reply.prompt.input_tokens,
        "input_tokens_details": {"cached_tokens": reply.cache.read} | written,
        "output_tokens": reply.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0 if _SHOWN.search(reply.model_id) else reply.reasoning_tokens},
        "total_tokens": reply.prompt.input_tokens + reply.output_tokens,
    }
