"""What a search found: the highest load that meets the SLO, how sure that is, and why it ended there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.reading.windows import RATE, USERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.reading.run import Run


VERDICTS = ("met", "missed", "unclear", "client", "void")


@dataclass(frozen=True)
class Probe:
    """A load that was tried. The verdict is on all probes of this load so far."""

    level: str
    load: float
    verdict: str
    """`met`, `missed`, `unclear`; `client`: the load generator was the limit; `void`: workers were lost."""
    calls: float
    """Started calls of this load so far; NaN where it is not known."""
    share: float
    """The share of them that met the SLO, 0 to 1; NaN without one."""
    low: float
    high: float
    """The interval of the share at one look."""


@dataclass(frozen=True)
class Search:
    """The search of one group of calls."""

    group: str
    """The mode of the stock users, or the name of a user class."""
    unit: str
    probes: tuple[Probe, ...]
    low: Probe | None
    """The best load, as measured, by all of its probes."""
    high: Probe | None
    """The first load above it that did not meet the SLO, as measured."""
    met: Probe | None
    """The highest load that is shown to meet it."""
    missed: Probe | None
    """The lowest load above that one that is shown to miss it."""
    ended_by: str
    """`resolution`, `most`, `start`, `probes`, `client`; empty where the run ended before the search."""
    reasons: tuple[str, ...]
    """Why the load generator was the limit, in words."""
    crossed: tuple[tuple[float, float], ...]
    """Pairs of loads of which the lower one missed the SLO and the higher one met it."""

    @property
    def is_close(self) -> bool:
        """Whether chance could move an end of the result: one of them is too close to tell."""
        return any(end is not None and end.verdict == "unclear" for end in (self.low, self.high))

    @property
    def outcome(self) -> str:
        """`found`, `most` (even that meets it), `start` (not even that does), or `nothing`; with `_close` if it is."""
        if self.low is None:
            found = "start" if self.high else "nothing"
        else:
            found = "found" if self.high else "most" if self.ended_by == "most" else "up_to"
        return f"{found}_close" if self.is_close else found


def searches(run: Run) -> list[Search]:
    """One for each group of calls that a search began with, in order."""
    found = run.get("search")
    return [_search(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def passed(found: Sequence[Search]) -> bool | None:
    """Whether each search found a load that is shown to meet the SLO; None without a search."""
    return all(one.met is not None for one in found) if found else None


def judged_nothing(found: Sequence[Search]) -> bool:
    """Whether no search missed the SLO, but one or more judged no load: it is neither met nor missed."""
    left = [one for one in found if one.met is None]
    return bool(left) and all(one.outcome == "nothing" for one in left)


def advised(found: Sequence[Search]) -> dict[str, str | None]:
    """The level to run at of each group: the last probe of the highest load that is shown to meet the SLO."""
    return {one.group: one.met.level if one.met else None for one in found}


def _search(said: dict[str, Any]) -> Search:
    listed = [one for one in _list(said.get("probes")) if isinstance(one, dict)]
    probes = tuple(map(_probe, listed))
    known = {probe.load: probe for probe in probes if probe.verdict in {"met", "missed", "unclear"}}
    met = max((probe for probe in known.values() if probe.verdict == "met"), key=lambda one: one.load, default=None)
    above = [probe for probe in known.values() if probe.verdict == "missed" and (not met or probe.load > met.load)]
    last = listed[-1] if listed else {}
    return Search(
        group=str(said.get("mode", "")),
        unit=RATE if said.get("for") == "rate" else USERS,
        probes=probes,
        low=known.get(_number(said.get("low"))),
        high=known.get(_number(said.get("high"))),
        met=met,
        missed=min(above, key=lambda one: one.load, default=None),
        ended_by=str(said.get("ended_by") or ""),
        reasons=tuple(map(str, _list(last.get("client")))) if said.get("ended_by") == "client" else (),
        crossed=tuple(
            (_number(pair[0]), _number(pair[1])) for pair in map(_list, _list(said.get("crossed"))) if len(pair) == 2
        ),
    )


def _probe(said: dict[str, Any]) -> Probe:
    numbers = {name: _number(said.get(name)) for name in ("load", "calls", "share", "low", "high")}
    verdict = str(said.get("verdict", ""))
    return Probe(level=str(said.get("level", "")), verdict=verdict if verdict in VERDICTS else "unclear", **numbers)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
