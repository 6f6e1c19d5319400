"""Auth: verifies what a client signed with Signature Version 4, or its bearer token.

Written from AWS's public description of Signature Version 4. Messages of the service are from the same
description and from error reports; they are not recordings.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from bedrock_locust.simulator.errors import MESSAGES, ServiceError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "bedrock"
MANTLE = "bedrock-mantle"
"""The name of the service in signatures for bedrock-mantle, which takes both."""
SKEW_SECONDS = 300
UNSIGNED = "UNSIGNED-PAYLOAD"

_FIELD = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Request:
    """The signed parts of a request. `path` and `query` are as sent; names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """All values of a header, as they are signed. HTTP/2 clients sign `:authority`, which arrives as `host`."""
        wanted = "host" if name == ":authority" else name
        values = [" ".join(value.split()) for key, value in self.headers if key == wanted]
        return ",".join(values[:1] if wanted == "host" else values)


class Guard:
    """Accepts requests that are signed with one of these keys (id -> secret), or have one of these tokens."""

    def __init__(self, keys: Mapping[str, str], tokens: Sequence[str] = (), *, mantle: bool = False) -> None:
        self._keys, self._tokens = keys, tokens
        self._services = {SERVICE, MANTLE} if mantle else {SERVICE}

    def check(self, request: Request, now: datetime | None = None, services: Collection[str] = ()) -> None:
        """Raise a `ServiceError` unless the signature or the token of the request is right.

        `services` are the names for which it may be signed; without them those of the endpoint.
        """
        authorization = request.header("authorization")
        scheme, _, rest = authorization.partition(" ")
        if not authorization and (key := request.header("x-api-key")) and request.path.startswith("/anthropic/"):
            self._check_token(key)
        elif scheme == "Bearer":
            self._check_token(rest.strip())
        elif scheme == ALGORITHM:
            self._check_signature(
                request, dict(_FIELD.findall(rest)), now or datetime.now(UTC), services or self._services
            )
        else:
            raise ServiceError.injected("MissingAuthenticationTokenException")

    def _check_token(self, token: str) -> None:
        if not any(hmac.compare_digest(token.encode(), known.encode()) for known in self._tokens):
            raise ServiceError(
                "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."
            )

    def _check_signature(
        self, request: Request, fields: dict[str, str], now: datetime, services: Collection[str]
    ) -> None:
        scope = fields.get("Credential", "").split("/")
        if len(scope) != 5 or not fields.get("SignedHeaders") or not fields.get("Signature"):
            raise _invalid("Authorization header requires Credential, Signature and SignedHeaders parameters.")
        key_id, date, region, service, end = scope
        if key_id not in self._keys:
            raise ServiceError("UnrecognizedClientException", MESSAGES["UnrecognizedClientException"])
        if service not in services or end != "aws4_request":
            raise _invalid(f"Credential should be scoped to correct service: '{min(services)}'.")
        stamp = request.header("x-amz-date")
        _check_time(stamp, date, now)
        key = signing_key(self._keys[key_id], date, region, service)
        text = text_to_sign(request, fields["SignedHeaders"].split(";"), stamp, "/".join(scope[1:]))
        expected = hmac.new(key, text.encode(), sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), fields["Signature"].encode()):
            raise _invalid(MESSAGES["InvalidSignatureException"])


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)


def _check_time(stamp: str, date: str, now: datetime) -> None:
    try:
        signed = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _invalid("Date must be in ISO-8601 'basic format', in the X-Amz-Date header.") from None
    if not stamp.startswith(date):
        raise _invalid(f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {stamp}.")
    off = (now - signed).total_seconds()
    if abs(off) > SKEW_SECONDS:
        verdict = "Signature expired" if off > 0 else "Signature not yet current"
        side = "earlier" if off > 0 else "later"
        raise _invalid(f"{verdict}: {stamp} is now {side} than {now.strftime(_STAMP)} by more than 5 min.")


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that a secret gives for a day, a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key


def text_to_sign(request: Request, signed_headers: Sequence[str], stamp: str, scope: str) -> str:
    """The text that is signed: algorithm, time, scope, and a digest of the canonical request."""
    canonical = canonical_request(request, signed_headers)
    return "\n".join((ALGORITHM, stamp, scope, sha256(canonical.encode()).hexdigest()))


def canonical_request(request: Request, signed_headers: Sequence[str]) -> str:
    """The request in the one form that is signed. The path, as sent, is encoded once more."""
    digest = sha256(request.body).hexdigest()
    claimed = request.header("x-amz-content-sha256")
    headers = "".join(f"{name}:{request.header(name)}\n" for name in signed_headers)
    parts: tuple[Any, ...] = (
        request.method,
        quote(_without_dots(request.path), safe="/~"),
        _canonical_query(request.query),
        headers,
        ";".join(signed_headers),
        UNSIGNED if claimed == UNSIGNED else digest,
    )
    return "\n".join(parts)


def _without_dots(path: str) -> str:
    """The path without empty segments, `.` and `..`."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    slash = "/" if path.endswith("/") and kept else ""
    return "/" + "/".join(kept) + slash


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)
