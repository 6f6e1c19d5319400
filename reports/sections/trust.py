"""Reasons to doubt the numbers of a run, each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports import endpoint
from reports.blocks import blocks
from reports.levels import is_ok
from reports.markdown import amount, code, escape, number
from reports.percentiles import needed
from reports.sections.words import label, level_names
from reports.workers import BUSY_PERCENT, causes, is_said_late

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.analysis import Analysis


def doubts(analysis: Analysis) -> list[str]:
    """One Markdown paragraph per reason, gravest first."""
    return [doubt for check in CHECKS for doubt in check(analysis)]


def _endpoint(analysis: Analysis) -> Iterator[str]:
    if analysis.run.get("simulator") is True:
        yield analysis.say("trust.simulator")
        return
    host = endpoint.host(analysis.run.text("endpoint"))
    if host and not endpoint.is_aws(host):
        yield analysis.say("trust.here" if endpoint.is_here(host) else "trust.elsewhere", host=code(host))


def _end(analysis: Analysis) -> Iterator[str]:
    run, ended = analysis.run, analysis.run.text("ended")
    reason = f" ({escape(run.text('end_reason'))})" if run.text("end_reason") else ""
    if ended == "interrupted" and run.text("limit"):
        ended = "limited"
    if ended in {"running", "interrupted", "limited", "failed"}:
        yield analysis.say(f"trust.{ended}", reason=reason)


def _damage(analysis: Analysis) -> Iterator[str]:
    for key, count in analysis.run.damage:
        yield analysis.say(key, lines=analysis.say.noun(count, "line"))


def _missing_workers(analysis: Analysis) -> Iterator[str]:
    workers = analysis.workers
    refused = workers["state"] == "refused"
    missing = workers.index[(workers["state"] == "missing") | (_silent(analysis) & ~refused)]
    if len(missing):
        yield analysis.say("trust.missing", workers=_workers(analysis, missing))
    for name in workers.index[refused]:
        reason = escape(analysis.run.text("workers", str(name), "reason"))
        yield analysis.say("trust.refused", worker=_workers(analysis, pd.Index([name])), reason=reason)


def _disturbed_levels(analysis: Analysis) -> Iterator[str]:
    """Levels in which a worker was lost, or left: its users stopped, went on unseen, or came back beside others."""
    changes = analysis.run.get("worker_changes")
    known = [change for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
    named = [change.get("levels") for change in known if change.get("what") in ("lost", "left", "back")]
    keys = {str(key) for levels in named if isinstance(levels, list) for key in levels}
    if keys and len(disturbed := analysis.figures[analysis.figures.index.isin(keys)]):
        yield analysis.say("trust.disturbed", levels=level_names(analysis.say, disturbed))


def _lost_rows(analysis: Analysis) -> Iterator[str]:
    workers, say = analysis.workers, analysis.say
    lost = (workers["rows_made"] - workers["rows_received"]).clip(lower=0).sum()
    if lost:
        made = say.noun(workers["rows_made"].sum(), "call")
        yield say("trust.lost", lost=amount(lost), made=made)
    if dropped := analysis.run.number("rows_lost"):
        yield say("trust.unwritten", lost=amount(dropped))
    written, found = analysis.run.number("rows_written"), len(analysis.run.requests)
    if written is not None and analysis.run.text("ended") != "running" and written > found:
        yield say("trust.fewer_rows", found=amount(found), written=amount(written))


def _silent(analysis: Analysis) -> pd.Series[bool]:
    """Workers in `run.json` that, now the run is over, have never said how many calls they made."""
    over = analysis.run.text("ended") not in {"", "running"}
    return analysis.workers["rows_made"].isna() & (analysis.workers["state"] != "") & over


def _busy_workers(analysis: Analysis) -> Iterator[str]:
    busy = analysis.workers[analysis.workers["cpu_percent"] >= BUSY_PERCENT]
    if len(busy):
        most = number(busy["cpu_percent"].max())
        yield analysis.say("trust.busy", workers=_workers(analysis, busy.index), percent=most)


def _late_levels(analysis: Analysis) -> Iterator[str]:
    """Those that the load generator noted itself, with its reasons, and those of which the calls tell."""
    said = [key for key in analysis.late if is_said_late(analysis.run, key)]
    if said:
        yield analysis.say("trust.late_said", levels=analysis.say.listing([_late_level(analysis, key) for key in said]))
    seen = analysis.figures.loc[[key for key in analysis.late if key not in said]]
    if len(seen):
        delay_ms = float(seen[["send_delay_ms_p95", "read_lag_ms_p95"]].max().max())
        yield analysis.say("trust.late", levels=level_names(analysis.say, seen), delay=number(delay_ms))


def _late_level(analysis: Analysis, key: str) -> str:
    say, name = analysis.say, label(analysis.say, analysis.level(key), mode=True)
    why = [
        say(f"cause.{cause.what}", worker=code(cause.worker), value=f"{cause.value:.0f}")
        for cause in causes(analysis.run, key)
    ]
    return f"{name} ({say.listing(why)})" if why else name


def _mixtures(analysis: Analysis) -> Iterator[str]:
    """More than one service tier, or model, among the successful calls."""
    for key, column in (("tiers", "service_tier"), ("models", "model_id")):
        found = analysis.run.of_successes(column)
        if len(found) > 1 and (key == "tiers" or analysis.levels.shaped):
            yield analysis.say(f"trust.{key}", **{key: analysis.say.listing([code(one) for one in found])})


def _missing_levels(analysis: Analysis) -> Iterator[str]:
    started = len(analysis.figures) if analysis.levels.shaped else 0
    planned = analysis.run.number("levels_planned") or 0
    if planned > started:
        yield analysis.say("trust.planned", started=amount(started), planned=analysis.say.noun(planned, "planned"))


def _weak_levels(analysis: Analysis) -> Iterator[str]:
    if not analysis.levels.shaped:
        return
    figures, say = analysis.figures, analysis.say
    never = figures[figures["window_s"].isna()]
    if len(never):
        yield say("trust.never", levels=level_names(say, never), longer=say("trust.longer"))
    fewer = figures[figures["users_reached"] < figures["users"]]
    if len(fewer):
        yield say("trust.users", levels=level_names(say, fewer))


def _few_samples(analysis: Analysis) -> Iterator[str]:
    say = analysis.say
    few = analysis.figures.loc[lambda figures: (figures["ok"] > 0) & (figures["ok"] < needed(95))]
    if len(few):
        yield say("trust.few", needed=needed(95), levels=level_names(say, few), longer=say("trust.longer"))


def _missing_tokens(analysis: Analysis) -> Iterator[str]:
    calls, say = analysis.run.requests, analysis.say
    ok = is_ok(calls)
    missing = sum(_without_tokens(calls.iloc[block][ok[block]]) for block in blocks(len(calls)))
    if missing:
        yield say("trust.tokens", missing=amount(missing), calls=say.noun(np.count_nonzero(ok), "successful"))


def _without_tokens(calls: pd.DataFrame) -> int:
    return int((calls["input_tokens"].isna() | calls["output_tokens"].isna()).sum())


def _workers(analysis: Analysis, names: pd.Index[str]) -> str:
    return analysis.say("trust.workers", workers=analysis.say.listing([code(name) for name in names]))


CHECKS = (
    *(_endpoint, _end, _damage, _missing_workers, _lost_rows, _disturbed_levels, _busy_workers, _late_levels),
    *(_missing_levels, _weak_levels, _few_samples, _mixtures, _missing_tokens),
)
