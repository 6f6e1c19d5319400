"""Models behind ids: what a profile or an ARN leads to, what AWS calls a model, and whether it will be gone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_locust.aws.account.control import is_denied, why
from bedrock_locust.aws.account.names import CROSS_REGION, GLOBAL, ON_DEMAND, scope_of
from bedrock_locust.aws.lifecycle import outlook
from bedrock_locust.settings.pairs import hides_model, provider_id

if TYPE_CHECKING:
    from bedrock_locust.aws.account.control import Control

_TELLS = re.compile(r"arn:[^/]*:(?:inference-profile|foundation-model)/.+")
"""ARNs that have the id of the model in them."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The model that calls reach."""

    model_id: str
    scope: str
    """The scope of its quota."""


@dataclass(frozen=True, slots=True)
class Details:
    """What AWS says of a model; empty where it says nothing."""

    name: str = ""
    provider: str = ""
    streams: bool | None = None
    """Whether it can stream its answers."""
    outlook: str = ""
    """A sentence of a model that is legacy; empty for any other."""
    unknown: str = ""
    """Why it says nothing; empty where it does."""
    is_denied: bool = False
    """Whether that is a missing permission."""


def resolve(control: Control, model_id: str) -> tuple[Resolved | None, list[str]]:
    """The model behind an id or ARN; None, and why, where nobody tells."""
    if not model_id.startswith("arn:") or _TELLS.fullmatch(model_id):
        return Resolved(provider_id(model_id), scope_of(model_id)), []
    if not hides_model(model_id):
        return None, [f"quotas are not looked up for {model_id}, which is neither a model nor an inference profile"]
    try:
        found = control.client("bedrock").get_inference_profile(inferenceProfileIdentifier=model_id)
        arns = [str(one.get("modelArn", "")) for one in found["models"]]
    except Exception as error:  # noqa: BLE001 - no permission, no way to it: the model is not known
        return None, [f"the model of {model_id} was not looked up: {why(error)}"]
    ids = {arn.rsplit("/", 1)[-1] for arn in arns}
    if len(ids) != 1:
        return None, [f"{model_id} leads to {len(ids)} models, so its quotas are not looked up"]
    return Resolved(ids.pop(), _scope(arns)), []


def _scope(arns: list[str]) -> str:
    """The scope of a profile that leads to these: more than one region, or any."""
    regions = {arn.split(":")[3] if arn.count(":") > 3 else "" for arn in arns}
    if "" in regions:
        return GLOBAL
    return CROSS_REGION if len(regions) > 1 else ON_DEMAND


def details(control: Control, model_id: str, called: str) -> Details:
    """What AWS says of a model; without the permission, only why it says nothing. `called` is what a run calls it."""
    try:
        found: Any = control.client("bedrock").get_foundation_model(modelIdentifier=model_id)
    except Exception as error:  # noqa: BLE001 - a run goes on without
        return Details(unknown=why(error), is_denied=is_denied(error))
    said = found.get("modelDetails", {})
    name, provider = str(said.get("modelName", "")), str(said.get("providerName", ""))
    return Details(
        name, provider, said.get("responseStreamingSupported"), outlook(said.get("modelLifecycle", {}), called)
    )
