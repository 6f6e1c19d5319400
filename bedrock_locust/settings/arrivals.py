"""The section `arrivals`: calls that come at a rate, whether or not earlier ones are answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_serializer, model_validator

from bedrock_locust.settings.fields import (
    WEEK_S,
    Amount,
    FileName,
    ModelId,
    NativeFormat,
    NotNegative,
    Seconds,
    Section,
    Text,
    Users,
    Whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SerializerFunctionWrapHandler

MOST_PER_S = 10_000
"""A higher rate would be a mistake: a worker makes some hundred calls a second."""
MOST_PARTS = 1000
"""Levels of a mode, as in `concurrency`."""
CONSTANT = "constant"
OFF = "off"
LEAST_BURSTINESS, MOST_BURSTINESS = 0.01, 10_000
"""Below, the gaps of a burst are so short that it may have no end; above, they are all but constant."""

Rates = tuple[float, ...]
Part = tuple[float, float, float]


def _rates(value: object) -> object:
    """Rates as numbers, of a list or of a text such as `1, 2, 4`. Raises ValueError."""
    if value is None:
        return None
    listed = _of_text(value, lambda text: text.split(",")) if isinstance(value, str) else value
    rates = _numbers(listed, "must be rates per second, such as [1, 2, 4] or, as an option, 1,2,4")
    if not all(0 < rate <= MOST_PER_S for rate in rates):
        raise ValueError(f"must have rates above 0 and up to {MOST_PER_S:,} a second")
    if len(set(rates)) < len(rates):
        raise ValueError("must not have a rate twice")
    return _few(rates)


def _profile(value: object) -> object:
    """Parts as numbers, of lists or of a text such as `60:1:10, 300:10:10`. Raises ValueError."""
    if value is None:
        return None
    said = "must be parts of [seconds, rate at the start, rate at the end], or, as an option, 60:1:10,300:10:10"
    listed = _of_text(value, _parts) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not listed:
        raise ValueError(said)
    parts = [_numbers(part, said) for part in listed]
    for part in parts:
        if len(part) != 3:
            raise ValueError(said)
        if not 0 < part[0] <= WEEK_S:
            raise ValueError(f"must have parts that last more than 0 and up to {WEEK_S:,} seconds (a week)")
        if not all(0 <= rate <= MOST_PER_S for rate in part[1:]) or not any(part[1:]):
            raise ValueError(f"must have rates of 0 to {MOST_PER_S:,} a second, not both 0, in each part")
    return _few(tuple(parts))


def _ramp(value: object) -> object:
    """A ramp; None where it is off, which undoes that of the file."""
    return None if value == OFF else value


def _of_text(text: str, listed: Callable[[str], object]) -> object:
    """What an option lists in JSON, as in the file, or in its own short form."""
    if not text.lstrip().startswith("["):
        return listed(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _parts(text: str) -> object:
    return [part.split(":") for part in text.split(",")]


def _burstiness(value: object) -> object:
    """A number that can be one, or CONSTANT. Raises ValueError."""
    if value == CONSTANT:
        return value
    (number,) = _numbers([value], f"must be a number from {LEAST_BURSTINESS} on, or {CONSTANT!r}")
    if not LEAST_BURSTINESS <= number <= MOST_BURSTINESS:
        raise ValueError(f"must be {LEAST_BURSTINESS} to {MOST_BURSTINESS:,}, or {CONSTANT!r}")
    return number


def _numbers(listed: object, said: str) -> tuple[float, ...]:
    """Numbers. Raises ValueError with `said` where they are none."""
    if not isinstance(listed, list | tuple) or not listed or any(isinstance(each, bool) for each in listed):
        raise ValueError(said)
    try:
        numbers = tuple(float(each) for each in listed)
    except (TypeError, ValueError):
        raise ValueError(said) from None
    return numbers


def _few(levels: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(levels) > MOST_PARTS:
        raise ValueError(f"must have at most {MOST_PARTS:,} of them")
    return levels


class Trace(Section):
    """A trace of production, whose calls come again. A text is the name of its file, or JSON of all of this."""

    model_config = ConfigDict(populate_by_name=True)

    file: FileName
    """What `python -m bedrock_locust trace` wrote, or a trace as those of Mooncake. Each worker reads its own copy."""
    begin: Annotated[NotNegative, Field(alias="from")] = 0.0
    """Seconds of the trace before which its calls are left out."""
    to: Amount | None = None
    """Seconds of the trace from which on its calls are left out."""
    speed: Annotated[Amount, Field(ge=0.001, le=1000)] = 1.0
    """10: calls come ten times as fast as in production."""
    models: dict[Text, ModelId] | None = None
    """Models of the trace -> those to call. Calls of others are left out. Without it all go to `model.id`."""
    base_models: dict[ModelId, ModelId] | None = None
    """ARNs in `models` that do not name their models -> ids of these. Without it AWS tells, where it can."""
    formats: dict[ModelId, NativeFormat] | None = None
    """ARNs in `models` of which no model is the one, such as those of prompt routers -> their native formats."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not value.lstrip().startswith("{"):
            return {"file": value}
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("must be the name of a file, or a JSON object with it") from None

    @model_validator(mode="after")
    def _has_a_window(self) -> Trace:
        if self.to is not None and self.to <= self.begin:
            raise ValueError("must have a `to` that is later than its `from`")
        return self

    @property
    def mine(self) -> tuple[str, ...]:
        """The models to call, where the trace's are mapped."""
        return tuple(dict.fromkeys(self.models.values())) if self.models else ()

    @model_serializer(mode="wrap")
    def _by_its_names(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The values under the names that the file has for them."""
        return {{"begin": "from"}.get(name, name): value for name, value in handler(self).items()}


RAMP_LEVELS = 12
"""The most levels of a ramp, as `shapes.ramp.MOST_LEVELS`."""
LOADS = ("rates", "profile", "trace")
"""What can say when calls arrive: one of them does."""


class Arrivals(Section):
    """The load in an open loop: calls arrive at a rate, in levels. With it, `concurrency` is left alone."""

    rates: Annotated[Rates | None, BeforeValidator(_rates)] = None
    """Arrivals per second of each level, such as `[1, 2, 4]`."""
    profile: Annotated[tuple[Part, ...] | None, BeforeValidator(_profile)] = None
    """In place of `rates`: a level for each part, as `[seconds, rate at the start, rate at the end]`."""
    trace: Trace | None = None
    """In place of `rates`: calls of a trace: `{file, from, to, speed, models, base_models, formats}`. See
    docs/traces.md."""
    ramp: Annotated[Literal["aws"] | None, BeforeValidator(_ramp)] = None
    """`aws`: the ramp that AWS recommends to the one rate of `rates`: half after a 503, else up by half. Or `off`."""
    duration_seconds: Seconds = 60
    """Time for which each of `rates` is measured, in seconds."""
    warmup_seconds: Annotated[NotNegative, Field(le=WEEK_S)] = 0
    """Time for which each of `rates`, or a trace, runs before it is measured, in seconds."""
    burstiness: Annotated[float | Literal["constant"], BeforeValidator(_burstiness)] = 1.0
    """1: arrivals know nothing of each other (Poisson). Above 1 they are smoother, below 1 burstier, or `constant`."""
    seed: Whole = 1
    """Seed of the sequence of arrivals: with the same one, a run has the same arrivals again."""
    max_in_flight: Users = 1000
    """The most calls in flight in the whole run. An arrival beyond them is dropped, and counted."""

    @model_validator(mode="after")
    def _has_one_load(self) -> Arrivals:
        given = [name for name in LOADS if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{given[0]} and {given[1]} are both given: remove one of them")
        if self.ramp and len(self.rates or ()) != 1:
            raise ValueError(
                "ramp needs one rate to get to, such as rates [20] (--bedrock-rates 20): give that, or set ramp to off"
            )
        if not given:
            raise ValueError("give rates, such as [1, 2, 4], a profile or a trace")
        return self

    @property
    def gap_burstiness(self) -> float | None:
        """The burstiness as a number; None is constant."""
        return None if isinstance(self.burstiness, str) else self.burstiness
