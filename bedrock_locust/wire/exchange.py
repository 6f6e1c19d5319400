"""One request on a connection, and its response, which is read in the hub as it comes."""

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

from bedrock_locust.wire.content import LIMIT, is_event_stream, is_sse, too_large
from bedrock_locust.wire.http_response import FinalResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_locust.wire.connection import Address, Connection
    from bedrock_locust.wire.pool import Pool
    from bedrock_locust.wire.stopwatch import Stopwatch

FIRST_READ = 256
"""Bytes of a read until the first token is there: less than two events, so that the stamp is that of the first."""
FIRST_BYTES = 4096
"""A response without a token in its first bytes is no stream of tokens, and all of it is read at once."""
FIRST_SSE_BYTES = 8 * 1024 * 1024
"""The same for server-sent events: an answer of Responses begins with the whole request, twice."""
LONG_LINE = 4096
"""In a line that is longer than this already, no token is near."""
LONG_READ = 4096
"""Bytes of a read in such a line: a megabyte in reads of FIRST_READ would hold up all other streams."""
HEAD_LIMIT = 256 * 1024
"""Bytes of a head, and of interim responses before it. Python's own HTTP client takes 64 kB a line."""
ANY = 1024 * 1024
"""Bytes of a read where the arrival time of single bytes does not matter."""


class BrokenResponseError(ConnectionClosedError):
    """What came is no whole HTTP response, and why."""

    fmt = "No valid response from {endpoint_url}: {error}"


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
        self._received = 0
        self._in_line: Callable[[], int] | None = None
        """Bytes of the line of a stream that has not ended, where somebody knows."""
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
            while not self._response.headers_complete:
                connection.wait()
        except TimeoutError as error:
            self.close()
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPParseError, ProtocolError) as error:
            if self._response.headers_complete:
                return  # it went wrong in the body, and is raised to whoever reads that
            self.close()
            kind = ConnectionClosedError if isinstance(error, OSError) else BrokenResponseError
            raise kind(endpoint_url=self._url, error=connection.send_error or _said(error)) from error
        except BaseException:
            self.close()
            raise

    def _on_data(self, data: bytes) -> int:
        """Take what has come; how much to read next. This runs in the hub."""
        response, connection = self._response, self._connection
        had_head = response.headers_complete
        self._received = received = self._received + len(data)
        if received > LIMIT:
            raise too_large(received)
        try:
            # No data is the end, also of a body without a length.
            (response.feed_on if had_head else response.feed)(data)
        except HTTPParseError as error:
            response.refuse_unless_whole(error)
        if pieces := response.pieces:
            self.arrived, self.lag_s = connection.arrived, connection.lag_s
            self._take(bytes(pieces.pop()) if len(pieces) == 1 else response.take_body())
        if response.message_complete:
            self._stopwatch.ended(connection.arrived)
            connection.wake()
            return 0
        if not had_head or not data:
            self._check_progress(data)
        return ANY if self._stopwatch.chunks or not self._awaits_token() else self._first_read()

    def _awaits_token(self) -> bool:
        """Whether each byte may be the first token, or the head before it."""
        response, received = self._response, self._received
        if received <= FIRST_BYTES and (not response.headers_complete or is_event_stream(response.head)):
            return True
        return received <= FIRST_SSE_BYTES and response.headers_complete and is_sse(response.head)

    def _first_read(self) -> int:
        """How much to read at most while the first token has not come."""
        return LONG_READ if self._in_line and self._in_line() > LONG_LINE else FIRST_READ

    def _check_progress(self, data: bytes) -> None:
        """Wake the greenlet once the head is there. Raises ProtocolError for an early end, and for an endless head."""
        if not data:
            raise ProtocolError("Connection broken: the peer closed it before the end of the response")
        if self._response.headers_complete:
            self._connection.wake()
        elif self._received > HEAD_LIMIT:
            raise ProtocolError(f"the head of the response is larger than {HEAD_LIMIT // 1024} kB")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> dict[str, str]:
        """The response headers."""
        return self._response.head

    def read_stream(
        self,
        feed: Callable[[bytes], None],
        feed_on: Callable[[bytes], None] | None = None,
        in_line: Callable[[], int] | None = None,
    ) -> None:
        """Read the body to its end, and give it to `feed` as it comes: what that gets had `arrived` then.

        From the first token on `feed_on` gets it, if there is one. `in_line` says how much of a line, whose end has
        not come, has been fed.
        """
        stopwatch, self._in_line = self._stopwatch, in_line

        def feed_first(data: bytes) -> None:
            feed(data)
            if stopwatch.chunks:
                stopwatch.read_lag_ms = self.lag_s * 1000
                self._take = feed_on or feed

        self._read_body(feed_first)

    def _keep(self, data: bytes) -> None:
        """Keep a part of the body until somebody reads it."""
        self._pieces.append(Piece(data, self.arrived, self.lag_s))

    def _read_body(self, take: Callable[[bytes], None]) -> None:
        """Read the body to its end; then the connection is free. Raises as botocore's stream does."""
        pieces, self._pieces, self._take = self._pieces, [], take
        try:
            for data, self.arrived, self.lag_s in pieces:
                self._take(data)
            while not self._response.message_complete:
                self._connection.wait()
            self._release()
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, HTTPParseError) as error:
            raise ProtocolError(f"Connection broken: {_said(error)}") from error
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

    def stream(self, amt: int = ANY, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002 - urllib3's
        """The whole body in one piece: botocore reads refusals and answers of Converse this way."""
        return iter([self.read()])

    def read(self, amt: int | None = None) -> bytes:  # noqa: ARG002 - urllib3's
        """The whole body: what botocore's StreamingBody reads."""
        pieces: list[bytes] = []
        self._read_body(pieces.append)
        return b"".join(pieces)


def _said(error: Exception) -> object:
    """An error to be shown; the parser has a number beside its words."""
    return error.args[0] if isinstance(error, HTTPParseError) and error.args else error
