"""How many tokens of quota an output token of a model uses."""

from __future__ import annotations

import re

_OLD_CLAUDE = re.compile(r"claude-(?:v?[12]\b|instant|3-(?!7)|v2)")
CLAUDE_BURNDOWN = 5.0
"""Output tokens of Claude 3.7 and later count five times against the quota (AWS: Amazon Bedrock User
Guide, How tokens are counted; read November 2026). AWS lists models by name; that later models have the same
factor follows from its wording for 3.7 and up. An ARN that does not name its model has the factor 1."""


def burndown_of(model_id: str) -> float:
    """The burn-down factor of output tokens that AWS states for a model: 5 for Claude 3.7 and later, else 1."""
    name = model_id.lower()
    return CLAUDE_BURNDOWN if "claude" in name and not _OLD_CLAUDE.search(name) else 1.0
