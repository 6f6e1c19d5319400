"""The traces that Azure published of its language models in 2023 and 2024: TIMESTAMP, ContextTokens, GeneratedTokens.

Source: github.com/Azure/AzurePublicDataset. The files mix moments with and without fractions and zones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.workload.traces.moments import moment
from bedrock_locust.workload.traces.traced import Skipped, TracedCall, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NAME = "Azure"
COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


def read(rows: Iterable[tuple[str, Mapping[str, str]]], _skipped: Skipped) -> Iterator[TracedCall]:
    """The calls in rows of a file, with where they stand. Raises TraceError."""
    for where, row in rows:
        prompt, answer = (whole_number(row[name], f"{where}: {name}") for name in COLUMNS[1:])
        at = moment(row["TIMESTAMP"], f"{where}: TIMESTAMP")
        yield TracedCall(at=at, input_length=prompt, output_length=answer)
