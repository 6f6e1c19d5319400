"""Converse and ConverseStream: the one format for every model.

Shapes and event order are those of botocore's `bedrock-runtime` model. A block of text has no
`contentBlockStart` event: its `start` is a union without a member for text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from bedrock_locust.simulator import guardrails, routers
from bedrock_locust.simulator.formats.base import CamelBody, Event, Format, Metrics
from bedrock_locust.simulator.formats.blocks import cited, messages_text, read_blocks
from bedrock_locust.simulator.formats.thinking import asked_for
from bedrock_locust.simulator.formats.tooling import ToolConfig, chosen, converse_schema, converse_tool_parts, offered
from bedrock_locust.simulator.pieces import preceded
from bedrock_locust.simulator.prompts import Prompt
from bedrock_locust.simulator.replies import SIGNATURE, Block, Kind, Stop

if TYPE_CHECKING:
    from random import Random

    from bedrock_locust.simulator.families import Family
    from bedrock_locust.simulator.replies import Reply

CITED_CHARS = 60
_WRITTEN_FIRST = {Kind.TEXT: 0, Kind.REASONING: 1, Kind.TOOL: 2}
"""The order of blocks where text comes before reasoning."""


class Message(CamelBody):
    """A message of a conversation."""

    role: Literal["user", "assistant", "system"]
    content: list[dict[str, Any]]


class InferenceConfig(CamelBody):
    """The inference parameters of Converse."""

    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    stop_sequences: list[str] = Field(default_factory=list)


class _Performance(CamelBody):
    latency: str = ""


class _Tier(CamelBody):
    type: str = ""


class Request(CamelBody):
    """The members of a request that matter."""

    messages: list[Message] = Field(min_length=1)
    system: list[dict[str, Any]] = Field(default_factory=list)
    inference_config: InferenceConfig = InferenceConfig()
    tool_config: ToolConfig = ToolConfig()
    performance_config: _Performance = _Performance()
    service_tier: _Tier = _Tier()
    guardrail_config: Any = None
    output_config: Any = None
    additional_model_request_fields: Any = None
    additional_model_response_field_paths: list[str] = Field(default_factory=list)

    @property
    def prompt(self) -> Prompt:
        """What it asks for."""
        reasoning, budget = asked_for(self.additional_model_request_fields)
        config = self.inference_config
        messages = [message.content for message in self.messages]
        return Prompt(
            parts=(
                *converse_tool_parts(self.tool_config),
                *read_blocks(self.system),
                *(part for content in messages for part in read_blocks(content)),
            ),
            text=messages_text(messages),
            max_tokens=config.max_tokens,
            stop=tuple(config.stop_sequences),
            temperature=config.temperature,
            reasoning=reasoning,
            reasoning_budget=budget,
            tool=chosen(self.tool_config),
            offered=offered(self.tool_config),
            schema=converse_schema(self.output_config),
            has_result=any("toolResult" in block for block in messages[-1]),
            latency=self.performance_config.latency,
            tier=self.service_tier.type,
            cites=cited(messages),
            guardrail=guardrails.asked(self.guardrail_config),
            response_fields=tuple(self.additional_model_response_field_paths),
        )


class Converse(Format):
    """The format of Converse and ConverseStream."""

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: Request = Request.read(body)
        return request.prompt

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:
        """The body of a ConverseResponse."""
        family, blocks = reply.family, list(reply.blocks)
        if family.text_first:
            blocks.sort(key=lambda block: _WRITTEN_FIRST[block.kind])
        return {
            "metrics": {"latencyMs": metrics.latency_ms},
            "output": {"message": {"content": [_cited(reply, block) for block in blocks], "role": "assistant"}},
            "stopReason": _stop(reply),
            "usage": usage(reply, whole=True),
            **_trace(reply),
            **_additional(reply),
            **_echo(reply),
        }

    def streamed(self, reply: Reply, fixed: int, rng: Random) -> Reply:  # noqa: ARG002  # cuts no blocks
        """The reply with the empty block that some models begin with."""
        return preceded(reply)

    def opening(self, reply: Reply) -> list[Event]:  # noqa: ARG002  # the same for every reply
        """`messageStart`."""
        return [("messageStart", {"role": "assistant"})]

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """`contentBlockStart`, of a tool call only; Claude's has an empty piece of input after it."""
        block, family = reply.blocks[index], reply.family
        if block.kind is not Kind.TOOL:
            return []
        start = {"toolUse": {"name": block.tool_name, "toolUseId": block.tool_id, **_type(family)}}
        begun = ("contentBlockStart", {"contentBlockIndex": index, "start": start})
        return [begun, _delta(index, {"toolUse": {"input": ""}})] if family.tool_begins_empty else [begun]

    def delta(self, kind: Kind, index: int, text: str) -> Event:
        """`contentBlockDelta`."""
        return _delta(index, _piece(kind, text))

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """`contentBlockStop`, after a citation, the signature of Claude's reasoning, or an empty piece of text."""
        block, stop = reply.blocks[index], ("contentBlockStop", {"contentBlockIndex": index})
        if block.kind is Kind.TEXT and reply.prompt.cites:
            return [_delta(index, {"citation": _citation(reply, block)}), stop]
        if block.kind is Kind.TEXT and block.text and reply.family.ends_empty:
            return [_delta(index, {"text": ""}), stop]
        if block.kind is Kind.REASONING and reply.family.signs:
            return [_delta(index, {"reasoningContent": {"signature": SIGNATURE}}), stop]
        return [stop]

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """`messageStop`, `metadata`."""
        metadata = {"metrics": {"latencyMs": metrics.latency_ms}, "usage": usage(reply, whole=False), **_echo(reply)}
        metadata |= _trace(reply)
        return [("messageStop", {"stopReason": _stop(reply), **_additional(reply)}), ("metadata", metadata)]


def _trace(reply: Reply) -> dict[str, Any]:
    """What a guardrail and a prompt router have to say."""
    said = {**guardrails.trace(reply).get("trace", {}), **routers.trace(reply)}
    return {"trace": said} if said else {}


def _stop(reply: Reply) -> str:
    """Why the answer ends: a guardrail that has intervened comes before all else."""
    guardrail = reply.prompt.guardrail
    return guardrails.STOPPED if guardrail and guardrail.intervenes else reply.stop


def _cited(reply: Reply, block: Block) -> dict[str, Any]:
    """A block of a whole answer; text with its citation where one is asked for."""
    if block.kind is not Kind.TEXT or not reply.prompt.cites:
        return content(block, reply.family)
    return {"citationsContent": {"content": [{"text": block.text}], "citations": [_citation(reply, block)]}}


def _citation(reply: Reply, block: Block) -> dict[str, Any]:
    """The place in a document that stands behind a text: its beginning."""
    location = {"documentChar": {"documentIndex": 0, "start": 0, "end": len(block.text)}}
    return {"title": reply.prompt.cites, "sourceContent": [{"text": block.text[:CITED_CHARS]}], "location": location}


def content(block: Block, family: Family) -> dict[str, Any]:
    """A block of an answer without a stream."""
    if block.kind is Kind.TOOL:
        call = {"input": block.tool_input, "name": block.tool_name, "toolUseId": block.tool_id}
        return {"toolUse": call | _type(family)}
    if block.kind is Kind.REASONING:
        signature = {"signature": SIGNATURE} if family.signs else {}
        return {"reasoningContent": {"reasoningText": {"text": block.text, **signature}}}
    return {"text": block.text}


def _type(family: Family) -> dict[str, str]:
    """A member that botocore's model lacks."""
    return {"type": "tool_use"} if family.types_tools else {}


def usage(reply: Reply, *, whole: bool) -> dict[str, Any]:
    """The counts of a call; those of the cache where its family tells them, each in two spellings, as recorded."""
    counts: dict[str, Any] = {
        "inputTokens": reply.input_tokens,
        "outputTokens": reply.output_tokens,
        "totalTokens": reply.prompt.input_tokens + reply.output_tokens,
        "serverToolUsage": {},
    }
    cache, family = reply.cache, reply.family
    is_used = cache.read > 0 or cache.write > 0
    if is_used or (family.counts_cache and (whole or cache.asked)):
        for name, tokens in (("cacheRead", cache.read), ("cacheWrite", cache.write)):
            counts |= {f"{name}InputTokens": tokens, f"{name}InputTokenCount": tokens}
    written = (("5m", cache.write_5m), ("1h", cache.write_1h))
    if family.cache_details and cache.write:
        counts["cacheDetails"] = [{"inputTokens": tokens, "ttl": ttl} for ttl, tokens in written if tokens]
    return counts


def _delta(index: int, delta: dict[str, Any]) -> Event:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}


def _piece(kind: Kind, text: str) -> dict[str, Any]:
    if kind is Kind.TOOL:
        return {"toolUse": {"input": text}}
    return {"reasoningContent": {"text": text}} if kind is Kind.REASONING else {"text": text}


def _additional(reply: Reply) -> dict[str, Any]:
    """`/stop_sequence` is the one field of a model's own answer that can be asked for here."""
    if "/stop_sequence" not in reply.prompt.response_fields:
        return {}
    value = reply.stop_sequence if reply.stop is Stop.SEQUENCE else None
    return {"additionalModelResponseFields": {"stop_sequence": value}}


def _echo(reply: Reply) -> dict[str, Any]:
    echo: dict[str, Any] = {}
    if reply.prompt.latency:
        echo["performanceConfig"] = {"latency": reply.prompt.latency}
    if reply.prompt.tier:
        echo["serviceTier"] = {"type": reply.prompt.tier}
    return echo
