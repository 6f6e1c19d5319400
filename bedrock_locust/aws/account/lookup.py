"""The quotas of the account that calls of a run use, found in Service Quotas."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_locust.aws.account.chosen import SERVICE, Quota, chosen, is_of, quota_of
from bedrock_locust.aws.account.control import why
from bedrock_locust.aws.account.names import matches, names_of, parse
from bedrock_locust.settings.quotas import NAMES, WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from bedrock_locust.aws.account.control import Control
    from bedrock_locust.aws.account.models import Details, Resolved
    from bedrock_locust.aws.account.names import Named
    from bedrock_locust.settings.schema import Model

MOST_PAGES = 50
NEEDED = {"runtime": ("tokens_per_minute",), "mantle": ("input_tokens_per_minute", "output_tokens_per_minute")}
"""Endpoint -> the quotas that each model has there."""
BY_HAND = "set it by hand, or name its code (L-...) in model.quota_codes (--bedrock-quota-codes)"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about the quotas of a run."""

    quotas: Mapping[str, Quota] = field(default_factory=dict)
    """Setting of the model -> its quota in the account."""
    notes: tuple[str, ...] = ()
    """What could not be found out, and `zero`, in sentences without a full stop."""
    zero: tuple[str, ...] = ()
    """Which quotas are 0, so that no call succeeds."""


def look_up(control: Control, model: Model, resolved: Resolved | None, about: Details) -> Found:
    """Find the quotas of a model, with what AWS says of it. It fails never: what was not found out is in the notes.

    A code chooses the quota of its own setting; one that is refused is as if it had not been given.
    """
    by_code, notes = chosen(control, model, resolved, about)
    by_name: dict[str, Quota] = {}
    if resolved and resolved.scope and not by_code.keys() >= {*NAMES[model.endpoint]}:
        try:
            by_name, more = _by_name(control, model, resolved, about, by_code)
        except Exception as error:  # noqa: BLE001 - no permission, no way to it: the run goes on without
            which = "other quotas" if by_code else "quotas"
            more = [f"the {which} of the account were not looked up: {why(error)}"]
        notes = [*notes, *more]
    quotas = {**by_name, **by_code}
    zero = tuple(
        f"the quota of {WORDS[name]} of the account is 0 ({one.code}), so each call will be throttled: ask for more"
        for name, one in quotas.items()
        if not one.value
    )
    return Found({name: one for name, one in quotas.items() if one.value >= 1}, (*notes, *zero), zero)


def _by_name(
    control: Control, model: Model, resolved: Resolved, about: Details, known: Collection[str]
) -> tuple[dict[str, Quota], list[str]]:
    """Quotas whose names are those of the model, and what to say of those that are not found.

    `known` are settings whose quota is chosen already.
    """
    candidates = _candidates(_listed(control), model, resolved.scope)
    by_id, by_aws = names_of(resolved.model_id), names_of(resolved.model_id, about.name, about.provider)
    matching = _matching(candidates, by_id) or _matching(candidates, by_aws)
    found = {setting: all_ for setting, all_ in matching.items() if setting not in known}
    notes = [
        f"{len(all_)} quotas of {WORDS[setting]} may be that of {model.id} ({_codes(all_)}): {BY_HAND}"
        for setting, all_ in found.items()
        if len(all_) > 1
    ]
    missing = [name for name in NEEDED[model.endpoint] if name not in matching and name not in known]
    if missing := [name for name in missing if not getattr(model, name)]:
        what = f" of {' and '.join(WORDS[name] for name in missing)}" if matching or known else ""
        scope = f"{resolved.scope.lower()}, " if model.endpoint == "runtime" else ""
        where = f"({scope}{control.region})"
        is_unnamed = about.unknown and candidates and not matching
        unnamed = f"; what AWS calls it was not asked: {about.unknown}" if is_unnamed else ""
        notes.append(f"the account has no quota{what} that is called like {model.id} {where}: {BY_HAND}{unnamed}")
    return {setting: all_[0] for setting, all_ in found.items() if len(all_) == 1}, notes


def _codes(quotas: Iterable[Quota]) -> str:
    return ", ".join(sorted(quota.code for quota in quotas))


def _listed(control: Control) -> Iterator[dict[str, Any]]:
    """All quotas of Bedrock in the account."""
    more: dict[str, Any] = {}
    client = control.client("service-quotas")
    for _ in range(MOST_PAGES):
        page = client.list_service_quotas(ServiceCode=SERVICE, MaxResults=100, **more)
        yield from page.get("Quotas", [])
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


def _candidates(listed: Iterable[Mapping[str, Any]], model: Model, scope: str) -> list[tuple[Named, Quota]]:
    """The quotas of the endpoint, scope and latency mode of the calls, of any model."""
    read = [(parse(str(said.get("QuotaName", ""))), said) for said in listed]
    return [
        (named, quota_of(said, named, scope))
        for named, said in read
        if named and named.setting in NAMES[model.endpoint] and is_of(named, model, scope)
    ]


def _matching(candidates: Iterable[tuple[Named, Quota]], names: list[str]) -> dict[str, list[Quota]]:
    """Setting -> the quotas whose label is one of these names."""
    found: dict[str, list[Quota]] = defaultdict(list)
    for named, quota in candidates:
        if matches(named.label, names):
            found[named.setting].append(quota)
    return dict(found)
