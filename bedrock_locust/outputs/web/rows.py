"""The figures of a run as rows of a table: one per level, one per category of failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.errors import remedy
from bedrock_locust.live.health import lost
from bedrock_locust.live.output import ROWS_WITHIN_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bedrock_locust.arrivals.counts import Fate
    from bedrock_locust.histogram import Histogram
    from bedrock_locust.live.health import Cause, Health, LevelHealth
    from bedrock_locust.live.tally import LevelTally, Tally

MOST_ROWS = 500
"""Levels that are shown; of more, the last ones."""
UNKNOWN = "\N{EN DASH}"

LEVEL_COLUMNS: tuple[tuple[str, str], ...] = (
    ("level", "Level"),
    ("load", "Load"),
    ("calls", "Calls"),
    ("success", "Success (%)"),
    ("requests_per_s", "Requests/s"),
    ("tokens_per_s", "Output tokens/s"),
    ("ttft_p50", "TTFT P50 (ms)"),
    ("ttft_p95", "TTFT P95 (ms)"),
    ("ttft_p99", "TTFT P99 (ms)"),
    ("tpot_p50", "TPOT P50 (ms)"),
    ("latency_p50", "Latency P50 (ms)"),
    ("latency_p95", "Latency P95 (ms)"),
    ("latency_p99", "Latency P99 (ms)"),
    ("client", "Client health"),
)
FAILURE_COLUMNS: tuple[tuple[str, str], ...] = (
    ("level", "Level"),
    ("category", "Category"),
    ("code", "AWS code and message of the first"),
    ("calls", "Calls"),
    ("remedy", "What to do"),
)


class LevelRows:
    """The rows of the levels of a run; those that nothing happens in any more are not computed again."""

    def __init__(self, tally: Tally, health: Health, arrivals: Callable[[str], Fate | None] = lambda _: None) -> None:
        """`arrivals` says what has become of the arrivals of a level; None in a closed loop."""
        self._tally, self._health, self._arrivals = tally, health, arrivals
        self._known: dict[str, tuple[Any, dict[str, Any]]] = {}

    def rows(self, now: float) -> list[dict[str, Any]]:
        """A row per level, in their order; a single one for a run without levels. `now` ends an open window."""
        if not self._tally.levels:
            total = self._tally.total
            return [self._row("all calls", total, self._tally.timeline.rates(now))] if total.calls else []
        return [self._level(name, level, now) for name, level in list(self._tally.levels.items())[-MOST_ROWS:]]

    def _level(self, name: str, level: LevelTally, now: float) -> dict[str, Any]:
        about = level.level
        measured_from, measured_to = (about.measured_from, about.measured_to) if about else (None, None)
        window = (measured_from, measured_to or now) if measured_from else None
        open_calls = 0 if measured_to else self._tally.total.calls
        fate = self._arrivals(name) if about and about.rate_per_s else None
        is_over = measured_to is not None and now >= measured_to + ROWS_WITHIN_S
        health = client_health(self._health.levels.get(name), lost(fate) if is_over else [])
        state = (level.calls, window, open_calls, health, fate)
        known = self._known.get(name)
        if known is None or known[0] != state:
            row = self._row(name, level, level.rates()) | {"client": health} | (_arrived(fate, level) if fate else {})
            known = self._known[name] = (state, row)
        return known[1]

    def _row(self, name: str, level: LevelTally, rates: tuple[float, float] | None) -> dict[str, Any]:
        requests_per_s, tokens_per_s = (UNKNOWN, UNKNOWN) if rates is None else map(significant, rates)
        return {
            "level": name,
            "load": level.level.load_in_words if level.level else UNKNOWN,
            "calls": level.calls,
            "success": success(level),
            "requests_per_s": requests_per_s,
            "tokens_per_s": tokens_per_s,
            **_percentiles("ttft", level.ttft_ms, (50, 95, 99)),
            **_percentiles("tpot", level.tpot_ms, (50,)),
            **_percentiles("latency", level.latency_ms, (50, 95, 99)),
            "client": client_health(self._health.levels.get(name)),
        }


def _arrived(fate: Fate, level: LevelTally) -> dict[str, Any]:
    """What only a level of an open loop has."""
    counts = [f"{count:,} {what}" for what, count in fate._asdict().items()]
    return {
        "arrivals": ", ".join(counts),
        **_percentiles("lateness", level.lateness_ms, (50, 99)),
        **({"with_arrival": level.arrived} if level.arrived else {}),
        **_percentiles("scheduled_ttft", level.scheduled_ttft_ms, (95,)),
        **_percentiles("scheduled_latency", level.scheduled_latency_ms, (95,)),
    }


def failure_rows(tally: Tally) -> list[dict[str, Any]]:
    """A row per category of failure: in the level that had the most of it, and the calls of the whole run."""
    rows = []
    for category, count in tally.total.errors.most_common():
        where = _worst_level(tally.levels, category)
        example = tally.total.examples[category].strip(": ")
        rows.append(
            {
                "level": where,
                "category": category,
                "code": example,
                "calls": count,
                "remedy": remedy(category, example),
            }
        )
    return rows


def success(level: LevelTally) -> float | str:
    """Successes in percent of the calls that ended by themselves; 100 only if none failed."""
    ended = level.ok + level.failed
    if not ended:
        return UNKNOWN
    share = 100 * level.ok / ended
    return min(99.99, round(share, 2)) if level.failed else 100


def client_health(health: LevelHealth | None, lost: Sequence[Cause] = ()) -> str:
    """Whether the client may have bent the figures of a level, and why; else the CPU use of the busiest process."""
    if causes := [*(health.causes() if health else []), *lost]:
        return f"limited: {'; '.join(map(str, causes))}"
    if health is None:
        return UNKNOWN
    used = [process.cpu_percent for process in health.workers.values() if process.cpu_percent is not None]
    return f"good, {max(used):.0f} % CPU" if used else "good"


def significant(value: float) -> float:
    """Three significant digits, and never fewer than the whole number has."""
    return round(value) if value >= 100 else float(f"{value:.3g}")


def _percentiles(name: str, sketch: Histogram, percents: tuple[int, ...]) -> dict[str, Any]:
    values = {f"{name}_p{percent}": sketch.quantile(percent / 100) for percent in percents}
    return {key: UNKNOWN if value is None else significant(value) for key, value in values.items()}


def _worst_level(levels: Mapping[str, LevelTally], category: str) -> str:
    counts = {name: level.errors[category] for name, level in levels.items() if level.errors[category]}
    if not counts:
        return UNKNOWN
    worst = max(counts, key=lambda name: counts[name])
    return worst if len(counts) == 1 else f"{worst} and {len(counts) - 1} more"
