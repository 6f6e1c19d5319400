"""Calls of the APIs that boto3 does not have: a JSON body, signed as botocore signs, sent as all calls are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.awsrequest import AWSRequest

from bedrock_locust.errors import refusal
from bedrock_locust.errors.refusal import REQUEST_IDS
from bedrock_locust.wire.content import readable
from bedrock_locust.wire.in_flight import in_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from bedrock_locust.formats.apis import Endpoint


class Post(NamedTuple):
    """A call that is ready to be signed."""

    operation: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    streams: bool


class Direct:
    """Makes such calls of one endpoint. Raises what boto3's clients raise."""

    def __init__(
        self,
        endpoint: Endpoint,
        url: str,
        sign: Callable[[AWSRequest], None],
        send: Callable[[AWSPreparedRequest], AWSResponse],
        headers: Mapping[str, str],
    ) -> None:
        """`url` is that of the endpoint, and `headers` go with each call."""
        self.endpoint = endpoint
        self._url = url.rstrip("/")
        self._sign = sign
        self._send = send
        self._headers = headers

    def post(self, post: Post) -> dict[str, Any]:
        """Make a call. Returns what boto3 calls ResponseMetadata; the body is that of the call in flight."""
        headers = {"content-type": "application/json", **self._headers, **post.headers}
        request = AWSRequest("POST", self._url + post.path, headers, post.body, stream_output=post.streams)
        in_flight.signing = True
        self._sign(request)
        prepared = request.prepare()
        in_flight.signing = False
        if in_flight.stopwatch is not None:
            in_flight.stopwatch.sent()
        response = self._send(prepared)
        status, said = response.status_code, {name.lower(): value for name, value in response.headers.items()}
        if status >= 300:
            raise refusal(post.operation, status, said, readable(response.content, said))
        in_flight.body = response.raw if post.streams else response.content
        request_id = next((said[name] for name in REQUEST_IDS if said.get(name)), "")
        return {"HTTPStatusCode": status, "HTTPHeaders": said, "RequestId": request_id, "RetryAttempts": 0}
