"""The measured transport: boto3 or `direct` builds and signs each request, this module sends it and reads the answer.

botocore's public `before-send` event hands over the signed request and takes an AWSResponse for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse

from bedrock_locust.wire.connection import Address
from bedrock_locust.wire.exchange import Exchange
from bedrock_locust.wire.in_flight import in_flight
from bedrock_locust.wire.pool import Pool
from bedrock_locust.wire.stopwatch import Stopwatch

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient

DEFAULT_PORTS = {"http": 80, "https": 443}


class Transport:
    """Sends the requests of one boto3 client."""

    def __init__(self, context: ssl.SSLContext | None, connect_s: float, read_s: float) -> None:
        self._pool = Pool(context, connect_s, read_s)

    def attach(self, client: BaseClient) -> None:
        """Send the requests of this client from now on."""
        client.meta.events.register(
            "before-send.bedrock-runtime",
            self.send,  # type: ignore[arg-type]  # what it returns is taken, though the stubs say None
            unique_id="bedrock-locust-transport",
        )

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Send a signed request. Returns the response as botocore expects it."""
        parts = urlsplit(request.url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        address = Address(parts.hostname or "", port, parts.scheme == "https")
        exchange = Exchange(self._pool, address, request.url, in_flight.stopwatch or Stopwatch())
        exchange.send(_bytes(request, parts))
        if in_flight.stopwatch is not None:
            in_flight.exchange = exchange
        headers: Any = exchange.headers
        return AWSResponse(request.url, exchange.status, headers, exchange)


def _bytes(request: AWSPreparedRequest, parts: SplitResult) -> bytes:
    """The request as HTTP/1.1, with the headers that Python's own HTTP client would add."""
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes | bytearray):
        body = b"".join(piece if isinstance(piece, bytes) else piece.encode() for piece in body)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    headers.setdefault("host", parts.netloc.removesuffix(f":{DEFAULT_PORTS[parts.scheme]}"))
    headers.setdefault("accept-encoding", "identity")
    headers["content-length"] = str(len(body))
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
