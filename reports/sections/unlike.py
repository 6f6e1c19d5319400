"""In what runs differ besides what is compared: a difference may come from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import code
from reports.sections.configuration import in_words

if TYPE_CHECKING:
    from reports.edition import Edition
    from reports.sections.compared import Compared

WORK = (
    *("test.prompt_size", "test.prompt_template", "test.unique_prompts", "test.max_tokens", "test.temperature"),
    *("workload.file", "workload.cache", "workload.order", "workload.shared_prefix_tokens", "workload.prefixes"),
    *("test.transport", "concurrency.warmup_seconds", "concurrency.duration_seconds"),
)
"""Settings that make a call, or how it is measured, another one."""


def unlike(compared: Compared) -> str:
    """One sentence that names them with their values; empty if the runs are alike in them."""
    say, runs = compared.say, compared.runs
    settings = {run: analysis.settings for run, analysis in runs.items()}
    found = []
    for name in WORK:
        values = {run: in_words(say, name, own[name]) if name in own else "" for run, own in settings.items()}
        if "" not in values.values() and len(set(values.values())) > 1:
            listed = say.listing([say("compare.of_run", value=code(value), run=run) for run, value in values.items()])
            found.append(say("compare.unlike_one", name=code(name), values=listed))
    places = {run: say(f"compare.at_{_place(analysis)}") for run, analysis in runs.items()}
    if len(set(places.values())) > 1:
        listed = say.listing([say("compare.of_run", value=place, run=run) for run, place in places.items()])
        found.append(say("compare.unlike_place", values=listed))
    return say("compare.unlike", settings=say("list.semicolon").join(found)) if found else ""


def _place(analysis: Edition) -> str:
    """`simulator`, `aws` or `elsewhere`: figures of the one say nothing of the other."""
    return "elsewhere" if analysis.place == "here" else analysis.place
