"""Profiles: settings in a file, for all models or for some."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from bedrock_locust.simulator.behaviour import BehaviourError


def load(path: str) -> dict[str, Any]:
    """The settings in a TOML or JSON file; raises `BehaviourError`. Their values are checked elsewhere."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        settings = json.loads(text) if path.endswith(".json") else tomllib.loads(text)
    except OSError as error:
        raise BehaviourError(f"the profile {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BehaviourError(f"the profile {path} is neither TOML nor JSON in a file *.json: {error}") from None
    if not isinstance(settings, dict):
        raise BehaviourError(f"the profile {path} must be an object of settings")
    return settings
