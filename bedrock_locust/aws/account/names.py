"""The names of quotas: which quota of an account is that of a model.

AWS gives no link between a quota and a model, so names are compared: the letters and digits of the label of a quota
with those of the name of the model, with and without its maker, and number by number. What matches several quotas
matches none. The names are those of real accounts (aws-samples/sample-per-model-bedrock, August 2026).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_locust.settings.pairs import provider_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ON_DEMAND, CROSS_REGION, GLOBAL = "On-demand", "Cross-region", "Global cross-region"

_PER_MODEL = re.compile(
    r"(?P<scope>On-demand|Cross-region|Global cross-region) (?P<fast>latency-optimized )?model inference"
    r" (?P<what>tokens|requests) per (?P<per>minute|day) for (?P<label>.+)",
    re.IGNORECASE,
)
_PER_DAY = re.compile(
    r"Model invocation max tokens per day for (?P<label>.+?)(?P<doubled> \(doubled for cross-region calls\))?",
    re.IGNORECASE,
)
_MANTLE = re.compile(
    r"\[bedrock-mantle endpoint\] (?P<what>Input|Output) tokens per minute for (?P<label>.+)", re.IGNORECASE
)
_LONG_CONTEXT = re.compile(r"1M Context Length", re.IGNORECASE)
_VERSION = re.compile(r"(?:-v\d+)?(?::\d+)?(?::\d+k)?$|-\d:\d+$")
_DATE = re.compile(r"-20\d{6}(?=$|-)")
_DASHED = re.compile(r"(?<=\d)-(?=\d{1,2}(?:-|$))")
_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)*")
_LAST_VERSION = re.compile(r"\s+v\d+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """What the name of a quota says."""

    setting: str
    """The setting of the model that it is."""
    scope: str
    """`On-demand`, `Cross-region` or `Global cross-region`; empty on bedrock-mantle, and where it is for several."""
    label: str
    fast: bool = False
    """Whether it is for the latency mode `optimized`."""
    doubled: bool = False
    """Whether calls across regions have twice as much."""


def parse(name: str) -> Named | None:
    """What a name says; None of a quota that is none of calls to a model, or only for very long prompts."""
    if _LONG_CONTEXT.search(name):
        return None
    if found := _MANTLE.fullmatch(name):
        return Named(f"{found['what'].lower()}_tokens_per_minute", "", found["label"])
    if found := _PER_DAY.fullmatch(name):
        return Named("tokens_per_day", "", found["label"], doubled=bool(found["doubled"]))
    if found := _PER_MODEL.fullmatch(name):
        what = {("tokens", "minute"): "tokens_per_minute", ("tokens", "day"): "tokens_per_day"}
        setting = what.get((found["what"].lower(), found["per"].lower()), "quota")
        return Named(setting, found["scope"].capitalize(), found["label"], fast=bool(found["fast"]))
    return None


def scope_of(model_id: str) -> str:
    """The scope of the quota that calls with an id use."""
    name = model_id.rsplit("/", 1)[-1]
    if name.startswith("global."):
        return GLOBAL
    return CROSS_REGION if provider_id(model_id) != name else ON_DEMAND


def names_of(model_id: str, name: str = "", provider: str = "") -> list[str]:
    """What the label of a quota of a model may be: by its id, and by what AWS calls it where that is known."""
    maker, _, rest = provider_id(model_id).partition(".")
    words = _DASHED.sub(".", _DATE.sub("", _VERSION.sub("", rest)))
    known = [words, f"{maker} {words}"]
    if name:
        known += [name, f"{provider} {name}", f"{provider.split(' ', maxsplit=1)[0]} {name}"]
    return [one.strip() for one in known if one.strip()]


def matches(label: str, names: Iterable[str]) -> bool:
    """Whether a label is one of these names, be it with a version at its end."""
    forms = {_form(label), _form(_LAST_VERSION.sub("", label))}
    return any(_form(name) in forms for name in names if _form(name)[0])


def _form(text: str) -> tuple[str, tuple[str, ...]]:
    """Letters and digits of a text, and its numbers: `Llama 3.1 1B` is not `Llama 3 11B`."""
    words = list(_words(text))
    return "".join(words), tuple(word for word in words if word.isdigit())


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.lower()):
        yield word.replace(".", "")
