"""What the live views show of the latest run: one answer for all that look at it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from bedrock_locust.live.output import ROWS_WITHIN_S
from bedrock_locust.outputs.progress import Progress
from bedrock_locust.outputs.web.past_runs import REPORTS
from bedrock_locust.outputs.web.rows import MOST_ROWS, failure_rows
from bedrock_locust.process.clock import clock
from bedrock_locust.settings.plan import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_locust.live.output import RunView
    from bedrock_locust.outputs.web.runs import Runs

MOST_LABELS = 24
"""Levels of a chart that have a label; of more, none has."""
KEEP_S = 1.0
"""How long an answer serves all who ask."""


class Live:
    """The figures of the latest run, as they are now."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._kept: dict[str, tuple[float, str]] = {}

    def tables(self) -> str:
        """JSON of the rows of the tables in Locust's page."""
        return self._keep("tables", self._tables)

    def page(self) -> str:
        """JSON of all that the charts page shows."""
        return self._keep("page", self._page)

    def state(self) -> str:
        """JSON of how far the latest run is, in a line."""
        return self._keep("state", self._state)

    def _state(self) -> dict[str, Any]:
        run = self._runs.latest
        return {"run": None} if run is None else {"run": self._told(run)}

    def _told(self, run: RunView) -> dict[str, Any]:
        """The run as the bar and the live page tell of it."""
        told = about(run)
        report = "report.md" if "report.md" in told["reports"] else ""
        return {**told, "line": line(run, self._runs.spent, clock.wall_at()), "report": report}

    def _keep(self, name: str, make: Any) -> str:
        now = time.monotonic()
        at, text = self._kept.get(name, (-KEEP_S, ""))
        if now - at >= KEEP_S:
            text = json.dumps(make(), allow_nan=False, separators=(",", ":"))
            self._kept[name] = (now, text)
        return text

    def _tables(self) -> list[dict[str, Any]]:
        run, rows = self._runs.latest, self._runs.level_rows
        if run is None or rows is None:
            return [{"key": "bedrock", "data": []}, {"key": "bedrock-failures", "data": []}]
        return [
            {"key": "bedrock", "data": _named(rows.rows(_now(run)))},
            {"key": "bedrock-failures", "data": _named(failure_rows(run.tally))},
        ]

    def _page(self) -> dict[str, Any]:
        run, rows = self._runs.latest, self._runs.level_rows
        if run is None or rows is None:
            return {"run": None}
        tally, now = run.tally, _now(run)
        return {
            "run": self._told(run),
            "width_s": tally.timeline.width_s,
            "points": list(tally.timeline.points(now, running=run.ended_at is None)),
            "failures": list(tally.timeline.failures()),
            "levels": list(_levels(run, now)),
            "rows": rows.rows(now),
            "failed": failure_rows(tally),
        }


def line(run: RunView, spent: str, now: float) -> str:
    """Level, time left, calls, failures and cost of a run that goes on, or what became of it."""
    total, levels = run.tally.total, list(run.tally.levels.values())
    level = levels[-1].level if levels and run.levels else None
    words = [counted(total.calls, "call"), f"{total.failed:,} failed", *([spent] if spent else [])]
    if run.state != "running":
        return "; ".join([f"Run {run.state}", ", ".join(words)])
    if level is None or not run.levels:
        return ", ".join(words)
    progress = Progress.of(level, len(levels), run.levels, now)
    return "; ".join([f"{progress.place}: {level.title}", str(progress), ", ".join(words)])


def model_in_words(info: Mapping[str, Any]) -> str:
    """The model of a run, and that it was simulated, so that no picture of a page lies."""
    model = str(info["settings"]["model"]["id"])
    return f"{model} (local simulator)" if info.get("simulator") is True else model


def about(run: RunView) -> dict[str, Any]:
    """A run in a list."""
    total = run.tally.total
    return {
        "name": run.path.name,
        "state": run.state,
        "reason": run.reason or run.trouble,
        "model": model_in_words(run.info),
        "endpoint": run.info["endpoint"],
        "simulator": run.info.get("simulator") is True,
        "started_at": run.info["started_at"],
        "ended_at": run.ended_at,
        "calls": total.calls,
        "failed": total.failed,
        "levels": len(run.tally.levels),
        "levels_planned": run.info["levels_planned"],
        "reports": [name for name in REPORTS if run.ended_at and (run.path / name).exists()],
    }


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with names of their order, by which Locust's page sorts them at first."""
    return [{"name": f"{number:04d}", **row} for number, row in enumerate(rows)]


def _levels(run: RunView, now: float) -> Iterator[dict[str, Any]]:
    tallies = list(run.tally.levels.values())[-MOST_ROWS:]
    levels = [tally.level for tally in tallies if tally.level]
    starts = [level.started_at or now for level in levels]
    for level, start, end in zip(levels, starts, [*starts[1:], now], strict=False):
        yield {
            "from": round(start * 1000),
            "to": round(max(start, end) * 1000),
            "level": level.key,
            "mode": level.mode_in_words,
            "load": level.load_in_words,
            "label": level.short_load if len(levels) <= MOST_LABELS else "",
        }


def _now(run: RunView) -> float:
    """Up to when the rows of a run should all be here."""
    return run.ended_at or clock.wall_at() - (0 if run.is_local else ROWS_WITHIN_S)
