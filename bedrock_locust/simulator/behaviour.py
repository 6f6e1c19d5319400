"""Behaviour: everything about the simulator that can be set, at the start and while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bedrock_locust.simulator import faults

if TYPE_CHECKING:
    from collections.abc import Mapping


class BehaviourError(ValueError):
    """A setting that does not exist or has a value that it cannot have. Its text names the setting."""


def _check_rates(rates: dict[str, float]) -> dict[str, float]:
    for name, rate in rates.items():
        if name not in faults.NAMES:
            raise ValueError(f"unknown fault {name!r}; there are: {', '.join(faults.NAMES)}")
        if not 0 <= rate <= 1:
            raise ValueError(f"the rate of {name} is {rate}; it must be from 0 to 1")
    if sum(rates.values()) > 1 + 1e-9:
        raise ValueError(f"the rates add up to {sum(rates.values()):g}; together they must not exceed 1")
    return rates


class Behaviour(BaseModel):
    """How the simulated service behaves. Each field is an option and a key of `/_simulator/settings`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    ttft_ms: float = Field(200.0, ge=0, description="mean time to the first token, ms")
    tpot_ms: float = Field(20.0, ge=0, description="mean time per token after the first, ms")
    spread: float = Field(
        0.1,
        ge=0,
        le=5,
        description="how much times and lengths differ between calls: sigma of a lognormal; 0 = not at all",
    )
    seed: int = Field(0, ge=0, description="calls of the same index are the same in runs of the same seed")
    output_tokens: int = Field(100, ge=1, description="mean tokens of an answer, if the call allows that many")
    tokens_per_event: int = Field(1, ge=1, description="tokens in one stream event")
    requests_per_minute: float = Field(0.0, ge=0, description="quota of each model; 0 = none")
    burst: int = Field(0, ge=0, description="calls that an unused quota admits at once; 0 = a minute's quota")
    faults: Annotated[dict[str, float], AfterValidator(_check_rates)] = Field(
        default_factory=dict, description="share of the calls that a fault strikes, from 0 to 1, by name"
    )
    fault_after_events: int = Field(
        3, ge=0, description="text events before a fault in mid-stream; 0 = before the first token"
    )
    stall_seconds: float = Field(120.0, ge=0, description="how long `stall` and `slow-headers` are silent, s")

    def changed(self, settings: Mapping[str, Any]) -> Behaviour:
        """This behaviour with these settings replaced; raises `BehaviourError`."""
        try:
            return Behaviour.model_validate(self.model_dump() | dict(settings))
        except ValidationError as error:
            raise BehaviourError(_in_one_line(error)) from None


def _in_one_line(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {_reason(e)}" for e in error.errors())


def _reason(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return f"no such setting; there are: {', '.join(Behaviour.model_fields)}"
    return f"{error['msg'].removeprefix('Value error, ')} (got {error['input']!r})"
