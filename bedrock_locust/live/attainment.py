"""Which share of the started calls met a target, and whether that is enough: with what chance there is in it.

The design effect and the interval are those of the report (docs/metrics.md, "How sure"), written without numpy, as the
process that leads a run judges while calls come in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.call import Call
    from bedrock_locust.settings.goals import Slo

Verdict = Literal["met", "missed", "unclear"]

LOOKS = 4
"""How often a probe is judged. Each time has its part of the chance to be wrong."""
ERROR = 0.05
"""The chance that a probe at the limit is taken for one on a certain side of it, on both sides together."""
PARTS, WAVES = 100, 6
Z = NormalDist().inv_cdf(1 - ERROR / LOOKS / 2)
"""2.498: the standard normal quantile of one look."""
T = 3.5212227105
"""Student's, with `WAVES` degrees of freedom: a design effect is an estimate from that number of squares."""


@dataclass
class Trials:
    """Calls by the part of the window in which they started, and how many of them were hits."""

    hits: list[int] = field(default_factory=lambda: [0] * PARTS)
    calls: list[int] = field(default_factory=lambda: [0] * PARTS)

    def add(self, part: int, *, hit: bool) -> None:
        """Count a call."""
        self.hits[part] += hit
        self.calls[part] += 1

    def used(self) -> Trials:
        """Those of the window up to its last call: it may have been closed before its time."""
        return self.upto(max((part + 1 for part, count in enumerate(self.calls) if count), default=0))

    def upto(self, parts: int) -> Trials:
        """Those of the first parts of the window."""
        return Trials(self.hits[:parts], self.calls[:parts])


class Share(NamedTuple):
    """The share of hits, 0 to 1, and its interval at one look; NaN without a call."""

    calls: int
    share: float
    low: float
    high: float

    def verdict(self, target: float) -> Verdict:
        """Whether the interval lies on one side of a target."""
        if self.low > target:
            return "met"
        return "missed" if self.high < target else "unclear"


def share_of(samples: Sequence[Trials]) -> Share:
    """The share of all samples together.

    Its interval is that of independent calls, as many as give the share the same variance: all calls squared, divided
    by the sum of calls x design effect over the samples.
    """
    calls, hits = sum(sum(one.calls) for one in samples), sum(sum(one.hits) for one in samples)
    if not calls:
        return Share(0, math.nan, math.nan, math.nan)
    used = [one.used() for one in samples]
    counted = calls**2 / sum(sum(one.calls) * design_effect(one.hits, one.calls) for one in used)
    low, high = wilson(hits / calls * counted, counted, T if 0 < hits < calls else Z)
    return Share(calls, hits / calls, low, high)


def wilson(hits: float, count: float, z: float) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927)."""
    part, square = hits / count, z * z
    centre = (part + square / (2 * count)) / (1 + square / count)
    half = z / (1 + square / count) * math.sqrt(max(part * (1 - part), 0.0) / count + square / (4 * count * count))
    return (max(centre - half, 0.0) if hits else 0.0), (min(centre + half, 1.0) if hits < count else 1.0)


def design_effect(hits: Sequence[int], calls: Sequence[int]) -> float:
    """How many times as much the share varies as that of independent calls; at least 1. As `reports.numbers.sample`."""
    count = sum(calls)
    share = sum(hits) / count if count else 0.0
    if not 0 < share < 1:
        return 1.0
    strengths = [_strength(hits, calls, share, number) for number in range(1, WAVES + 1)]
    known = [strength for strength in strengths if strength is not None]
    return max(sum(known) / len(known), 1.0) if known else 1.0


def _strength(hits: Sequence[int], calls: Sequence[int], share: float, number: int) -> float | None:
    """How much of one slow wave there is in the share, by what independent calls have of it."""
    wave = [math.cos(math.pi * number * (part + 0.5) / len(calls)) for part in range(len(calls))]
    mean = sum(height * count for height, count in zip(wave, calls, strict=True)) / sum(calls)
    expected = share * (1 - share) * sum((w - mean) ** 2 * count for w, count in zip(wave, calls, strict=True))
    found = sum((w - mean) * (hit - share * count) for w, hit, count in zip(wave, hits, calls, strict=True))
    return found**2 / expected if expected > 0 else None


class Target(NamedTuple):
    """Which share of the started calls has to be good, and which has to succeed, if that is asked for; 0 to 1."""

    good: float
    ok: float | None = None

    @classmethod
    def of(cls, slo: Slo) -> Target:
        """What the settings ask for."""
        return cls(slo.percentile / 100, None if slo.success_rate is None else slo.success_rate / 100)


@dataclass
class Record:
    """The calls that started in the window of one level. Seconds are from the start of the window."""

    duration_s: float
    """How long the window lasts at most."""
    good: Trials = field(default_factory=Trials)
    ok: Trials = field(default_factory=Trials)
    longest_s: float = 0.0
    decided: Verdict = "unclear"
    """What was clear when the window was closed before its time."""

    def add(self, started_s: float, lasted_s: float, *, good: bool, ok: bool) -> None:
        """Count a call."""
        part = min(max(int(started_s / self.duration_s * PARTS), 0), PARTS - 1)
        self.good.add(part, hit=good)
        self.ok.add(part, hit=ok)
        self.longest_s = max(self.longest_s, lasted_s)

    def at(self, elapsed_s: float, late_s: float) -> Record:
        """The calls of which all should be known: those that a call as long as the longest could not outlast.

        Of the calls in flight nothing is known yet, and the slow ones are among them. `late_s` is how long a call takes
        to be known after its end.
        """
        parts = int((elapsed_s - self.longest_s - late_s) / self.duration_s * PARTS)
        parts = min(max(parts, 0), PARTS)
        return Record(self.duration_s, self.good.upto(parts), self.ok.upto(parts), self.longest_s)


class Judgement(NamedTuple):
    """What the probes of one load show."""

    verdict: Verdict
    leans: bool
    """Whether, as measured, it meets the target."""
    good: Share
    ok: Share


def judge(target: Target, records: Sequence[Record]) -> Judgement:
    """The verdict on a load, by all of its probes. Two of them that clearly differ leave it unclear."""
    alone = [_settled(_judged(target, [record]), record.decided) for record in records]
    verdicts = {found.verdict for found in alone}
    together = _judged(target, records)
    if len(verdicts) == 1:
        return together._replace(verdict=alone[0].verdict) if alone[0].verdict != "unclear" else together
    return together._replace(verdict="unclear") if verdicts >= {"met", "missed"} else together


def _settled(found: Judgement, decided: Verdict) -> Judgement:
    """What was clear at a look remains so, unless the calls that have ended since are on the other side."""
    agrees = found.verdict == "unclear" and found.leans == (decided == "met")
    return found._replace(verdict=decided) if agrees else found


def _judged(target: Target, records: Sequence[Record]) -> Judgement:
    good, ok = share_of([record.good for record in records]), share_of([record.ok for record in records])
    asked = [(good, target.good)] + ([] if target.ok is None else [(ok, target.ok)])
    verdicts = {share.verdict(wanted) for share, wanted in asked}
    verdict: Verdict = "missed" if "missed" in verdicts else "unclear" if "unclear" in verdicts else "met"
    return Judgement(verdict, all(share.share >= wanted for share, wanted in asked), good, ok)


def is_good(slo: Slo, call: Call, later_ms: float = 0.0) -> bool:
    """Whether a call succeeded within the limits of a single call, had its tokens come this much later.

    What is not known of it is not within a limit; an answer of one token has no time per token to keep.
    """
    if not call.ok or not _within(call.latency_ms, slo.latency_ms, later_ms):
        return False
    if call.mode != "streaming":
        return True
    single = call.output_tokens is not None and call.output_tokens <= 1
    return _within(call.ttft_ms, slo.ttft_ms, later_ms) and (single or _within(call.tpot_ms, slowest_tpot_ms(slo)))


def slowest_tpot_ms(slo: Slo) -> float | None:
    """The longest time per token that is allowed: the speed is one, too."""
    speed_ms = 1000 / slo.min_tokens_per_s if slo.min_tokens_per_s else None
    return min((limit for limit in (slo.tpot_ms, speed_ms) if limit), default=None)


def _within(value: float | None, limit: float | None, later: float = 0.0) -> bool:
    return limit is None or (value is not None and value + later <= limit)
