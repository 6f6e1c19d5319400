"""BurstGPT, two months of calls to ChatGPT and GPT-4: Timestamp (s), Model, Request tokens, Response tokens and more.

Source: github.com/HPMLL/BurstGPT. A response of 0 tokens is a failure. Times are whole seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.workload.traces.traced import Skipped, TracedCall, TraceError, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NAME = "BurstGPT"
COLUMNS = ("Timestamp", "Model", "Request tokens", "Response tokens")


def read(rows: Iterable[tuple[str, Mapping[str, str]]], skipped: Skipped) -> Iterator[TracedCall]:
    """The calls in rows of a file, with where they stand. Raises TraceError."""
    for where, row in rows:
        prompt, answer = (whole_number(row[name], f"{where}: {name}") for name in COLUMNS[2:])
        try:
            at = float(row["Timestamp"])
        except ValueError:
            raise TraceError(f"{where}: Timestamp is {row['Timestamp']!r:.40}, but must be seconds") from None
        if not 0 <= at < 1e12:
            raise TraceError(f"{where}: Timestamp is {row['Timestamp']!r:.40}, but must be seconds")
        if answer:
            yield TracedCall(at=at, input_length=prompt, output_length=answer, model=row["Model"][:100])
        else:
            skipped.add("failed", at)
