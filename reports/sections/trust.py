"""Reasons to doubt the numbers of a run, each with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.markdown import amount, code, escape, number
from reports.numbers.percentiles import needed
from reports.numbers.workers import BUSY_PERCENT, causes, is_said_late
from reports.reading import endpoint
from reports.reading.blocks import blocks
from reports.reading.levels import is_ok
from reports.sections.words import label, level_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.numbers.analysis import Analysis


@dataclass(frozen=True)
class Doubt:
    """One reason."""

    key: str
    """That of its text."""
    text: str
    """One Markdown paragraph."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the text names, as it is: for programs."""


def doubts(analysis: Analysis) -> list[str]:
    """One Markdown paragraph per reason, gravest first."""
    return [doubt.text for doubt in reasons(analysis)]


def reasons(analysis: Analysis) -> list[Doubt]:
    """The reasons, gravest first."""
    return [doubt for check in CHECKS for doubt in check(analysis)]


def _doubt(analysis: Analysis, key: str, values: Mapping[str, Any] | None = None, **words: Any) -> Doubt:
    return Doubt(key, analysis.say(key, **words), values or {})


def _endpoint(analysis: Analysis) -> Iterator[Doubt]:
    url = analysis.run.text("endpoint")
    place = endpoint.place(url, simulator=analysis.run.get("simulator") is True)
    if place == "simulator":
        yield _doubt(analysis, "trust.simulator")
    elif place != "aws":
        host = endpoint.host(url)
        yield _doubt(analysis, f"trust.{place}", {"host": host}, host=code(host))


def _end(analysis: Analysis) -> Iterator[Doubt]:
    run, ended = analysis.run, analysis.run.text("ended")
    reason = _reason(analysis)
    if run.text("limit") == "limits.same_failures":
        category = next((one for one in analysis.failures["error"] if one in run.text("end_reason")), "")
        remedy = escape(analysis.remedy(category), 400)
        values = {"reason": run.text("end_reason"), "category": category}
        yield _doubt(analysis, "trust.same_failures", values, category=escape(category), reason=reason, remedy=remedy)
        return
    if ended == "interrupted" and run.text("limit"):
        ended = "limited"
    if ended in {"running", "interrupted", "limited", "failed"}:
        yield _doubt(analysis, f"trust.{ended}", {"reason": run.text("end_reason")}, reason=reason)


def _reason(analysis: Analysis) -> str:
    """Why the run ended: a limit by its setting, anything else in the words of the run."""
    run, limit = analysis.run, analysis.run.text("limit")
    value = run.number("settings", *limit.split(".")) if limit else None
    if value is not None:
        total = run.number("limit_total")
        came = "" if total is None else analysis.say("trust.limit_total", total=f"{total:,.6g}")
        return f" ({code(limit)} = {value:,g}{came})"
    return f" ({escape(run.text('end_reason'))})" if run.text("end_reason") else ""


def _damage(analysis: Analysis) -> Iterator[Doubt]:
    for key, count in analysis.run.damage:
        yield _doubt(analysis, key, {"lines": count}, lines=analysis.say.noun(count, "line"))


def _missing_workers(analysis: Analysis) -> Iterator[Doubt]:
    workers = analysis.workers
    refused = workers["state"] == "refused"
    missing = workers.index[(workers["state"] == "missing") | (_silent(analysis) & ~refused)]
    if len(missing):
        yield _doubt(analysis, "trust.missing", {"workers": list(missing)}, workers=_workers(analysis, missing))
    for name in workers.index[refused]:
        worker, reason = _workers(analysis, pd.Index([name])), analysis.run.text("workers", str(name), "reason")
        values = {"worker": name, "reason": reason}
        yield _doubt(analysis, "trust.refused", values, worker=worker, reason=escape(reason))


def _disturbed_levels(analysis: Analysis) -> Iterator[Doubt]:
    """Levels in which a worker was lost, or left: its users stopped, went on unseen, or came back beside others."""
    changes = analysis.run.get("worker_changes")
    known = [change for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
    named = [change.get("levels") for change in known if change.get("what") in ("lost", "left", "back")]
    keys = {str(key) for levels in named if isinstance(levels, list) for key in levels}
    if keys and len(disturbed := analysis.figures[analysis.figures.index.isin(keys)]):
        yield _of_levels(analysis, "trust.disturbed", disturbed)


def _lost_rows(analysis: Analysis) -> Iterator[Doubt]:
    workers, say = analysis.workers, analysis.say
    lost = (workers["rows_made"] - workers["rows_received"]).clip(lower=0).sum()
    if lost:
        made = workers["rows_made"].sum()
        values = {"lost": lost, "made": made}
        yield _doubt(analysis, "trust.lost", values, lost=amount(lost), made=say.noun(made, "call"))
    if dropped := analysis.run.number("rows_lost"):
        yield _doubt(analysis, "trust.unwritten", {"lost": dropped}, lost=amount(dropped))
    written, found = analysis.run.number("rows_written"), len(analysis.run.requests)
    if written is not None and written > found:
        values = {"found": found, "written": written}
        yield _doubt(analysis, "trust.fewer_rows", values, found=amount(found), written=amount(written))


def _silent(analysis: Analysis) -> pd.Series[bool]:
    """Workers in `run.json` that, now the run is over, have never said how many calls they made."""
    over = analysis.run.text("ended") not in {"", "running"}
    return analysis.workers["rows_made"].isna() & (analysis.workers["state"] != "") & over


def _busy_workers(analysis: Analysis) -> Iterator[Doubt]:
    busy = analysis.workers[analysis.workers["cpu_percent"] >= BUSY_PERCENT]
    if len(busy):
        most = float(busy["cpu_percent"].max())
        values = {"workers": list(busy.index), "percent": most}
        yield _doubt(analysis, "trust.busy", values, workers=_workers(analysis, busy.index), percent=number(most))


def _late_levels(analysis: Analysis) -> Iterator[Doubt]:
    """Those that the load generator noted itself, with its reasons, and those of which the calls tell."""
    said = [key for key in analysis.late if is_said_late(analysis.run, key)]
    if said:
        causing = {key: [cause._asdict() for cause in causes(analysis.run, key)] for key in said}
        levels = analysis.say.listing([_late_level(analysis, key) for key in said])
        yield _doubt(analysis, "trust.late_said", {"levels": said, "causes": causing}, levels=levels)
    seen = analysis.figures.loc[[key for key in analysis.late if key not in said]]
    if len(seen):
        delay_ms = float(seen[["send_delay_ms_p95", "read_lag_ms_p95"]].max().max())
        yield _of_levels(analysis, "trust.late", seen, {"delay_ms": delay_ms}, delay=number(delay_ms))


def _late_level(analysis: Analysis, key: str) -> str:
    say, name = analysis.say, label(analysis.say, analysis.level(key), mode=True)
    why = [
        say(f"cause.{cause.what}", worker=code(cause.worker), value=f"{cause.value:.0f}")
        for cause in causes(analysis.run, key)
    ]
    return f"{name} ({say.listing(why)})" if why else name


def _mixtures(analysis: Analysis) -> Iterator[Doubt]:
    """More than one service tier, or model, among the successful calls."""
    for key, column in (("tiers", "service_tier"), ("models", "model_id")):
        found = analysis.run.of_successes(column)
        if len(found) > 1 and (key == "tiers" or analysis.levels.shaped):
            named = {key: analysis.say.listing([code(one) for one in found])}
            yield _doubt(analysis, f"trust.{key}", {key: found}, **named)


def _missing_levels(analysis: Analysis) -> Iterator[Doubt]:
    started = len(analysis.figures) if analysis.levels.shaped else 0
    planned = analysis.run.number("levels_planned") or 0
    if planned > started:
        words = {"started": amount(started), "planned": analysis.say.noun(planned, "planned")}
        yield _doubt(analysis, "trust.planned", {"started": started, "planned": planned}, **words)


def _weak_levels(analysis: Analysis) -> Iterator[Doubt]:
    if not analysis.levels.shaped:
        return
    figures, say = analysis.figures, analysis.say
    never = figures[figures["window_s"].isna()]
    if len(never):
        yield _of_levels(analysis, "trust.never", never, longer=say("trust.longer"))
    fewer = figures[figures["users_reached"] < figures["users"]]
    if len(fewer):
        yield _of_levels(analysis, "trust.users", fewer)


def _few_samples(analysis: Analysis) -> Iterator[Doubt]:
    few = analysis.figures.loc[lambda figures: (figures["ok"] > 0) & (figures["ok"] < needed(95))]
    if len(few):
        values = {"needed": needed(95)}
        yield _of_levels(analysis, "trust.few", few, values, needed=needed(95), longer=analysis.say("trust.longer"))


def _missing_tokens(analysis: Analysis) -> Iterator[Doubt]:
    calls, say = analysis.run.requests, analysis.say
    ok = is_ok(calls)
    missing = sum(_without_tokens(calls.iloc[block][ok[block]]) for block in blocks(len(calls)))
    if missing:
        successful = np.count_nonzero(ok)
        values = {"missing": missing, "calls": successful}
        yield _doubt(
            analysis, "trust.tokens", values, missing=amount(missing), calls=say.noun(successful, "successful")
        )


def _without_tokens(calls: pd.DataFrame) -> int:
    return int((calls["input_tokens"].isna() | calls["output_tokens"].isna()).sum())


def _of_levels(
    analysis: Analysis, key: str, figures: pd.DataFrame, values: Mapping[str, Any] | None = None, **words: Any
) -> Doubt:
    """A doubt about some of the levels."""
    named = level_names(analysis.say, figures)
    return _doubt(analysis, key, {"levels": list(figures.index), **(values or {})}, levels=named, **words)


def _workers(analysis: Analysis, names: pd.Index[str]) -> str:
    return analysis.say("trust.workers", workers=analysis.say.listing([code(name) for name in names]))


CHECKS = (
    *(_endpoint, _end, _damage, _missing_workers, _lost_rows, _disturbed_levels, _busy_workers, _late_levels),
    *(_missing_levels, _weak_levels, _few_samples, _mixtures, _missing_tokens),
)
