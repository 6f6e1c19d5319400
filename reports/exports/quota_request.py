"""The sheet that AWS Support asks for with a request for more quota, from the calls of a run. It is in English only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import Column, bullets, code, join, moment, percent, section, table, texts, whole
from reports.numbers.demand import LONG_TOKENS, PEAK, STEADY, demand
from reports.reading import endpoint

if TYPE_CHECKING:
    from reports.numbers.demand import Demand
    from reports.reading.run import Run

TELLING_MINUTES = 10
"""A P90 over fewer minutes than these is their maximum."""


def text(run: Run) -> str:
    """The sheet as Markdown."""
    found = demand(run)
    return (
        join(
            "# Request for more Amazon Bedrock quota",
            _facts(run),
            _demand(found, apart=_is_mantle(run)),
            _notes(run, found),
        )
        + "\n"
    )


def lacking(run: Run) -> str:
    """Why a run tells no demand, in a sentence without a full stop; empty if it does."""
    found = demand(run)
    if not found.calls:
        return f"all {counted(found.throttled, 'call')} throttled: no demand to see" if found.throttled else "no calls"
    if not found.minutes:
        return (
            "the load lasted less than a minute, from its first call to its last, and quotas are per minute: run it for"
            f" longer, best for {TELLING_MINUTES} minutes"
        )
    return ""


def _facts(run: Run) -> str:
    called = run.text("settings", "model", "id") or ", ".join(run.model_ids)
    behind = run.behind(called)
    rows = {
        "Region": code(run.text("settings", "aws", "region")),
        "Model": f"{code(called)} ({code(behind)})" if behind else code(called),
        "Endpoint": ", ".join(part for part in (_endpoint(run), code(run.text("endpoint"))) if part),
        "Measured": moment(run.started_at),
    }
    return table([texts("Field", rows), texts("Value", rows.values())])


def _endpoint(run: Run) -> str:
    """Its name; empty where the run does not say it."""
    named = run.text("settings", "model", "endpoint") or ("runtime" if run.text("settings", "model", "id") else "")
    return f"bedrock-{named}" if named else ""


def _is_mantle(run: Run) -> bool:
    return run.text("settings", "model", "endpoint") == "mantle"


def _demand(found: Demand, *, apart: bool) -> str:
    """All in whole numbers, as the form of AWS takes them, but for the share. `apart`: input and output tokens."""
    rows = {
        f"Requests per minute, steady (P{STEADY})": found.requests.steady,
        f"Requests per minute, peak (P{PEAK})": found.requests.peak,
        **_tokens(found, apart=apart),
        "Input tokens of a request, average": found.input.mean,
        "Input tokens of a request, P90": found.input.p90,
        "Output tokens of a request, average": found.output.mean,
        "Output tokens of a request, P90": found.output.p90,
    }
    figures = {name: whole(value) for name, value in rows.items()}
    figures[f"Requests with more than {LONG_TOKENS:,} input tokens (%)"] = percent(found.long_share)
    return section("Demand", table([texts("Figure", figures), Column("Value", list(figures.values()))]))


def _tokens(found: Demand, *, apart: bool) -> dict[str, float]:
    """Tokens per minute; input and output apart where there is a quota of each."""
    rates = {"Input tokens": found.prompts, "Output tokens": found.answers} if apart else {"Tokens": found.tokens}
    return {
        f"{what} per minute, {words}": value
        for what, rate in rates.items()
        for words, value in ((f"steady (P{STEADY})", rate.steady), (f"peak (P{PEAK})", rate.peak))
    }


def _notes(run: Run, found: Demand) -> str:
    notes = [
        f"From {counted(found.calls, 'request')}, {_minutes(found)}.{_throttled(found)}",
        "Tokens are those that the service counted: input, read from a cache, written to a cache, and output.",
    ]
    if endpoint.place(run.text("endpoint"), simulator=run.get("simulator") is True) != "aws":
        notes.insert(0, "**These calls did not go to AWS.** The figures are those of the traffic, not of the service.")
    if found.minutes < TELLING_MINUTES:
        notes.append(f"Fewer than {TELLING_MINUTES} minutes tell little about the peak: measure for longer.")
    return bullets(notes)


def _minutes(found: Demand) -> str:
    if not found.minutes:
        return "as if they were one minute, because the load lasted less than that"
    return f"over {counted(found.minutes, 'whole minute')}"


def _throttled(found: Demand) -> str:
    if not found.throttled:
        return " None was throttled."
    were = "was throttled; it is" if found.throttled == 1 else "were throttled; they are"
    return f" {counted(found.throttled, 'more request')} {were} not counted."


def counted(count: int, noun: str) -> str:
    """A count with its noun: `1 request`, `2 requests`."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
