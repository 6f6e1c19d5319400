"""What the live panel shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bedrock_locust.level import Load
from bedrock_locust.outputs.console.times import followed, times
from bedrock_locust.outputs.progress import Progress
from bedrock_locust.process.clock import clock
from bedrock_locust.settings.plan import counted, length_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.histogram import Histogram
    from bedrock_locust.level import Level
    from bedrock_locust.live.output import State
    from bedrock_locust.live.tally import LevelTally, Tally

PERCENTS = (50, 95, 99)
RATE_S = 10
"""Rates are those of this many seconds."""
LATE_S = 3
UNKNOWN = "\N{EN DASH}"
MOST_FAILURES = 5
SIMULATED = " (local simulator)"
"""Beside the title of a run that is not one of AWS, so that no picture of a panel lies."""


@dataclass(frozen=True)
class Picture:
    """The panel of a run with these levels; None for a run without levels."""

    levels: Sequence[Level] | None
    simulated: bool = False

    def draw(self, tally: Tally, state: State, spent: str = "", now: float | None = None) -> RenderableType:
        """Where the run is, what it has cost, how fast it is `now`, how long calls of this level take, what failed."""
        level = state.level
        now = clock.wall_at() if now is None else now
        current = tally.levels[level.key] if level else tally.total
        return Panel(
            Group(
                self._where(tally, level, now),
                Text(),
                _now(tally, current if level else None, state, spent, now),
                _times(current),
                *_failures(current),
            ),
            title=f"Bedrock load test{SIMULATED if self.simulated else ''}",
            title_align="left",
            box=box.ROUNDED,
            padding=(0, 1),
        )

    def _where(self, tally: Tally, level: Level | None, now: float) -> RenderableType:
        if level is None or not self.levels:
            return Text(f"{counted(tally.total.calls, 'call')} in {length_in_words(now - tally.timeline.started_at)}")
        progress = Progress.of(level, len(tally.levels), self.levels, now)
        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        title = Text.assemble((f"{progress.place}  ", "bold"), level.title)
        length_s = progress.whole_s
        bar = Text() if length_s is None else ProgressBar(total=length_s, completed=progress.done_s)
        grid.add_row(title, bar, str(progress))
        return grid


def _now(tally: Tally, level: LevelTally | None, state: State, spent: str, now: float) -> RenderableType:
    # Rows of a worker come a few seconds late.
    until = now - LATE_S
    since = max(tally.timeline.started_at, until - RATE_S)
    seconds = tally.seconds
    grid = Table.grid(padding=(0, 3))
    grid.add_row("Whole run", *_calls(tally.total), spent)
    if level:
        grid.add_row("This level", *_calls(level), "")
    in_flight = UNKNOWN if state.in_flight is None else counted(state.in_flight, "call")
    most = f"of at most {state.level.max_in_flight:,}" if state.level and state.level.max_in_flight else ""
    grid.add_row("In flight", in_flight, most or f"of {Load(state.users)}", "", "")
    if fate := state.arrivals:
        dropped = Text(f"{fate.dropped:,} dropped", style="bold red" if fate.dropped else "")
        grid.add_row("Arrivals", f"{fate.due:,} due", f"{fate.made:,} made", dropped, "")
    requests = f"{seconds.calls_per_s(since, until):,.1f} requests/s"
    grid.add_row(f"Last {RATE_S} s", requests, f"{seconds.tokens_per_s(since, until):,.0f} output tokens/s", "", "")
    return grid


def _calls(tally: LevelTally) -> tuple[str, str, Text]:
    failed = Text(f"{tally.failed:,} failed", style="bold red" if tally.failed else "")
    return counted(tally.calls, "call"), f"{tally.ok:,} ok", failed


def _times(level: LevelTally) -> RenderableType:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("ms, of successes")
    for percent in PERCENTS:
        table.add_column(f"P{percent}", justify="right", min_width=9)
    for title, sketch in times(level):
        table.add_row(title, *(_ms(sketch, percent) for percent in PERCENTS))
    note = followed(level)
    return Group(table, Text(note, style="dim")) if note else table


def _ms(sketch: Histogram, percent: int) -> str:
    value = sketch.quantile(percent / 100)
    return UNKNOWN if value is None else f"{value:,.1f}"


def _failures(level: LevelTally) -> list[RenderableType]:
    if not level.errors:
        return []
    shown = level.errors.most_common(MOST_FAILURES)
    grid = Table.grid(padding=(0, 3))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    # The message is one of the service or of a proxy: shown as it is, without rich's markup, on one line.
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for category, count in shown:
        grid.add_row(Text(category), f"{count:,}", Text(_printable(level.examples[category])))
    return [grid]


def _printable(text: str) -> str:
    """Without the control characters that would command the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
