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
_VERSION = re.compile(r"(?:-v\d+|-\d)?:\d+$")
"""What the ids of many models end with on bedrock-runtime, and none on bedrock-mantle."""
_OPEN = ("openai.", "xai.", "qwen.", "deepseek.", "google.", "zai.", "moonshot", "minimax.", "nvidia.", "mistral.")
"""Providers whose models speak an API of OpenAI on some endpoint."""
_CLOSED = ("amazon.", "meta.", "cohere.", "ai21.", "writer.")
"""Those whose models had none in 2026, which may change."""
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
    name = provider_id(model.known_id)
    api = f"model.api is {model.api}"
    if model.endpoint == "mantle" and model.api in BOTO3_APIS:
        best = "messages" if name.startswith("anthropic.") else "responses or chat"
        yield f"{api}, which bedrock-mantle does not have: set model.api to {best}, or model.endpoint to runtime"
    if model.api in OPENAI_APIS and name.startswith("anthropic."):
        yield f"{api}, which Claude does not speak: set model.api to messages, or on runtime to converse or invoke"
    if model.api == "messages" and name.startswith(_CLOSED):
        yield f"{api}, which only Claude speaks: set model.api to converse or invoke, and model.endpoint to runtime"
    if model.api == "messages" and name.startswith(_OPEN):
        yield f"{api}, which only Claude speaks: set model.api to chat or responses, or on runtime to converse"
    if model.endpoint == "mantle":
        yield from _wrong_id(model.id)
        yield from _wrong_on_mantle(model)
    if model.api == "responses" and max_tokens < LEAST_OF_RESPONSES:
        yield f"{api}, which refuses test.max_tokens below {LEAST_OF_RESPONSES}: raise it, or set model.api to chat"
    if model.api == "responses" and _APPLICATION.search(model.id):
        yield (
            f"{api}, which takes no application inference profile: set model.id to that of the model (us., global.), or"
            " model.api to converse"
        )
    if model.latency and model.api not in BOTO3_APIS:
        yield f"{api}, which has no latency mode: remove model.latency, or set model.api to converse"
    if model.service_tier and model.api == "messages":
        yield f"{api}, which takes no service tier: remove model.service_tier, or set model.api to converse or invoke"


def _wrong_id(model_id: str) -> Iterator[str]:
    bare = _VERSION.sub("", provider_id(model_id))
    if bare != model_id:
        yield (
            f"model.id is {model_id!r}, but bedrock-mantle has ids without region, ARN and version: set it to {bare!r},"
            " or model.endpoint to runtime"
        )


def _wrong_on_mantle(model: Model) -> Iterator[str]:
    if model.service_tier == "reserved":
        yield "model.service_tier is reserved, which bedrock-mantle refuses: set another, or model.endpoint to runtime"
