"""The measured socket: boto3 builds and signs each request, this sends it and reads the answer.

botocore's public `before-send` event hands over the signed request and takes an AWSResponse for it.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from geventhttpclient.response import HTTPParseError, HTTPResponse
from urllib3.exceptions import ProtocolError

from bedrock_locust.connections import Address, Pool
from bedrock_locust.eventstream import Decoder
from bedrock_locust.in_flight import in_flight
from bedrock_locust.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from urllib.parse import SplitResult

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient

    from bedrock_locust.connections import Connection
    from bedrock_locust.eventstream import Headers

FIRST_READ = 256
"""Bytes of a read until the first token is there: less than two events, so that the stamp is that of the first."""
READ = 65536
DEFAULT_PORTS = {"http": 80, "https": 443}


class _Parser(HTTPResponse):
    """llhttp's view of one response; its body is taken out piece by piece."""

    def __init__(self) -> None:
        super().__init__("POST")
        self._body = b""

    def _on_body(self, buf: bytearray) -> None:
        self._body += buf

    def take_body(self) -> bytes:
        """What has come of the body since this was asked for last."""
        body, self._body = self._body, b""
        return body


class Exchange:
    """One request and its response on a connection. Also the `raw` of its AWSResponse."""

    def __init__(self, pool: Pool, address: Address, url: str, stopwatch: Stopwatch) -> None:
        self._pool = pool
        self._address = address
        self._url = url
        self._stopwatch = stopwatch
        self._parser = _Parser()
        self._released = False
        self._connection = self._connect()

    def _connect(self) -> Connection:
        if connection := self._pool.take(self._address):
            return connection
        begun = time.perf_counter()
        try:
            connection = self._pool.connect(self._address)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        self._stopwatch.connect_ms = (time.perf_counter() - begun) * 1000
        return connection

    def send(self, request: bytes) -> None:
        """Hand the request to the socket and read the head of the response."""
        self._stopwatch.sent()
        try:
            self._connection.send(request)
            while not self._parser.headers_complete:
                self._receive(FIRST_READ)
        except TimeoutError as error:
            self.close()
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPParseError, ProtocolError) as error:
            self.close()
            raise ConnectionClosedError(endpoint_url=self._url, request=None, error=error) from error
        except BaseException:
            self.close()
            raise

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._parser.status_code

    @property
    def headers(self) -> dict[str, str]:
        """The response headers."""
        return dict(self._parser.items())

    def read_frames(self, take: Callable[[Headers, bytes, float], None]) -> None:
        """Read an event stream to its end: headers and payload of each frame, and the moment it had arrived."""
        connection = self._connection
        decoder = Decoder(lambda headers, payload: take(headers, payload, connection.arrived))
        self._read_body(decoder.feed)

    def _read_body(self, take: Callable[[bytes], None]) -> None:
        """Read the body to its end; then the connection is free. Raises as botocore's stream does."""
        parser, stopwatch = self._parser, self._stopwatch

        def take_body() -> int:
            if body := parser.take_body():
                begun = stopwatch.chunks
                take(body)
                if not begun and stopwatch.chunks:
                    stopwatch.read_late(self._connection.earliest)
            if parser.message_complete:
                return 0
            return READ if stopwatch.chunks else FIRST_READ

        def feed(data: bytes) -> int:
            parser.feed(data)  # nothing is the end: of a body without a length, too
            size = take_body()
            if size and not data:
                raise ProtocolError("Connection broken: the peer closed it before the end of the response")
            return size

        try:
            if size := take_body():
                self._connection.receive_each(size, feed)
            stopwatch.ended(self._connection.arrived)
            self._release()
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPParseError) as error:
            raise ProtocolError(f"Connection broken: {error!r}", error) from error
        finally:
            self.close()

    def _receive(self, size: int) -> None:
        data = self._connection.receive(size)
        self._parser.feed(data)  # nothing is the end: of a body without a length, too
        if not data and not self._parser.message_complete:
            raise ProtocolError("Connection broken: the peer closed it before the end of the response")

    def _release(self) -> None:
        if not self._parser.should_close():
            self._released = True
            self._pool.give(self._address, self._connection)

    def close(self) -> None:
        """Drop the connection, unless it is back in the pool."""
        if not self._released:
            self._released = True
            self._connection.close()

    def stream(self, amt: int = READ, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002 - urllib3's
        """The body, whole: what botocore reads of a refusal."""
        return iter([self.read()])

    def read(self, amt: int | None = None) -> bytes:  # noqa: ARG002 - urllib3's
        """The whole body: what botocore's StreamingBody reads."""
        pieces: list[bytes] = []
        self._read_body(pieces.append)
        return b"".join(pieces)


class Transport:
    """Sends the requests of one boto3 client."""

    def __init__(self, context: ssl.SSLContext | None, connect_s: float, read_s: float) -> None:
        self._pool = Pool(context, connect_s, read_s)

    def attach(self, client: BaseClient) -> None:
        """Send what this client wants to send."""
        client.meta.events.register(
            "before-send.bedrock-runtime",
            self._send,  # type: ignore[arg-type]  # what it returns is taken, though the stubs say None
            unique_id="bedrock-locust-transport",
        )

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Send a signed request; the response as botocore takes it."""
        parts = urlsplit(request.url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        address = Address(parts.hostname or "", port, parts.scheme == "https")
        exchange = Exchange(self._pool, address, request.url, in_flight.stopwatch or Stopwatch())
        exchange.send(_bytes(request, parts))
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
