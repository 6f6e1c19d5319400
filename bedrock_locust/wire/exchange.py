"""One request on a connection and its response, which is read as it comes, whoever waits for it."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from geventhttpclient.response import HTTPParseError
from urllib3.exceptions import ProtocolError

from bedrock_locust.wire.eventstream import Decoder
from bedrock_locust.wire.http_response import FinalResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_locust.wire.connection import Address, Connection
    from bedrock_locust.wire.eventstream import Headers
    from bedrock_locust.wire.pool import Pool
    from bedrock_locust.wire.stopwatch import Stopwatch

FIRST_READ = 256
"""Bytes of a read until the first token is there: less than two events, so that the stamp is that of the first."""
FIRST_BYTES = 4096
"""A body without a token in so many bytes is no stream of tokens."""
READ = 4096


class Piece(NamedTuple):
    """A part of a body, when it had arrived, and how late it was read at most."""

    data: bytes
    arrived: float
    lag_s: float


class Exchange:
    """One request and its response. Also the `raw` of its AWSResponse."""

    def __init__(self, pool: Pool, address: Address, url: str, stopwatch: Stopwatch) -> None:
        self._pool = pool
        self._address = address
        self._url = url
        self._stopwatch = stopwatch
        self._response = FinalResponse()
        self._pieces: list[Piece] = []
        self._take: Callable[[bytes], None] = self._keep
        self.arrived = self.lag_s = 0.0
        """Of what is taken: when it had arrived, on time.perf_counter's clock, and how late it was read at most."""
        self._body_bytes = 0
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
        """Hand the request to the socket and wait for the head of the response."""
        self._stopwatch.sent()
        connection = self._connection
        try:
            connection.read_on(FIRST_READ, self._on_data)
            connection.send(request)
            while not self._response.has_head:
                connection.wait()
        except TimeoutError as error:
            self.close()
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPParseError, ProtocolError) as error:
            if self._response.has_head:
                return  # it went wrong in the body, and is raised to whoever reads that
            self.close()
            cause = connection.send_error or error
            raise ConnectionClosedError(endpoint_url=self._url, request=None, error=cause) from error
        except BaseException:
            self.close()
            raise

    def _on_data(self, data: bytes) -> int:
        """Take what has come; how much to read next. This runs in the hub."""
        response, connection = self._response, self._connection
        had_head = response.has_head
        response.feed(data)  # nothing is the end: of a body without a length, too
        if body := response.take_body():
            self.arrived, self.lag_s = connection.arrived, connection.lag_s
            self._take(body)
        if response.is_whole:
            self._stopwatch.ended(connection.arrived)
            connection.wake()
            return 0
        if not had_head or not data:
            self._check_progress(data)
        if self._stopwatch.chunks:
            return READ
        self._body_bytes += len(body)
        return READ if self._body_bytes > FIRST_BYTES else FIRST_READ

    def _check_progress(self, data: bytes) -> None:
        """Wake who waits for the head, if it is there; refuse an end in the middle."""
        if not data:
            raise ProtocolError("Connection broken: the peer closed it before the end of the response")
        if self._response.has_head:
            self._connection.wake()

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> dict[str, str]:
        """The response headers."""
        return self._response.headers

    def read_frames(self, take: Callable[[Headers, bytes], None]) -> None:
        """Read an event stream to its end: headers and payload of each frame, which had `arrived` then."""
        stopwatch = self._stopwatch
        feed = Decoder(take).feed

        def take_first(data: bytes) -> None:
            feed(data)
            if stopwatch.chunks:
                stopwatch.read_lag_ms = self.lag_s * 1000
                self._take = feed

        self._read_body(take_first)

    def _keep(self, data: bytes) -> None:
        """Nobody reads the body yet."""
        self._pieces.append(Piece(data, self.arrived, self.lag_s))

    def _read_body(self, take: Callable[[bytes], None]) -> None:
        """Read the body to its end; then the connection is free. Raises as botocore's stream does."""
        pieces, self._pieces, self._take = self._pieces, [], take
        try:
            for data, self.arrived, self.lag_s in pieces:
                self._take(data)
            while not self._response.is_whole:
                self._connection.wait()
            self._release()
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPParseError) as error:
            raise ProtocolError(f"Connection broken: {error!r}", error) from error
        finally:
            self.close()

    def _release(self) -> None:
        """Give the connection back, if it can carry another request."""
        if not self._released and self._connection.sent_all and self._response.leaves_connection_open:
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
