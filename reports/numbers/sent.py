"""What was sent: the lengths that the workload asked for, beside those that came out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.numbers.answers import AT_THE_LIMIT
from reports.numbers.lengths import prompt_tokens
from reports.numbers.percentiles import p50_p95
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from reports.reading.levels import Levels
    from reports.reading.run import Run

KINDS = ("text", "image", "document", "tool", "system", "cache_point")
"""Kinds of content of a record."""


@dataclass(frozen=True)
class Length:
    """Percentiles of lengths in tokens, P50 and P95: what was asked for, and what there was. NaN is not known."""

    asked: tuple[float, float]
    actual: tuple[float, float]


@dataclass(frozen=True)
class Source:
    """The file that requests came from."""

    format: str
    sha256: str
    records: int
    """Those that could be sent."""
    bad: int
    """Those that were left out."""
    sent: int
    """How often a record was sent, in the whole run; a conversation once."""
    unsent: int | None
    """Positions that processes had been given, and did not send: at the end of the run, or lost with a worker. None
    where the run did not come to its end."""

    kinds: dict[str, int] = field(default_factory=dict)
    """Kind of content -> records that have it: `text`, `image`, `document`, `tool`, `system`, `cache_point`."""
    media_bytes: int = 0
    """Bytes of images and documents in all records, as they are sent."""

    @property
    def passes(self) -> float:
        """How often the file was sent."""
        return self.sent / self.records if self.records else 0.0


@dataclass(frozen=True)
class Sent:
    """The lengths of the measured successes."""

    calls: int
    input_tokens: Length
    output_tokens: Length
    """Asked for is here the limit of each answer."""
    cut_share: float
    """The share of answers that their limit cut off, 0 to 1; NaN where no call says why it ended."""
    source: Source | None = None
    """None without a file."""


def sent(run: Run, levels: Levels) -> Sent | None:
    """What was sent; None unless the run has a workload."""
    workload = run.get("settings", "workload")
    if not isinstance(workload, dict):
        return None
    calls = levels.calls[levels.counted & is_ok(levels.calls)]
    known = calls[calls["stop_reason"] != ""]
    return Sent(
        calls=len(calls),
        input_tokens=Length(p50_p95(calls["input_tokens_asked"]), p50_p95(prompt_tokens(calls))),
        output_tokens=Length(p50_p95(calls["max_tokens"]), p50_p95(calls["output_tokens"])),
        source=_source(run, levels),
        cut_share=float(known["stop_reason"].isin(AT_THE_LIMIT).mean()) if len(known) else math.nan,
    )


def _source(run: Run, levels: Levels) -> Source | None:
    calls = levels.calls
    if run.number("workload", "records") is None:
        return None
    sent = int((calls["record"].notna() & (calls["turn"].isna() | (calls["turn"] == 1))).sum())
    given = run.number("workload", "handed_out")
    return Source(
        format=run.text("workload", "format"),
        sha256=run.text("workload", "sha256"),
        records=int(run.number("workload", "records") or 0),
        bad=int(run.number("workload", "bad") or 0),
        sent=sent,
        kinds={kind: int(count) for kind in KINDS if (count := run.number("workload", "kinds", kind))},
        media_bytes=int(run.number("workload", "media_bytes") or 0),
        unsent=None if given is None else max(0, int(given) - sent),
    )
