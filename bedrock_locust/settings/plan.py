"""What a run with levels will do at most: its levels, its length, its tokens, its cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_locust.level import Load, within
from bedrock_locust.settings.forecast import expected_cost, expected_tokens, from_to, most_of_all, span
from bedrock_locust.settings.quotas import unused
from bedrock_locust.settings.sizes import sizes
from bedrock_locust.settings.stock_levels import stock_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.settings.fields import Section
    from bedrock_locust.settings.schema import Settings


DAY_S = 24 * 3600


@dataclass(frozen=True)
class Plan:
    """The levels of a run. `None` means without a bound."""

    levels: int
    seconds: float | None
    """Warm-up and measurement of all levels; without the time that the last calls of each level take."""
    most: Load
    """The largest load of a level."""
    max_tokens: int
    calls: int | None
    """Most calls that the quota of requests admits in that time."""
    output_tokens: int | None
    burndown: float = 1.0
    """How often an output token counts against the quota of tokens; 1 without such a quota."""
    call_cost: float | None = None
    """Most that a call can cost, in `currency`: a token for each character of the prompt, and `max_tokens`."""
    all_cost: float | None = None
    """Most that all calls can cost, by the quotas."""
    currency: str = ""
    expected_cost: tuple[float, float] | None = None
    """The least and the most that the run is expected to cost."""
    expected_tokens: str = ""
    """The calls that a run with a workload is expected to make, and their tokens, in words."""
    run_time_s: float | None = None
    """After how long `--run-time` ends the run, if it does so before the last level is over."""
    quota_use: str = ""
    """How much of the quotas the levels are expected to use, in words."""
    unused_quotas: str = ""
    """Which quotas of the settings belong to the other endpoint, in words."""
    quota_sources: str = ""
    """Which quotas were found in the account, in words."""
    quota_notes: tuple[str, ...] = ()
    """What of the account was not found out, or is not as the settings say, in words."""
    quota_to_set: str = "tokens_per_minute"
    """The quota by which the worst case is known."""
    replay: tuple[str, ...] = ()
    """What a trace asks for, in words."""
    left_out: str = ""
    """Which settings do not count in this run, in words."""
    search: tuple[int, int] | None = None
    """Of a search, the most calls and output tokens that it is expected to make; all else is the most, too."""
    parts: int = 0
    """Of a profile of rates, how many it has; 0 for other levels."""
    is_ramp: bool = False
    """Whether the levels are those of a ramp: the most that there can be, and each at its target."""
    modes: int = 1
    """How many groups of calls have levels."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        quota_use: str = "",
        first: Call | None = None,
        levels: Sequence[Level] | None = None,
        run_time_s: float | None = None,
    ) -> Plan:
        """The plan of these levels, or of those of the stock benchmark.

        `first` is the call before the load, if it was made, and `run_time_s` is `--run-time`, if it was given.
        """
        limit, model, quotas = sizes(settings).most_limit, settings.model, settings.model.quotas
        planned = stock_levels(settings) if levels is None else levels
        kinds, parts = {level.kind for level in planned}, {level.part for level in planned} - {None}
        seconds, held = length_of(planned), within(planned, run_time_s)
        held_s = length_of(held)
        minutes = None if held_s is None else math.ceil(held_s / 60)
        calls = quotas.quota * minutes if quotas.quota and minutes else None
        quota_tokens = quotas.tokens_per_minute * minutes if quotas.tokens_per_minute and minutes else None
        if quotas.tokens_per_day and held_s is not None:
            by_day = quotas.tokens_per_day * math.ceil(held_s / DAY_S)
            quota_tokens = min(quota_tokens or by_day, by_day)
        bounds = [calls and calls * limit, quota_tokens and int(quota_tokens / model.burndown)]
        if quotas.output_tokens_per_minute and minutes:
            bounds.append(quotas.output_tokens_per_minute * minutes)
        call_cost = _call_cost(settings)
        costs = [calls and call_cost and calls * call_cost, _cost_of(quota_tokens, settings)]
        return cls(
            levels=len(planned),
            seconds=seconds,
            most=max((level.peak for level in planned), default=Load(0)),
            max_tokens=limit,
            calls=calls,
            output_tokens=min((bound for bound in bounds if bound), default=None),
            burndown=model.burndown if quota_tokens else 1.0,
            call_cost=call_cost,
            all_cost=min((cost for cost in costs if cost), default=None),
            currency=settings.pricing.currency if settings.pricing else "",
            expected_cost=expected_cost(settings, first, held),
            expected_tokens=_tokens(settings, first, held) if settings.workload and "search" not in kinds else "",
            run_time_s=run_time_s if run_time_s and run_time_s < (seconds or math.inf) else None,
            quota_use=quota_use,
            unused_quotas=unused(model),
            quota_to_set="output_tokens_per_minute" if model.endpoint == "mantle" else "tokens_per_minute",
            left_out=left_out(settings),
            is_ramp="ramp" in kinds,
            modes=len({level.mode for level in planned}),
            parts=len(parts),
            search=_most(settings, first, held) if "search" in kinds and seconds is not None else None,
        )

    def lines(self) -> list[str]:
        """The plan in words, one fact a line."""
        more = (
            *self.replay,
            self.expected_tokens,
            self._cost(),
            self.quota_sources,
            *self.quota_notes,
            self.quota_use,
            self.unused_quotas,
            self.left_out,
        )
        return [self._load(), self._length(), self._tokens(), *filter(None, more)]

    def _load(self) -> str:
        """How many levels, and the largest load."""
        if self.replay:
            return f"{counted(self.levels, 'level')}, {self.most} on average"
        if self.is_ramp:
            steps = counted(self.levels // self.modes, "step")
            own = " for each mode, one mode after the other" if self.modes > 1 else ""
            return f"a ramp to {self.most} in at most {steps}{own}; it ends with the first there without a 503"
        if self.search:
            return f"a search of at most {counted(self.levels, 'probe')}, up to {self.most}"
        of_profile = f" ({counted(self.parts, 'part')} of a profile)" if self.parts else ""
        return f"{counted(self.levels, 'level')}{of_profile}, up to {self.most}"

    def _length(self) -> str:
        """How long, and of a search how many calls."""
        length = "for as long as its shape decides"
        if self.seconds is not None:
            about = "at most" if self.search or self.is_ramp else "about"
            length = f"{about} {length_in_words(self.seconds)}, plus the time that the last calls of each level take"
        if self.run_time_s is not None:
            length = f"{length}; --run-time ends it after {length_in_words(self.run_time_s)}, whatever levels are left"
        if self.search:
            length = f"{length}; at most {self.search[0]:,} calls and {self.search[1]:,} output tokens are expected"
        return length

    def _tokens(self) -> str:
        """The output tokens of a call, and of all calls by the quotas."""
        each = f"at most {self.max_tokens:,} output tokens a call"
        if self.output_tokens is None and self.seconds is None:
            return f"{each}; how many there can be in all is not known, as the levels do not say how long they are"
        if self.output_tokens is None:
            return f"{each}; no quota limits the calls: set model.{self.quota_to_set} to see the worst case"
        calls = f"{self.calls:,} calls and " if self.calls else ""
        counted = f", each counted {self.burndown:g} times" if self.burndown != 1 else ""
        return f"{each}; the quota allows at most {calls}{self.output_tokens:,} output tokens in all{counted}"

    def _cost(self) -> str:
        """The cost in words; empty without prices."""
        if self.call_cost is None:
            return ""
        each = f"at most {money(self.call_cost)} {self.currency} a call"
        if self.expected_cost is None:
            return f"cost: {each}"
        most, (low, high) = self.all_cost or math.inf, self.expected_cost
        in_all = f"; the quota allows at most {money(self.all_cost)} {self.currency} in all" if self.all_cost else ""
        least, dearest = money(min(low, most)), money(min(high, most))
        expected = f"at most {dearest}" if self.search or self.is_ramp else span(least, dearest)
        return f"expected cost {expected} {self.currency}; {each}{in_all}"


def left_out(settings: Settings) -> str:
    """What of file and options does not count in this run, in words; empty where all of it does."""
    return "; ".join(filter(None, (_other_loads(settings), _of_no_use(settings), settings.replaced)))


def _of_no_use(settings: Settings) -> str:
    """Which settings of the load itself are given, other than by default, and do not count in a load of its kind."""
    arrivals, search = settings.open_loop, settings.searching
    if arrivals and arrivals.profile:
        return _left_out(
            "arrivals.profile has its own times", "arrivals", arrivals, "duration_seconds", "warmup_seconds"
        )
    if arrivals and arrivals.trace:
        return _left_out("arrivals.trace has its own times", "arrivals", arrivals, "duration_seconds", "burstiness")
    if search and not search.by_rate:
        return _left_out("search.for is users", "search", search, "max_in_flight", "seed")
    return ""


def _left_out(why: str, name: str, section: Section, *keys: str) -> str:
    given = section.others_than_default(*keys).items()
    found = [f"{name}.{key} ({value if isinstance(value, str) else f'{value:g}'})" for key, value in given]
    return f"{why}: {' and '.join(found)} {'are' if len(found) > 1 else 'is'} left out" if found else ""


def _other_loads(settings: Settings) -> str:
    """Which levels of file and options are not those of this run, in words; empty where there are no others."""
    others = {
        "users": ("the users of concurrency", settings.has_steps),
        "rates": ("the arrivals", settings.arrivals is not None),
        "search": ("the levels of search", settings.search is not None),
    }
    found = [name for load, (name, is_given) in others.items() if is_given and load != settings.test.load]
    return f"test.load is {settings.test.load}: {' and '.join(found)} are left out" if found else ""


def _most(settings: Settings, first: Call | None, levels: Sequence[Level]) -> tuple[int, int]:
    calls, tokens = most_of_all(settings, first, levels)
    return math.ceil(calls), math.ceil(tokens)


def counted(count: int, noun: str) -> str:
    """A count with its noun: `1 call`, `2 calls`."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def _tokens(settings: Settings, first: Call | None, levels: Sequence[Level]) -> str:
    """What the levels are expected to send and get, in words."""
    expected = expected_tokens(settings, first, levels)
    if expected is None:
        return ""
    (few, many), (least, most) = expected
    limit = sizes(settings).limit
    calls, tokens, answers = (from_to(*ends) for ends in ((few, many), (least, most), (few * limit, many * limit)))
    return f"expected {calls} calls, {tokens} input tokens, at most {answers} output tokens"


def _call_cost(settings: Settings) -> float | None:
    prices, size = settings.pricing, sizes(settings)
    if prices is None:
        return None
    return (size.most_sent * prices.input_per_million + size.most_limit * prices.output_per_million) / 1e6


def _cost_of(quota_tokens: int | None, settings: Settings) -> float | None:
    """Most that these tokens of quota can cost: all of them in prompts, or all in answers."""
    prices = settings.pricing
    if prices is None or not quota_tokens:
        return None
    dearest = max(prices.input_per_million, prices.output_per_million / settings.model.burndown)
    return quota_tokens * dearest / 1e6


def money(amount: float) -> str:
    """An amount of money: with cents, or with two significant digits if it is less than 0.1."""
    return f"{amount:,.2f}" if amount >= 0.1 or not amount else f"{amount:.{1 - math.floor(math.log10(amount))}f}"


def length_in_words(seconds: float) -> str:
    """A length of time: `48 s`, `12 min 30 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def length_of(levels: Iterable[Level]) -> float | None:
    """Warm-up and measuring of these levels, in seconds; None where one of them does not say."""
    lengths = [level.length_s for level in levels]
    known = [length_s for length_s in lengths if length_s is not None]
    return sum(known) if len(known) == len(lengths) else None
