"""All that is computed from a run, once, for the report and its charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.numbers import (
    answers,
    arrivals,
    caching,
    conclusion,
    cost,
    failures,
    forecast,
    gain,
    lengths,
    phases,
    quota,
    search,
    sent,
    slo,
    slowest,
    traced,
)
from reports.numbers import replay as replays
from reports.numbers import turns as conversations
from reports.numbers.figures import figures
from reports.numbers.growth import Growth
from reports.numbers.limit import Evidence
from reports.numbers.percentiles import PERCENTS, with_extra
from reports.numbers.workers import late_levels, workers
from reports.reading import endpoint
from reports.reading.levels import levels
from reports.reading.settings import flat

if TYPE_CHECKING:
    import pandas as pd

    from reports.numbers.caching import Caching
    from reports.numbers.conclusion import Conclusion
    from reports.numbers.cost import Cost
    from reports.numbers.forecast import Forecast, Overuse
    from reports.numbers.gain import Gain
    from reports.numbers.lengths import Lengths
    from reports.numbers.quota import Quota
    from reports.numbers.replay import Replay
    from reports.numbers.search import Search
    from reports.numbers.sent import Sent
    from reports.numbers.slo import Gate
    from reports.numbers.turns import Turns
    from reports.reading.levels import Levels
    from reports.reading.run import Run


@dataclass(frozen=True)
class Analysis:
    """The numbers of a run."""

    run: Run
    levels: Levels
    figures: pd.DataFrame
    """One row per level; see `reports.numbers.figures`."""
    failures: pd.DataFrame
    """One row per kind of failure; see `failures.by_kind`."""
    failures_by_level: pd.DataFrame
    """See `failures.by_level`."""
    workers: pd.DataFrame
    """One row per worker; see `reports.numbers.workers`."""
    late: list[str]
    """The levels that the load generator itself held up; see `workers.late_levels`."""
    other_loads: dict[str, float]
    """The levels that did not have the load that they ask for; see `arrivals.other_loads`."""
    gate: Gate | None
    """The verdict on the SLO; None without one."""
    quota: Quota
    overused: dict[str, Overuse]
    """The levels that used more of a quota than it carries; see `forecast.overused`."""
    forecasts: list[Forecast]
    """By mode and quota, the one that breaks first before the other."""
    cost: Cost | None
    """None without prices."""
    stop_reasons: pd.DataFrame
    """See `answers.stop_reasons`."""
    guardrails: pd.DataFrame
    """See `traced.guardrails`; empty where no response tells it."""
    routed: pd.DataFrame
    """See `traced.routed`; empty without a prompt router."""
    conclusions: list[Conclusion]
    gains: list[Gain]
    """What streaming changes, by load."""
    arrivals: pd.DataFrame
    """One row per level of an open loop; see `reports.numbers.arrivals`."""
    slowest: pd.DataFrame
    """The calls with the longest latency; see `reports.numbers.slowest`."""
    stalls: pd.DataFrame
    """Those with the longest silence between two tokens."""
    caching: Caching | None
    """What the prompt cache did; None where no call used one."""
    sent: Sent | None
    """The lengths of what was sent; None without a workload."""
    replay: Replay | None
    """What a trace had, beside what was made of it; None without one."""
    lengths: Lengths | None
    """TTFT and latency by the length of prompts and answers; None where these do not vary, or without a workload."""
    failed_records: pd.DataFrame
    """The records whose calls failed more often than others; see `failures.by_record`."""
    turns: Turns | None
    """Conversations, turn by turn; None without one."""
    phases: pd.DataFrame
    """Warm-up and drain apart; see `reports.numbers.phases`. Empty without levels."""
    searches: list[Search]
    """What a search found in each group of calls; see `reports.numbers.search`. Empty without one."""

    def level(self, key: str) -> pd.Series[Any]:
        """The row of a level in `figures`."""
        return self.figures.loc[[key]].iloc[0]

    def number(self, key: str, column: str) -> float:
        """A figure of a level."""
        return float(self.level(key)[column])

    @property
    def percents(self) -> tuple[float, ...]:
        """The percentiles to show of what an SLO can ask for: the usual ones, and the one that it asks for."""
        return with_extra(self.gate.slo.percentile) if self.gate else PERCENTS

    def of(self, found: Conclusion) -> list[str]:
        """The levels that a conclusion is about, by load."""
        own = (self.figures["mode"] == found.mode) & (self.figures["group"] == found.group)
        return [str(key) for key in self.figures.index[own]]

    @property
    def failing(self) -> list[str]:
        """The levels that are shown to have more than tolerable failures."""
        tolerable = self.gate.slo.tolerable_failures if self.gate else failures.TOLERABLE_FAILURES
        return failures.failing(self.figures, tolerable)

    @property
    def modes(self) -> list[str]:
        """The modes that have levels, streaming first."""
        return [str(mode) for mode in self.figures["mode"].unique()]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the run, `test.max_tokens` and the like, without credentials."""
        return dict(flat(self.run.get("settings")))

    @property
    def place(self) -> str:
        """What was measured: the `simulator`, `aws`, something `here`, or `elsewhere`; see `endpoint.place`."""
        return endpoint.place(self.run.text("endpoint"), simulator=self.run.get("simulator") is True)

    @property
    def as_asked(self) -> pd.DataFrame:
        """The figures of the levels that had the load that they ask for: only these tell what it does."""
        return self.figures[~self.figures.index.isin(list(self.other_loads))]

    def best_level(self, mode: str) -> str | None:
        """The level of a mode with the most output tokens/s, with tolerable failures if there is one; None of none."""
        figures = self.as_asked
        of_mode = figures[(figures["mode"] == mode) & (figures["output_tokens_per_s"] > 0)]
        good = of_mode[~of_mode.index.isin([*self.failing, *answers.unanswered(self.stop_reasons)])]
        rates = (good if len(good) else of_mode)["output_tokens_per_s"]
        return str(rates.idxmax()) if len(rates) else None

    @property
    def gate_passed(self) -> bool | None:
        """Whether the run holds its SLO; None without one. In a search, some load has to: its probes may miss it."""
        if self.searches:
            return search.passed(self.searches)
        return self.gate.passed(self.figures) if self.gate else None

    def search(self, found: Conclusion) -> Search | None:
        """The search of the group of a conclusion; None without one."""
        return next((one for one in self.searches if one.group == (found.group or found.mode)), None)


def analyse(run: Run) -> Analysis:
    """Compute everything about a run."""
    rows = levels(run)
    asked = slo.wanted(run)
    table = figures(rows, run.gaps, asked.percentile if asked else slo.DEFAULT_PERCENTILE)
    kinds, failed = failures.by_kind(run.calls), failures.by_level(rows)
    arrived = arrivals.arrivals(rows)
    limited = arrived.index[arrived["limited"].astype(bool)]
    held_up = {*late_levels(table, run), *limited}
    late = [key for key in map(str, table.index) if key in held_up]
    others = arrivals.other_loads(table, arrived)
    gate, used = slo.gate(run, rows, table, others), quota.quota(run, rows)
    reasons = answers.stop_reasons(rows)
    overused, message = forecast.overused(used, table), quota.throttle_message(kinds)
    found = search.searches(run)
    searched = search.advised(found)
    unanswered = answers.unanswered(reasons)
    known = Evidence(gate, late, failed, overused, used, message, Growth(rows), unanswered, searched, others)
    return Analysis(
        run=run,
        levels=rows,
        figures=table,
        failures=kinds,
        failures_by_level=failed,
        workers=workers(run),
        late=late,
        other_loads=others,
        gate=gate,
        quota=used,
        overused=overused,
        forecasts=forecast.forecasts(used, table),
        cost=cost.cost(run, rows),
        stop_reasons=reasons,
        guardrails=traced.guardrails(rows),
        routed=traced.routed(rows),
        conclusions=conclusion.conclusions(table, known),
        gains=[] if run.get("replay") else gain.gains(rows, table, others),  # both modes have other calls of a trace
        arrivals=arrived,
        slowest=slowest.slowest(rows, "latency_ms"),
        stalls=slowest.slowest(rows, "max_gap_ms"),
        caching=caching.caching(run, rows),
        sent=sent.sent(run, rows),
        replay=replays.replay(run, rows),
        lengths=lengths.lengths(run, rows),
        failed_records=failures.by_record(run.calls),
        turns=conversations.turns(run, rows),
        phases=phases.phases(rows),
        searches=found,
    )
