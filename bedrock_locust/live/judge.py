"""The judge of a search: an output that keeps the calls of each level, and says whether they met the SLO.

A `SearchShape` asks by the event `probe_judge`; docs/extending.md has the keys of the answer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bedrock_locust.live.attainment import Record, Share, Target, is_good, judge
from bedrock_locust.live.health import READ_LAG_FLOOR_MS, READ_LAG_SHARE
from bedrock_locust.live.output import ROWS_WITHIN_S, OutputBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.arrivals.counts import Fate
    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.live.attainment import Verdict
    from bedrock_locust.live.health import Cause
    from bedrock_locust.live.output import RunView
    from bedrock_locust.settings.goals import Slo

THROTTLED = "ThrottlingError"


class Judge(OutputBase):
    """The calls of the probes of one run."""

    def begin(self, run: RunView) -> None:
        """Count from here on."""
        self._run = run
        self._slo = run.settings.slo
        self._opened: dict[str, float] = {}
        self._records: dict[str, Record] = {}
        self._throttled: dict[str, float] = {}

    def level(self, level: Level | None) -> None:
        """Take note of a window that opens."""
        if level and level.measured_from is not None and level.key not in self._records:
            self._opened[level.key] = level.measured_from
            self._records[level.key] = Record(level.duration_s or math.inf)

    def add(self, call: Call) -> None:
        """Count a call that started in a window, and note when calls were throttled."""
        if call.error == THROTTLED:
            self._throttled[call.level] = max(call.started_at, self._throttled.get(call.level, 0.0))
        record = self._records.get(call.level)
        if record and self._slo and call.phase == "measure" and not call.cancelled:
            started_s = call.started_at - self._opened[call.level]
            record.add(started_s, call.latency_ms / 1000, good=is_good(self._slo, call), ok=call.ok)

    def answer(self, levels: Sequence[str], elapsed_s: float | None, decided: Verdict) -> dict[str, Any]:
        """What is known of a load whose probes have these keys; of the last one what it says by now.

        `elapsed_s` is how long its window has been open, None once all of its calls have ended. `decided` is what
        was clear at its last look.
        """
        records = [self._records[key] for key in levels if key in self._records]
        if not records or self._slo is None:
            return {}
        if elapsed_s is not None:
            late_s = 0.0 if self._run.is_local else ROWS_WITHIN_S
            records[-1] = records[-1].at(elapsed_s, late_s)
        else:
            records[-1].decided = decided
        found, last = judge(Target.of(self._slo), records), levels[-1]
        return {
            "verdict": found.verdict,
            "leans": found.leans,
            **_plain(found.good, ""),
            **_plain(found.ok, "success_"),
            "throttled_at": self._throttled.get(last),
            "client": self._client(last) if elapsed_s is None else [],
            "disturbed": list(self._run.disturbances(last)) if elapsed_s is None else [],
        }

    def _client(self, level: str) -> list[str]:
        """Why the load generator was the limit in a level, in words. Where arrivals are late, the report says so."""
        fate, slo = self._run.arrivals(level), self._slo
        causes = [str(cause) for cause in self._run.health.levels[level].causes() if slo and _matters(cause, slo)]
        return [*causes, *([] if fate is None else _lost(fate))]


def _matters(cause: Cause, slo: Slo) -> bool:
    """Whether the client may have changed the verdict.

    Tokens that were read late can change a time by as much as they were late: that is small beside a long limit, and
    says nothing of a share of successes.
    """
    if cause.what != "read_lag_p99_ms":
        return True
    limits_ms = [limit for limit in (slo.ttft_ms, slo.latency_ms) if limit is not None]
    return bool(limits_ms) and cause.value >= max(READ_LAG_FLOOR_MS, READ_LAG_SHARE * min(limits_ms))


def _lost(fate: Fate) -> list[str]:
    """That arrivals were dropped or missed, if too many were."""
    if not fate.is_other_load:
        return []
    return [f"{fate.dropped:,} of {fate.due:,} arrivals were dropped and {fate.missed:,} missed"]


def _plain(share: Share, prefix: str) -> dict[str, Any]:
    """A share for JSON; None of no call."""
    if not share.calls:
        return {f"{prefix}{name}": None for name in ("share", "low", "high")} | ({} if prefix else {"calls": 0})
    values = {"share": share.share, "low": share.low, "high": share.high}
    return {f"{prefix}{name}": value for name, value in values.items()} | ({} if prefix else {"calls": share.calls})
