"""The change to botocore's own transport: it drops interim responses.

http.client of Python 3.11 to 3.14 drops `100 Continue` only. It takes a `103 Early Hints` for the response, and
the call after that gets the response of the call before it. botocore (1.40 to 1.44) makes its responses from
the `response_class` of its connections, which http.client provides for this but does not document.
"""

from __future__ import annotations

import http.client
from http import HTTPStatus

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection


class FinalHTTPResponse(http.client.HTTPResponse):
    """The response after all interim ones."""

    def begin(self) -> None:
        """Read status and headers."""
        super().begin()
        while self.status < HTTPStatus.OK and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            # With headers there it would do nothing.
            self.headers = self.msg = None  # type: ignore[assignment]  # as it is before the first one
            super().begin()


def drop_interim_responses() -> None:
    """Have the connections that botocore makes from now on drop interim responses."""
    for connection in (AWSHTTPConnection, AWSHTTPSConnection):
        connection.response_class = FinalHTTPResponse  # type: ignore[assignment]  # the stubs name a class of botocore
