"""Prompt: the parts of a request that matter to the simulator, the same for all formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the prompt."""

    text: str = ""
    media: int = 0
    """Images, documents, videos and recordings in it."""
    cache_ttl_s: int = 0
    """Above 0, the prompt up to the end of this part is cached for this many seconds."""
    more_tokens: int = 0
    """Tokens beyond those of its text."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call. `schema` is the JSON Schema of its input."""

    name: str
    schema: Any


@dataclass(frozen=True, slots=True)
class Guardrail:
    """The guardrail of a request."""

    id: str
    traced: bool = False
    intervenes: bool = False
    """Whether it changes the answer."""
    processing_ms: float = 0.0
    """How long it looks at the prompt, and again at the answer."""


@dataclass(frozen=True)
class Prompt:
    """What a request asks of the model."""

    parts: tuple[Part, ...]
    """In the order in which a model reads them: tools, system prompt, messages."""
    text: str
    """The text of all messages, in their order."""
    max_tokens: int | None
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    reasoning: bool = False
    """Whether the answer begins with reasoning."""
    declines_reasoning: bool = False
    """Whether the request says that the answer shall have none."""
    omits_thinking: bool = False
    """Whether reasoning is signed and not shown, in the formats of Claude."""
    reasoning_budget: int | None = None
    """The most tokens that reasoning may have."""
    tool: Tool | None = None
    """The tool that is called."""
    more_tools: tuple[Tool, ...] = ()
    """The tools that are called after it, in the same answer."""
    offered: tuple[Tool, ...] = ()
    """The tools that may be called, where none has to be."""
    one_tool: bool = False
    """Whether an answer may call no second tool."""
    schema: Any = None
    """The JSON Schema that the text has to fit; None where it is free."""
    has_result: bool = False
    """Whether the last message has the result of a tool."""
    says_first: bool = False
    """Whether there is text before the call of the tool."""
    is_stored: bool = False
    """Whether the answer is kept, in Responses."""
    in_background: bool = False
    """Whether the client does not wait for the answer, in Responses."""
    previous: str = ""
    """The id of the response that this one continues, in Responses."""
    turns: tuple[Part, ...] = ()
    """The last of `parts` that belong to the conversation, in Responses: what is kept of it."""
    cites: str = ""
    """The document that the answer cites; empty where it cites none."""
    cited: Mapping[str, Any] | None = None
    """What citations say of it, in the formats of Claude."""
    guardrail: Guardrail | None = None
    """The guardrail that the request names."""
    latency: str = ""
    """`performanceConfig.latency` of the request."""
    tier: str = ""
    """`serviceTier.type` of the request."""
    shows_usage: bool = True
    """Whether a stream of Chat Completions ends with its usage."""
    shows_reasoning: bool = False
    """Whether a summary of the reasoning was asked for, in Responses."""
    wants_encrypted: bool = False
    """Whether the encrypted reasoning was asked for, in Responses."""
    echo: Mapping[str, Any] = field(default_factory=dict)
    """What a response of Responses says of its request."""
    response_fields: tuple[str, ...] = field(default=())
    """`additionalModelResponseFieldPaths` of the request."""

    @property
    def guarded_s(self) -> float:
        """How long its guardrail looks at the prompt, and again at the answer."""
        return self.guardrail.processing_ms / 1000 if self.guardrail else 0.0

    @cached_property
    def input_tokens(self) -> int:
        """Tokens of all parts, cached or not."""
        return size(self.parts)


def size(parts: tuple[Part, ...]) -> int:
    """Tokens of these parts together."""
    more = sum(part.more_tokens + part.media * tokens.MEDIA_TOKENS for part in parts)
    return tokens.prompt_rule.count(part.text for part in parts) + more
