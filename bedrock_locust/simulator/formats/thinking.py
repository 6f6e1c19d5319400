"""Reasoning: whether a request asks for it, in the words of the models that can, and who always does."""

from __future__ import annotations

import re
from typing import Any

_ALWAYS = re.compile(r"\b(deepseek\.r1|openai\.gpt-oss|mistral\.magistral|moonshot\w*\.kimi-k2-thinking|minimax\.)")


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
