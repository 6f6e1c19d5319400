"""With what the run was made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reports.markdown import code, moment, section, table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.numbers.analysis import Analysis
    from reports.texts import Language

SENT = "test.temperature"
"""Null is a setting of its own: the model's default is in force."""
SECRETS = ("access_key_id", "secret_access_key", "session_token")
"""The recorder leaves these out; a report that is passed on must not rely on that."""


def configuration(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Settings, versions and the endpoint."""
    run, say = analysis.run, analysis.say
    rows = [("endpoint", run.get("endpoint")), *flat(run.get("settings")), *flat(run.get("versions"))]
    rows += [("started", _moment(run.number("started_at"))), ("ended", _moment(run.number("ended_at")))]
    rows = [(key, in_words(say, key, value)) for key, value in rows if value not in (None, "", {}, []) or key == SENT]
    return section(
        say("configuration"),
        table(
            [
                texts(say("col.setting"), [code(key) for key, _ in rows]),
                texts(say("col.value"), [code(value) for _, value in rows]),
            ]
        ),
    )


def in_words(say: Language, key: str, value: Any) -> str:
    """A setting as text, also where leaving it out is one; empty if it is not set."""
    return say("configuration.not_sent") if key == SENT and value is None else shown(value)


def flat(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as `test.max_tokens` and value, without credentials."""
    for key, value in settings.items() if isinstance(settings, dict) else ():
        if key in SECRETS:
            continue
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def shown(value: Any) -> str:
    """A setting as text; empty if it is not set."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(at: float | None) -> str | None:
    return moment(at, "%Y-%m-%d %H:%M:%S UTC") if at is not None else None
