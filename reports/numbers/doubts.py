"""Reasons to doubt the numbers of a run, as data; `reports.sections.trust` has the words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.numbers.percentiles import needed
from reports.numbers.workers import BUSY_PERCENT, causes, is_said_late
from reports.reading import endpoint
from reports.reading.blocks import blocks
from reports.reading.levels import is_ok
from reports.reading.tokens import hides_tokens, is_burst

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from reports.numbers.analysis import Analysis


CUT_OFF_SHARE = 0.05
"""From this share of calls cut off on, P95 of a level depends on what they would have taken."""


@dataclass(frozen=True)
class Doubt:
    """One reason."""

    what: str
    """Which one; `damage.<what>` is about a file."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What it is about: `levels` are keys of the table of figures."""


def doubts(analysis: Analysis) -> list[Doubt]:
    """The reasons, gravest first."""
    return [doubt for check in CHECKS for doubt in check(analysis)]


def _endpoint(analysis: Analysis) -> Iterator[Doubt]:
    if analysis.place == "simulator":
        yield Doubt("simulator")
    elif analysis.place != "aws":
        yield Doubt(analysis.place, {"host": endpoint.host(analysis.run.text("endpoint"))})


def _end(analysis: Analysis) -> Iterator[Doubt]:
    run, ended = analysis.run, analysis.run.text("ended")
    reason = {"reason": run.text("end_reason")}
    if run.text("limit") == "limits.same_failures":
        category = next((one for one in analysis.failures["error"] if one in run.text("end_reason")), "")
        yield Doubt("same_failures", {**reason, "category": category})
        return
    if ended == "interrupted" and run.text("limit"):
        ended = "limited"
    if ended in {"running", "interrupted", "limited", "failed"}:
        yield Doubt(ended, reason)


def _damage(analysis: Analysis) -> Iterator[Doubt]:
    for key, count in analysis.run.damage:
        yield Doubt(key, {"lines": count})


def _missing_workers(analysis: Analysis) -> Iterator[Doubt]:
    workers = analysis.workers
    refused = workers["state"] == "refused"
    missing = workers.index[(workers["state"] == "missing") | (_silent(analysis) & ~refused)]
    if len(missing):
        yield Doubt("missing", {"workers": list(missing)})
    for name in workers.index[refused]:
        yield Doubt("refused", {"worker": name, "reason": analysis.run.text("workers", str(name), "reason")})


def _silent(analysis: Analysis) -> pd.Series[bool]:
    """Workers in `run.json` that, now the run is over, have never said how many calls they made."""
    over = analysis.run.text("ended") not in {"", "running"}
    return analysis.workers["rows_made"].isna() & (analysis.workers["state"] != "") & over


def _disturbed_levels(analysis: Analysis) -> Iterator[Doubt]:
    """Levels in which a worker was lost, or left: its users stopped, went on unseen, or came back beside others."""
    changes = analysis.run.get("worker_changes")
    known = [change for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
    named = [change.get("levels") for change in known if change.get("what") in ("lost", "left", "back")]
    keys = {str(key) for levels in named if isinstance(levels, list) for key in levels}
    yield from _of_levels("disturbed", analysis.figures[analysis.figures.index.isin(keys)])


def _lost_rows(analysis: Analysis) -> Iterator[Doubt]:
    workers = analysis.workers
    lost = (workers["rows_made"] - workers["rows_received"]).clip(lower=0).sum()
    if lost:
        yield Doubt("lost", {"lost": lost, "made": workers["rows_made"].sum()})
    if dropped := analysis.run.number("rows_lost"):
        yield Doubt("unwritten", {"lost": dropped})
    written, found = analysis.run.number("rows_written"), len(analysis.run.calls)
    if written is not None and written > found:
        yield Doubt("fewer_rows", {"found": found, "written": written})


def _busy_workers(analysis: Analysis) -> Iterator[Doubt]:
    busy = analysis.workers[analysis.workers["cpu_percent"] >= BUSY_PERCENT]
    if len(busy):
        yield Doubt("busy", {"workers": list(busy.index), "percent": float(busy["cpu_percent"].max())})


def _late_levels(analysis: Analysis) -> Iterator[Doubt]:
    """Those that the load generator noted itself, with its reasons, and those of which the calls tell."""
    said = [key for key in analysis.late if is_said_late(analysis.run, key)]
    if said:
        causing = {key: [cause._asdict() for cause in causes(analysis.run, key)] for key in said}
        yield Doubt("late_said", {"levels": said, "causes": causing})
    seen = analysis.figures.loc[[key for key in analysis.late if key not in said]]
    delay_ms = float(seen[["send_delay_ms_p95", "read_lag_ms_p95"]].max().max())
    yield from _of_levels("late", seen, delay_ms=delay_ms)


def _mixtures(analysis: Analysis) -> Iterator[Doubt]:
    """More than one service tier, or model, among the successful calls."""
    for what, column in (("tiers", "service_tier"), ("models", "model_id")):
        found = analysis.run.of_successes(column)
        if len(found) > 1 and (what == "tiers" or analysis.levels.shaped):
            yield Doubt(what, {what: found})


def _missing_levels(analysis: Analysis) -> Iterator[Doubt]:
    started = len(analysis.figures) if analysis.levels.shaped else 0
    planned = analysis.run.number("levels_planned") or 0
    if planned > started:
        yield Doubt("planned", {"started": started, "planned": planned})


def _weak_levels(analysis: Analysis) -> Iterator[Doubt]:
    if not analysis.levels.shaped:
        return
    figures = analysis.figures
    yield from _of_levels("never", figures[figures["window_s"].isna()])
    yield from _of_levels("users", figures[figures["users_reached"] < figures["users"]])


def _few_samples(analysis: Analysis) -> Iterator[Doubt]:
    few = analysis.figures.loc[lambda figures: (figures["ok"] > 0) & (figures["ok"] < needed(95))]
    yield from _of_levels("few", few, needed=needed(95))


def _cut_off(analysis: Analysis) -> Iterator[Doubt]:
    """Levels in which so many calls were cut off that their percentiles hang on an estimate."""
    figures = analysis.figures
    every = figures[["ok", "failed", "cancelled"]].sum(axis=1)
    many = figures[(figures["ok"] > 0) & (figures["cancelled"] > CUT_OFF_SHARE * every)]
    yield from _of_levels("cut_off", many, count=int(many["cancelled"].sum()))


def _missing_tokens(analysis: Analysis) -> Iterator[Doubt]:
    calls = analysis.run.calls
    ok = is_ok(calls)
    missing = sum(_without_tokens(calls.iloc[block][ok[block]]) for block in blocks(len(calls)))
    if missing:
        yield Doubt("tokens", {"missing": missing, "calls": np.count_nonzero(ok)})


def _unknown_paces(analysis: Analysis) -> Iterator[Doubt]:
    """Streams whose time per token is not known: they came in a burst, or counted tokens that were not streamed."""
    for what, which in (("bursts", is_burst), ("hidden_tokens", hides_tokens)):
        found = {
            str(key): sum(int(which(calls).sum()) for calls in analysis.levels.successes(str(key)))
            for key in analysis.figures.index[analysis.figures["mode"] == "streaming"]
        }
        levels = [key for key, count in found.items() if count]
        yield from _of_levels(what, analysis.figures.loc[levels], calls=sum(found.values()))


def _without_tokens(calls: pd.DataFrame) -> int:
    return int((calls["input_tokens"].isna() | calls["output_tokens"].isna()).sum())


def _of_levels(what: str, figures: pd.DataFrame, **values: Any) -> Iterator[Doubt]:
    """A doubt about some of the levels, if there are any."""
    if len(figures):
        yield Doubt(what, {"levels": list(figures.index), **values})


CHECKS = (
    _endpoint,
    _end,
    _damage,
    _missing_workers,
    _lost_rows,
    _disturbed_levels,
    _busy_workers,
    _late_levels,
    _missing_levels,
    _weak_levels,
    _few_samples,
    _cut_off,
    _mixtures,
    _missing_tokens,
    _unknown_paces,
)
"""In the order in which they are told."""
