"""boto3's shapes: whether a value of JSON is what an operation takes, said without showing the value.

botocore's own validator says the values, which may be prompts.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from botocore.loaders import Loader
from botocore.model import ServiceModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import Shape

Operation = Literal["Converse", "ConverseStream", "CountTokens"]


class ShapeError(ValueError):
    """A value is not what a shape says; the text names the place, never the value."""


@cache
def input_shape(operation: Operation) -> Shape:
    """What an operation of bedrock-runtime takes."""
    model = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")
    shape = model.operation_model(operation).input_shape
    if shape is None:
        raise TypeError(f"boto3 knows no input of {operation}")
    return shape


def shaped(value: Any, shape: Any, place: str, *, whole: bool = True) -> Any:
    """The value with bytes in place of base64. Raises ShapeError.

    Without `whole` the outermost object may lack members that it needs.
    """
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        return _structure(value, shape, place, whole=whole)
    check = _CHECKS.get(shape.type_name)
    return check(value, shape, place) if check else value


def _structure(value: Any, shape: Any, place: str, *, whole: bool) -> dict[str, Any]:
    given = _object(value, place)
    if unknown := [name for name in given if name not in shape.members]:
        raise ShapeError(f"{_inside(place, str(unknown[0])[:80])} is not known; known are {', '.join(shape.members)}")
    if missing := [name for name in shape.required_members if name not in given] if whole else []:
        raise ShapeError(f"{_inside(place, missing[0])} is required")
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        raise ShapeError(f"{place} must have exactly one of {', '.join(shape.members)}")
    return {name: shaped(part, shape.members[name], _inside(place, name)) for name, part in given.items()}


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ShapeError(f"{place} must be an object")
    return value


def _list(value: Any, shape: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise ShapeError(f"{place} must be a list")
    return [shaped(item, shape.member, f"{place}[{number}]") for number, item in enumerate(value)]


def _map(value: Any, shape: Any, place: str) -> dict[str, Any]:
    return {name: shaped(part, shape.value, _inside(place, name)) for name, part in _object(value, place).items()}


def _string(value: Any, shape: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ShapeError(f"{place} must be a text")
    if len(value) < int(shape.metadata.get("min", 0)):
        raise ShapeError(f"{place} must not be empty")
    return value


def _boolean(value: Any, _: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise ShapeError(f"{place} must be true or false")
    return value


def _whole(value: Any, shape: Any, place: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ShapeError(f"{place} must be a whole number")
    return _in_range(value, shape, place)


def _number(value: Any, shape: Any, place: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ShapeError(f"{place} must be a number")
    return _in_range(value, shape, place)


def _in_range(value: float, shape: Any, place: str) -> float:
    least = shape.metadata.get("min")
    if least is not None and value < least:
        raise ShapeError(f"{place} must be {least} or more")
    return value


def _blob(value: Any, _: Any, place: str) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise ShapeError(f"{place} must be base64") from None


_CHECKS: Mapping[str, Callable[[Any, Any, str], Any]] = {
    "list": _list,
    "map": _map,
    "string": _string,
    "boolean": _boolean,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "blob": _blob,
}
"""Type of a shape -> what checks a value of it."""
