"""What is known of a request before it is sent. boto3 checks it later, so nothing here fails on a wrong type."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError

from bedrock_locust import formats
from bedrock_locust.formats import claude, converse
from bedrock_locust.formats.apis import path_of
from bedrock_locust.wire.direct import Post

if TYPE_CHECKING:
    from bedrock_locust.formats.apis import Api, Endpoint

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
"""RFC 9110, section 5.1."""
_HEADER_VALUE = re.compile(r"[\t -~]*").fullmatch
"""What is signed and sent alike."""
_NOT_THEIRS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "authorization"),
        *("x-amz-date", "x-amz-security-token", "x-amz-content-sha256"),
    }
)
"""Headers that each call sets, as they follow from where and how it is sent."""
_OF_SDKS = {
    "extra_body": "give its members as arguments of the call",
    "extra_query": "these APIs have no query",
    "timeout": "set test.timeout_seconds",
}
"""Arguments of the openai and anthropic packages that are no members of a body, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. `None` means not known."""

    prompt_chars: int | None = None
    max_tokens: int | None = None


def asked_in_converse(arguments: Mapping[str, Any]) -> Asked:
    """What the arguments of Converse and ConverseStream ask for."""
    return Asked(converse.prompt_chars(arguments), converse.max_tokens(arguments))


def asked_in_body(native: formats.NativeFormat, arguments: Mapping[str, Any]) -> Asked:
    """What the body of InvokeModel asks for, if it is not in a file. Raises ParamValidationError if it is no object."""
    body = arguments.get("body")
    if not isinstance(body, str | bytes | bytearray):
        return Asked()
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _wrong_body(str(error)) from None
    if not isinstance(request, dict):
        raise _wrong_body("it is no object")
    return Asked(native.prompt_chars(request), native.max_tokens(request))


def post_of(api: Api, endpoint: Endpoint, arguments: dict[str, Any], *, stream: bool) -> Post:
    """The call that arguments of an API mean. Raises ParamValidationError where it could not be made.

    `extra_headers` are taken out of the arguments, and go with this call only.
    """
    own = _own_headers(arguments.pop("extra_headers", None))
    for name, instead in _OF_SDKS.items():
        if name in arguments:
            raise _refused(f"Invalid parameter {name}, which the APIs do not have: {instead}")
    missing = [name for name in api.required if arguments.get(name) is None]
    if missing:
        raise _refused(f'Missing required parameter in input: "{missing[0]}"')
    model_id = arguments["model"]
    if not isinstance(model_id, str) or not model_id.strip():
        raise _refused(f"Invalid type for parameter model, value: {model_id!r}, must be a text")
    if not isinstance(stream, bool):
        raise _refused(f"Invalid type for parameter stream, value: {stream!r}, must be true or false")
    if arguments.get("background") and not stream:
        raise _refused(
            "Invalid value for parameter background: such a response is given before there is an answer, so that its"
            " time would mean nothing. With stream=True it is measured to its end"
        )
    try:
        body = json.dumps({**arguments, "stream": True} if stream else arguments, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused(f"The arguments are no JSON: {error}") from None
    operation = f"{api.operation}_stream" if stream else api.operation
    return Post(operation, path_of(api, endpoint, model_id), body, {**api.headers, **own}, stream)


def checked_name(name: object) -> None:
    """Raise ParamValidationError for a name that Locust's tables cannot hold."""
    if name is not None and not isinstance(name, str):
        raise _refused(f"Invalid type for parameter name, value: {name!r}, must be a text")


def _own_headers(given: object) -> dict[str, str]:
    """Headers of a caller, names in small letters. Raises ParamValidationError for those that no call has."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise _refused(f"Invalid type for parameter extra_headers, value: {type(given).__name__}, must be a dict")
    for name, value in given.items():
        if not isinstance(name, str) or not _HEADER_NAME(name):
            raise _refused(f"extra_headers: {name!r} is no name of a header")
        if name.lower() in _NOT_THEIRS:
            raise _refused(f"extra_headers: {name} is set by each call itself, remove it")
        if not isinstance(value, str | int | float):
            raise _refused(f"extra_headers: the value of {name} is no text, but {type(value).__name__}")
        if not _HEADER_VALUE(str(value)):
            raise _refused(f"extra_headers: the value of {name} has a line break, or a character beyond ASCII")
    return {name.lower(): str(value) for name, value in given.items()}


def _refused(why: str) -> ParamValidationError:
    return ParamValidationError(report=why)


def _wrong_body(why: str) -> ParamValidationError:
    return ParamValidationError(report=f"Invalid value for parameter body, must be the model's JSON request: {why}")


def native_of(arguments: Mapping[str, Any], named: Mapping[str, str]) -> formats.NativeFormat:
    """The native format of a model: `named` has those of ids that do not tell.

    Raises UnknownFormatError; a wrong type or none at all is for boto3 to refuse.
    """
    model_id = arguments.get("modelId")
    if not isinstance(model_id, str) or not model_id:
        return claude
    return formats.native(model_id, named.get(model_id))
