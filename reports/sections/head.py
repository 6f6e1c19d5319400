"""The first screen: what was tested, what came out, and whether to believe it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import Column, amount, code, escape, join, moment, number, plain, seconds, table, texts
from reports.numbers.percentiles import PERCENTS
from reports.sections.conclusion import conclusion
from reports.sections.trust import told
from reports.sections.words import api_words, chart, footnotes, label, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition

TIMES = (
    ("head.first_token", "ttft_ms", number),
    ("head.per_token", "tpot_ms", number),
    ("head.whole", "latency_ms", seconds),
)

ALIKE_S = 1.5
"""Levels that differ by less were meant to be as long: a shape looks at its clock once a second."""


def head(analysis: Edition, charts: Mapping[str, str]) -> str:
    """Title, conclusion, the level to run at in figures, trust, the chart that shows the limit."""
    best = _telling_level(analysis)
    return join(
        f"# {analysis.say('title', models=title(analysis))}",
        facts(analysis),
        *conclusion(analysis),
        best,
        footnotes(analysis.say, best),
        _trust(analysis),
        chart(analysis, charts, "knee"),
    )


def told_plainly(analysis: Edition) -> list[str]:
    """The conclusion and the trust in it as lines of plain text, for a terminal."""
    found = conclusion(analysis)
    paragraphs = [*found, footnotes(analysis.say, *found), _trust(analysis)]
    return [plain(line) for paragraph in paragraphs for line in paragraph.splitlines() if line.strip()]


def title(analysis: Edition) -> str:
    """The models, the region, and the API where it is not Converse."""
    say = analysis.say
    called = [_named(analysis, model) for model in analysis.run.model_ids if model]
    models = say.listing(called, longest=3) or say("unknown.model")
    region = analysis.run.text("settings", "aws", "region")
    where = say("title.region", models=models, region=escape(region)) if region else models
    named = say("title.api", where=where, api=api) if (api := _api(analysis)) else where
    return say("title.simulator", models=named) if analysis.place == "simulator" else named


def _named(analysis: Edition, model: str) -> str:
    """A model id, with the model behind it where it does not name it."""
    behind = analysis.run.behind(model)
    return analysis.say("title.behind", model=code(model), behind=code(behind)) if behind else code(model)


def _api(analysis: Edition) -> str:
    """The APIs that were called, and the endpoint; empty for Converse on bedrock-runtime, which all models have."""
    apis, endpoint = analysis.run.apis, analysis.run.text("settings", "model", "endpoint")
    if endpoint != "mantle" and apis in ([], ["converse"]):
        return ""
    return api_words(analysis.say, apis, endpoint)


def facts(analysis: Edition) -> str:
    """Date, length of the load, calls, workers and levels in one line."""
    run, say = analysis.run, analysis.say
    parts = [moment(run.started_at)] if run.started_at is not None else []
    if (load_s := analysis.levels.load_s) > 0:
        parts.append(say("facts.load", duration=say.duration(load_s)))
    parts.append(_calls(analysis))
    return say("list.comma").join([*parts, *_levels(analysis)])


def _calls(analysis: Edition) -> str:
    say, workers = analysis.say, list(analysis.workers.index)
    calls = say.noun(len(analysis.run.calls), "call")
    return (
        calls
        if workers in ([], ["local"])
        else say("facts.from", calls=calls, workers=say.noun(len(workers), "worker"))
    )


def _levels(analysis: Edition) -> list[str]:
    """How many levels, how long each was held, and the modes."""
    figures, say = analysis.figures, analysis.say
    if figures.empty:
        return []
    modes = say.listing([say.mode(mode) for mode in figures["mode"].unique()])
    if not analysis.levels.shaped:
        return [modes]
    # A level in which calls of both modes were made has two rows.
    levels = say.noun(figures["name"].nunique(), "level")
    cut = figures["name"][figures["completed"] == "false"].nunique()
    if held := _held(analysis):
        levels = say("facts.levels", levels=levels, duration=held)
    return [say("facts.cut", levels=levels, cut=amount(cut)) if cut else levels, modes]


def _held(analysis: Edition) -> str:
    """How long the levels were measured that were not cut short: one length, or the shortest and the longest."""
    whole = analysis.figures[analysis.figures["completed"] != "false"]["window_s"].dropna()
    if whole.empty:
        return ""
    low_s, high_s = float(whole.min()), float(whole.max())
    if high_s - low_s <= ALIKE_S:
        return analysis.say.duration(float(whole.median()))
    return analysis.say.span(analysis.say.duration(low_s), analysis.say.duration(high_s))


def _telling_level(analysis: Edition) -> str:
    """P50, P95 and P99 of the level to run at; of the first mode that has one, else of its best."""
    keys = [key for found in analysis.conclusions if (key := found.advised or found.best) is not None]
    if not keys:
        return ""
    row = analysis.level(keys[0])
    times = [time for time in TIMES if row[f"{time[1]}_count"] > 0]
    shown = [
        Column(f"P{point}", [percentile(row, metric, point, form) for _, metric, form in times]) for point in PERCENTS
    ]
    return table([texts(label(analysis.say, row, mode=True), [analysis.say(name) for name, _, _ in times]), *shown])


def _trust(analysis: Edition) -> str:
    say = analysis.say
    found = told(analysis)
    if found:
        lines = "\n".join(f"- {doubt}" for doubt in found)
        return join(say.paragraph([say("trust.question"), say("trust.but")]), lines)
    if not (analysis.figures["ok"] > 0).any():
        return ""
    most = analysis.workers["cpu_percent"].max()
    busiest = say("trust.busiest", percent=number(most)) if most >= 0 else ""
    return say.paragraph([say("trust.question"), say("trust.yes"), busiest])
