"""What is known of a request before it is sent. boto3 checks it later, so nothing here fails on a wrong type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ParamValidationError

from bedrock_locust import formats
from bedrock_locust.formats import claude, converse

if TYPE_CHECKING:
    from collections.abc import Mapping


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
