"""What `run.json` says from the start of a run."""

from __future__ import annotations

import platform
import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from bedrock_locust import __version__
from bedrock_locust.errors import REMEDIES
from bedrock_locust.process.clock import clock
from bedrock_locust.workload.prompts import DEFAULT_TEMPLATE

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings

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
        "settings": _in_force(settings),
        "levels_planned": levels,
        "preflight": preflight,
        "remedies": REMEDIES,
    }


def _in_force(settings: Settings) -> dict[str, Any]:
    """The settings that a run is made with, with the template of the prompts where it is the usual one."""
    values = settings.recorded()
    return {**values, "test": {**values["test"], "prompt_template": settings.test.prompt_template or DEFAULT_TEMPLATE}}
