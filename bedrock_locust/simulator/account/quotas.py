"""Service Quotas: the quotas that the behaviour sets, under the names that AWS gives them.

The names are those of real accounts (service code `bedrock`); codes are made from the names.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.account.catalog import ACCOUNT, MODELS, REGION, bare, name_of, provider_of
from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_locust.simulator.service import Service

SERVICE = "bedrock"
MOST_IN_A_PAGE = 100
SCOPES = {"": "On-demand", "us.": "Cross-region", "global.": "Global cross-region"}
"""What is before the id of a model -> what the name of its quota begins with."""
OTHERS = {
    "Minimum number of records per batch inference job for Claude Haiku 4.5": 100.0,
    "On-demand latency-optimized model inference tokens per minute for Amazon Nova Pro": 500_000.0,
    "Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4 V1 1M Context Length": 1_000_000.0,
    "Batch inference input file size (in GB)": 1.0,
    "Guardrails per account": 100.0,
}
"""Quotas that an account also has."""


def page(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    """What ListServiceQuotas answers. Raises `ServiceError`."""
    _check_code(values)
    quotas = [quota for quota in _all(service) if values.get("QuotaCode") in (None, quota["QuotaCode"])]
    begin = _number(values.get("NextToken", 0), "NextToken", 0, 1_000_000)
    end = begin + _number(values.get("MaxResults", MOST_IN_A_PAGE), "MaxResults", 1, MOST_IN_A_PAGE)
    more = {"NextToken": str(end)} if end < len(quotas) else {}
    return {"Quotas": quotas[begin:end], **more}


def one(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    """What GetServiceQuota answers. Raises `ServiceError`."""
    _check_code(values)
    for quota in _all(service):
        if quota["QuotaCode"] == values.get("QuotaCode"):
            return {"Quota": quota}
    raise ServiceError("NoSuchResourceException", "The request failed because the specified quota does not exist.")


def code_of(name: str) -> str:
    """The code of a quota."""
    return f"L-{sha256(name.encode()).hexdigest()[:8].upper()}"


NO_SERVICE = "The request failed because the specified service does not exist."


def _check_code(values: Mapping[str, Any]) -> None:
    if values.get("ServiceCode") != SERVICE:
        raise ServiceError("NoSuchResourceException", NO_SERVICE)


def _number(value: object, name: str, least: int, most: int) -> int:
    text = str(value)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ServiceError("IllegalArgumentException", f"{name} is not a number from {least} to {most}.")
    return int(text)


def _all(service: Service) -> list[dict[str, Any]]:
    named = {**OTHERS, **dict(_of_models(service)), **service.behaviour.more_quotas}
    return [_quota(name, value) for name, value in sorted(named.items()) if value >= 0]


def _of_models(service: Service) -> Iterator[tuple[str, float]]:
    """Name and value of the quotas of all models that are known."""
    patterns = [name for name in service.behaviour.models if not set(name) & set("*?[")]
    names = (*MODELS, *patterns, *service.known, *service.called)
    for model_id in sorted({bare(name) for name in names if "." in name}):
        yield from _of_mantle(service, model_id) if service.endpoint == "mantle" else _of_runtime(service, model_id)


def _of_runtime(service: Service, model_id: str) -> Iterator[tuple[str, float]]:
    label = f"{provider_of(model_id)} {name_of(model_id)}"
    for prefix, scope in SCOPES.items():
        behaviour = service.behaviour.of(prefix + model_id)
        for what, value in (("tokens", behaviour.tokens_per_minute), ("requests", behaviour.requests_per_minute)):
            if value:
                yield f"{scope} model inference {what} per minute for {label}", value
    one, across = (service.behaviour.of(prefix + model_id).tokens_per_day for prefix in ("", "us."))
    if one:
        doubled = " (doubled for cross-region calls)" if across == 2 * one else ""
        yield f"Model invocation max tokens per day for {label}{doubled}", one


def _of_mantle(service: Service, model_id: str) -> Iterator[tuple[str, float]]:
    behaviour = service.behaviour.of(model_id)
    for what, value in (("Input", behaviour.input_tokens_per_minute), ("Output", behaviour.output_tokens_per_minute)):
        if value:
            yield f"[bedrock-mantle endpoint] {what} tokens per minute for {name_of(model_id)}", value


def _quota(name: str, value: float) -> dict[str, Any]:
    code = code_of(name)
    per = "DAY" if "per day" in name else "MINUTE"
    period = {"Period": {"PeriodValue": 1, "PeriodUnit": per}} if " per minute" in name or " per day" in name else {}
    return {
        "ServiceCode": SERVICE,
        "ServiceName": "Amazon Bedrock",
        "QuotaArn": f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:{SERVICE}/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": not name.startswith("[bedrock-mantle"),
        "GlobalQuota": False,
        **period,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
