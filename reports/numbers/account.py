"""What the account was known to have: where the quotas of a run came from, and what others used of them before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.reading.run import finite

if TYPE_CHECKING:
    from reports.reading.run import Run

SETTINGS = {
    "requests": "quota",
    "tokens": "tokens_per_minute",
    "input": "input_tokens_per_minute",
    "output": "output_tokens_per_minute",
    "day": "tokens_per_day",
}
"""Quota -> its setting."""
SLIGHT_PERCENT = 1.0
"""What others use below this share is not worth a word."""
MUCH_PERCENT = 10.0
"""What others use above this share may be why a run is throttled."""


@dataclass(frozen=True)
class Source:
    """A quota of a run, and what the account said of it."""

    name: str
    value: float
    code: str
    found: bool
    """Whether it came from the account; else it was given by hand."""
    in_account: float | None
    """What the account has; None where that was not found out."""
    others_percent: float | None
    """What others used of it before the load, in percent."""

    @property
    def differs(self) -> bool:
        """Whether the settings say something else than the account."""
        return not self.found and self.in_account is not None and self.in_account != self.value


def others_percent(run: Run, name: str) -> float:
    """What others used of a quota before the load, in percent; 0 where that is not known or not worth a word."""
    found = next((one.others_percent or 0.0 for one in sources(run) if one.name == name), 0.0)
    return found if found >= SLIGHT_PERCENT else 0.0


def looked_up(run: Run) -> set[str]:
    """The settings that nobody has set, because the account has them."""
    return {f"model.{SETTINGS[one.name]}" for one in sources(run) if one.found}


def notes(run: Run) -> list[str]:
    """Why quotas of the account, or others' use of them, are not known, as the run says it."""
    found = run.get("quota_notes")
    return [note for note in found if isinstance(note, str) and note] if isinstance(found, list) else []


def sources(run: Run) -> list[Source]:
    """The quotas of which the account said something."""
    found = []
    for name, setting in SETTINGS.items():
        value = run.number("quotas", setting, "value")
        if not value or value <= 0:
            continue
        others = run.number("quotas", setting, "others_per_minute")
        found.append(
            Source(
                name,
                value,
                run.text("quotas", setting, "code"),
                found=run.text("quotas", setting, "source") == "account",
                in_account=finite(run.get("quotas", setting, "account_value")),
                others_percent=None if others is None else 100 * others / value,
            )
        )
    return found
