"""AWS's own figures of a run beside ours: which calls and tokens each has counted, and how long they took."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.numbers import percentiles
from reports.numbers.quota import THROTTLED
from reports.reading.run import CANCELLED, finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from reports.reading.run import Run

CLIENT_ERRORS = (
    *("ValidationError", "AccessDeniedError", "ModelNotFoundError", "QuotaExceededError", "CredentialsError"),
    *("ModelError", "ModelTimeoutError", "ModelNotReadyError"),
)
SERVER_ERRORS = ("InternalServerError", "ServiceUnavailableError")
REFUSALS = (THROTTLED, *CLIENT_ERRORS, *SERVER_ERRORS)
"""What a service answers in place of a model. The other failures are of this side, or of the way between."""
PERCENTS = (50, 95, 99)
SLIGHT = 0.01
"""A difference of this share is rounding."""
NAMES = {
    "accepted": ("Invocations", "Inferences"),
    "throttled": ("InvocationThrottles",),
    "client_errors": ("InvocationClientErrors", "InferenceClientErrors"),
    "server_errors": ("InvocationServerErrors",),
    "input_tokens": ("InputTokenCount", "TotalInputTokens"),
    "output_tokens": ("OutputTokenCount", "TotalOutputTokens"),
    "cache_read_tokens": ("CacheReadInputTokenCount",),
    "cache_write_tokens": ("CacheWriteInputTokenCount",),
    "quota_tokens": ("EstimatedTPMQuotaUsage",),
}
"""Figure -> what AWS calls it, on either endpoint."""
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
REFUSED = ("throttled", "client_errors", "server_errors")
SIDES = ("aws", "ours")
TIMES = {"latency_ms": "InvocationLatency", "ttft_ms": "TimeToFirstToken"}


@dataclass(frozen=True)
class Pair:
    """A figure of AWS and ours; NaN where one is not known."""

    name: str
    aws: float
    ours: float

    @property
    def difference(self) -> float:
        """How much more AWS has."""
        return self.aws - self.ours


@dataclass(frozen=True)
class Reason:
    """What the comparison shows, or what explains a difference; its words are `check.<what>` of the texts."""

    what: str
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OfModel:
    """The counts of the calls to one of several models."""

    model_id: str
    counts: tuple[Pair, ...]

    @property
    def more_calls(self) -> float:
        """How many more calls AWS has accepted; NaN if that is not known."""
        return next((pair.difference for pair in self.counts if pair.name == "accepted"), math.nan)


@dataclass(frozen=True)
class CrossCheck:
    """AWS's figures of a run beside ours."""

    model_id: str
    """The model of the settings, to which `counts` and `times` belong."""
    counts: tuple[Pair, ...]
    times: tuple[Pair, ...]
    unanswered: int
    """Calls that AWS may have counted, with tokens that this side does not know."""
    minutes_after: float
    """How long after the end of the run AWS was asked, in minutes; NaN if that is not known."""
    missing: tuple[str, ...]
    """What AWS did not tell, in words."""
    others: tuple[OfModel, ...] = ()
    """Other models that the run called, with their counts."""

    @property
    def models(self) -> tuple[OfModel, ...]:
        """All models of which there are counts."""
        return tuple(one for one in (OfModel(self.model_id, self.counts), *self.others) if one.counts)

    @property
    def _pairs(self) -> tuple[Pair, ...]:
        return tuple(pair for one in self.models for pair in one.counts)

    @property
    def agrees(self) -> bool:
        """Whether all counts are the same."""
        return bool(self._pairs) and all(pair.difference == 0 for pair in self._pairs if pair.name != "quota_tokens")

    @property
    def implied_burndown(self) -> float:
        """What an output token used of the quota by AWS's estimate; NaN where it is as reckoned, or not known.

        It follows from AWS's own counts, so that it holds also where these are not ours.
        """
        aws, ours = (_per_output_token({pair.name: getattr(pair, side) for pair in self.counts}) for side in SIDES)
        return math.nan if abs(aws - ours) <= SLIGHT * ours else aws

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What there is to say of the comparison."""
        return tuple(self._reasons())

    def _reasons(self) -> Iterator[Reason]:
        after = {"minutes": self.minutes_after}
        if not self._pairs:
            if not self.missing:
                yield Reason("none", after)
            return
        known = [one.more_calls for one in self.models if not math.isnan(one.more_calls)]
        more, fewer = (sum(max(sign * calls, 0.0) for calls in known) for sign in (1, -1))
        if self.agrees:
            yield Reason("agrees")
        if more:
            yield Reason("more", {"calls": more})
        if fewer:
            yield Reason("fewer", {"calls": fewer, **after})
        if known and not (more or fewer or self.unanswered) and self._differ_beyond_refusals:
            yield Reason("uncounted", after)
        yield from self._of_refusals(after)
        if self.unanswered and not self.agrees:
            yield Reason("unanswered", {"calls": self.unanswered})
        if not math.isnan(self.implied_burndown):
            yield Reason("burndown", {"implied": self.implied_burndown})
        if self.times:
            yield Reason("times")

    @property
    def _differ_beyond_refusals(self) -> bool:
        return any(pair.difference for pair in self._pairs if pair.name not in {*REFUSED, "quota_tokens"})

    def _of_refusals(self, after: Mapping[str, float]) -> Iterator[Reason]:
        """What explains other counts of throttled and refused calls."""
        differences = [pair.difference for pair in self._pairs if pair.name in REFUSED]
        more, fewer = (sum(max(sign * one, 0.0) for one in differences) for sign in (1, -1))
        if more:
            yield Reason("more_refused", {"calls": more})
        if fewer:
            yield Reason("fewer_refused", {"calls": fewer, **after})


def _per_output_token(counts: dict[str, float]) -> float:
    """Tokens of quota that are used for each token of output; NaN where a count is not known."""
    used, prompt, output = (counts.get(name, math.nan) for name in ("quota_tokens", "input_tokens", "output_tokens"))
    return (used - prompt - counts.get("cache_write_tokens", 0.0)) / output if output else math.nan


def cross_check(run: Run) -> CrossCheck | None:
    """The comparison; None where AWS was not asked."""
    metrics = run.aws.get("metrics")
    if not isinstance(metrics, dict):
        return None
    model_id = str(run.aws.get("model_id", ""))
    calls = _calls_to(run, model_id)
    others = [one for one in _listed(run.aws, "others") if isinstance(one, dict) and "model_id" in one]
    return CrossCheck(
        model_id,
        _counts(run, metrics, _ours(run, calls)),
        tuple(_times(metrics, calls)),
        sum(_unanswered(_calls_to(run, id_)) for id_ in {model_id, *(str(one["model_id"]) for one in others)}),
        _minutes_after(run),
        tuple(str(line) for part in (run.aws, *others) for line in _listed(part, "missing")),
        tuple(OfModel(str(one["model_id"]), _of_other(run, one)) for one in others),
    )


def _listed(part: Mapping[str, Any], name: str) -> list[Any]:
    found = part.get(name)
    return found if isinstance(found, list) else []


def _calls_to(run: Run, model_id: str) -> pd.DataFrame:
    return run.calls[run.calls["model_id"] == model_id]


def _of_other(run: Run, told: Mapping[str, Any]) -> tuple[Pair, ...]:
    """The counts of calls to another model. What an output token uses of its quota is not known."""
    metrics = told.get("metrics")
    ours = _of_calls(_calls_to(run, str(told["model_id"])))
    return _counts(run, metrics, ours) if isinstance(metrics, dict) else ()


def _counts(run: Run, metrics: dict[str, Any], ours: dict[str, float]) -> tuple[Pair, ...]:
    """Both sides of each count; none where AWS has not one."""
    found = {name: _sum(metrics, of_aws) for name, of_aws in NAMES.items() if name in ours}
    # A metric without values is one of which nothing happened, if others have some.
    known = any(value is not None for value in found.values())
    return tuple(
        Pair(name, value or 0.0, ours[name])
        for name, value in found.items()
        if known and (value is not None or (ours[name] and _has(run, name)))
    )


def _unanswered(calls: pd.DataFrame) -> int:
    return int(_answered(calls).sum() - (calls["error"] == "").sum())


def _has(run: Run, name: str) -> bool:
    """Whether the endpoint has such a metric."""
    is_mantle = run.aws.get("namespace") == "AWS/BedrockMantle"
    return not is_mantle or len(NAMES[name]) > 1


def _minutes_after(run: Run) -> float:
    fetched, ended = finite(run.aws.get("fetched_at")), run.ended_at
    return math.nan if fetched is None or ended is None else max(0.0, (fetched - ended) / 60)


def _answered(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls the service took: those that it did not refuse, and that reached it."""
    refused = calls["error"].isin(REFUSALS) & (calls["error_stage"] != "stream")
    reached = (calls["error"] == "") | (calls["error"] == CANCELLED) | ~calls["error_stage"].isin(["connect", "task"])
    taken: NDArray[np.bool_] = (~refused & reached).to_numpy(dtype=bool)
    return taken


def _ours(run: Run, calls: pd.DataFrame) -> dict[str, float]:
    """Our counts of calls to the model of the settings, with the call before the load."""
    ours, first = _of_calls(calls), run.get("preflight")
    first = first if isinstance(first, dict) else {}
    ours["accepted"] += bool(first) and not first.get("error")
    ours["throttled"] += first.get("error") == THROTTLED
    for name in ("input_tokens", "output_tokens"):
        ours[name] += finite(first.get(name)) or 0.0
    burndown = run.number("settings", "model", "output_burndown") or 1.0
    used = ours["input_tokens"] + ours["cache_write_tokens"] + burndown * ours["output_tokens"]
    return {**ours, "quota_tokens": used}


def _of_calls(calls: pd.DataFrame) -> dict[str, float]:
    """Our counts of these calls."""
    at_once = calls[(calls["error_stage"] != "stream").to_numpy()]
    return {
        "accepted": float(_answered(calls).sum()),
        "throttled": float((at_once["error"] == THROTTLED).sum()),
        "client_errors": float(at_once["error"].isin(CLIENT_ERRORS).sum()),
        "server_errors": float(at_once["error"].isin(SERVER_ERRORS).sum()),
        **{name: float(calls[name].sum()) for name in TOKENS},
    }


def _sum(metrics: dict[str, Any], names: tuple[str, ...]) -> float | None:
    """The sum of the first of these metrics that has one: AWS gives 0 for a metric without values."""
    for name in names:
        values = metrics.get(name)
        if found := finite(values.get("Sum")) if isinstance(values, dict) else None:
            return found
    return None


def _times(metrics: dict[str, Any], calls: pd.DataFrame) -> list[Pair]:
    """Mean and percentiles of the times that both have."""
    ok = calls[(calls["error"] == "").to_numpy()]
    pairs = []
    for name, of_aws in TIMES.items():
        values = metrics.get(of_aws)
        ours = np.sort(ok[name].dropna().to_numpy(dtype="float64"))
        if not isinstance(values, dict) or not len(ours):
            continue
        known = [("mean", finite(values.get("Average")), float(np.mean(ours)))]
        known += [(f"p{p}", finite(values.get(f"p{p}")), percentiles.at(ours, p)) for p in PERCENTS]
        pairs += [Pair(f"{name}_{stat}", aws, own) for stat, aws, own in known if aws is not None]
    return pairs
