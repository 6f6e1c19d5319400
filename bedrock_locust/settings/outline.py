"""What may be said of contents that no file of a run keeps."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def outline(content: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The members of an object with their sizes in bytes of JSON, and a hash of all."""
    if content is None:
        return None
    members = {name: len(_json(value)) for name, value in content.items()}
    return {"members": members, "sha256": hashlib.sha256(_json(content)).hexdigest()}


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
