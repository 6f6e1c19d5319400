"""What the sections of the settings share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Positive = Annotated[int, Field(gt=0)]
Amount = Annotated[float, Field(gt=0)]
Price = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(gt=0, le=100)]
WEEK_S = 7 * 24 * 3600
Users = Annotated[int, Field(gt=0, le=100_000)]
"""More would be a slip: a worker runs some hundred."""
Seconds = Annotated[float, Field(gt=0, le=WEEK_S)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Section(BaseModel):
    """A section: unknown keys are mistakes, and no message shows a value that may be secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)
