"""What an answer must have. Without it the call fails, and the message says what came instead.

A member with the value null is present but says nothing; that is not a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bedrock_locust.errors import MalformedEventError, ModelFailedError, NotAnAnswerError
from bedrock_locust.errors.refusal import describe, parse, said
from bedrock_locust.formats.values import members

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = "application/json"


class MissingPartError(Exception):
    """A response or an event lacks a part that it must have."""


def required(value: object, name: str, kind: type) -> Any:
    """The member of an object: of this type, or None where it is null. Raises MissingPartError."""
    if isinstance(value, Mapping) and name in value and (value[name] is None or isinstance(value[name], kind)):
        return value[name]
    raise MissingPartError(name)


def read_answer(content: bytes, content_type: str, read: Callable[[Any], None]) -> None:
    """Read the JSON of a whole response.

    Raises NotAnAnswerError where it is not one of Bedrock, ModelFailedError where it is an error of the model.
    """
    try:
        body = parse(content)
        refuse_error(body)
        read(body)
    except (ValueError, MissingPartError):
        raise not_an_answer(content, content_type) from None


def not_an_answer(content: bytes, content_type: str) -> NotAnAnswerError:
    """The failure that some content is no answer of Bedrock, with its type, its size and the names of its members."""
    return NotAnAnswerError(f"not an answer of Bedrock: {describe(content_type, content)}", _error_code(content))


def _error_code(content: bytes) -> str:
    """The error inside a response that claims to be none: AWS answers an unknown operation like this."""
    try:
        body = members(parse(content))
    except ValueError:
        return ""
    return said(body.get("Output"))[0] or said(body)[0]


def refuse_error(body: object) -> None:
    """Raise ModelFailedError for an error in the model's own format: a whole response, a chunk or an event.

    The formats of OpenAI have it in `error`, which is null otherwise; bedrock-runtime has its own in `Output`. That it
    does not know the path is told apart, as no answer.
    """
    inside = members(body)
    code, message = said(inside.get("Output"))
    if code and code != "UnknownOperationException":
        raise ModelFailedError(message or f"{code} without a message", code)
    if inside.get("type") == "error" or inside.get("error"):
        code, message = said(body)
        raise ModelFailedError(message or "an error without a message", code)


def malformed(kind: str, payload: bytes) -> MalformedEventError:
    """The failure that an event of this type cannot be read, with its size and the names of its members."""
    return MalformedEventError(f"malformed event {kind}: {describe(JSON, payload)}")
