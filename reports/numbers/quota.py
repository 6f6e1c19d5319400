"""How much of the quotas each level used, counted as the service counts: docs/metrics.md has the rules and sources."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from reports.numbers.account import others_percent
from reports.numbers.throughput import busy_s, ended_inside, inside, on_time_axis
from reports.reading.blocks import alike, blocks, ended_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from reports.reading.levels import Levels
    from reports.reading.run import Run

THROTTLED = "ThrottlingError"
REFUSED = (
    *("ValidationError", "AccessDeniedError", "ModelNotFoundError", "QuotaExceededError", "CredentialsError"),
    "ModelNotReadyError",
)
"""Failures in place of a response that say that no model took the call. Others may come after it was admitted."""
NAMES = {"runtime": ("requests", "tokens"), "mantle": ("input", "output")}
"""Endpoint -> its quotas. That of output on bedrock-mantle refuses no call: an answer that meets it ends there."""
BORNE_PERCENT = 50
"""Less use of a quota does not explain throttling by it: bursts and short windows hide no more than half."""
MINUTE_S = 60
REFUSING = ("requests", "tokens", "input")
SAID = {
    "tokens": r"too many tokens",
    "requests": r"too many requests|request rate",
    "input": r"too many (input )?tokens",
}
"""Quota -> the words with which Bedrock throttles for it."""
COLUMNS = (
    "accepted",
    "requests_per_min",
    "throttled_per_min",
    "throttled_share",
    "tokens_per_min",
    "reserved_in_flight",
    "counted_per_min",
    "requests_percent",
    "tokens_percent",
    "reserve_ratio",
    "output_per_min",
    "input_percent",
    "output_percent",
)


@dataclass(frozen=True)
class Quota:
    """The quotas of a run and what each level used of them."""

    per_minute: Mapping[str, float | None]
    """What each quota of the endpoint is, by its name: `requests` and `tokens`, or `input` and `output`."""
    output_burndown: float | None
    """Tokens of quota that one output token uses."""
    max_tokens: float | None
    """What calls allowed their answers, on average."""
    table: pd.DataFrame
    """One row per level: see `COLUMNS` and `_row`. Calls to another model are not counted."""
    together: Mapping[str, float]
    """In a run without levels, what all kinds of call used of each quota in the same minutes, in percent."""
    elsewhere: int = 0
    """Calls to other models than that of the quotas: they are in no figure here."""
    is_direct: bool = True
    """Whether each arrival is one call to the model of the quotas: the requests of a minute follow from the rate."""
    others: Mapping[str, float] = field(default_factory=dict)
    """What others used of each quota before the load, in percent."""
    before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Level that was throttled -> what the run used of each quota in the minute before its first throttle, in percent:
    a level may find a minute that those before it have used up."""

    @property
    def percent(self) -> pd.Series[float]:
        """The highest of the shares of the quotas that refuse calls, in percent, by level."""
        return self.table[[f"{name}_percent" for name in self.refusing]].max(axis=1)

    @property
    def names(self) -> tuple[str, ...]:
        """The quotas of the endpoint."""
        return tuple(self.per_minute)

    @property
    def refusing(self) -> tuple[str, ...]:
        """Those of them that refuse calls."""
        return tuple(name for name in self.per_minute if name in REFUSING)

    @property
    def reserves(self) -> bool:
        """Whether a quota of tokens may matter, from which calls reserve `max_tokens`: one is known, or none at all."""
        known = [name for name, most in self.per_minute.items() if most]
        return not known or any(name in {"tokens", "input"} for name in known)

    def used(self, name: str) -> pd.Series[float]:
        """The share of a quota that each level used, in percent."""
        return self.table[f"{name}_percent"]

    def most(self, name: str) -> float | None:
        """The quota itself, per minute."""
        return self.per_minute[name]

    def room(self, name: str) -> float:
        """The share of a quota that others left, in percent."""
        return max(100 - self.others.get(name, 0.0), 0.0)

    def used_by(self, key: str) -> dict[str, float]:
        """What the run used of each quota that refuses calls, in a level or in the minute before it was throttled."""
        shares = {
            name: [float(self.table[f"{name}_percent"][key]), self.before.get(key, {}).get(name, math.nan)]
            for name in self.refusing
        }
        known = {name: [share for share in both if not math.isnan(share)] for name, both in shares.items()}
        return {name: max(both) for name, both in known.items() if both}

    def tighter(self, key: str, message: str = "") -> str:
        """Which of the quotas that refuse calls gives out; empty if that is not known, or its use does not bear it out.

        That of which the `message` of the service speaks, else that of which more was used.
        """
        shares = {name: share + self.others.get(name, 0.0) for name, share in self.used_by(key).items()}
        borne = {name: share for name, share in shares.items() if share >= BORNE_PERCENT}
        said = [name for name in borne if re.search(SAID[name], message, re.IGNORECASE)]
        return said[0] if said else max(borne, key=lambda name: borne[name], default="")


def throttle_message(failures: pd.DataFrame) -> str:
    """What the service said when it throttled first, by the table of `failures.by_kind`; may be empty."""
    throttles = failures[failures["error"] == THROTTLED]
    return str(throttles["error_message"].iloc[0]) if len(throttles) else ""


def quota(run: Run, levels: Levels) -> Quota:
    """The use of the quotas in each level."""
    endpoint = "mantle" if run.text("settings", "model", "endpoint") == "mantle" else "runtime"
    burndown = 1.0 if endpoint == "mantle" else run.number("settings", "model", "output_burndown")
    per_minute = {name: run.number("settings", "model", _SETTINGS[name]) for name in NAMES[endpoint]}
    counting = _Counting(run, burndown or math.nan, reads_count=endpoint == "runtime")
    started = _started(run, levels)
    rows = {key: _row(levels, str(key), started.get(str(key), (0, 0)), counting) for key in levels.table.index}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS), dtype="float64")
    for name, most in per_minute.items():
        table[f"{name}_percent"] = 100 * table[_USED[name]] / (most or math.nan)
    together = {} if levels.shaped else _together(levels, started, counting, per_minute)
    elsewhere = sum(int((~run.of_model(levels.calls.iloc[block])).sum()) for block in blocks(len(levels.calls)))
    is_direct = not elsewhere and not (levels.calls["turn"] > 1).any()
    others = {name: others_percent(run, name) for name in per_minute}
    found = Quota(per_minute, burndown, counting.mean_max_tokens, table, together, elsewhere, is_direct, others)
    unexplained = [str(key) for key in table.index[table["throttled_share"] > 0] if not found.tighter(str(key))]
    return replace(found, before=_before(levels, unexplained, counting, per_minute)) if unexplained else found


_SETTINGS = {
    "requests": "quota",
    "tokens": "tokens_per_minute",
    "input": "input_tokens_per_minute",
    "output": "output_tokens_per_minute",
}
"""Quota -> its setting."""
_USED = {
    "requests": "requests_per_min",
    "tokens": "counted_per_min",
    "input": "counted_per_min",
    "output": "output_per_min",
}
"""Quota -> the column of what stands against it in a minute."""


class _Counting:
    """How the service counts the calls of a run."""

    def __init__(self, run: Run, burndown: float, *, reads_count: bool = True) -> None:
        self.run, self.burndown = run, burndown
        self.reads_count = reads_count
        """Whether what a call reads from a cache is reserved, as on bedrock-runtime."""
        # Older versions did not record it: their stock users sent what the settings say.
        told = "max_tokens" in run.columns
        self._usual = math.nan if told else run.number("settings", "test", "max_tokens") or math.nan

    def max_tokens(self, calls: pd.DataFrame) -> NDArray[np.float64]:
        """What each call allowed its answer; NaN if that is not known."""
        return calls["max_tokens"].fillna(self._usual).to_numpy().astype("float64")

    @property
    def mean_max_tokens(self) -> float | None:
        """What calls allowed their answers, on average."""
        sent = self.run.calls["max_tokens"].mean()
        mean = float(sent) if sent > 0 else self._usual
        return None if math.isnan(mean) else mean


def _together(
    levels: Levels,
    started: Mapping[str, tuple[int, int]],
    counting: _Counting,
    per_minute: Mapping[str, float | None],
) -> dict[str, float]:
    """Percentages of rows with windows of their own cannot be added up: one window from the first call to the last."""
    opened_at, closed_at = float(levels.table["measured_from"].min()), float(levels.table["measured_to"].max())
    if not closed_at > opened_at:
        return {}
    calls = (on_time_axis(levels.calls.iloc[block]) for block in blocks(len(levels.calls)))
    use = _sums(calls, opened_at, closed_at, counting)
    window_s = closed_at - opened_at
    used = {
        "requests_per_min": 60 * sum(count - throttled for count, throttled in started.values()) / window_s,
        "counted_per_min": use.counted(window_s, counting.burndown),
        "output_per_min": 60 * use.ended_output / window_s,
    }
    return {name: 100 * used[_USED[name]] / (most or math.nan) for name, most in per_minute.items()}


def _started(run: Run, levels: Levels) -> dict[str, tuple[int, int]]:
    """By level: calls that started in its window, and those of them that were throttled."""
    found: dict[str, tuple[int, int]] = {}
    for (key, error), same in alike(
        levels.calls, ["key", "error"], levels.counted & run.of_model(levels.calls)
    ).items():
        calls, throttled = found.get(key, (0, 0))
        found[key] = calls + same.calls, throttled + same.calls * (error == THROTTLED)
    return found


def _before(
    levels: Levels, keys: list[str], counting: _Counting, per_minute: Mapping[str, float | None]
) -> dict[str, dict[str, float]]:
    """What the run used of each quota in the minute before the first throttle of these levels, in percent."""
    moments = _first_throttles(levels, keys, counting.run)
    uses = {key: [_Use()] for key in moments}
    counts = dict.fromkeys(moments, 0)
    for block in blocks(len(levels.calls)):
        calls = levels.calls.iloc[block]
        starts, ends = calls["started_at"].to_numpy(), ended_at(calls)
        for key, at in moments.items():
            inside_ = calls[(starts < at) & (ends >= at - MINUTE_S)]
            if len(inside_):
                uses[key].append(_use(on_time_axis(inside_), at - MINUTE_S, at, counting))
            counts[key] += _accepted(calls[(starts < at) & (starts >= at - MINUTE_S)], counting.run)
    found: dict[str, dict[str, float]] = {}
    for key in moments:
        use = _Use(*map(math.fsum, zip(*uses[key], strict=True)))
        used = {"requests_per_min": counts[key], "counted_per_min": use.counted(MINUTE_S, counting.burndown)}
        found[key] = {
            name: 100 * used[_USED[name]] / (most or math.nan) for name, most in per_minute.items() if name in REFUSING
        }
    return found


def _accepted(calls: pd.DataFrame, run: Run) -> int:
    return int((np.asarray(calls["error"] != THROTTLED) & run.of_model(calls)).sum())


def _first_throttles(levels: Levels, keys: list[str], run: Run) -> dict[str, float]:
    """Level -> when its first call was throttled."""
    found: dict[str, float] = {}
    for block in blocks(len(levels.calls)):
        calls = levels.calls.iloc[block]
        calls = calls[np.asarray(calls["error"] == THROTTLED) & levels.counted[block] & run.of_model(calls)]
        for key in keys:
            starts = calls["started_at"].to_numpy()[np.asarray(calls["key"] == key)]
            if len(starts):
                found[key] = min(found.get(key, math.inf), float(starts.min()))
    return found


def _row(levels: Levels, key: str, started: tuple[int, int], counting: _Counting) -> dict[str, float]:
    """What one level used.

    `accepted`: calls that started in the window and were not throttled, `requests_per_min` of them a minute, beside
    `throttled_per_min`, the demand in excess. `tokens_per_min`: what
    is left of the calls that ended there: input + cache write + output x burn-down. `reserved_in_flight`:
    what the calls at work held back at a time, on average: input + cache read + cache write +
    max_tokens each, on bedrock-mantle without cache read. `counted_per_min` is the sum of both: what stands against the
    quota in any minute. `output_per_min`: output tokens of the calls that ended there.
    """
    opened_at, closed_at = levels.window(key)
    if not closed_at > opened_at:
        return {}
    window_s, (calls, throttled) = closed_at - opened_at, started
    use = _sums(inside(levels, key), opened_at, closed_at, counting)
    tokens, reserved = 60 / window_s * use.final(counting.burndown), use.held() / window_s
    output, allowed = levels.sample(key, "output_tokens"), counting.mean_max_tokens or math.nan
    weight = 1.0 if math.isnan(counting.burndown) else counting.burndown
    return {
        "accepted": calls - throttled,
        "requests_per_min": 60 * (calls - throttled) / window_s,
        "throttled_per_min": 60 * throttled / window_s,
        "throttled_share": throttled / calls if calls else math.nan,
        "tokens_per_min": tokens,
        "reserved_in_flight": reserved,
        "counted_per_min": tokens + reserved,
        "output_per_min": 60 * use.ended_output / window_s if use.ended else math.nan,
        "reserve_ratio": allowed / (weight * float(output.mean(dtype="float64"))) if output.any() else math.nan,
    }


class _Use(NamedTuple):
    """Sums over calls that were at work in a window and admitted."""

    ended: float = 0.0
    """Calls with token counts that ended in the window, and their tokens."""
    ended_input: float = 0.0
    ended_output: float = 0.0
    allowed_s: float = 0.0
    """What the `max_tokens` of calls held in the window, and their cached prompts, in token seconds."""
    cached_s: float = 0.0
    known: float = 0.0
    """Calls with token counts, their prompts in tokens and, in token seconds, what these held."""
    prompts: float = 0.0
    prompts_s: float = 0.0
    unknown_s: float = 0.0
    """How long calls without token counts were at work."""

    def final(self, burndown: float) -> float:
        """Tokens that count for the calls that ended."""
        return self.ended_input + burndown * self.ended_output if self.ended else math.nan

    def held(self) -> float:
        """Token seconds that were reserved; a call without counts is taken for an average one."""
        average = self.prompts / self.known if self.known else 0.0
        return self.prompts_s + average * self.unknown_s + self.cached_s + self.allowed_s

    def counted(self, window_s: float, burndown: float) -> float:
        """Tokens that stand against the quota in any minute of a window."""
        return 60 / window_s * self.final(burndown) + self.held() / window_s


def _sums(calls: Iterable[pd.DataFrame], opened_at: float, closed_at: float, counting: _Counting) -> _Use:
    """What calls on the time axis used in a window."""
    found = [_Use(), *(_use(block, opened_at, closed_at, counting) for block in calls)]
    return _Use(*map(math.fsum, zip(*found, strict=True)))


def _is_admitted(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls may have held something of a quota: those that came to a service that did not refuse them."""
    stage, error = calls["error_stage"], calls["error"]
    is_refused = (error == THROTTLED) | (stage == "connect") | ((stage == "response") & error.isin(REFUSED))
    admitted: NDArray[np.bool_] = ~np.asarray(is_refused, dtype=bool)
    return admitted


def _use(calls: pd.DataFrame, opened_at: float, closed_at: float, counting: _Counting) -> _Use:
    calls = calls[_is_admitted(calls) & counting.run.of_model(calls)]
    prompt, output, read, written = (
        calls[column].to_numpy().astype("float64")
        for column in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    )
    span_s = busy_s(calls, opened_at, closed_at)
    known = ~np.isnan(prompt)
    ended = ended_inside(calls, opened_at, closed_at) & known
    return _Use(
        ended=float(ended.sum()),
        ended_input=float(prompt[ended].sum() + np.nansum(written[ended])),
        ended_output=float(np.nansum(output[ended])),
        allowed_s=float((span_s * counting.max_tokens(calls))[span_s > 0].sum()),
        cached_s=float((span_s * (np.nan_to_num(read) * counting.reads_count + np.nan_to_num(written))).sum()),
        known=float(known.sum()),
        prompts=float(prompt[known].sum()),
        prompts_s=float((span_s * prompt)[known].sum()),
        unknown_s=float(span_s[~known].sum()),
    )
