"""Pairs of API, endpoint and model that no call can have. They are refused before the first call, with one that works.

Model ids are opaque, and what a model speaks changes from month to month, so only what holds for a whole provider or
endpoint is refused here; for the rest the service's own refusal has a remedy. Sources: "Endpoints", "Quotas" and the
pages of the APIs in the Bedrock user guide, and aws-samples/sample-per-model-bedrock (runs of August 2026).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTO3_APIS = frozenset({"converse", "invoke"})
OPENAI_APIS = frozenset({"responses", "chat"})
LEAST_OF_RESPONSES = 16
"""The service refuses a smaller `max_output_tokens`."""

_PREFIX = re.compile(r"(?:global|us-gov|us|eu|apac|jp|au|in|ca|sa|me|il|mx|af|kr|uk)\.(?=[a-z0-9-]+\.)").match
"""What an inference profile has before the id of its model."""
_VERSION = re.compile(r"(?:-v\d+|-\d)?:\d+$|(?<=\d)-v\d+$")
"""What the ids of many models end with on bedrock-runtime, and none on bedrock-mantle."""
_OPEN = ("openai.", "xai.", "qwen.", "deepseek.", "google.", "zai.", "moonshot", "minimax.", "nvidia.", "mistral.")
"""Providers whose models speak an API of OpenAI on some endpoint."""
_CLOSED = ("amazon.", "meta.", "cohere.", "ai21.", "writer.", "deepseek.r1")
"""Those whose models had none in 2026, which may change, and DeepSeek R1."""
_NOT_OF_OPENAI = {
    "anthropic.": "Claude",
    "amazon.nova": "Nova",
    "amazon.titan": "Titan",
    "meta.llama": "Llama",
    "cohere.": "Command",
    "ai21.": "Jamba",
    "writer.": "Palmyra",
}
"""Models that speak no API of OpenAI, by what their ids begin with."""
_NEW_ON_MANTLE = ("google.gemma-4", "openai.gpt-5.4", "openai.gpt-5.5", "xai.grok-4.3")
_OPEN_ON_MANTLE = ("deepseek.v3.1", "zai.glm-4.6")
"""Models that bedrock-runtime did not have in August 2026; those with open weights have only Chat Completions."""
_BY_PROFILE = re.compile(r"(?:openai\.(?!gpt-oss)|xai\.|anthropic\.claude-[a-z]+-5$).*")
"""Models whose id on bedrock-runtime is that of an inference profile: its prefix, and the bare id."""
_ON_RUNTIME = {
    "openai.gpt-oss-120b": "openai.gpt-oss-120b-1:0",
    "openai.gpt-oss-20b": "openai.gpt-oss-20b-1:0",
    "qwen.qwen3-32b": "qwen.qwen3-32b-v1:0",
}
"""Ids on bedrock-runtime that are known, by those on bedrock-mantle. No rule tells them: many have no version."""
_APPLICATION = re.compile(r"arn:[^/]*:application-inference-profile/.+")
_HIDDEN = re.compile(
    r"arn:[^/]*:(?:application-inference-profile|provisioned-model|default-prompt-router|prompt-router)/.+"
)


class Model(Protocol):
    """Those settings of the model that matter here."""

    @property
    def id(self) -> str:
        """Id or ARN."""

    @property
    def known_id(self) -> str:
        """Id that tells which model it is."""

    @property
    def api(self) -> str:
        """API."""

    @property
    def endpoint(self) -> str:
        """Endpoint."""

    @property
    def service_tier(self) -> str | None:
        """Service tier."""

    @property
    def latency(self) -> str | None:
        """Latency mode."""


def provider_id(model_id: str) -> str:
    """A model id without ARN and without the prefix of an inference profile."""
    name = model_id.rsplit("/", 1)[-1]
    found = _PREFIX(name)
    return name[found.end() :] if found else name


def hides_model(model_id: str) -> bool:
    """Whether an id does not say which model it is, and AWS does.

    It is the ARN of an application inference profile, of provisioned throughput, or of a prompt router.
    """
    return bool(_HIDDEN.fullmatch(model_id))


def impossible(model: Model, max_tokens: int) -> str:
    """Why no call with these settings can succeed, and what to set instead; empty if one may."""
    return next(_reasons(model, max_tokens), "")


def _reasons(model: Model, max_tokens: int) -> Iterator[str]:
    api, is_mantle = f"model.api is {model.api}", model.endpoint == "mantle"
    if why := _lacking(model):
        yield f"{api}, which {why}: set {_instead(model)}"
    if model.service_tier and model.api == "messages":
        instead = "" if is_mantle else ", or set model.api to converse or invoke"
        yield f"{api}, which takes no service tier: remove model.service_tier{instead}"
    if is_mantle:
        yield from _wrong_id(model)
        yield from _wrong_on_mantle(model)
    if model.api == "responses" and max_tokens < LEAST_OF_RESPONSES:
        yield f"{api}, which refuses test.max_tokens below {LEAST_OF_RESPONSES}: raise it, or set model.api to chat"
    if model.api == "responses" and _APPLICATION.search(model.id):
        yield (
            f"{api}, which takes no application inference profile: set model.id to that of the model (us., global.), or"
            " model.api to converse"
        )
    if model.latency and model.api not in BOTO3_APIS:
        instead = "" if is_mantle else ", or set model.api to converse"
        yield f"{api}, which has no latency mode: remove model.latency{instead}"


def _lacking(model: Model) -> str:
    """Why the endpoint, or all models of this provider, have no such API; empty if they may."""
    name = provider_id(model.known_id)
    if model.endpoint == "mantle" and model.api in BOTO3_APIS:
        return "bedrock-mantle does not have"
    if model.api in OPENAI_APIS and (mute := _mute(name)):
        return f"{mute} does not speak"
    return "only Claude speaks" if model.api == "messages" and name.startswith((*_CLOSED, *_OPEN)) else ""


def _mute(name: str) -> str:
    """The models of this one's kind if none of them speaks an API of OpenAI, else empty."""
    return next((models for start, models in _NOT_OF_OPENAI.items() if name.startswith(start)), "")


def _instead(model: Model) -> str:
    """What to set for each endpoint on which this model has an API, the one that is set first."""
    others = (one for one in ("runtime", "mantle") if one != model.endpoint)
    return ", or ".join(filter(None, (_change(model, endpoint) for endpoint in (model.endpoint, *others))))


def _change(model: Model, endpoint: str) -> str:
    """What to set for an API of the model on an endpoint; empty if it has none there."""
    if not (apis := _apis(model, endpoint)):
        return ""
    *most, last = apis
    changes = {
        "api": "" if model.api in apis else " or ".join(filter(None, (", ".join(most), last))),
        "endpoint": "" if endpoint == model.endpoint else endpoint,
        "id": _id_on_mantle(model) if endpoint == "mantle" else _id_on_runtime(model),
    }
    return " and ".join(f"model.{name} to {value}" for name, value in changes.items() if value)


def _apis(model: Model, endpoint: str) -> list[str]:
    """The APIs to name for an endpoint. A model that nobody knows may have the one that is set."""
    name = provider_id(model.known_id)
    apis = _spoken(name)[endpoint]
    if not name.startswith((*_OPEN, *_CLOSED, "anthropic.")) and (endpoint == "runtime" or model.api not in BOTO3_APIS):
        apis = tuple(dict.fromkeys((*apis, model.api)))
    is_application = endpoint == "runtime" and _APPLICATION.search(model.id)
    return [api for api in apis if not (is_application and api == "responses")]


def _spoken(name: str) -> dict[str, tuple[str, ...]]:
    """The APIs that are known to work for a model, by endpoint: see the table of docs/apis.md."""
    boto3 = ("converse", "invoke")
    for starts, runtime, mantle in (
        (("anthropic.",), ("messages", *boto3), ("messages",)),
        (_CLOSED, boto3, ()),
        (_OPEN_ON_MANTLE, (), ("chat",)),
        (_NEW_ON_MANTLE, (), ("responses", "chat")),
        (("openai.gpt-oss",), ("chat", *boto3), ("responses", "chat")),
        (("openai.", "xai."), ("responses", "chat"), ("responses", "chat")),
        (_OPEN, ("chat", *boto3), ("chat",)),
    ):
        if name.startswith(starts):
            return {"runtime": runtime, "mantle": mantle}
    return {"runtime": boto3, "mantle": ("responses", "chat")}


def bare_id(model_id: str) -> str:
    """An id as bedrock-mantle has it: without region, ARN and version."""
    return _VERSION.sub("", provider_id(model_id))


def _id_on_mantle(model: Model) -> str:
    """The id to set for bedrock-mantle, in words where an ARN does not tell its model; empty if it may stay."""
    if bare_id(model.id) == model.id:
        return ""
    return "that of the model" if hides_model(model.known_id) else repr(bare_id(model.known_id))


def _id_on_runtime(model: Model) -> str:
    """The id to set for bedrock-runtime, in words where it is not known for sure; empty if it may stay."""
    name = bare_id(model.known_id)
    if hides_model(model.id) or _PREFIX(model.id.rsplit("/", 1)[-1]):
        return ""
    if _BY_PROFILE.fullmatch(name):
        return f"that of an inference profile, such as 'us.{name}'"
    if model.endpoint == "runtime" or bare_id(model.id) != model.id:
        return ""
    return repr(_ON_RUNTIME[name]) if name in _ON_RUNTIME else _unknown_id(name)


def _unknown_id(name: str) -> str:
    """An id on bedrock-runtime that cannot be told from that on bedrock-mantle, in words."""
    is_claude = name.startswith("anthropic.")
    return "that of an inference profile (us., global.)" if is_claude else "that of the model there"


def _wrong_id(model: Model) -> Iterator[str]:
    if bare_id(model.id) != model.id:
        why = f"model.id is {model.id!r}, but bedrock-mantle has ids without region, ARN and version"
        yield f"{why}: set {_instead(model)}"


def _wrong_on_mantle(model: Model) -> Iterator[str]:
    if model.service_tier == "reserved":
        runtime = _change(model, "runtime")
        instead = f", or {runtime}" if runtime else ""
        yield f"model.service_tier is reserved, which bedrock-mantle refuses: set another{instead}"
