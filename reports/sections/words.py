"""How the sections name a level, a percentile and a chart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reports.charts import knee, lengths, tokens
from reports.markdown import (
    UNKNOWN,
    Column,
    amount,
    bounds,
    bracketed,
    code,
    escape,
    number,
    numbers,
    percent,
    seconds,
    texts,
)
from reports.numbers.answers import EMPTY
from reports.numbers.percentiles import PERCENTS, is_open
from reports.numbers.ramp import RAMP
from reports.numbers.slo import LOAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from reports.edition import Edition
    from reports.numbers.slo import Check, Slo
    from reports.texts import Language

MARK, SHORT = "†", "‡"
BRACKETS = re.compile(rf"\d \([\d.,…]+{UNKNOWN}")
CHANGES = re.compile(r"\d \([-+][\d.,]+ … [-+]")
ALT_TEXTS = {"knee": knee.alt_text, "tokens": tokens.alt_text, "lengths": lengths.alt_text}
"""Of charts that do not always have the same panels."""
LOAD_SECTIONS = {"users": "concurrency", "rate": "arrivals"}
"""Unit of the load -> the section of its settings."""
SEARCH = "search"
"""The section where the load is one that a search tries."""
SLO_TEXTS = {"success_rate": "success", "min_tokens_per_s": "speed"}

API_NAMES = {
    "converse": "Converse",
    "invoke_model": "InvokeModel",
    "responses": "Responses",
    "chat_completions": "Chat Completions",
    "messages": "Messages",
}
"""API, as `Run.apis` has it -> its name in every language."""

API_SETTINGS = {"invoke_model": "invoke", "chat_completions": "chat"}
"""API, as `Run.apis` has it -> the value of `model.api` that makes such calls, where it has another name."""


LONGEST_REMEDY = 1000
"""Characters of a remedy that are shown. None of ours is as long; one of a run folder from outside may be."""


def remedy_words(remedy: str) -> str:
    """What to do about a category of failures, on one line."""
    return escape(remedy, LONGEST_REMEDY)


def api_words(say: Language, apis: Sequence[str], endpoint: str) -> str:
    """The APIs that were called, and the endpoint where it is bedrock-mantle; empty if none was called."""
    names = say.listing([API_NAMES.get(api, code(api)) for api in apis], longest=3)
    return say("title.mantle", api=names) if endpoint == "mantle" and names else names


def section_of_load(analysis: Edition) -> str:
    """The section of the settings with the load."""
    return SEARCH if analysis.searches else LOAD_SECTIONS[analysis.levels.unit]


def length_setting(analysis: Edition) -> str:
    """The setting that says how long a level lasts."""
    section = section_of_load(analysis)
    if section == "arrivals":
        if replays_whole_trace(analysis):
            return "arrivals.trace.file"
        for kind, setting in (("trace", "arrivals.trace.to"), ("profile", "arrivals.profile")):
            if analysis.run.get("settings", section, kind):
                return setting
    return f"{section}.duration_seconds"


def replays_whole_trace(analysis: Edition) -> bool:
    """Whether all of a trace is replayed: no setting makes this longer."""
    trace = analysis.run.get("settings", "arrivals", "trace")
    return (
        bool(trace)
        and section_of_load(analysis) == "arrivals"
        and analysis.run.number("settings", "arrivals", "trace", "to") is None
    )


def label(say: Language, row: pd.Series[Any], *, mode: bool = False) -> str:
    """A level in words: `12 users`, `2.5 requests/s`, or the name of the calls in a run without levels."""
    if row.isna()["load"]:
        name = code(str(row["name"]))
        return f"{say.mode(row['mode'])} {name}" if mode else name
    load = say.load(course(say, row) if row.notna()["rate_from_per_s"] else row["load"], row["unit"])
    if has_part(row):
        load = say(f"level.{part_noun(row)}", part=amount(row["part"]), rates=load)
    load = _tried(say, load, row)
    kind = " ".join(part for part in (say.mode(row["mode"]), code(str(row["group"]))) if part)
    return say("level.in" if has_part(row) else "level.at", mode=kind, load=load) if mode else load


def at(say: Language, row: pd.Series[Any]) -> str:
    """Where: `at 12 users`, `in part 2 (…)`, `with name`."""
    where = "at.part" if has_part(row) else "at.name" if row.isna()["load"] else "at.users"
    return say(where, level=label(say, row))


def has_part(row: pd.Series[Any]) -> bool:
    """Whether a level is a part of a profile of rates, or a step of a ramp."""
    return bool(row.notna()["part"])


def is_cut(row: pd.Series[Any]) -> bool:
    """Whether a level ended before its time, with something of it measured."""
    return bool(row["completed"] == "false" and row.notna()["window_s"])


def part_noun(row: pd.Series[Any]) -> str:
    """What a part is: a `step` of a ramp, or a `part` of a profile."""
    return "step" if row["kind"] == RAMP else "part"


def course(say: Language, row: pd.Series[Any]) -> str:
    """The rate at the start of a level of arrivals, and that at its end where it is another: `1 to 20`."""
    return say.span(load_number(row["rate_from_per_s"]), load_number(row["rate_to_per_s"]))


def level_names(say: Language, figures: pd.DataFrame) -> str:
    """Some levels in words."""
    return say.listing([label(say, row, mode=True) for _, row in figures.iterrows()])


def level_columns(say: Language, figures: pd.DataFrame, *, mode: bool = True) -> list[Column]:
    """The columns that say which level a row is: mode, and load or name."""
    modes = [texts(say("col.mode"), figures["mode"].map(say.mode))] if mode else []
    if (figures["group"] != "").any():
        modes.append(texts(say("col.group"), figures["group"].map(code)))
    if figures["rate_from_per_s"].notna().any():
        parts = (
            [numbers(say(f"col.{part_noun(figures.iloc[0])}"), figures["part"], amount)]
            if figures["part"].notna().any()
            else []
        )
        return [*modes, *parts, Column(say("col.rate"), [course(say, row) for _, row in figures.iterrows()])]
    if figures["load"].notna().any():
        loads = [_tried(say, load_number(row["load"]), row) for _, row in figures.iterrows()]
        return [*modes, Column(say(f"col.{figures['unit'].iloc[0]}"), loads)]
    return [*modes, texts(say("col.name"), figures["name"].map(code))]


def _tried(say: Language, load: str, row: pd.Series[Any]) -> str:
    """A load with the number of its level, where several of a group have it: `7 users (try 2)`."""
    return say("level.trial", load=load, number=amount(row["trial"])) if row.notna()["trial"] else load


def load_column(say: Language, loads: Iterable[Any], unit: str) -> Column:
    """The loads of levels, under a title with their unit."""
    return Column(say(f"col.{unit}"), [load_number(load) for load in loads])


def load_number(load: Any) -> str:
    """A load without its unit."""
    return f"{load:,.6g}" if load < 1e6 else amount(load)


def statistics(
    figures: pd.DataFrame,
    metric: str,
    form: Callable[[Any], str] = number,
    percents: Sequence[float] = PERCENTS,
    *,
    interval: bool = False,
) -> list[Column]:
    """Columns P50, P95, P99, or others, of a metric; shaky ones marked; with their intervals if asked for."""
    return [
        Column(
            f"P{point:g}",
            [percentile(row, metric, point, form, interval=interval) for _, row in figures.iterrows()],
        )
        for point in percents
    ]


def percentile(
    row: pd.Series[Any], metric: str, point: float, form: Callable[[Any], str] = number, *, interval: bool = False
) -> str:
    """One percentile of a level, marked if its interval does not close."""
    column = f"{metric}_p{point:g}"
    text = value(row, column, form)
    if text == UNKNOWN:
        return text
    sides = bounds(row[f"{column}_low"], row[f"{column}_high"], form) if interval else ""
    text = bracketed(text, sides)
    return f"{text} {MARK}" if is_open(row, column) else text


def value(row: pd.Series[Any], column: str, form: Callable[[Any], str] = number) -> str:
    """A percentile of a level; `> 3.00` where only a lower bound is known."""
    text = form(row[column])
    return f"> {text}" if text != UNKNOWN and row.get(f"{column}_longer", 0) else text


def reason(say: Language, stop_reason: str) -> str:
    """Why an answer ended, as the service said, or that it was empty."""
    return say("answers.empty") if stop_reason == EMPTY else code(stop_reason)


def footnotes(say: Language, *blocks: str) -> str:
    """What the marks in these blocks mean."""
    notes = {MARK: "mark.shaky", SHORT: "mark.short", "| > ": "mark.longer", "  > ": "mark.longer"}
    found = list(dict.fromkeys(say(text) for mark, text in notes.items() if any(mark in block for block in blocks)))
    if any(BRACKETS.search(block) for block in blocks):
        found.append(say("mark.interval"))
    if any(CHANGES.search(block) for block in blocks):
        found.append(say("mark.change"))
    return "\n\n".join(found)


def chart(analysis: Edition, charts: Mapping[str, str], name: str) -> str:
    """The image of a chart, with what it shows in words; empty if it was not drawn."""
    if name not in charts:
        return ""
    words = ALT_TEXTS[name](analysis) if name in ALT_TEXTS else analysis.say(f"chart.{name}.alt")
    return f"![{words}]({charts[name]})"


def slo_words(say: Language, slo: Slo, mode: str = "streaming") -> str:
    """What is asked of levels of a mode: `TTFT P95 ≤ 800 ms, success ≥ 99 %`."""
    streams = mode == "streaming"
    shown = [
        say("slo.time", metric=say(f"metric.{metric}"), percentile=f"{slo.percentile:g}", limit=_time(metric, limit))
        for metric in (("ttft_ms", "tpot_ms", "latency_ms") if streams else ("latency_ms",))
        if (limit := getattr(slo, metric)) is not None
    ]
    if streams and slo.min_tokens_per_s is not None:
        shown.append(say("slo.speed", limit=f"{slo.min_tokens_per_s:g}", percentile=f"{slo.percentile:g}"))
    if slo.success_rate is not None:
        shown.append(say("slo.success", limit=f"{slo.success_rate:g}"))
    return say("list.comma").join(shown)


def failing_words(say: Language, slo: Slo, checks: list[Check]) -> str:
    """What was not held, with the figures."""
    return say("list.semicolon").join(_failing(say, slo, check) for check in checks if check.met is False)


def unmeasured_words(say: Language, slo: Slo, checks: list[Check]) -> str:
    """What could not be judged, and that the load was another one."""
    other = [load_words(say, check.value) for check in checks if check.criterion == LOAD]
    unknown = [check for check in checks if check.met is None and check.criterion != LOAD]
    partly = [say("slo.partly", what=say.listing(_names(say, slo, unknown)))] if unknown else []
    return say("list.clause").join([*other, *partly])


def load_words(say: Language, share: float) -> str:
    """That a level had only this percentage of the load that it asks for."""
    return say("slo.other_load", percent=percent(share / 100))


def _names(say: Language, slo: Slo, checks: list[Check]) -> list[str]:
    return [
        say("slo.of_speed")
        if check.criterion == "min_tokens_per_s"
        else say("slo.of_time", metric=say(f"metric.{check.criterion}"), percentile=f"{slo.percentile:g}")
        for check in checks
    ]


def _failing(say: Language, slo: Slo, check: Check) -> str:
    if check.criterion in SLO_TEXTS:
        text = percent(check.value / 100) if check.criterion == "success_rate" else number(check.value)
        return say(f"slo.failing_{SLO_TEXTS[check.criterion]}", value=text, limit=f"{check.limit:g}")
    metric, point = say(f"metric.{check.criterion}"), f"{slo.percentile:g}"
    text, limit = _time(check.criterion, check.value), _time(check.criterion, check.limit)
    if text == limit:
        text = _exact(check.criterion, check.value)
    text = f"> {text}" if check.longer else text
    return say("slo.failing_time", metric=metric, percentile=point, value=text, limit=limit)


def _time(metric: str, value_ms: float) -> str:
    """A time with the unit that the tables have for it."""
    return f"{seconds(value_ms)} s" if metric == "latency_ms" else f"{number(value_ms)} ms"


def _exact(metric: str, value_ms: float) -> str:
    """A time that the digits of the tables cannot tell from its limit."""
    return f"{value_ms / 1000:,.6g} s" if metric == "latency_ms" else f"{value_ms:,.6g} ms"


def _mark(row: pd.Series[Any], metric: str) -> str:
    return f" {MARK}" if is_open(row, f"{metric}_p95") else ""


def figures_there(analysis: Edition, row: pd.Series[Any], rate: str) -> str:
    """The telling figures of a level, in one line; the throughput, if it is to be told here, first."""
    say = analysis.say
    shown = [say("figure.rate", rate=rate)] if rate else []
    if row.notna()["speed_per_s"]:
        shown.append(say("figure.speed", speed=number(row["speed_per_s"])))
    if row["ttft_ms_count"] > 0:
        shown.append(
            say(
                "figure.ttft",
                p50=value(row, "ttft_ms_p50"),
                p95=value(row, "ttft_ms_p95"),
                mark=_mark(row, "ttft_ms"),
            )
        )
    else:
        p50, p95 = value(row, "latency_ms_p50", seconds), value(row, "latency_ms_p95", seconds)
        shown.append(say("figure.latency", p50=p50, p95=p95, mark=_mark(row, "latency_ms")))
    return say("list.comma").join(shown)


def rate_words(say: Language, rate: str, row: pd.Series[Any]) -> str:
    """The throughput of a level by the column `rate`, with its unit."""
    return say(f"unit.{rate}", rate=number(row[rate]))
