"""What a worker and its master tell each other, beside what Locust's own processes do."""

from __future__ import annotations

REPORT = "bedrock"
"""Where a worker's report is in the data of Locust's own report, which goes to the master every 3 s.

A report has `version` of this package, `asked_at` (Unix s) and `tick` (s, of any clock that nobody sets), both of the
worker, `run`, `warning` (what the worker lacks, in words, or empty), and in a run `batches` of rows, `rows_made`,
`cpu_percent`, `clock_offset_ms` and `last`, the number of the last batch once there will be no other.
"""
ROWS = "bedrock_rows"
"""A report by itself: at the start of a worker, and at its end."""
TAKEN = "bedrock_taken"
"""The master's answer to each report: `version`, `asked_at` and `tick` of the report, `at` (Unix s of the master),
`run`, the numbers of its `batches`, `whole` (everything up to `last` has come) and `over` (the run has ended without
the rest)."""
FINISH = "bedrock_finish"
"""From the master, until the worker has handed over: stop the users of `run` within `grace_s`, hand over all rows."""

GRACE_S = 3
"""How long calls in flight may go on when a run is stopped early, in seconds; then they are cut off."""
HAND_OVER_S = 15
"""How long either side waits for the other at the end of a run, beyond the grace for calls in flight, in seconds."""


def worker_name(client_id: str, index: int) -> str:
    """The short name of a worker: its host and its number."""
    return f"{client_id.rsplit('_', 1)[0]}_{index}"


def mismatch(here: str, there: str | None) -> str:
    """Why two processes can't work together, where `there` is the version on the other side; empty if they can."""
    if there == here:
        return ""
    if there is None:
        return "there is no bedrock-locust: call bedrock_locust.setup() in its locustfile"
    return f"bedrock-locust is {there} there and {here} here: install the same on both"
