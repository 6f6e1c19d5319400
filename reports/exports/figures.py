"""Every figure of a report as JSON, for programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reports.exports import account
from reports.numbers.arrivals import COUNTS
from reports.numbers.failures import total_counts
from reports.numbers.figures import TOKENS
from reports.reading.settings import flat
from reports.reading.windows import ARRIVALS, RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from reports.edition import Edition
    from reports.numbers.analysis import Analysis
    from reports.numbers.search import Search

SCHEMA = 1
"""Counts up when a key changes its meaning or goes; new keys may come at any time."""
CALL = (
    *("level", "mode", "worker", "started_at", "latency_ms", "ttft_ms", "max_gap_ms"),
    *("input_tokens", "output_tokens", "stop_reason", "request_id"),
)
"""What is told of a single call: as in `requests.csv`."""
DIGITS = 7
"""Significant digits: what the rows are kept to."""


def text(analysis: Edition, told: Sequence[str], summary: Sequence[str]) -> str:
    """The figures as JSON text; a number that is not known is null.

    `told` are the doubts in words, `summary` is the conclusion as lines of plain text.
    """
    return (
        json.dumps(
            plain({**tree(analysis, told), "summary": list(summary)}), indent=1, ensure_ascii=False, allow_nan=False
        )
        + "\n"
    )


def tree(analysis: Edition, told: Sequence[str]) -> dict[str, Any]:
    """The figures, nested; docs/metrics.md says what each is."""
    run = analysis.run
    counts = total_counts(run.calls)
    return {
        "schema": SCHEMA,
        "models": run.model_ids,
        "ended": run.text("ended"),
        "end_reason": run.text("end_reason"),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "endpoint": run.text("endpoint"),
        "simulator": run.get("simulator") is True,
        "settings": analysis.settings,
        "versions": dict(flat(run.get("versions"))),
        "preflight": run.get("preflight"),
        "limit": run.get("limit"),
        "limit_total": run.number("limit_total"),
        "tokens": _tokens(run.calls),
        "calls": {str(name): int(count) for name, count in counts.items()},
        "conclusions": [asdict(found) for found in analysis.conclusions],
        "levels": _levels(analysis),
        "arrivals": _arrivals(analysis),
        "arrivals_by_level": _arrivals_by_level(analysis),
        "failures": _rows(analysis.failures),
        "failures_by_level": _rows(analysis.failures_by_level.reset_index()),
        "streaming_gain": [_with_load(analysis, asdict(found)) for found in analysis.gains],
        "caching": _caching(analysis),
        "turns": _rows(analysis.turns.table.rename_axis("turn").reset_index()) if analysis.turns else [],
        "sent": asdict(analysis.sent) if analysis.sent else None,
        "by_length": _by_length(analysis),
        "failures_by_record": _rows(analysis.failed_records.rename_axis("record").reset_index()),
        "stop_reasons": _rows(analysis.stop_reasons),
        "guardrails": _rows(analysis.guardrails),
        "routed": _rows(analysis.routed),
        "slowest": _calls(analysis.slowest),
        "stalls": _calls(analysis.stalls),
        "phases": _rows(analysis.phases),
        "workers": _rows(analysis.workers.rename_axis("worker").reset_index()),
        "client_limited": analysis.late,
        "doubts": _doubts(analysis, told),
        "damage": [{"what": key.removeprefix("damage."), "count": count} for key, count in run.damage],
        "slo": _slo(analysis),
        "search": [_search(found) for found in analysis.searches],
        "replay": _replay(analysis),
        "quota": _quota(analysis),
        "account": account.tree(run),
        "cost": _cost(analysis),
    }


def _by_length(analysis: Analysis) -> dict[str, Any] | None:
    found = analysis.lengths
    return {"by_input": _rows(found.by_input), "cells": _rows(found.cells)} if found else None


def _doubts(analysis: Edition, told: Sequence[str]) -> list[dict[str, Any]]:
    found = zip(analysis.doubts, told, strict=True)
    return [{"what": doubt.what, "values": dict(doubt.values), "text": text_} for doubt, text_ in found]


def _tokens(calls: pd.DataFrame) -> dict[str, int]:
    """Of all calls of the run, warm-up and drain too: those of which the service told."""
    return {name: int(calls[name].sum(skipna=True)) for name in TOKENS}


def _calls(calls: pd.DataFrame) -> list[dict[str, Any]]:
    texts = {name: calls[name].astype("str") for name in ("mode", "stop_reason", "worker")}
    return _rows(calls.assign(level=calls["key"], **texts)[list(CALL)])


def _with_load(analysis: Analysis, found: dict[str, Any]) -> dict[str, Any]:
    """A finding with its load under the name of its unit."""
    load = found.pop("load")
    is_rate = analysis.levels.unit == RATE
    return {**found, "users": None if is_rate else load, "rate_per_s": load if is_rate else None}


def _levels(analysis: Analysis) -> list[dict[str, Any]]:
    table = analysis.figures.join(analysis.quota.table)
    if analysis.gate is not None:
        table = table.join(analysis.gate.goodput)
    if analysis.cost is not None:
        table = table.join(analysis.cost.table.add_prefix("cost_"))
    completed = table["completed"].map({"true": True, "false": False}).astype("object")
    is_rate = table["unit"] == RATE
    loads = {"users": table["load"].mask(is_rate), "rate_per_s": table["load"].where(is_rate)}
    table = table.assign(completed=completed, **loads).drop(columns=["load", "unit", "trial"])
    table.loc[_of_several_modes(analysis), list(ARRIVALS)] = math.nan
    return _rows(table.copy().rename_axis("level").reset_index())


def _caching(analysis: Analysis) -> dict[str, Any] | None:
    found = analysis.caching
    if found is None:
        return None
    plain_values = {name: value for name, value in vars(found).items() if name != "table"}
    return {**plain_values, "levels": _rows(found.table.rename_axis("level").reset_index())}


def _slo(analysis: Analysis) -> dict[str, Any] | None:
    gate = analysis.gate
    if gate is None:
        return None
    levels = {
        key: {"met": gate.met(key), "checks": [asdict(check) for check in checks]}
        for key, checks in gate.checks.items()
    }
    failed = gate.failed(analysis.figures)
    return {"asked": asdict(gate.slo), "passed": analysis.gate_passed, "failed": failed, "levels": levels}


def _of_several_modes(analysis: Analysis) -> list[str]:
    """The rows of levels in which calls of both modes were made: each has a row for each mode."""
    return [str(key) for key in analysis.figures.index[analysis.figures["name"].duplicated(keep=False)]]


def _arrivals(analysis: Analysis) -> list[dict[str, Any]]:
    """The arrivals of each level. What became of them is known of a level: not of each mode, where it has several."""
    found = analysis.arrivals.astype(dict.fromkeys(COUNTS, "float64"))
    found.loc[found.index.isin(_of_several_modes(analysis)), list(COUNTS)] = math.nan
    return _rows(found.rename_axis("level").reset_index())


def _arrivals_by_level(analysis: Analysis) -> list[dict[str, Any]]:
    """What became of the arrivals of each level, whatever their modes."""
    found = analysis.arrivals[list(COUNTS)].assign(name=analysis.figures["name"].reindex(analysis.arrivals.index))
    return _rows(found.drop_duplicates("name")[["name", *COUNTS]])


def _search(found: Search) -> dict[str, Any]:
    """A search, with what follows from it."""
    return {**asdict(found), "outcome": found.outcome, "is_close": found.is_close, "passed": found.met is not None}


def _replay(analysis: Analysis) -> dict[str, Any] | None:
    """The calls of a trace beside those of the run."""
    found = analysis.replay
    if found is None:
        return None
    beside = {name: asdict(getattr(found, name)) for name in ("input_tokens", "output_tokens", "latency_ms")}
    return {**vars(found), **beside, "over_time": _rows(found.over_time)}


def _quota(analysis: Analysis) -> dict[str, Any]:
    quota = analysis.quota
    return {
        **{f"{name}_per_minute": quota.per_minute.get(name) for name in ("requests", "tokens")},
        **{f"{name}_tokens_per_minute": quota.per_minute.get(name) for name in ("input", "output")},
        "output_burndown": quota.output_burndown,
        "max_tokens": quota.max_tokens,
        "together": dict(quota.together),
        "forecasts": [_with_load(analysis, asdict(found)) for found in analysis.forecasts],
    }


def _cost(analysis: Analysis) -> dict[str, Any] | None:
    cost = analysis.cost
    return {"currency": cost.currency, "total": cost.total, "calls_unknown": cost.unknown} if cost else None


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def plain(value: Any) -> Any:
    """The value in JSON's own types; NaN and infinity become null."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, str | bool) or value is None:
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    if number == int(number) and abs(number) < 1e15:
        return int(number)
    return number if abs(number) >= 1e9 else float(f"{number:.{DIGITS}g}")
