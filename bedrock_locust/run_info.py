"""What `run.json` says from the start of a run."""

from __future__ import annotations

import platform
import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bedrock_locust import __version__
from bedrock_locust.clock import clock
from bedrock_locust.errors import REMEDIES

if TYPE_CHECKING:
    from bedrock_locust.settings import Settings

PACKAGES = ("locust", "boto3", "gevent")
"""Whose versions a figure may depend on."""


def first_info(
    settings: Settings, *, endpoint: str, simulator: bool, levels: int | None, preflight: dict[str, Any] | None
) -> dict[str, Any]:
    """The first content of `run.json`, for a run that begins now; its keys are explained in docs/run-folder.md."""
    packages = {name: version(name) for name in PACKAGES}
    return {
        "format": 1,
        "run": uuid.uuid4().hex,
        "ended": "running",
        "end_reason": "",
        "started_at": clock.begin(),
        "ended_at": None,
        "versions": {"bedrock-locust": __version__, **packages, "python": platform.python_version()},
        "endpoint": endpoint,
        "simulator": simulator,
        "settings": settings.recorded(),
        "levels_planned": levels,
        "preflight": preflight,
        "remedies": REMEDIES,
    }


def for_workers(info: dict[str, Any], settings: Settings, timeout_s: int) -> dict[str, Any]:
    """What the workers have to know of a run; no secrets."""
    told = {"run": info["run"], "version": __version__, "simulator": info["simulator"]}
    return {**told, "worker_timeout_s": timeout_s, "settings": settings.public()}
