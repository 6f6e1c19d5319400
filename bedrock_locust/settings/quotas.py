"""Quotas: which of those in the settings are quotas of the endpoint that is called.

A file may have the quotas of both endpoints, so that `--bedrock-endpoint` is enough to call the other one. Sources:
"Quotas for bedrock-runtime" and "Quotas for bedrock-mantle" in the Bedrock user guide.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Final = {
    "runtime": ("tokens_per_minute", "tokens_per_day", "quota"),
    "mantle": ("input_tokens_per_minute", "output_tokens_per_minute"),
}
"""Endpoint -> the settings that are its quotas."""
WORDS: Final = {
    "quota": "requests per minute",
    "tokens_per_minute": "tokens per minute",
    "tokens_per_day": "tokens per day",
    "input_tokens_per_minute": "input tokens per minute",
    "output_tokens_per_minute": "output tokens per minute",
}
"""Setting -> what it is a quota of."""
QuotaName = Literal[
    "quota", "tokens_per_minute", "tokens_per_day", "input_tokens_per_minute", "output_tokens_per_minute"
]

_CODE = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,127}")
"""As Service Quotas takes them."""
NO_CODES = (
    "must be names of quotas with their codes, such as tokens_per_minute=L-A4430697,quota=L-254CACF4, or the same as"
    ' JSON: {"tokens_per_minute": "L-A4430697"}'
)


def codes(value: object) -> object:
    """Codes by quota, of an object, of JSON, or of a text: `quota=L-1,tokens_per_minute=L-2`, in capitals.

    Raises ValueError.
    """
    found = _of_a_text(value) if isinstance(value, str) else value
    if isinstance(found, dict) and not found.keys() <= WORDS.keys():
        raise ValueError(f"must have codes of these quotas only: {', '.join(WORDS)}")
    if isinstance(found, dict) and not all(isinstance(code, str) and _CODE.fullmatch(code) for code in found.values()):
        raise ValueError("must have codes such as L-A4430697")
    return {name: code.upper() for name, code in found.items()} if isinstance(found, dict) else found


def _of_a_text(value: str) -> dict[str, Any]:
    """The pairs of a text. Raises ValueError."""
    if not value.lstrip().startswith("{"):
        return _once(_pairs(value))
    try:
        found: dict[str, Any] = json.loads(value, object_pairs_hook=_once)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError(NO_CODES) from None
    return found


def _pairs(value: str) -> list[tuple[str, str]]:
    pairs = [[part.strip() for part in one.split("=")] for one in value.split(",")]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise ValueError(NO_CODES)
    return [(name, code) for name, code in pairs]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as an object. Raises ValueError where a name comes twice."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("must not have a quota twice")
    return dict(pairs)


class Model(Protocol):
    """Those settings of the model that matter here."""

    @property
    def endpoint(self) -> str:
        """Endpoint."""

    @property
    def quota_codes(self) -> Mapping[QuotaName, str] | None:
        """Codes of quotas."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas of an endpoint; None where one is not known or the endpoint has no such quota."""

    quota: int | None = None
    """Requests per minute."""
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None

    @classmethod
    def of(cls, model: Model) -> Quotas:
        """Those of the settings that the endpoint has."""
        return cls(**{name: getattr(model, name) for name in NAMES[model.endpoint]})


def unused(model: Model) -> str:
    """Which quotas of the settings are not those of the endpoint, and what to set for it; empty if none."""
    other = "runtime" if model.endpoint == "mantle" else "mantle"
    found = [f"model.{name}" for name in NAMES[other] if getattr(model, name)]
    found += [f"model.quota_codes.{name}" for name in NAMES[other] if name in (model.quota_codes or {})]
    if not found:
        return ""
    own = " and ".join(f"model.{name}" for name in NAMES[model.endpoint] if name not in {"quota", "tokens_per_day"})
    are = f"{' and '.join(found)} {'is a quota' if len(found) == 1 else 'are quotas'} of bedrock-{other}"
    return f"{are}, not used here; bedrock-{model.endpoint} has {own}"
