"""What `report.json` has of the account: its quotas, AWS's own figures beside ours, and calls by Region."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reports.numbers.account import SETTINGS, notes, sources
from reports.numbers.cross_check import cross_check
from reports.numbers.serving import PERCENTS, TIMES, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.numbers.cross_check import Pair
    from reports.numbers.serving import Served
    from reports.reading.run import Run


def tree(run: Run) -> dict[str, Any]:
    """The figures, nested; each part is null, or empty, where nothing is known of it."""
    return {
        "base_model": run.text("settings", "model", "base_model") or None,
        "quotas": _quotas(run),
        "quota_notes": notes(run),
        "by_aws": _by_aws(run),
        "by_region": _by_region(run),
    }


def _quotas(run: Run) -> list[dict[str, Any]]:
    return [
        {
            "setting": f"model.{SETTINGS[one.name]}",
            "value": one.value,
            "source": "account" if one.found else "settings",
            "account_value": one.in_account,
            "code": one.code or None,
            "others_percent": one.others_percent,
        }
        for one in sources(run)
    ]


def _by_aws(run: Run) -> dict[str, Any] | None:
    found = cross_check(run)
    if found is None:
        return None
    return {
        "counts": _pairs(found.counts),
        "times": _pairs(found.times),
        "others": [{"model": one.model_id, "counts": _pairs(one.counts)} for one in found.others],
        "minutes_after_end": found.minutes_after,
        "missing": list(found.missing),
        "reasons": [{"what": reason.what, "values": dict(reason.values)} for reason in found.reasons],
    }


def _pairs(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    return [{**asdict(pair), "difference": pair.difference} for pair in pairs]


def _by_region(run: Run) -> dict[str, Any] | None:
    found = serving(run)
    if found is None:
        return None
    return {"regions": [_served(one) for one in found.regions], "calls_without_log": found.without_log}


def _served(one: Served) -> dict[str, Any]:
    names = [f"{name}_{percent}" for name in TIMES for percent in PERCENTS]
    times = dict(zip(names, one.times, strict=True))
    return {"region": one.region, "mode": one.mode or None, "calls": one.calls, **times}
