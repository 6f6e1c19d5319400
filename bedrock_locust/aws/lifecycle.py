"""Lifecycle: whether AWS has marked the model as legacy, and when it will be gone.

The call before the load tells a model that is gone by the service's refusal; a legacy model may still answer. The
control plane knows it (GetFoundationModel), if the permissions allow to ask; nothing depends on its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def outlook(lifecycle: Mapping[str, Any], model_id: str) -> str:
    """A sentence about a model that is legacy, by what GetFoundationModel says of it; empty for any other."""
    if lifecycle.get("status") != "LEGACY":
        return ""
    since, until = _day(lifecycle.get("legacyTime")), _day(lifecycle.get("endOfLifeTime"))
    ends = f", and it will be gone on {until}" if until else ""
    return (
        f"AWS has marked {model_id} as legacy{since and f' since {since}'}{ends}: choose a newer version of the model"
    )


def _day(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d") if moment else ""
