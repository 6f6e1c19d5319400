"""The sheet that AWS Support asks for with a request for more quota, from the calls of a run. It is in English only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import Column, amount, bullets, code, join, moment, number, percent, section, table, texts
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
    return join("# Request for more Amazon Bedrock quota", _facts(run), _demand(found), _notes(run, found)) + "\n"


def _facts(run: Run) -> str:
    called = run.text("settings", "model", "id")
    behind = run.behind(called)
    rows = {
        "Region": code(run.text("settings", "aws", "region")),
        "Model": f"{code(called)} ({code(behind)})" if behind else code(called),
        "Endpoint": code(run.text("endpoint")),
        "Measured": moment(run.started_at),
    }
    return table([texts("Field", rows), texts("Value", rows.values())])


def _demand(found: Demand) -> str:
    rows = {
        f"Requests per minute, steady (P{STEADY})": number(found.requests.steady),
        f"Requests per minute, peak (P{PEAK})": number(found.requests.peak),
        f"Tokens per minute, steady (P{STEADY})": _tokens(found.tokens.steady),
        f"Tokens per minute, peak (P{PEAK})": _tokens(found.tokens.peak),
        "Input tokens of a request, average": number(found.input.mean),
        "Input tokens of a request, P90": number(found.input.p90),
        "Output tokens of a request, average": number(found.output.mean),
        "Output tokens of a request, P90": number(found.output.p90),
        f"Requests with more than {LONG_TOKENS:,} input tokens (%)": percent(found.long_share),
    }
    return section("Demand", table([texts("Figure", rows), Column("Value", list(rows.values()))]))


def _tokens(value: float) -> str:
    """Tokens per minute in whole tokens."""
    return amount(round(value)) if value >= 0 else number(value)


def _notes(run: Run, found: Demand) -> str:
    minutes = (
        f"over {found.minutes:,} whole minutes"
        if found.minutes
        else "as if they were one minute, because the load lasted less than that"
    )
    notes = [
        f"From {found.calls:,} requests, {minutes}. Besides, {found.throttled:,} were throttled; they are not counted.",
        "Tokens are those that the service counted: input, read from a cache, written to a cache, and output.",
    ]
    if endpoint.place(run.text("endpoint"), simulator=run.get("simulator") is True) != "aws":
        notes.insert(0, "**These calls did not go to AWS.** The figures are those of the traffic, not of the service.")
    if found.minutes < TELLING_MINUTES:
        notes.append(f"Fewer than {TELLING_MINUTES} minutes tell little about the peak: measure for longer.")
    return bullets(notes)
