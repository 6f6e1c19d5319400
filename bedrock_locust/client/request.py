"""What is known of a request before it is sent. boto3 checks it later, so nothing here fails on a wrong type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError

from bedrock_locust import formats
from bedrock_locust.formats import claude, converse
from bedrock_locust.formats.apis import path_of
from bedrock_locust.wire.direct import Post

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.apis import Api, Endpoint


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
    own = arguments.pop("extra_headers", None) or {}
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
        headers = {**api.headers, **{name.lower(): str(value) for name, value in own.items()}}
        body = json.dumps({**arguments, "stream": True} if stream else arguments, allow_nan=False).encode()
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _refused(f"The arguments are no JSON: {error}") from None
    if any("\n" in text or "\r" in text for header in headers.items() for text in header):
        raise _refused("A header has a line break")
    operation = f"{api.operation}_stream" if stream else api.operation
    return Post(operation, path_of(api, endpoint, model_id), body, headers, stream)


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
