"""How to read the numbers, in a few lines; docs/metrics.md has all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition


def method(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The definitions."""
    if analysis.run.calls.empty:
        return ""
    say, kind = analysis.say, "method.levels" if analysis.levels.shaped else "method.names"
    return section(say("method"), f"{say('method.always')}\n{say(kind)}")
