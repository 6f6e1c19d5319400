"""What an error of the service says: its code, its message, and what the content is where it has no message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from bedrock_locust.errors.categories import known
from bedrock_locust.redaction import ID_LIMIT, redact, word

LITERAL_LIMIT = 80
"""Characters that are quoted of a body that is neither JSON nor SSE."""
NAMES_LIMIT = 8
"""Names of members that are listed."""
REQUEST_IDS = ("x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id", "request-id", "x-request-id")
"""Headers with the id of a request: of Bedrock's own APIs, and of those that it shares with others."""


def parse(content: bytes) -> Any:
    """The JSON value in some bytes. Raises ValueError where they hold none."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def describe(content_type: str, content: bytes) -> str:
    """What some content is: its type, its size and the names of its members; never its values.

    A text that is neither JSON nor SSE is quoted, as it is most likely the page of a proxy.
    """
    kind = word(content_type.partition(";")[0]) or "no content type"
    about = f"{kind}, {len(content):,} bytes"
    if not content:
        return about
    try:
        return f"{about}, {_shape(parse(content))}"
    except ValueError:
        pass
    if "event-stream" in kind or "eventstream" in kind or content.lstrip()[:6] in (b"data: ", b"event:"):
        return about
    quoted = redact(content[: 8 * LITERAL_LIMIT].decode(errors="replace"))[:LITERAL_LIMIT]
    return f"{about}: {quoted}"


def _shape(value: Any) -> str:
    match value:
        case dict() if value:
            names = ", ".join(word(name)[:40] for name in list(value)[:NAMES_LIMIT])
            return f"members {names}{', ...' if len(value) > NAMES_LIMIT else ''}"
        case dict():
            return "an object without members"
        case list():
            return f"an array of {len(value):,}"
        case None:
            return "null"
        case str():
            return "a text"
    return "true or false" if isinstance(value, bool) else "a number"


def said(body: object) -> tuple[str, str]:
    """Code and message in the body of an error, empty where it has none.

    AWS has them at the top (`__type`, `code`, `message`, also with a capital), models and gateways
    in `error`. A ModelStreamErrorException names the status and message of the model itself.
    """
    codes = [word(code) for code in _codes(body)]
    code = next(filter(known, codes), next(iter(codes), ""))
    message = next(_messages(body), "")
    return code, " ".join(filter(None, (message, _original(body, message))))


def _codes(body: object) -> Iterator[str]:
    if not isinstance(body, Mapping):
        return
    yield from (code for name in ("__type", "code", "Code") if (code := _name(body.get(name))))
    for name in ("error", "Error"):
        inner = body.get(name)
        if isinstance(inner, Mapping):
            yield from _codes(inner)
            if kind := _name(inner.get("type")):
                yield kind


def _name(code: object) -> str:
    """A code without the namespace before it and the address after it."""
    return code.split(":")[0].rsplit("#", 1)[-1].strip() if isinstance(code, str) else ""


def _messages(body: object) -> Iterator[str]:
    if isinstance(body, str) and redact(body):
        yield body
    if isinstance(body, Mapping):
        for name in ("message", "Message", "error", "Error", "errorMessage", "detail"):
            yield from _messages(body.get(name))


def _original(body: object, message: str) -> str:
    """What the model itself had said, where a body quotes it."""
    if not isinstance(body, Mapping):
        return ""
    status, words = body.get("originalStatusCode"), body.get("originalMessage")
    status = f"status {status}" if isinstance(status, int) else ""
    words = words if isinstance(words, str) and words != message else ""
    original = ": ".join(filter(None, (status, words)))
    return f"(the model itself: {original})" if original else ""


def refusal(operation: str, status: int, headers: Mapping[str, str], content: bytes) -> ClientError:
    """A response with an error status, as botocore would raise it, but with all that it says.

    botocore finds a message only at the top of a JSON object. It takes any other text for the message,
    and raises an exception of Python for other JSON.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    code, message = _read(content)
    code = word(_name(lower.get("x-amzn-errortype", ""))) or code or str(status)
    if not message:
        message = f"status {status} without a message: {describe(lower.get('content-type', ''), content)}"
    if 300 <= status < 400:
        message = f"status {status}, redirected to {lower.get('location', '(no Location)').split('?')[0]}"
    request_id = next((lower[name] for name in REQUEST_IDS if lower.get(name)), "")
    about: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": word(request_id, ID_LIMIT), "HTTPHeaders": lower},
    }
    return ClientError(about, operation)


def _read(content: bytes) -> tuple[str, str]:
    try:
        return said(parse(content))
    except ValueError:
        return "", ""
