"""Quotas that `model.quota_codes` chooses: each is asked for by its code, and has to be of the kind of its setting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from bedrock_locust.aws.account.control import why
from bedrock_locust.aws.account.names import CROSS_REGION, matches, names_of, parse
from bedrock_locust.settings.quotas import NAMES, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.aws.account.control import Control
    from bedrock_locust.aws.account.models import Details, Resolved
    from bedrock_locust.aws.account.names import Named
    from bedrock_locust.settings.schema import Model

SERVICE = "bedrock"
LEFT_OUT = "is left out"

_KIND = re.compile(r"(?P<side>input |output )?(?P<what>tokens|requests) per (?P<per>minute|day)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of the account."""

    value: float
    code: str
    name: str


def chosen(
    control: Control, model: Model, resolved: Resolved | None, about: Details
) -> tuple[dict[str, Quota], list[str]]:
    """Setting -> the quota with the code that the settings name for it; and what to say of codes that do not fit."""
    found: dict[str, Quota] = {}
    notes: list[str] = []
    scope = resolved.scope if resolved else ""
    for setting, code in (model.quota_codes or {}).items():
        if setting not in NAMES[model.endpoint]:
            continue
        try:
            said = control.client("service-quotas").get_service_quota(ServiceCode=SERVICE, QuotaCode=code)["Quota"]
        except Exception as error:  # noqa: BLE001 - no such code, no permission, no way to it: the run goes on
            notes.append(_unknown(control, setting, code, error))
            if not _is_absent(error):
                break  # the next one would get the same answer
            continue
        name = str(said["QuotaName"])
        if kind_of(name) != setting:
            notes.append(_unfit(setting, code, name))
            continue
        found[setting] = quota_of(said, parse(name), scope)
        if not _is_of(name, model, resolved, about):
            notes.append(f'{_named(setting, code)} is "{name}", a name unlike {model.id}: it counts, as you chose it')
    return found, notes


def quota_of(said: Mapping[str, Any], named: Named | None, scope: str) -> Quota:
    """The quota of which Service Quotas speaks, for calls with this scope."""
    times = 2 if named and named.doubled and scope == CROSS_REGION else 1
    return Quota(times * float(said.get("Value", 0)), str(said.get("QuotaCode")), str(said["QuotaName"]))


def is_of(named: Named, model: Model, scope: str) -> bool:
    """Whether a quota is that of calls with this scope, and with the latency mode of the model."""
    return named.scope in {"", scope} and named.fast == (model.latency == "optimized")


def kind_of(name: str) -> str:
    """The setting of which a quota is by the words of its name, also where that is none of a model; empty if none."""
    if named := parse(name):
        return named.setting
    found = _KIND.search(name)
    if found is None:
        return ""
    side, what, per = (found[part] or "" for part in ("side", "what", "per"))
    words = f"{side}{what} per {per}".lower()
    return next((setting for setting, said in WORDS.items() if said == words), "")


def _is_of(name: str, model: Model, resolved: Resolved | None, about: Details) -> bool:
    """Whether a name is that of the model, as far as that is known."""
    if resolved is None or not resolved.scope:
        return True
    named, names = parse(name), names_of(resolved.model_id, about.name, about.provider)
    return bool(named and is_of(named, model, resolved.scope) and matches(named.label, names))


def _named(setting: str, code: str) -> str:
    return f"{code} in model.quota_codes ({setting})"


def _is_absent(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "NoSuchResourceException"


def _unknown(control: Control, setting: str, code: str, error: Exception) -> str:
    """Why a code gave no quota."""
    if _is_absent(error):
        where = f"the account has no quota with this code in {control.region}"
        return f"{_named(setting, code)} {LEFT_OUT}: {where}; the console of Service Quotas shows codes"
    return f"the quotas of model.quota_codes were not looked up: {why(error)}"


def _unfit(setting: str, code: str, name: str) -> str:
    """What a code of another kind is, and where it belongs."""
    kind = kind_of(name)
    other = f"a quota of {WORDS[kind]} (model.{kind})" if kind else "none of calls"
    return f'{_named(setting, code)} {LEFT_OUT}: it is "{name}", {other}, and none of {WORDS[setting]}'
