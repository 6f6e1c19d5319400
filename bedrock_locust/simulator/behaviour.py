"""Behaviour: all settings of the simulator. They can be changed while it runs."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bedrock_locust.simulator.errors import DENIED, ServiceError
from bedrock_locust.simulator.faults import Strike, check

if TYPE_CHECKING:
    from collections.abc import Mapping


AS_STATED = -1
"""The burn-down of the model, as AWS states it."""


class BehaviourError(ValueError):
    """A setting that does not exist or has a value that it cannot have. Its text names the setting."""


def _check_rates(rates: dict[str, float]) -> dict[str, float]:
    for name, rate in rates.items():
        check(name)
        if not 0 <= rate <= 1:
            raise ValueError(f"the rate of {name} is {rate}; it must be from 0 to 1")
    if (together := math.fsum(rates.values())) > 1:
        raise ValueError(f"the rates add up to {together:g}; together they must not exceed 1")
    return rates


def _check_burndown(rate: float) -> float:
    if rate < 0 and rate != AS_STATED:
        raise ValueError(f"the burn-down is {rate:g}; it must be {AS_STATED} or at least 0")
    return rate


Milliseconds = Annotated[float, Field(ge=0)]


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
    jitter: float = Field(
        0.0, ge=0, le=5, description="how much the times between the tokens of a call differ: sigma of a lognormal"
    )
    ttft_values_ms: list[Milliseconds] = Field(
        default_factory=list, description="measured times to the first token, replayed call by call, ms"
    )
    gap_values_ms: list[Milliseconds] = Field(
        default_factory=list, description="measured times between tokens, replayed from a drawn place on, ms"
    )
    cold_start_ms: float = Field(0.0, ge=0, description="how long a model that was not in use takes to load, ms")
    cold_after_seconds: float = Field(
        0.0, ge=0, description="idle time after which a model has to be loaded anew, s; 0 = never"
    )
    half_speed_at: float = Field(
        0.0, ge=0, description="further calls of a model at a time at which each is half as fast; 0 = never slower"
    )
    max_batch: int = Field(0, ge=0, description="calls of a model that are worked on at a time, others wait; 0 = all")
    seed: int = Field(0, ge=0, description="calls of the same index are the same in runs of the same seed")
    output_tokens: int = Field(
        100, ge=1, le=1_000_000, description="mean tokens of an answer, if the call allows that many"
    )
    reasoning_tokens: int = Field(
        50, ge=0, le=1_000_000, description="mean tokens of reasoning, where a call or a model wants it"
    )
    tokens_per_event: int = Field(0, ge=0, description="tokens in one stream event; 0 = as the model's family has them")
    tool_share: float = Field(
        0.8, ge=0, le=1, description="share of the calls with tools, none of which has to be called, that call one"
    )
    second_tool_share: float = Field(
        0.03, ge=0, le=1, description="share of those calls of a tool that call a second one in the same answer"
    )
    reasoning_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of the calls of GPT-5, GPT-6 and Grok 4 that reason without being asked",
    )
    guardrail_share: float = Field(
        0.1, ge=0, le=1, description="share of the calls with a guardrail in which it masks a word of the answer"
    )
    guardrail_ms: float = Field(
        250.0, ge=0, description="how long a guardrail looks at a prompt, and again at the answer, ms"
    )
    requests_per_minute: float = Field(0.0, ge=0, description="quota of each model; 0 = none")
    burst: int = Field(0, ge=0, description="calls that an unused quota admits at once; 0 = a minute's quota")
    tokens_per_minute: float = Field(0.0, ge=0, description="quota of tokens of each model; 0 = none")
    tokens_per_day: float = Field(0.0, ge=0, description="quota of tokens per day of each model; 0 = none")
    output_burndown: Annotated[float, AfterValidator(_check_burndown)] = Field(
        -1.0,
        description="what an output token takes from the quotas of tokens; -1 = as AWS states for the model",
    )
    input_tokens_per_minute: float = Field(
        0.0, ge=0, description="quota of input tokens of each model, as bedrock-mantle counts them; 0 = none"
    )
    output_tokens_per_minute: float = Field(
        0.0, ge=0, description="quota of output tokens of each model, at which answers end as by their length; 0 = none"
    )
    default_max_tokens: int = Field(
        4096, ge=1, description="tokens reserved for an answer to a call that does not set max_tokens"
    )
    cache_min_tokens: int = Field(
        -1,
        ge=-1,
        description="tokens that a prefix must have to be cached; -1 = as AWS states for the model, or 1,024",
    )
    implicit_cache: bool = Field(
        default=False, description="cache what prompts begin with, in blocks of 128 words, also without a cache point"
    )
    reserved_overflow: float = Field(
        0.0, ge=0, le=1, description="share of the calls for the reserved tier that the default one answers"
    )
    faults: Annotated[dict[str, float], AfterValidator(_check_rates)] = Field(
        default_factory=dict, description="share of the calls that a fault strikes, from 0 to 1, by name"
    )
    fault_schedule: list[Strike] = Field(
        default_factory=list, description="calls or times at which a fault strikes; comes before the rates"
    )
    fault_after_events: int = Field(
        3, ge=0, description="text events before a fault in mid-stream; 0 = before the first token"
    )
    stall_seconds: float = Field(120.0, ge=0, description="how long `stall` and `slow-headers` are silent, s")
    denied: list[str] = Field(
        default_factory=list,
        description='actions that policies deny, as in ["bedrock:InvokeModel"]; * stands for any text',
    )
    control_delay_seconds: float = Field(0.0, ge=0, description="how long the control plane takes to answer, s")
    more_quotas: dict[str, float] = Field(
        default_factory=dict, description="further quotas that Service Quotas lists, by name; below 0 hides one"
    )
    inference_profiles: dict[str, str] = Field(
        default_factory=dict,
        description="ARN of an application inference profile or of provisioned throughput: the model it leads to",
    )
    log_group: str = Field(
        "/aws/bedrock/invocations", description="group of CloudWatch Logs that has the invocation logs"
    )
    legacy: bool = Field(default=False, description="GetFoundationModel says that the model is legacy")
    no_streaming: bool = Field(
        default=False, description="the model cannot stream: GetFoundationModel says so, and streams are refused"
    )
    others_requests_per_minute: float = Field(
        0.0, ge=0, description="what others use of the quota of requests of each model"
    )
    others_tokens_per_minute: float = Field(
        0.0, ge=0, description="what others use of the quota of tokens of each model"
    )
    aligned_periods: bool = Field(
        default=False,
        description="CloudWatch's periods begin at multiples of their length, not where the request begins",
    )
    event_times: bool = Field(default=False, description="enter the time of every text event in the ledger")
    models: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="settings that differ for some models, by a pattern of their ids"
    )

    def changed(self, settings: Mapping[str, Any]) -> Behaviour:
        """This behaviour with these settings replaced; raises `BehaviourError`."""
        try:
            changed = Behaviour.model_validate(self.model_dump() | dict(settings))
        except ValidationError as error:
            raise BehaviourError(_in_one_line(error)) from None
        for pattern in changed.models:
            changed.overridden(pattern)
        return changed

    def check_allowed(self, action: str) -> None:
        """Raise a `ServiceError` if policies deny this action."""
        if any(fnmatchcase(action, pattern) for pattern in self.denied):
            raise ServiceError("AccessDeniedException", DENIED.format(action=action))

    def of(self, model_id: str) -> Behaviour:
        """The behaviour for a model: the settings for all, changed by the patterns that match, in their order."""
        behaviour = self
        for pattern in self.models:
            if fnmatchcase(model_id, pattern):
                behaviour = behaviour.overridden(pattern)
        return behaviour

    def overridden(self, pattern: str) -> Behaviour:
        """This behaviour with the settings of one of the patterns; raises `BehaviourError`."""
        if "models" in self.models[pattern]:
            raise BehaviourError(f"models.{pattern}: models cannot be nested")
        try:
            return Behaviour.model_validate(self.model_dump() | self.models[pattern])
        except ValidationError as error:
            raise BehaviourError(f"models.{pattern}: {_in_one_line(error)}") from None


def _in_one_line(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {_reason(e)}" for e in error.errors())


def _reason(error: Any) -> str:
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        return f"no such setting; there are: {', '.join(Behaviour.model_fields)}"
    return f"{error['msg'].removeprefix('Value error, ')} (got {error['input']!r})"
