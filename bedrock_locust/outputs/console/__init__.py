"""The run on the console: header, progress, a block for each level, where the report is."""

from __future__ import annotations

import contextlib
import json
import shutil
import textwrap
import time
from typing import TYPE_CHECKING, TextIO

from bedrock_locust.level import loads_in_words
from bedrock_locust.outputs.console.times import followed, times
from bedrock_locust.settings.sizes import sizes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bedrock_locust.arrivals.counts import Fate
    from bedrock_locust.histogram import Histogram
    from bedrock_locust.level import Level
    from bedrock_locust.live.health import Cause
    from bedrock_locust.live.output import Outcome, State
    from bedrock_locust.live.tally import LevelTally, Tally
    from bedrock_locust.settings.plan import Plan
    from bedrock_locust.settings.schema import Settings

WIDTH = 80
NARROWEST = 40
"""Columns that the conclusion is given at least."""
PERCENTILES = (0.5, 0.95, 0.99)
MOST_LOADS = 12
"""Loads that are all named; of more, the first three and the last."""


def write(text: str, stream: TextIO | None = None) -> None:
    """Print it, by default to standard output, if that can be."""
    with contextlib.suppress(OSError):
        print(text, file=stream, flush=True)


def header(settings: Settings, *, endpoint: str, levels: Sequence[Level], plan: Plan | None) -> str:
    """What is about to run, what it may cost, and where it is expected to be throttled."""
    behind = f" ({settings.model.base_model})" if settings.model.base_model else ""
    lines = [("Model", f"{settings.model.id}{behind}"), ("Endpoint", endpoint)]
    if plan:
        first, *more = plan.lines()
        lines += [
            *_requests(settings, levels),
            ("Levels", _levels(levels, plan)),
            ("Plan", f"{first}; {more[0]}"),
        ]
        lines += [("", line) for line in more[1:]]
    return "\n".join(["=" * WIDTH, "Bedrock load test", *(f"  {k:<9} {v}" for k, v in lines), "=" * WIDTH])


def _requests(settings: Settings, levels: Sequence[Level]) -> list[tuple[str, str]]:
    """What the stock users ask for."""
    test, size = settings.test, sizes(settings)
    modes = list(dict.fromkeys(level.mode_in_words for level in levels))
    temperature = "not sent" if test.temperature is None else f"{test.temperature:g}"
    unique = ", unique" if test.unique_prompts and not _has_file(settings) else ""
    unlimited = " where a record has no limit" if _has_file(settings) else ""
    return [
        ("Modes", f"{' and '.join(modes)}, api {settings.model.api}{_endpoint(settings)}"),
        ("Prompt", f"{size.prompt_in_words(settings)}{unique}"),
        ("Answer", f"at most {size.most_limit:,} tokens{unlimited}, temperature {temperature}"),
    ]


def _has_file(settings: Settings) -> bool:
    return bool(settings.file_of_requests)


def _endpoint(settings: Settings) -> str:
    """The endpoint, where it is not the one that all models have."""
    return " on bedrock-mantle" if settings.model.endpoint == "mantle" else ""


def _levels(levels: Sequence[Level], plan: Plan) -> str:
    """The loads and the lengths of the levels, of a search at most, of a replay on average."""
    words = [f"{loads_in_words(levels, MOST_LOADS)}{' on average' if plan.replay else ''}"]
    if len(lengths := {level.duration_s for level in levels}) == 1 and (length := lengths.pop()) is not None:
        at_most = "at most " if plan.search is not None else ""
        words.append(f"{at_most}{round(length, 2):g} s{'' if plan.replay else ' each'}")
    if len(warmups := {level.warmup_s for level in levels}) == 1 and (warmup := warmups.pop()):
        words.append(f"after {warmup:g} s of warm-up")
    return ", ".join(words)


def progress(tally: Tally, state: State) -> str:
    """One line: the totals, the calls in flight, and the rates since the last line."""
    total, recent, level = tally.total, tally.interval(), state.level
    where = f"{level.key} {level.phase:<7}" if level else "running"
    rates = (
        f"{recent.ok / recent.seconds:,.1f} requests/s, {recent.output_tokens / recent.seconds:,.0f} output tokens/s"
    )
    in_flight = "" if state.in_flight is None else f", {state.in_flight:,} in flight"
    noun = "call" if total.calls == 1 else "calls"
    return (
        f"  {time.strftime('%H:%M:%S')}  {where}  {total.calls:,} {noun}, {total.ok:,} ok, {total.failed:,} failed"
        f"{in_flight} | {rates}"
    )


def _title(tally: Tally, level: Level) -> str:
    """Group and load; of a load that the group had before, as in a search that repeats it, which time it is."""
    alike = [other for one in tally.levels.values() if (other := one.level) and other.title == level.title]
    number = [other.key for other in alike].index(level.key) + 1 if level in alike else 1
    return level.title if number == 1 else f"{level.title} (try {number})"


def level_block(
    tally: Tally,
    name: str,
    client_limits: Sequence[Cause] = (),
    disturbances: Sequence[str] = (),
    arrivals: Fate | None = None,
) -> str:
    """The results of a level, why the client may have affected them, and what happened to workers and arrivals."""
    level = tally.levels[name]
    about = level.level
    cut_off = f", {level.cancelled:,} cut off" if level.cancelled else ""
    lines = [
        "",
        f"[{_title(tally, about) if about else name}]",
        f"  Calls       {level.calls:,}: {level.ok:,} ok ({_share(level)}), {level.failed:,} failed{cut_off}",
    ]
    if arrivals:
        counts = (
            f"{arrivals.due:,} due, {arrivals.made:,} made, {arrivals.dropped:,} dropped, {arrivals.missed:,} missed"
        )
        lines.append(f"  Arrivals    {counts}")
    if (rates := level.rates()) and about and about.measured_from and about.measured_to:
        seconds = about.measured_to - about.measured_from
        lines.append(f"  Throughput  {rates[0]:,.2f} requests/s, {rates[1]:,.0f} output tokens/s in {seconds:.0f} s")
    lines.append(f"  Tokens      {level.input_tokens:,} in, {level.output_tokens:,} out")
    lines += _times(level)
    lines += [f"  {category:<24}{count:,}" for category, count in level.errors.most_common()]
    if client_limits:
        advice = _advice(client_limits, is_disturbed=bool(disturbances))
        lines.append(f"  CLIENT-LIMITED: {'; '.join(map(str, client_limits))}. {'. '.join(advice)}".rstrip())
    if disturbances:
        what = (
            "its arrivals of that time were missed"
            if arrivals
            else "for some seconds users were fewer, or more, than asked for"
        )
        lines.append(f"  DISTURBED: {'; '.join(disturbances)}: {what}")
    return "\n".join(lines)


def _advice(causes: Sequence[Cause], *, is_disturbed: bool) -> list[str]:
    """What to do about causes in the client. Arrivals that went with a worker need no more of them."""
    what = {cause.what for cause in causes}
    found = ["Raise arrivals.max_in_flight"] if "arrivals_dropped" in what else []
    needs_workers = what - {"arrivals_dropped", *(["arrivals_missed"] if is_disturbed else [])}
    return [*found, "Use more workers: --processes, or more machines"] if needs_workers else found


def farewell(outcome: Outcome) -> str:
    """How the run ended, where everything is, and whether all rows of the workers are in it."""
    lines = ["", "=" * WIDTH, f"Run {outcome.ended}: {outcome.reason}"]
    lines += [f"  {'' if number else 'Rows':<10}  {row}" for number, row in enumerate(outcome.rows)]
    if conclusion := _conclusion(outcome):
        lines += ["", *conclusion, ""]
    lines.append(f"  Run folder  {outcome.path}")
    lines += [f"  {'' if number else 'Report':<10}  {path}" for number, path in enumerate(_reports(outcome))]
    return "\n".join([*lines, "=" * WIDTH])


def _conclusion(outcome: Outcome) -> list[str]:
    """What the report concludes, as wide as the terminal; empty where there is no report."""
    if outcome.report is None:
        return []
    try:
        found = json.loads((outcome.path / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    said = found.get("summary", []) if isinstance(found, dict) else []
    width = max(shutil.get_terminal_size((WIDTH, 24)).columns - 1, NARROWEST)
    return [part for line in said for part in _wrapped(str(line), width)]


def _wrapped(line: str, width: int) -> list[str]:
    line = "".join(character if character.isprintable() else " " for character in line)
    return textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="    " if line[:2] == "- " else "  ")


def _reports(outcome: Outcome) -> list[Path]:
    """The report, and its page where it has one."""
    if outcome.report is None:
        return []
    page = outcome.report.with_suffix(".html")
    return [outcome.report, *([page] if page != outcome.report and page.exists() else [])]


def _share(level: LevelTally) -> str:
    ended = level.ok + level.failed
    return f"{100 * level.ok / ended:.2f} %" if ended else "none ended"


def _times(level: LevelTally) -> list[str]:
    """A small table of percentiles, if there was a success in the window."""
    if not level.latency_ms.count:
        return []
    head = f"  {'ms':<16}{'mean':>10}{'P50':>10}{'P95':>10}{'P99':>10}"
    of = f"  ({note})" if (note := followed(level)) else ""
    rows = [_row(title, sketch) for title, sketch in times(level) if sketch.count]
    return [head, *rows, *filter(None, [of])]


def _row(title: str, sketch: Histogram) -> str:
    figures = [sketch.mean, *(sketch.quantile(p) for p in PERCENTILES)]
    return f"  {title:<16}" + "".join(f"{figure:>10,.1f}" for figure in figures)
