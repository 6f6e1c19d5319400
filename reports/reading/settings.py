"""The settings in `run.json` as a flat list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = ("access_key_id", "secret_access_key", "session_token")
"""The recorder leaves these out; a report that is passed on must not rely on that."""


def flat(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as `test.max_tokens` and value, without credentials."""
    for key, value in settings.items() if isinstance(settings, dict) else ():
        if key in SECRETS:
            continue
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
