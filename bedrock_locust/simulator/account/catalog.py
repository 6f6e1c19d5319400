"""The catalog: what models are called, which AWS tells apart from their ids, and what profiles lead to.

The names are made from the ids by the habits that real ones show; no list of real names is kept.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator import routers
from bedrock_locust.simulator.errors import UNKNOWN_MODEL, ServiceError

if TYPE_CHECKING:
    from bedrock_locust.simulator.behaviour import Behaviour

ACCOUNT = "123456789012"
REGION = "us-east-1"
REGIONS = (REGION, "us-east-2", "us-west-2")
"""Those to which an inference profile leads."""
MODELS = (
    "amazon.nova-2-lite-v1:0",
    "amazon.nova-lite-v1:0",
    "amazon.nova-micro-v1:0",
    "amazon.nova-pro-v1:0",
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    "anthropic.claude-haiku-5-5",
    "anthropic.claude-opus-4-8",
    "anthropic.claude-opus-5",
    "anthropic.claude-sonnet-4-20250514-v1:0",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-sonnet-5",
    "deepseek.v3.1",
    "google.gemma-4-31b",
    "meta.llama3-3-70b-instruct-v1:0",
    "mistral.mistral-large-2407-v1:0",
    "openai.gpt-5.6-luna",
    "openai.gpt-5.6-sol",
    "openai.gpt-oss-120b-1:0",
    "openai.gpt-oss-20b-1:0",
    "qwen.qwen3-32b-v1:0",
)
"""Models whose quotas are listed. Any other has its quotas listed once somebody asked for it or called it."""
PREFIX = re.compile(r"^(global|us-gov|us|eu|apac|jp|au|ca)\.(?=[a-z0-9-]+\.)")
"""What an inference profile has before the id of its model."""

_PROVIDERS = {
    "ai21": "AI21 Labs",
    "amazon": "Amazon",
    "anthropic": "Anthropic",
    "cohere": "Cohere",
    "deepseek": "DeepSeek",
    "google": "Google",
    "meta": "Meta",
    "minimax": "MiniMax",
    "mistral": "Mistral AI",
    "openai": "OpenAI",
    "qwen": "Qwen",
    "xai": "xAI",
}
_VERSION = re.compile(r"(-\d{8})?(-v\d+)?(:\d+)?$|-\d:\d+$")
_NUMBER = re.compile(r"(?<=\d)[- ](?=\d{1,2}\b)")
_STUCK = re.compile(r"(?<=[a-z]{3})(?=\d)")
_UPPER = {"gpt": "GPT", "deepseek": "DeepSeek", "oss": "OSS"}
_LEGACY_SINCE, _GONE_AT = datetime(2026, 6, 1, tzinfo=UTC), datetime(2099, 1, 15, tzinfo=UTC)
_RELEASED = datetime(2025, 6, 1, tzinfo=UTC)


def bare(model_id: str) -> str:
    """The id of the model that an id, a profile id or an ARN of either names."""
    return PREFIX.sub("", model_id.rsplit("/", 1)[-1])


def provider_of(model_id: str) -> str:
    """Who made a model."""
    first = model_id.partition(".")[0]
    return _PROVIDERS.get(first, first.capitalize())


def name_of(model_id: str) -> str:
    """What AWS calls a model, without its maker: `Claude Haiku 5.5` of `anthropic.claude-haiku-5-5`."""
    words = _VERSION.sub("", model_id.partition(".")[2]).replace("-v", " V")
    words = _STUCK.sub(" ", _NUMBER.sub(".", words)).replace("-", " ")
    return " ".join(_word(word) for word in words.split())


def _word(word: str) -> str:
    if word in _UPPER:
        return _UPPER[word]
    return word.upper() if re.fullmatch(r"\d+b", word) else word[:1].upper() + word[1:]


def model(model_id: str, behaviour: Behaviour) -> dict[str, Any]:
    """What GetFoundationModel answers; raises `ServiceError` for an id that is none of a model."""
    name = model_id.rsplit("/", 1)[-1]
    if PREFIX.match(name) or "does-not-exist" in name or "." not in name:
        raise ServiceError("ValidationException", UNKNOWN_MODEL)
    lifecycle: dict[str, Any] = {"status": "ACTIVE", "startOfLifeTime": _RELEASED}
    if behaviour.of(name).legacy:
        lifecycle |= {"status": "LEGACY", "legacyTime": _LEGACY_SINCE, "endOfLifeTime": _GONE_AT}
    details = {
        "modelArn": arn_of(name),
        "modelId": name,
        "modelName": name_of(name),
        "providerName": provider_of(name),
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": not behaviour.of(name).no_streaming,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND", "INFERENCE_PROFILE"],
        "modelLifecycle": lifecycle,
    }
    return {"modelDetails": details}


def arn_of(model_id: str, region: str = REGION) -> str:
    """The ARN of a model."""
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def profile(profile_id: str, behaviour: Behaviour) -> dict[str, Any]:
    """What GetInferenceProfile answers; raises `ServiceError` where there is no such profile."""
    own = behaviour.inference_profiles.get(profile_id)
    name = profile_id.rsplit("/", 1)[-1]
    found = PREFIX.match(name)
    if own is None and (found is None or "does-not-exist" in name):
        raise ServiceError("ResourceNotFoundException", "The requested inference profile could not be found.")
    leads_to = bare(own or name)
    prefix = found[1].upper() if found and own is None else "Application"
    kind = "application-inference-profile" if own else "inference-profile"
    regions = [REGION] if own else REGIONS
    return {
        "inferenceProfileName": f"{prefix} {provider_of(leads_to)} {name_of(leads_to)}",
        "description": f"Routes requests to {provider_of(leads_to)} {name_of(leads_to)}.",
        "createdAt": _RELEASED,
        "updatedAt": _RELEASED,
        "inferenceProfileArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{kind}/{name}",
        "models": [{"modelArn": arn_of(leads_to, region)} for region in regions],
        "inferenceProfileId": name,
        "status": "ACTIVE",
        "type": "APPLICATION" if own else "SYSTEM_DEFINED",
    }


def provisioned(arn: str, behaviour: Behaviour) -> dict[str, Any]:
    """What GetProvisionedModelThroughput answers; raises `ServiceError` where there is none."""
    own = behaviour.inference_profiles.get(arn)
    if own is None or ":provisioned-model/" not in arn:
        raise ServiceError("ResourceNotFoundException", "The provided provisioned model could not be found.")
    model_arn = arn_of(bare(own))
    return {
        "modelUnits": 1,
        "desiredModelUnits": 1,
        "provisionedModelName": arn.rsplit("/", 1)[-1],
        "provisionedModelArn": arn,
        "modelArn": model_arn,
        "desiredModelArn": model_arn,
        "foundationModelArn": model_arn,
        "status": "InService",
        "creationTime": _RELEASED,
        "lastModifiedTime": _RELEASED,
    }


def router(arn: str) -> dict[str, Any]:
    """What GetPromptRouter answers; raises `ServiceError` where there is none."""
    if not any(part in arn for part in routers.PART) or "does-not-exist" in arn:
        raise ServiceError("ResourceNotFoundException", "The requested prompt router could not be found.")
    models = [{"modelArn": routers.PROFILE + model_id} for model_id in routers.MODELS]
    return {
        "promptRouterName": "Nova Prompt Router",
        "routingCriteria": {"responseQualityDifference": 0.0},
        "description": "Routes requests among Nova Lite and Nova Pro.",
        "createdAt": _RELEASED,
        "updatedAt": _RELEASED,
        "promptRouterArn": arn,
        "models": models,
        "fallbackModel": models[-1],
        "status": "AVAILABLE",
        "type": "default" if routers.PART[0] in arn else "custom",
    }
