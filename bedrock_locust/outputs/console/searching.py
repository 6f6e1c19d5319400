"""What a search has found, on the console: a line for each verdict, for a wait, and for the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.level import Load
from bedrock_locust.process.clock import clock
from bedrock_locust.settings.forecast import span
from bedrock_locust.settings.plan import length_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERDICTS = {
    "met": "met",
    "missed": "missed",
    "unclear": "too close to tell",
    "client": "not judged, as the load generator was the limit",
    "void": "not judged, as a worker was lost or stood still; it is tried again",
}
ENDS = {
    "resolution": "This is as exact as asked for (search.resolution)",
    "most": "The largest load was reached (search.most)",
    "start": "Not even the first load met the SLO (search.start)",
    "probes": "All probes are made (search.probes)",
    "client": "The search ended, as the load generator was the limit",
}


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What to print of the present state of a search."""
    if probes := found["probes"]:
        yield f"  Search      {_probe(found, probes[-1])}"
    if found["waits_until"] is not None:
        wait = length_in_words(max(found["waits_until"] - clock.wall_at(), 1))
        yield f"  Search      waits {wait}: calls were throttled, and quotas are per minute"
    if found["ended_by"]:
        yield f"  Search      {found['mode'].replace('_', '-')}: {_result(found)}. {ENDS[found['ended_by']]}"


def _probe(found: Mapping[str, Any], probe: Mapping[str, Any]) -> str:
    said = f"{_load(found, probe['load'])}: {VERDICTS[probe['verdict']]}"
    reasons = "; ".join([*probe.get("client", ()), *probe.get("disturbed", ())])
    if reasons:
        return f"{said} ({reasons})"
    if not probe.get("calls"):
        return said
    share, low, high = (f"{100 * probe[name]:.1f}" for name in ("share", "low", "high"))
    return f"{said}; {share} % of {probe['calls']:,} calls were within the SLO ({span(low, high)} %)"


def _result(found: Mapping[str, Any]) -> str:
    low, high = found["low"], found["high"]
    if low is None and high is None:
        return "no load was judged"
    met = "no load met" if low is None else f"{_load(found, low)} met"
    missed = "" if low is None or high is None else f", {_load(found, high)} did not"
    close = " (as measured; too close to be sure)" if _is_close(found) else ""
    return f"{met} the SLO{missed}{close}"


def _is_close(found: Mapping[str, Any]) -> bool:
    """Whether an end of the result is not clear, by all probes of that load."""
    verdicts = {probe["load"]: probe["verdict"] for probe in found["probes"]}
    return "unclear" in {verdicts.get(found["low"]), verdicts.get(found["high"])}


def _load(found: Mapping[str, Any], amount: float) -> Load:
    return Load(amount, "requests/s" if found["for"] == "rate" else "users")
