"""The judge of a search: an output that keeps the calls of each level, and says whether they met the SLO.

A `SearchShape` asks by the event `probe_judge`; docs/extending.md has the keys of the answer.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bedrock_locust.live.attainment import Record, Share, Target, is_good, judge
from bedrock_locust.live.health import lost
from bedrock_locust.live.output import ROWS_WITHIN_S, OutputBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.live.attainment import Judgement, Verdict
    from bedrock_locust.live.output import RunView
    from bedrock_locust.settings.goals import Slo

THROTTLED = "ThrottlingError"
SHIFTS = (0, -1, 1)
"""A time is off by as much as its tokens were read late, at most: a call is judged as measured, less and plus that."""


class Judge(OutputBase):
    """The calls of the probes of one run."""

    def begin(self, run: RunView) -> None:
        """Count from here on."""
        self._run = run
        self._slo = run.settings.slo
        self._opened: dict[str, float] = {}
        self._records: dict[str, tuple[Record, ...]] = {}
        self._early: defaultdict[str, list[Call]] = defaultdict(list)
        """Calls of windows that have opened by the clock, which the shape has not told yet."""
        self._throttled: dict[str, float] = {}

    def level(self, level: Level | None) -> None:
        """Take note of a window that opens."""
        if level and level.measured_from is not None and level.key not in self._records:
            self._opened[level.key] = level.measured_from
            self._records[level.key] = tuple(Record(level.duration_s or math.inf) for _ in SHIFTS)
            if self._slo is not None:
                for call in self._early.pop(level.key, ()):
                    self._count(call, self._slo)

    def add(self, call: Call) -> None:
        """Count a call that started in a window, and note when calls were throttled."""
        if call.error == THROTTLED:
            self._throttled[call.level] = max(call.started_at, self._throttled.get(call.level, 0.0))
        if self._slo is None or call.phase != "measure" or call.cancelled:
            return
        if call.level in self._records:
            self._count(call, self._slo)
        else:
            self._early[call.level].append(call)

    def _count(self, call: Call, slo: Slo) -> None:
        """Count a call of a window that is known."""
        started_s, late_ms = call.started_at - self._opened[call.level], call.read_lag_ms or 0.0
        for record, shift in zip(self._records[call.level], SHIFTS, strict=True):
            good = is_good(slo, call, shift * late_ms)
            record.add(started_s, call.latency_ms / 1000, good=good, ok=call.ok)

    def answer(self, levels: Sequence[str], elapsed_s: float | None, decided: Verdict) -> dict[str, Any]:
        """What is known of a load whose probes have these keys; of the last one what it says by now.

        `elapsed_s` is how long its window has been open, None once all of its calls have ended. `decided` is what
        was clear at its last look.
        """
        known = [self._records[key] for key in levels if key in self._records]
        if not known or self._slo is None:
            return {}
        target = Target.of(self._slo)
        found, *others = [judge(target, self._upto(list(own), elapsed_s, decided)) for own in zip(*known, strict=True)]
        is_sure, last = all(_says(other) == _says(found) for other in others), levels[-1]
        return {
            "verdict": found.verdict,
            "leans": found.leans,
            **_plain(found.good, ""),
            **_plain(found.ok, "success_"),
            "throttled_at": self._throttled.get(last),
            "client": self._client(last, is_sure=is_sure) if elapsed_s is None else [],
            "disturbed": list(self._run.disturbances(last)) if elapsed_s is None else [],
        }

    def _upto(self, records: list[Record], elapsed_s: float | None, decided: Verdict) -> list[Record]:
        """The records of a load, of the last one what is known by now."""
        if elapsed_s is not None:
            records[-1] = records[-1].at(elapsed_s, 0.0 if self._run.is_local else ROWS_WITHIN_S)
        else:
            records[-1].decided = decided
        return records

    def _client(self, level: str, *, is_sure: bool) -> list[str]:
        """Why the load generator was the limit in a level, in words. Where arrivals are late, the report says so.

        Tokens that were read late do not matter where the verdict would be the same without.
        """
        causes = self._run.health.levels[level].causes()
        matter = [cause for cause in causes if not (is_sure and cause.what == "read_lag_p99_ms")]
        return [str(cause) for cause in (*matter, *lost(self._run.arrivals(level)))]


def _says(found: Judgement) -> tuple[Verdict, bool]:
    """What a search goes by."""
    return found.verdict, found.leans


def _plain(share: Share, prefix: str) -> dict[str, Any]:
    """A share for JSON; None of no call."""
    if not share.calls:
        return {f"{prefix}{name}": None for name in ("share", "low", "high")} | ({} if prefix else {"calls": 0})
    values = {"share": share.share, "low": share.low, "high": share.high}
    return {f"{prefix}{name}": value for name, value in values.items()} | ({} if prefix else {"calls": share.calls})
