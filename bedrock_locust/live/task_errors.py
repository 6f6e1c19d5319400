"""Exceptions in the tasks of a locustfile: Locust counts them, and users go on without a call."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_locust.redaction import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SPINNING_SHARE = 0.1
"""From this many exceptions a call on, tasks spin rather than call; the report has the same share."""
SHOWN = 3
MOST_CHARS = 120


class TaskErrors(NamedTuple):
    """How many exceptions there were, and which, the most frequent first."""

    total: int
    top: list[tuple[str, int]]

    @classmethod
    def of(cls, exceptions: Iterable[Mapping[str, Any]]) -> TaskErrors:
        """Those of Locust's runner; one message may be raised at several places."""
        counts: Counter[str] = Counter()
        for entry in exceptions:
            counts[" ".join(str(entry["msg"]).split()) or "no message"] += entry["count"]
        return cls(counts.total(), counts.most_common(SHOWN))

    def spin(self, calls: int) -> bool:
        """Whether tasks fail so often that they keep the client busy: more workers would not help."""
        return self.total > SPINNING_SHARE * calls

    def __str__(self) -> str:
        said = ", ".join(
            f"{scrub(message)[:MOST_CHARS]} ({count:,} time{'s' if count != 1 else ''})" for message, count in self.top
        )
        return f"{self.total:,} exception{'s' if self.total != 1 else ''} in tasks, most often: {said}"
