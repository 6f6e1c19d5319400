"""Reasoning: whether a request asks for it, in the words of the models that can, who always does, who at will."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bedrock_locust.simulator.prompts import Prompt

_ALWAYS = re.compile(r"\b(deepseek\.r1|openai\.gpt-oss|mistral\.magistral|moonshot\w*\.kimi-k2-thinking|minimax\.)")
_AT_WILL = re.compile(r"\b(openai\.gpt-[56]|xai\.grok-4)")
"""These decide by the prompt, and tell only how many tokens their reasoning had."""


def is_hidden(model_id: str) -> bool:
    """Whether this model only counts its reasoning."""
    return _AT_WILL.search(model_id) is not None


def at_will(prompt: Prompt, model_id: str, share: float, start: int) -> Prompt:
    """The prompt with the reasoning that the model does on its own, in this share of the prompts that leave it to it.

    What it does depends on the place where the answer begins, as its words do.
    """
    if prompt.reasoning or prompt.declines_reasoning or not is_hidden(model_id):
        return prompt
    return replace(prompt, reasoning=Random(~start).random() < share)


def always(model_id: str) -> bool:
    """Whether this model reasons without being asked to."""
    return _ALWAYS.search(model_id) is not None


def asked_for(fields: Any) -> tuple[bool, int | None]:
    """Whether these fields of a model's own ask for reasoning, and its budget of tokens."""
    if not isinstance(fields, dict):
        return False, None
    for name in ("thinking", "reasoning_config", "reasoningConfig"):
        if isinstance(config := fields.get(name), dict) and config.get("type") in ("enabled", "adaptive"):
            budget = config.get("budget_tokens")
            return True, budget if isinstance(budget, int) and budget > 0 else None
    effort = fields.get("reasoning_effort") or _word(fields.get("reasoning_config"))
    return bool(effort and effort != "none") or fields.get("enable_thinking") is True, None


def _word(config: Any) -> str:
    """How much reasoning Qwen is asked for: the configuration is a word, not an object."""
    return config if isinstance(config, str) else ""
