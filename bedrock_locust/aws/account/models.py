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
    from collections.abc import Mapping

    from bedrock_locust.aws.account.control import Control

_TELLS = re.compile(r"arn:[^/]*:(?:inference-profile|foundation-model)/.+")
"""ARNs that have the id of the model in them."""


_PROVISIONED = re.compile(r"arn:[^/]*:provisioned-model/.+")
_ROUTER = re.compile(r"arn:[^/]*:(?:default-)?prompt-router/.+")


@dataclass(frozen=True, slots=True)
class Resolved:
    """The model that calls reach."""

    model_id: str
    scope: str
    """The scope of its quota; empty for provisioned throughput, which has a capacity of its own."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind an id or ARN."""

    model: Resolved | None = None
    """None where it is not known, or where there are several."""
    notes: tuple[str, ...] = ()
    """Why there is none, or why its quotas are not looked up: sentences without a full stop."""
    routed: tuple[str, ...] = ()
    """The models that a prompt router chooses from, where it has several."""

    @property
    def model_ids(self) -> tuple[str, ...]:
        """All models that calls may reach."""
        return (self.model.model_id,) if self.model else self.routed


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


def resolve(control: Control, model_id: str) -> Behind:
    """What is behind an id or ARN. It fails never: what nobody tells is in the notes."""
    if not model_id.startswith("arn:") or _TELLS.fullmatch(model_id):
        return Behind(Resolved(provider_id(model_id), scope_of(model_id)))
    if not hides_model(model_id):
        return Behind(
            notes=(f"quotas are not looked up for {model_id}, which is neither a model nor an inference profile",)
        )
    try:
        return _asked(control.client("bedrock"), model_id)
    except Exception as error:  # noqa: BLE001 - no permission, no way to it: the model is not known
        return Behind(notes=(f"the model of {model_id} was not looked up: {why(error)}",))


def named(model_id: str, by_hand: str) -> Behind:
    """What is behind an id whose model is named in the settings."""
    if _PROVISIONED.fullmatch(model_id):
        return _provisioned(model_id, by_hand)
    return Behind(Resolved(provider_id(by_hand), scope_of(by_hand)))


def _asked(client: Any, model_id: str) -> Behind:
    """What AWS says is behind an ARN. Raises what boto3 raises, and KeyError."""
    if _PROVISIONED.fullmatch(model_id):
        found = client.get_provisioned_model_throughput(provisionedModelId=model_id)
        return _provisioned(model_id, str(found["foundationModelArn"]))
    if _ROUTER.fullmatch(model_id):
        return _routed(model_id, _arns(client.get_prompt_router(promptRouterArn=model_id)))
    arns = _arns(client.get_inference_profile(inferenceProfileIdentifier=model_id))
    ids = {provider_id(arn) for arn in arns}
    if len(ids) != 1:
        return Behind(notes=(f"{model_id} leads to {len(ids)} models, so its quotas are not looked up",))
    return Behind(Resolved(ids.pop(), _scope(arns)))


def _arns(found: Mapping[str, Any]) -> list[str]:
    return [str(one["modelArn"]) for one in found["models"]]


def _provisioned(model_id: str, model: str) -> Behind:
    """The model that a custom one was made from, where it is one: it tells format and lifecycle."""
    note = f"no quota is looked up for {model_id}: provisioned throughput has a capacity of its own"
    return Behind(Resolved(provider_id(model), ""), (note,))


def _routed(model_id: str, arns: list[str]) -> Behind:
    """The models of a prompt router, each by a model or by an inference profile; most routers have two."""
    routed = tuple(sorted({provider_id(arn) for arn in arns}))
    if len(routed) == 1:
        return Behind(Resolved(routed[0], scope_of(arns[0])))
    note = f"{model_id} chooses from {len(routed)} models ({', '.join(routed)}), so no quota is looked up"
    return Behind(notes=(note,), routed=routed)


def _scope(arns: list[str]) -> str:
    """The scope of a profile that leads to these: more than one region, or any."""
    regions = {f"{arn}:::".split(":")[3] for arn in arns}
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


def all_details(control: Control, behind: Behind, called: str) -> Details:
    """What AWS says of all models that calls may reach: of several, what will trouble a run with any of them."""
    if behind.model:
        return details(control, behind.model.model_id, called)
    found = [details(control, model_id, model_id) for model_id in behind.routed]
    return Details(
        streams=False if any(one.streams is False for one in found) else None,
        outlook="; ".join(one.outlook for one in found if one.outlook),
        unknown=next((one.unknown for one in found if one.unknown), ""),
        is_denied=any(one.is_denied for one in found),
    )
