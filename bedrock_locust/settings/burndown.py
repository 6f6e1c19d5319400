"""How many tokens of quota an output token of a model uses. burndown.json has rates, source and date."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Rate(NamedTuple):
    """The burn-down of a model."""

    factor: float
    certain: bool
    """Whether AWS states it for this model."""


NONE = Rate(1.0, certain=True)


@cache
def _rates() -> list[tuple[re.Pattern[str], Rate]]:
    """The patterns of model ids, and what they mean; the first that is found counts."""
    said = json.loads(files(__package__).joinpath("burndown.json").read_text(encoding="utf-8"))
    return [(re.compile(one["models"]), Rate(float(one["factor"]), certain=one["certain"])) for one in said["rates"]]


def burndown_of(model_id: str) -> Rate:
    """The burn-down of output tokens of a model on bedrock-runtime; 1 for an ARN that does not name its model."""
    name = model_id.lower()
    return next((rate for pattern, rate in _rates() if pattern.search(name)), NONE)
