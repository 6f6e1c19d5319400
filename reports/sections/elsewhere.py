"""What the short report leaves out: its settings in a line, and where the rest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import code, join
from reports.numbers.account import looked_up
from reports.sections.configuration import in_words, made_with, with_source
from reports.sections.words import section_of_load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.edition import Edition

SHOWN = ("endpoint", "test.", "workload.", "model.api", "model.endpoint", "model.quota", "model.tokens")
"""The settings that decide what was measured, by how their names begin, beside those of the load."""


def elsewhere(analysis: Edition, left_out: Sequence[str], files: Sequence[str]) -> str:
    """The settings that were not left at nothing, and the sections that only other files have."""
    say = analysis.say
    titles = [part.split("\n", 1)[0].lstrip("# ") for part in left_out if part]
    if not titles:
        return ""
    places, sections = say.listing([code(name) for name in files]), say.listing(titles)
    return join(_settings(analysis), say("elsewhere", files=places, sections=sections) if files else "")


def _settings(analysis: Edition) -> str:
    say, run = analysis.say, analysis.run
    rows = made_with(analysis)
    found = looked_up(run)
    told = [
        f"{code(key)} {with_source(say, code(in_words(say, key, value), longest=80), is_found=key in found)}"
        for key, value in rows.items()
        if key.startswith((*SHOWN, f"{section_of_load(analysis)}.")) and value not in (None, "", {}, [])
    ]
    return say("elsewhere.settings", settings=say("list.comma").join(told)) if told else ""
