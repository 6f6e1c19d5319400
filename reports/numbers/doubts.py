"""Reasons to doubt the numbers of a run, as data; `reports.sections.trust` has the words."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.numbers import steady
from reports.numbers.answers import cut_short, no_answers
from reports.numbers.arrivals import LOST_SHARE
from reports.numbers.consistency import crowded, duplicates, impossible
from reports.numbers.percentiles import needed
from reports.numbers.ramp import is_profile, is_ramp
from reports.numbers.workers import ARRIVALS, BUSY_PERCENT, causes, has_free_cpu, is_said_late
from reports.reading import endpoint
from reports.reading.blocks import alike, blocks
from reports.reading.levels import is_ok
from reports.reading.run import api_of, tier_of
from reports.reading.tokens import hides_tokens, is_held_back
from reports.reading.windows import RATE, USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from reports.numbers.analysis import Analysis


SPINNING_SHARE = 0.1
"""From this number of exceptions for each call on, tasks spin rather than call."""
MOST_MESSAGES = 3
"""Messages of exceptions that are quoted, the most frequent first."""
LAST_FEW = 5
"""So many arrivals were due at the very end of a level that was cut short, and say nothing of the workers."""
CUT_OFF_SHARE = 0.05
"""From this share of calls cut off on, P95 of a level depends on what they would have taken."""


@dataclass(frozen=True)
class Doubt:
    """One reason."""

    what: str
    """Which one; `damage.<what>` is about a file."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What it is about: `levels` are keys of the table of figures."""

    @property
    def levels(self) -> list[str]:
        """The levels that it is about; empty where it is about none."""
        return list(self.values.get("levels", ()))


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
        yield Doubt(
            "refused_all" if refused.all() else "refused",
            {"worker": name, "reason": analysis.run.text("workers", str(name), "reason")},
        )


def _silent(analysis: Analysis) -> pd.Series[bool]:
    """Workers in `run.json` that, now the run is over, have never said how many calls they made."""
    over = analysis.run.text("ended") not in {"", "running"}
    return analysis.workers["rows_made"].isna() & (analysis.workers["state"] != "") & over


def _disturbed_levels(analysis: Analysis) -> Iterator[Doubt]:
    """Levels in which a worker was lost, or left: its users stopped, went on unseen, or came back beside others.

    In an open loop its arrivals were missed, and calls of one that stood still took as long.
    """
    rows, workers = _changed(analysis, "lost", "left", "back")
    if analysis.levels.unit == RATE:
        yield from _of_levels("disturbed_arrivals", rows, workers=workers)
    else:
        yield from _of_levels("disturbed", rows)


def _stood_still(analysis: Analysis) -> Iterator[Doubt]:
    """Levels in which a process that makes arrivals stood still, too shortly to be lost."""
    rows, workers = _changed(analysis, "still")
    lasted = [value for one in _changes(analysis, "still") if isinstance(value := one.get("lasted_s"), int | float)]
    yield from _of_levels("stood_still", rows, workers=workers, still_s=max(lasted, default=math.nan))


def _changed(analysis: Analysis, *what: str) -> tuple[pd.DataFrame, list[str]]:
    """The levels with such changes among the workers, and the names of these."""
    found = _changes(analysis, *what)
    keys = {str(key) for one in found if isinstance(levels := one.get("levels"), list) for key in levels}
    return analysis.figures[analysis.figures["name"].isin(keys)], sorted({str(one.get("worker")) for one in found})


def _changes(analysis: Analysis, *what: str) -> list[dict[str, Any]]:
    """Such changes among the workers, as `run.json` has them."""
    changes = analysis.run.get("worker_changes")
    known = [one for one in changes if isinstance(one, dict)] if isinstance(changes, list) else []
    return [one for one in known if one.get("what") in what]


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
    if analysis.run.exceptions["count"].sum() > SPINNING_SHARE * len(analysis.run.calls):
        return  # tasks that fail at once keep it busy: more workers would not help
    said = [key for key in analysis.late if is_said_late(analysis.run, key)]
    for what, is_free in (("late_said", False), ("late_machine", True)):
        keys = [key for key in said if has_free_cpu(analysis.run, key) is is_free]
        # Of arrivals it is told in `_other_arrivals`, with what to do about them.
        own = {key: [cause for cause in causes(analysis.run, key) if cause.what not in ARRIVALS] for key in keys}
        causing = {key: [cause._asdict() for cause in found] for key, found in own.items()}
        if keys:
            yield Doubt(what, {"levels": keys, "causes": causing})
    limited = _limited(analysis).index
    seen = analysis.figures.loc[[key for key in analysis.late if key not in said and key not in limited]]
    delay_ms = float(seen[["send_delay_ms_p95", "read_lag_ms_p95"]].max().max())
    yield from _of_levels("late", seen, delay_ms=delay_ms)


def _limited(analysis: Analysis) -> pd.DataFrame:
    """The levels of an open loop in which the client made another load than asked for."""
    return analysis.arrivals[analysis.arrivals["limited"].astype(bool)]


def _other_arrivals(analysis: Analysis) -> Iterator[Doubt]:
    """Arrivals that were late, dropped or missed."""
    found = _limited(analysis)
    share = (found["dropped"] + found["missed"]) / found["due"]
    lost, late = found[share > LOST_SHARE], found[~(share > LOST_SHARE)]
    percent = 100 * float(share.max())
    if analysis.replay:
        yield from _of_levels("replay_lost", lost, percent=percent)
    else:
        yield from _of_levels("arrivals_lost", lost, percent=percent, remedies=_remedies(analysis, lost))
    for what, is_free in (("arrivals_late", False), ("arrivals_late_machine", True)):
        alike = [has_free_cpu(analysis.run, str(key)) is is_free for key in late.index]
        some = late[np.array(alike, dtype=bool)]
        yield from _of_levels(what, some, delay_ms=float(some["lateness_ms_p99"].max()))


def _remedies(analysis: Analysis, lost: pd.DataFrame) -> list[str]:
    """What to do about arrivals that were dropped, and about those that were missed, by the cause.

    Those that a lost worker missed are told with the worker, and the last few of a level cut short are no sign.
    """
    found = ["dropped"] if (lost["dropped"] > LOST_SHARE / 2 * lost["due"]).any() else []
    told_of = [*_disturbed_levels(analysis), *_stood_still(analysis)]
    disturbed = {key for doubt in told_of for key in doubt.levels}
    cut = analysis.figures["completed"].reindex(lost.index) == "false"
    told = np.array([str(key) in disturbed for key in lost.index], dtype=bool) | (cut & (lost["missed"] <= LAST_FEW))
    return found + (["missed"] if (~told & (lost["missed"] > LOST_SHARE / 2 * lost["due"])).any() else [])


def _mixtures(analysis: Analysis) -> Iterator[Doubt]:
    """More than one tier or model among the successes of a row of the report, or API among all of its calls."""
    counted = analysis.levels.counted
    for what, column, named in (
        ("apis", "operation", api_of),
        ("tiers", "service_tier", tier_of),
        ("models", "model_id", str),
    ):
        found = _mixed(analysis, column, counted if what == "apis" else counted & is_ok(analysis.levels.calls), named)
        if found:
            yield Doubt(what, {what: found})


def _mixed(analysis: Analysis, column: str, chosen: NDArray[np.bool_], named: Callable[[str], str]) -> list[str]:
    """What rows with more than one of these have of them, most frequent first."""
    calls, rows = Counter[str](), dict[str, set[str]]()
    found = alike(analysis.levels.calls, ["key", column], chosen)
    for (key, text), some in sorted(found.items(), key=lambda one: one[1].first):
        if text:
            calls[named(text)] += some.calls
            rows.setdefault(key, set()).add(named(text))
    mixed = {name for names in rows.values() if len(names) > 1 for name in names}
    return [name for name, _ in calls.most_common() if name in mixed]


def _drifts(analysis: Analysis) -> Iterator[Doubt]:
    """Levels whose latency was not steady though their load was, and levels that started slowly without a warm-up."""
    if not analysis.levels.shaped:
        return
    ramps = analysis.figures["rate_from_per_s"] != analysis.figures["rate_to_per_s"]
    even = ~ramps | analysis.figures["rate_from_per_s"].isna()
    found = {str(key): steady.drift(analysis.levels, str(key)) for key in analysis.figures.index[even]}
    changes = {key: one.change for key, one in found.items() if one is not None}
    queues = {key: change for key, change in changes.items() if _is_queue(analysis, key, change)}
    for what, some in (("queue", queues), ("drift", {key: changes[key] for key in changes if key not in queues})):
        most = max(some.values(), key=abs, default=0.0)
        yield from _of_levels(what, analysis.figures.loc[list(some)], change=100 * most)
    section = "arrivals" if analysis.levels.unit == RATE else "concurrency"
    if analysis.run.number("settings", section, "warmup_seconds") == 0 and not is_profile(analysis.figures).any():
        starts = {str(key): steady.slow_start(analysis.levels, str(key)) for key in analysis.figures.index}
        slow = {key: change for key, change in starts.items() if change is not None and key not in changes}
        most = max(slow.values(), key=abs, default=0.0)
        yield from _of_levels("no_warmup", analysis.figures.loc[list(slow)], change=100 * most)


def _is_queue(analysis: Analysis, key: str, change: float) -> bool:
    """Whether calls queue in a level whose latency drifted by this share: it grew in an open loop."""
    return change > 0 and key in analysis.arrivals.index


def _short_levels(analysis: Analysis) -> Iterator[Doubt]:
    """Levels so short that many of their calls ended after them.

    Not those above capacity, whose calls only get longer, those that were cut short, and those that a search ended as
    their verdict was clear: the length that they were meant to have would do.
    """
    if not analysis.levels.shaped:
        return
    keys = map(str, analysis.figures.index[analysis.figures["completed"] != "false"])
    needed_s = {key: steady.needed_s(analysis.levels, key) for key in keys}
    planned_s = (analysis.run.number("settings", "search", "duration_seconds") or 0.0) if analysis.searches else 0.0
    long_s = {key: length_s for key, length_s in needed_s.items() if length_s is not None and length_s > planned_s}
    drifts = {key: steady.drift(analysis.levels, key) for key in long_s}
    short = {key: long_s[key] for key, one in drifts.items() if not (one and _is_queue(analysis, key, one.change))}
    longest_s = math.ceil(max(short.values(), default=0.0))
    yield from _of_levels("short_levels", analysis.figures.loc[list(short)], needed_s=longest_s)


def _broken_rows(analysis: Analysis) -> Iterator[Doubt]:
    """Rows that cannot be as they are."""
    run, figures = analysis.run, analysis.figures
    for what, rows in (("duplicates", duplicates(run.calls)), ("impossible", impossible(run.calls))):
        if rows:
            yield Doubt(what, {"rows": rows})
    written = run.number("rows_written")
    if written is not None and len(run.calls) > written and run.text("ended") not in {"", "running"}:
        yield Doubt("more_rows", {"found": len(run.calls), "written": written})
    if analysis.levels.shaped:
        found = {str(key): crowded(analysis.levels, str(key)) for key in figures.index}
        yield from _of_levels("crowded", figures.loc[[key for key, most in found.items() if most is not None]])


def _no_answers(analysis: Analysis) -> Iterator[Doubt]:
    """Levels in which successes were no answers."""
    rows = no_answers(analysis.stop_reasons)
    levels = [str(key) for key in dict.fromkeys(rows["level"])]
    reasons = list(dict.fromkeys(rows["stop_reason"]))
    yield from _of_levels("no_answers", analysis.figures.loc[levels], answers=int(rows["calls"].sum()), reasons=reasons)


def _cut_answers(analysis: Analysis) -> Iterator[Doubt]:
    """Levels whose answers something else than `max_tokens` cut short."""
    found = cut_short(analysis.levels)
    what = "cut_by_quota" if analysis.run.text("settings", "model", "endpoint") == "mantle" else "cut_answers"
    yield from _of_levels(what, analysis.figures.loc[list(found)], answers=sum(found.values()))


def _exceptions(analysis: Analysis) -> Iterator[Doubt]:
    """Exceptions in the tasks of the locustfile: what the users did then was no load."""
    found = analysis.run.exceptions
    if len(found):
        most = found.groupby("message", sort=False)["count"].sum().nlargest(MOST_MESSAGES)
        raised = [(str(message), int(count)) for message, count in most.items()]
        yield Doubt("exceptions", {"exceptions": int(found["count"].sum()), "raised": raised})


def _missing_levels(analysis: Analysis) -> Iterator[Doubt]:
    if analysis.searches or is_ramp(analysis.figures).any():
        return  # the plan is the most that it may try
    started = analysis.figures["name"].nunique() if analysis.levels.shaped else 0
    planned = analysis.run.number("levels_planned") or 0
    if planned > started:
        yield Doubt("planned", {"started": started, "planned": planned})


def _weak_levels(analysis: Analysis) -> Iterator[Doubt]:
    if not analysis.levels.shaped:
        return
    figures = analysis.figures
    if len(analysis.run.calls):  # without a call, no length of the level would have helped
        yield from _of_levels("never", figures[figures["window_s"].isna()])
    yield from _of_levels("users", figures[(figures["unit"] == USERS) & (figures["users_reached"] < figures["load"])])


def _few_samples(analysis: Analysis) -> Iterator[Doubt]:
    few = analysis.figures.loc[lambda figures: (figures["ok"] > 0) & (figures["ok"] < needed(95))]
    yield from _of_levels("few", few, needed=needed(95))


def _cut_off(analysis: Analysis) -> Iterator[Doubt]:
    """Levels whose percentiles rest on an estimate, because too many of their calls were cut off."""
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
    """Streams whose time per token is not known: held back on the way, or with more tokens counted than streamed."""
    for what, which in (("bursts", is_held_back), ("hidden_tokens", hides_tokens)):
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
    _exceptions,
    _damage,
    _broken_rows,
    _missing_workers,
    _lost_rows,
    _disturbed_levels,
    _stood_still,
    _busy_workers,
    _late_levels,
    _other_arrivals,
    _missing_levels,
    _weak_levels,
    _few_samples,
    _cut_off,
    _short_levels,
    _drifts,
    _no_answers,
    _cut_answers,
    _mixtures,
    _missing_tokens,
    _unknown_paces,
)
"""In the order in which they are told."""
