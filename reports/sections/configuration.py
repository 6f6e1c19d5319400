"""With what the run was made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reports.markdown import code, moment, section, table, texts
from reports.numbers.account import looked_up
from reports.sections.words import API_SETTINGS, api_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition
    from reports.texts import Language

API = "model.api"
SENT = "test.temperature"
"""Null is a setting of its own: the model's default is in force."""


def configuration(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Settings, versions and the endpoint."""
    run, say = analysis.run, analysis.say
    rows = [*made_with(analysis).items(), *_versions(analysis)]
    rows += [("started", _moment(run.number("started_at"))), ("ended", _moment(run.number("ended_at")))]
    rows = [(key, in_words(say, key, value)) for key, value in rows if value not in (None, "", {}, []) or key == SENT]
    found = looked_up(run)
    return section(
        say("configuration"),
        table(
            [
                texts(say("col.setting"), [code(key) for key, _ in rows]),
                texts(say("col.value"), [with_source(say, code(value), is_found=key in found) for key, value in rows]),
            ]
        ),
    )


def made_with(analysis: Edition) -> dict[str, Any]:
    """Endpoint and settings, `model.api` with the APIs that were called where an own locustfile called others."""
    found = {"endpoint": analysis.run.get("endpoint"), **analysis.settings}
    apis, api = analysis.run.apis, found.get(API)
    if api and apis and [API_SETTINGS.get(one, one) for one in apis] != [api]:
        found[API] = analysis.say("configuration.called", value=str(api), apis=api_words(analysis.say, apis, ""))
    return found


def with_source(say: Language, value: str, *, is_found: bool) -> str:
    """A value, with where it is from if nobody has set it."""
    return say("configuration.looked_up", value=value) if is_found else value


def _versions(analysis: Edition) -> list[tuple[str, Any]]:
    found = analysis.run.get("versions")
    return list(found.items()) if isinstance(found, dict) else []


def in_words(say: Language, key: str, value: Any) -> str:
    """A setting as text, also where leaving it out is one; empty if it is not set."""
    return say("configuration.not_sent") if key == SENT and value is None else shown(value)


def shown(value: Any) -> str:
    """A setting as text; empty if it is not set."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(at: float | None) -> str | None:
    return moment(at, "%Y-%m-%d %H:%M:%S UTC") if at is not None else None
