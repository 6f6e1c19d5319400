"""Estimates made before a run: its calls, its cost, and the load at which it uses up the quotas.

All of them are ranges, because the latency of a call and the tokens of an answer are not known yet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bedrock_locust.level import Load
from bedrock_locust.settings.quotas import NAMES, WORDS
from bedrock_locust.settings.sizes import sizes
from bedrock_locust.settings.stock_levels import stock_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.settings.schema import Settings

SPEEDS = ((0.3, 0.005), (2.0, 0.04))
"""Time to first token and time for each token, in seconds, of a fast and of a slow model."""
ANSWERS = (100, 400)
"""Tokens of a short and of a long answer."""
LATENCY_FACTORS = (0.7, 1.5)
TOKEN_FACTORS = (0.75, 1.3)
"""How much shorter or longer other calls may be than the first one."""


TOKENS_PER_DAY = "tokens per day"
REQUESTS = "requests per minute"
INPUT, OUTPUT = "input tokens per minute", "output tokens per minute"


@dataclass(frozen=True)
class Kind:
    """A kind of call: its latency and its tokens."""

    latency_s: float
    input_tokens: float
    output_tokens: float
    pause_s: float = 0.0
    """How long a user thinks before a call, on average."""
    calls_each: float = 1.0
    """The calls of an arrival: a conversation makes one for each turn."""

    def calls_per_s(self, load: Load) -> float:
        """Calls a second: each user makes one in the time of a call and a pause; arrivals come as they do."""
        if load.unit == "users":
            return load.amount / (self.latency_s + self.pause_s)
        return load.amount * self.calls_each

    def in_flight(self, load: Load) -> float:
        """Calls in flight, by Little's law: those that come in the time of a call; without pauses one for each user."""
        return self.calls_per_s(load) * self.latency_s


@dataclass(frozen=True)
class Kinds:
    """The extremes of a call: fast and slow, with a short and with a long answer."""

    extremes: tuple[Kind, ...]
    seen: bool
    """Whether a call was measured; otherwise this is an assumption."""

    @classmethod
    def of(cls, settings: Settings, first: Call | None = None) -> Kinds:
        """Judged by the first call, if it was made and succeeded; else assumed."""
        size, pause_s = sizes(settings), _pause_s(settings)
        prompt_tokens, most = size.sent, round(size.limit)
        calls_each = settings.workload.calls_each if settings.workload else 1.0
        if first is None or first.error:
            answers = sorted({min(most, tokens) for tokens in ANSWERS})
            return cls(
                tuple(
                    Kind(ttft + tpot * n, prompt_tokens, n, pause_s, calls_each)
                    for ttft, tpot in SPEEDS
                    for n in answers
                ),
                seen=False,
            )
        latency_s = max(first.latency_ms / 1000, 0.001)
        # Of a workload one call tells little: lengths differ, and a conversation begins with its shortest prompt.
        known = first.input_tokens is None or settings.workload is not None
        sent = prompt_tokens if known else first.input_tokens
        answered = min(most, ANSWERS[-1]) if first.output_tokens is None else first.output_tokens
        return cls(
            tuple(
                Kind(latency_s * slower * longer, sent or 0, answered * longer, pause_s, calls_each)
                for slower in LATENCY_FACTORS
                for longer in TOKEN_FACTORS
            ),
            seen=True,
        )

    def __str__(self) -> str:
        latencies = sorted(kind.latency_s for kind in self.extremes)
        answers = sorted(kind.output_tokens for kind in self.extremes)
        basis = "by the first call: " if self.seen else "if "
        return (
            f"{basis}a call takes {span(f'{latencies[0]:.2g}', f'{latencies[-1]:.2g}')} s"
            f" and an answer has {from_to(answers[0], answers[-1])} tokens"
        )


def from_to(least: float, most: float) -> str:
    """A range of counts."""
    return span(f"{least:,.0f}", f"{most:,.0f}")


def span(least: str, most: str) -> str:
    """A range, as its ends are printed: `1 to 2`; one figure where both ends are printed alike."""
    return " to ".join(dict.fromkeys((least, most)))


def _pause_s(settings: Settings) -> float:
    """How long a user thinks before a call of a conversation, on average: before all of its calls but the first."""
    workload = settings.workload
    if workload is None or workload.think_time_seconds is None:
        return 0.0
    return workload.think_time_seconds.mean * (1 - 1 / workload.calls_each)


@dataclass(frozen=True)
class Forecast:
    """The load at which the levels are expected to use up the quota of which they use most."""

    quota: str
    """`requests per minute`, `tokens per minute`, `tokens per day`; `input` or `output tokens per minute` on mantle."""
    last: Load
    """The load of the last level."""
    percent: tuple[float, float]
    """The least and the most that the last level uses of the quota, in percent."""
    possible_from: Load | None
    """The load of the first level that may use it up; None if no level does."""
    certain_from: Load | None
    """The load of the first level that uses it up in any case; None if no level does."""
    kinds: Kinds
    burndown: float = 1.0
    """How often an output token counts against the quota; 1 for a quota of requests."""
    others_percent: float = 0.0
    """What others use of the quota before the run, in percent. It is part of `percent`."""
    is_short: bool = False
    """Whether the levels that use it up in a minute are, together, too short to do so."""

    def __str__(self) -> str:
        others = f"; others use {self.others_percent:.0f} % of it now" if self.others_percent >= 1 else ""
        return f"{self._in_words()}{others}"

    def _in_words(self) -> str:
        counted = f", each counted {self.burndown:g} times" if self.burndown != 1 else ""
        basis = "" if self._is_certain else f" ({self.kinds}{counted})"
        low, high = self.percent
        used = f"{from_to(low, high)} % of the quota with {self.last}"
        if self.possible_from is None:
            return f"{self.quota}: {used}{basis}"
        # bedrock-mantle refuses no call for its quota of output tokens: it ends answers early.
        what = "answers cut short" if self.quota == OUTPUT else "throttling"
        # Services that fill a quota up by the second refuse calls of a burst that uses less than a minute's.
        when = " if that load lasts a minute; these levels are shorter, so there may be less, or none"
        when = when if self.is_short else ""
        if self.certain_from is None:
            return f"{what} possible from {self.possible_from} on{when}: {self.quota}, {used}{basis}"
        between = "" if self.possible_from == self.certain_from else f"{self.possible_from.number} to "
        used = f", {used}, which is for {self._allowed}" if self._is_certain else ""
        return f"{what} expected from {between}{self.certain_from} on{when}: {self.quota}{used}{basis}"

    @property
    def _allowed(self) -> Load:
        """The rate for which a quota of requests is enough, beside what others use."""
        per_percent = self.last.amount / (self.percent[1] - self.others_percent)
        return Load(float(f"{per_percent * max(0.0, 100 - self.others_percent):.3g}"), self.last.unit)

    @property
    def _is_certain(self) -> bool:
        """Whether nothing of it depends on how long calls take and what they answer, as with requests at a rate."""
        return self.quota == REQUESTS and self.last.unit != "users"


def forecast(
    settings: Settings,
    first: Call | None = None,
    levels: Sequence[Level] | None = None,
    others: Mapping[str, float] | None = None,
) -> Forecast | None:
    """What these levels, or those of the stock benchmark, will use of the quotas; None without a quota or a level.

    The first call decides what calls are like, if there was one. `others` has what others use in a minute, by the
    setting of the quota.
    """
    kinds = Kinds.of(settings, first)
    planned = stock_levels(settings) if levels is None else levels
    if not (steps := sorted({level.peak for level in planned})):
        return None
    percents = _percents_of_others(settings, others or {})
    found = [
        replace(one, is_short=_is_short(settings, kinds, planned, one))
        for quota, burndown in _quotas(settings)
        for one in [_of(settings, kinds, steps, quota, burndown, percents.get(quota, 0.0))]
    ]
    if by_day := _of_day(settings, kinds, planned):
        found.append(by_day)
    return max(found, key=lambda one: one.percent[1], default=None)


def _percents_of_others(settings: Settings, others: Mapping[str, float]) -> dict[str, float]:
    """Quota -> what others use of it, in percent."""
    return {
        WORDS[name]: 100 * used / quota
        for name, used in others.items()
        if name in NAMES[settings.model.endpoint] and (quota := getattr(settings.model, name))
    }


def _of(  # noqa: PLR0913, PLR0917 - what a forecast is made of
    settings: Settings, kinds: Kinds, steps: Sequence[Load], quota: str, burndown: float, others: float
) -> Forecast:
    used = [_and_others(_percent(settings, kinds, load, quota), others) for load in steps]
    return Forecast(quota, steps[-1], used[-1], _first(steps, used, 1), _first(steps, used, 0), kinds, burndown, others)


def _is_short(settings: Settings, kinds: Kinds, planned: Sequence[Level], found: Forecast) -> bool:
    """Whether the levels that may use up a quota by the minute last so briefly, together, that they do not."""
    over = [level for level in planned if found.possible_from and level.peak >= found.possible_from]
    length_s = sum(math.inf if level.length_s is None else level.length_s for level in over)
    if not over or length_s >= 60:
        return False
    most = _percent(settings, kinds, found.last, found.quota, length_s)[1]
    # The rest of that minute may belong to the levels below.
    if lower := [level.peak for level in planned if level not in over]:
        most += _percent(settings, kinds, max(lower), found.quota, 60 - length_s)[1]
    return most + found.others_percent < 100


def _and_others(used: tuple[float, float], others: float) -> tuple[float, float]:
    return used[0] + others, used[1] + others


def _of_day(settings: Settings, kinds: Kinds, planned: Sequence[Level]) -> Forecast | None:
    """What the run will have used of a quota of tokens per day by the end of each level, in the order of its load."""
    model, day = settings.model, settings.model.quotas.tokens_per_day
    if not day or any(level.length_s is None for level in planned):
        return None
    steps = sorted({level.load for level in planned})
    used = []
    for most in steps:
        until = [level for level in planned if level.load <= most]
        percents = [
            100 * _calls(kind, until) * (kind.input_tokens + kind.output_tokens * model.burndown) / day
            for kind in kinds.extremes
        ]
        used.append((min(percents), max(percents)))
    return Forecast(
        TOKENS_PER_DAY, steps[-1], used[-1], _first(steps, used, 1), _first(steps, used, 0), kinds, model.burndown
    )


def _calls(kind: Kind, levels: Iterable[Level]) -> float:
    """How many calls of a kind these levels make."""
    return sum(kind.calls_per_s(level.load) * (level.length_s or 0) for level in levels)


def most_of_all(settings: Settings, first: Call | None, levels: Sequence[Level]) -> tuple[float, float]:
    """The most calls, and the most output tokens, that these levels are expected to make."""
    kinds = Kinds.of(settings, first).extremes
    return (
        max(_calls(kind, levels) for kind in kinds),
        max(_calls(kind, levels) * kind.output_tokens for kind in kinds),
    )


def expected_calls(settings: Settings, level: Level, first: Call | None = None) -> tuple[float, float]:
    """The least and the most calls while a level is measured."""
    calls = [kind.calls_per_s(level.load) * (level.duration_s or 0) for kind in Kinds.of(settings, first).extremes]
    return min(calls), max(calls)


def expected_cost(
    settings: Settings, first: Call | None = None, levels: Sequence[Level] | None = None
) -> tuple[float, float] | None:
    """The least and the most that the run is expected to cost if no quota limits it.

    None without prices, and where the levels do not say how long they are.
    """
    prices, planned = settings.pricing, stock_levels(settings) if levels is None else levels
    if prices is None or any(level.length_s is None for level in planned):
        return None
    costs = [
        _calls(kind, planned)
        * (kind.input_tokens * prices.input_per_million + kind.output_tokens * prices.output_per_million)
        / 1e6
        for kind in Kinds.of(settings, first).extremes
    ]
    return min(costs), max(costs)


def expected_tokens(
    settings: Settings, first: Call | None = None, levels: Sequence[Level] | None = None
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The least and the most calls that the levels are expected to make, and input tokens that they send.

    None where the levels do not say how long they are.
    """
    planned = stock_levels(settings) if levels is None else levels
    if not planned or any(level.length_s is None for level in planned):
        return None
    kinds = Kinds.of(settings, first).extremes
    calls = [_calls(kind, planned) for kind in kinds]
    tokens = [count * kind.input_tokens for count, kind in zip(calls, kinds, strict=True)]
    return (min(calls), max(calls)), (min(tokens), max(tokens))


def _quotas(settings: Settings) -> list[tuple[str, float]]:
    """The quotas that are set, with how often an output token counts."""
    model = settings.model
    quotas = {
        REQUESTS: (model.quotas.quota, 1.0),
        "tokens per minute": (model.quotas.tokens_per_minute, model.burndown),
        INPUT: (model.quotas.input_tokens_per_minute, 1.0),
        OUTPUT: (model.quotas.output_tokens_per_minute, 1.0),
    }
    return [(name, burndown) for name, (quota, burndown) in quotas.items() if quota]


def _percent(settings: Settings, kinds: Kinds, load: Load, quota: str, within_s: float = 60) -> tuple[float, float]:
    """The least and the most that a level uses of a quota by the minute in this time, in percent.

    Tokens are counted as the service counts them: those that the calls of a minute use, and those that the calls
    in flight have reserved. On bedrock-mantle the quota of input tokens holds the `max_tokens` of a call until it ends,
    and what the answer has used of it remains; the quota of output tokens has what is generated.
    """
    model = settings.model
    used = []
    for kind in kinds.extremes:
        calls = within_s * kind.calls_per_s(load)
        tokens = calls * (kind.input_tokens + kind.output_tokens * model.burndown)
        tokens += kind.in_flight(load) * (kind.input_tokens + sizes(settings).limit)
        shares = {
            REQUESTS: calls / (model.quotas.quota or 1),
            "tokens per minute": tokens / (model.quotas.tokens_per_minute or 1),
            INPUT: tokens / (model.quotas.input_tokens_per_minute or 1),
            OUTPUT: calls * kind.output_tokens / (model.quotas.output_tokens_per_minute or 1),
        }
        used.append(100 * shares[quota])
    return min(used), max(used)


def _first(levels: Sequence[Load], used: list[tuple[float, float]], side: int) -> Load | None:
    """The load of the first level that uses all of a quota, by the least (0) or the most (1) that it uses."""
    return next((load for load, percent in zip(levels, used, strict=True) if percent[side] >= 100), None)
