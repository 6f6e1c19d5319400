"""One HTTP/1.1 response out of bytes, however these are cut.

What is public in geventhttpclient (2.3 to 2.6, tried with both) reads from a socket of its own and keeps the
whole body. So this stands on the callbacks that its parser makes, `_on_...`, which are not public:
tests/core/test_http_response.py fails where they change. The parser never sees an interim response: its
versions differ in what they make of one.
"""

from __future__ import annotations

import re

from geventhttpclient.response import HTTPParseError, HTTPProtocolViolationError, HTTPResponse

_INTERIM = re.compile(rb"HTTP/\d\.\d 1(?!01)\d\d").match
"""The begin of an interim response (RFC 9110, 15.2); after 101 another protocol is spoken, so it is final."""
_STATUS_SIZE = len(b"HTTP/1.1 200")
_LOWEST_STATUS = 100


class FinalResponse(HTTPResponse):
    """The final response to a POST: interim responses before it are dropped.

    `headers_complete` says that there are status and headers, `message_complete` that all of it is there.
    """

    def __init__(self) -> None:
        super().__init__("POST")
        self.status = 0
        """The HTTP status, once there is a head."""
        self.head: dict[str, str] = {}
        """The headers, with small letters, once there is a head; trailers of a chunked body are not among them."""
        self.pieces: list[bytearray] = []
        """What has come of the body, and `take_body` has not taken yet."""
        self._begun: bytes | None = b""
        """What has come before it is known whether it is an interim response; None from then on."""
        self._has_surplus = False

    def feed(self, data: bytes) -> None:  # type: ignore[override]  # no text
        """Take the next bytes; none at all is the end of the connection. Raises HTTPParseError for a broken response.

        Bytes after the end of the response are not an error, but the connection cannot be used again.
        """
        if self._begun is not None:
            data = self._final(self._begun + data, ended=not data)
            if not data:
                return
        try:
            self.feed_on(data)
        except HTTPParseError as error:
            self.refuse_unless_whole(error)

    feed_on = HTTPResponse.__mro__[1].feed  # type: ignore[attr-defined]  # mypy takes it for any class
    """The parser's own: the same as `feed` once there is a head, if its error goes to `refuse_unless_whole`.

    It is for each token. What HTTPResponse puts around it, for answers to HEAD, takes longer than the rest of a token.
    """

    def refuse_unless_whole(self, error: HTTPParseError) -> None:
        """Raise an error of the parser, unless it is only about bytes after the end of the response."""
        if not self.message_complete:
            raise error
        self._has_surplus = True

    def _final(self, data: bytes, *, ended: bool) -> bytes:
        """What belongs to the final response, once some of it is there."""
        while _INTERIM(data):
            _, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                break
            data = rest
        else:
            if len(data) >= _STATUS_SIZE or ended:
                self._begun = None
                return data
        self._begun = data
        return b""

    def take_body(self) -> bytes:
        """What has come of the body since the last time."""
        pieces = self.pieces
        body = bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        return body

    @property
    def leaves_connection_open(self) -> bool:
        """Whether the connection can carry another request: the response is whole, and nothing came after it."""
        return not self._has_surplus and not self.should_close()

    def _on_message_begin(self) -> None:
        if self.message_complete:
            raise HTTPProtocolViolationError("a second response to one request")
        super()._on_message_begin()

    def _on_headers_complete(self) -> int | bool | None:
        skip_body = super()._on_headers_complete()
        self.status, self.head = self.get_code(), {name.lower(): value for name, value in self.items()}
        if self.status < _LOWEST_STATUS:
            raise HTTPProtocolViolationError(f"an HTTP status of {self.status}")
        return skip_body

    def _on_body(self, buf: bytearray) -> None:
        self.pieces.append(buf)
