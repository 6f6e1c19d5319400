"""`test.request`, checked before the first call. No message shows what is in it: it may be a prompt."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from bedrock_locust import formats
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.pairs import hides_model
from bedrock_locust.workload import guardrail, prefix
from bedrock_locust.workload.lengths import with_lengths_of_files
from bedrock_locust.workload.members import members_of
from bedrock_locust.workload.request import body_of
from bedrock_locust.workload.shapes import ShapeError, input_shape, shaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bedrock_locust.settings.schema import Model, Settings

    Path = tuple[str, ...]

NOT_ASKED = "a run asks AWS which one it is, but nobody was asked here"
PROMPT = "test.prompt_template and test.prompt_size, or the section workload, make it"
ELSEWHERE: Mapping[Path, str] = {
    ("modelId",): "set model.id",
    ("model",): "set model.id",
    ("stream",): "set test.streaming and test.non_streaming",
    ("serviceTier",): "set model.service_tier",
    ("service_tier",): "set model.service_tier",
    ("performanceConfig",): "set model.latency",
    ("projectIdentifier",): "set model.project",
}
"""Member -> what decides it in its place."""


def checked(settings: Settings, unknown: str = "") -> Settings:
    """The settings, if requests can be made with them. Raises SettingsError.

    `unknown` says why the model behind an ARN is not known.
    """
    if settings.model.api == "invoke":
        for model in settings.models:
            _check_format(model, unknown, is_traced=model is not settings.model)
    prefix.check(settings)
    if settings.test.request:
        _check(settings, settings.test.request)
    return with_lengths_of_files(settings)


def _check_format(model: Model, unknown: str, *, is_traced: bool) -> None:
    """Raise SettingsError for a model whose native format is not known. `is_traced`: calls of a trace go to it."""
    try:
        formats.native(model.known_id, model.format)
    except formats.UnknownFormatError as error:
        reason = unknown or (NOT_ASKED if hides_model(model.id) else "")
        why = f" ({reason})" if reason else ""
        if is_traced:
            raise SettingsError(
                f"model.api is invoke, but {model.id!r} in arrivals.trace.models does not tell its native request"
                f" format: name its model in arrivals.trace.base_models or its format in arrivals.trace.formats, or set"
                f" model.api to converse{why}"
            ) from None
        raise SettingsError(f"model.api is invoke, but {error}, or its model in model.base_model{why}") from None


def common_format(model_ids: Iterable[str]) -> str | None:
    """The native format of all of these models; None where one has another, or none that is known."""
    try:
        found = {formats.native_name(model_id) for model_id in model_ids}
    except formats.UnknownFormatError:
        return None
    return found.pop() if len(found) == 1 else None


def _check(settings: Settings, template: Mapping[str, Any]) -> None:
    plain = body_of(settings, "a", 1, 0.5, plain=True)
    owned = {**ELSEWHERE, **_owned(settings, plain)}
    for path, value in _leaves(template):
        above = (path[: depth + 1] for depth in range(len(path)))
        if found := next((place for place in above if place in owned), None):
            raise SettingsError(f"test.request.{_name(found)} cannot be set: {owned[found]}")
        if isinstance(_at(plain, path), dict) and not isinstance(value, dict):
            raise SettingsError(f"test.request.{_name(path)} must be an object")
    _check_background(settings, template)
    _check_guardrail(settings, template)
    if settings.model.api == "converse":
        _check_shapes(settings, template)
    elif known := members_of(settings):
        _check_members(settings, template, known)


def _check_background(settings: Settings, template: Mapping[str, Any]) -> None:
    """A response in the background can be measured where it streams, and has to be stored."""
    if settings.model.api != "responses" or not template.get("background"):
        return
    name, model, test = "test.request.background", settings.model, settings.test
    if model.endpoint == "runtime":
        raise SettingsError(f"{name}: bedrock-runtime has none: set model.endpoint to mantle, or remove it")
    if test.non_streaming:
        raise SettingsError(f"{name}: only streams of it can be measured: set test.non_streaming to false")
    if template.get("store") is not True:
        raise SettingsError(f"{name}: such a response must be stored: set test.request.store to true, too")


def _check_guardrail(settings: Settings, template: Mapping[str, Any]) -> None:
    name = f"test.request.{guardrail.MEMBER}"
    if settings.model.api == "converse" or guardrail.MEMBER not in template:
        return
    if why := guardrail.ignored(settings.model):
        raise SettingsError(f"{name}: {why}")
    try:
        guardrail.check(template[guardrail.MEMBER])
    except ShapeError as error:
        raise SettingsError(f"test.request: {error}") from None


def _check_shapes(settings: Settings, template: Mapping[str, Any]) -> None:
    wanted = {"Converse": settings.test.non_streaming, "ConverseStream": settings.test.streaming}
    try:
        for operation, is_wanted in wanted.items():
            if is_wanted:
                shaped(template, input_shape(operation), "", whole=False)
    except ShapeError as error:
        raise SettingsError(f"test.request: {error}. These are the members of {operation} in boto3") from None


def _check_members(settings: Settings, template: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in template:
        if name not in known and name != guardrail.MEMBER:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            raise SettingsError(f"test.request.{name[:80]} is no member of the API {settings.model.api}: {hint}")


def _owned(settings: Settings, plain: Mapping[str, Any]) -> dict[Path, str]:
    """The members that settings decide: those that differ where a setting differs."""
    variants = {
        PROMPT: body_of(settings, "b", 1, 0.5, plain=True),
        "set test.max_tokens": body_of(settings, "a", 2, 0.5, plain=True),
        "set test.temperature": body_of(settings, "a", 1, 0.7, plain=True),
    }
    before = dict(_leaves(plain))
    return {path: said for said, body in variants.items() for path, value in _leaves(body) if before.get(path) != value}


def _leaves(value: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The members that are no objects, or empty ones, with their paths."""
    for name, part in value.items():
        if isinstance(part, dict) and part:
            yield from _leaves(part, (*above, name))
        else:
            yield (*above, name), part


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _name(path: Path) -> str:
    return ".".join(path)[:80]
