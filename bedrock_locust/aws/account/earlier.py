"""What a fetch of AWS's figures leaves of an earlier one of the same run: what was had is not lost.

CloudWatch's figures of a run grow until all are there, and later it forgets: first minutes, then all.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SAME = ("format", "model_id")
"""What two fetches of one run have in common."""


def read(path: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """What an earlier fetch wrote of the same model; empty without one, and where it cannot be read."""
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    same = isinstance(before, dict) and all(before.get(name) == found[name] for name in SAME)
    return before if same and _are_metrics(before.get("metrics")) else {}


def merged(before: Mapping[str, Any], found: Mapping[str, Any], *, exact: bool) -> dict[str, Any]:
    """The figures of a fetch, each with that of an earlier one in its place where it has less.

    Less are fewer statistics, or a smaller count. `exact` says whether the fetch is of whole minutes: one of longer
    periods has others' calls in it, and takes the place of none.
    """
    olds = _others_of(before)
    others = [_of_model(olds.pop(one["model_id"], {}), one, exact=exact) for one in found.get("others", ())]
    return {**_of_model(before, found, exact=exact), "others": [*others, *olds.values()]}


def _of_model(before: Mapping[str, Any], found: Mapping[str, Any], *, exact: bool) -> dict[str, Any]:
    old, new = before.get("metrics", {}), found["metrics"]
    if old and (not _has_calls(new) or not (exact or not _has_calls(old))):
        return dict(before)
    kept = {name: values for name, values in old.items() if name not in new or _has_less(new[name], values)}
    note = [f"of an earlier fetch: {', '.join(kept)}"] if kept else []
    return {**found, "metrics": {**new, **kept}, "missing": [*found["missing"], *note]}


def _others_of(before: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Other models of the run -> what was had of them."""
    found = before.get("others")
    parts = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return {
        str(one["model_id"]): {"missing": [], **one}
        for one in parts
        if "model_id" in one and _are_metrics(one.get("metrics"))
    }


def _has_less(new: Mapping[str, float], old: Mapping[str, float]) -> bool:
    return not old.keys() <= new.keys() or any(new[name] < old[name] for name in ("Sum", "SampleCount") if name in old)


def _has_calls(metrics: Mapping[str, Mapping[str, float]]) -> bool:
    return any(values.get("Sum") for values in metrics.values())


def _are_metrics(metrics: object) -> bool:
    return isinstance(metrics, dict) and all(isinstance(values, dict) for values in metrics.values())
