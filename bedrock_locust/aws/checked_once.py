"""Arguments that boto3 has accepted once need no second check."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.wire.direct import Direct

MOST_SHAPES = 1000
"""Shapes of arguments that are remembered; a task that makes up names for its fields has no end of them."""


class CheckedOnce:
    """Two boto3 clients as one: the first call with arguments of a shape goes to the one that checks them.

    A load test makes the same call over and over, and checking is half of what boto3 needs for a call.
    """

    def __init__(
        self, checking: BedrockRuntimeClient, quick: BedrockRuntimeClient, direct: Direct | None = None
    ) -> None:
        """`direct` makes the calls of the APIs that boto3 does not have."""
        self.meta = quick.meta
        self.direct = direct
        self._checking = checking
        self._quick = quick
        self._known: set[Hashable] = set()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        """The method of that name, made at its first use."""
        check, quick = getattr(self._checking, operation), getattr(self._quick, operation)

        def call(**arguments: Any) -> Any:
            shape = operation, shape_of(arguments)
            if shape in self._known:
                return quick(**arguments)
            response = check(**arguments)
            if len(self._known) >= MOST_SHAPES:
                self._known.clear()
            self._known.add(shape)
            return response

        setattr(self, operation, call)
        return call


def shape_of(value: object) -> Hashable:
    """All of a value that boto3's check of arguments looks at: types, names, and what is empty or below 1.

    The smallest length and the smallest number that botocore's model of Bedrock Runtime asks for is 1.
    """
    kind = type(value)
    if kind is str:  # most of all values: no tuple, and no search through the kinds
        return "text" if value else "nothing"
    if isinstance(value, dict):
        return kind, frozenset((name, shape_of(member)) for name, member in value.items())
    if isinstance(value, list | tuple):
        return kind, frozenset(map(shape_of, value))
    if isinstance(value, str):
        return kind, bool(value)
    if isinstance(value, int | float | Decimal):
        return kind, value >= 1, value >= 0
    return kind, hasattr(value, "read")
