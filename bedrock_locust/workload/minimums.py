"""How long a prefix must be for a model to cache it.

Source: the agent toolkit of AWS for Bedrock, 2026. A model that is not here may cache any prefix, or none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings

_LEAST = (
    (r"claude-(?:opus|haiku)-4-[56]", 4096),
    (r"claude-sonnet-4-6|claude-3-5-haiku", 2048),
    (r"claude-(?:sonnet|opus)-4|claude-3-7-sonnet", 1024),
    (r"nova-(?:lite|micro)", 1536),
    (r"nova-pro", 1024),
)
"""Pattern in model ids -> tokens of the shortest prefix; the first that fits counts."""


def least_tokens(model_id: str) -> int | None:
    """Tokens of the shortest prefix that a model caches; None where that is not known."""
    return next((tokens for pattern, tokens in _LEAST if re.search(pattern, model_id)), None)


def too_short(settings: Settings) -> str:
    """That the prefix of the settings is too short to be cached, and what to do; empty if it is not."""
    workload, least = settings.workload, least_tokens(settings.model.known_id)
    if workload is None or workload.cache == "off" or not workload.shared_prefix_tokens or not least:
        return ""
    if workload.shared_prefix_tokens >= least:
        return ""
    return (
        f"workload.shared_prefix_tokens is {workload.shared_prefix_tokens:,}, and {settings.model.id} caches a prefix"
        f" only from {least:,} tokens on: nothing will be cached"
    )
