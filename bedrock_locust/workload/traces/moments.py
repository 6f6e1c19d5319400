"""The moments of a source: read from its text, and spread where they are whole seconds."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bedrock_locust.workload.traces.traced import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.workload.traces.traced import TracedCall

WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$")
"""As ISO 8601, with any digits of the second: Azure's traces have seven, which Python does not read."""


def moment(text: object, where: str) -> float:
    """Unix seconds of a written moment, which is UTC unless it says otherwise. Raises TraceError."""
    found = WRITTEN.match(str(text).strip())
    if not found:
        raise TraceError(f"{where} is {text!r:.60}, but must be a moment as 2026-11-27T08:30:00Z")
    day, time, fraction, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z", "UTC") else zone
    try:
        whole = datetime.fromisoformat(f"{day}T{time}{zone}")
    except ValueError:
        raise TraceError(f"{where} is {text!r:.60}, which is no moment") from None
    return whole.timestamp() + float(fraction or 0)


def in_words(at: float) -> str:
    """A moment as people read it, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def spread(calls: Sequence[TracedCall], seed: int) -> list[TracedCall]:
    """The calls in order, those of one whole second spread over it at random.

    Logs have whole seconds, and the conversation trace of Mooncake every third one: as they are, calls would come in
    bursts that never were. Times with fractions stay as they are.
    """
    step_s = step_of([call.at for call in calls])
    random_ = random.Random(seed)
    moved = calls if not step_s else [replace(call, at=call.at + step_s * random_.random()) for call in calls]
    return sorted(moved, key=lambda call: call.at)


MOST_STEP_S = 3
"""Calls of a trace that is sparse share larger steps by chance."""


def step_of(moments: Sequence[float]) -> int:
    """The whole seconds of which all times are multiples, from the first one; 0 if there are fractions."""
    if not moments or any(at != int(at) for at in moments):
        return 0
    first = int(min(moments))
    step_s = 0
    for at in moments:
        step_s = math.gcd(step_s, int(at) - first)
        if step_s == 1:
            return 1
    return min(step_s, MOST_STEP_S) or 1
