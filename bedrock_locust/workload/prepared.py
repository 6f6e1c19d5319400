"""What the process that leads found out about a workload, and workers must know."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.calibration import Calibration

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Prepared:
    """It has no contents of prompts."""

    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    """Model -> how many tokens the words of its requests have, if that was counted."""
    sha256: str = ""
    """The hash of the file of the workload; empty without one."""
    format: str = ""
    """The format of its records."""
    bad: tuple[int, ...] = ()
    """The numbers of records that are left out."""
    prefix: str = ""
    """Words with which the shared prefixes of this run begin: what another run has cached is not read."""

    def to_plain(self) -> dict[str, Any]:
        """A mapping of plain types."""
        return {**asdict(self), "bad": list(self.bad)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Prepared:
        """What `to_plain` made the mapping of. Raises KeyError for a member that is missing."""
        values = {field.name: plain[field.name] for field in fields(cls)}
        known = {model_id: Calibration.from_plain(one) for model_id, one in plain["calibrations"].items()}
        return cls(**{**values, "calibrations": known, "bad": tuple(plain["bad"])})
