"""How a ramp went, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount
from reports.numbers.ramp import ramp
from reports.sections.words import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.edition import Edition
    from reports.numbers.conclusion import Conclusion
    from reports.numbers.ramp import Ramp


def ramped(analysis: Edition, found: Conclusion, name: str) -> Iterator[str]:
    """Whether the ramp of this group reached its rate, and where capacity lacked; nothing of other levels."""
    complete = analysis.run.text("ended") in {"", "complete"}
    own = ramp(analysis.figures.loc[analysis.of(found)], analysis.failures_by_level, complete=complete)
    if own is not None:
        yield _end(analysis, own, name)
        yield from _lacking(analysis, own)


def _end(analysis: Edition, own: Ramp, name: str) -> str:
    say = analysis.say
    text = "ramp.at_once" if own.end == "reached" and not own.halvings else f"ramp.{own.end}"
    target, halvings = say.load(own.target, "rate"), say.noun(own.halvings, "halving")
    return say(text, mode=name, target=target, at=_at(analysis, own.steps[-1]), halvings=halvings)


def _lacking(analysis: Edition, own: Ramp) -> Iterator[str]:
    """In which steps calls failed for lack of capacity, and the highest rate without such calls."""
    say = analysis.say
    shown = [say("ramp.part", **_counts(analysis, key, count)) for key, count in own.lacking.items()]
    if shown:
        yield say("ramp.lacking", steps=say.listing(shown))
    if own.end != "reached" and shown:
        yield say("ramp.none") if own.highest is None else say("ramp.highest", at=_at(analysis, own.highest))


def _counts(analysis: Edition, key: str, count: int) -> dict[str, str]:
    row = analysis.level(key)
    calls = analysis.say.noun(row["ok"] + row["failed"], "call")
    return {"failed": amount(count), "calls": calls, "at": at(analysis.say, row)}


def _at(analysis: Edition, key: str) -> str:
    return at(analysis.say, analysis.level(key))
