"""The call that a greenlet is making, which botocore's hooks have no other way to find."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from bedrock_locust.errors import refusal
from bedrock_locust.wire.botocore_patches import drop_interim_responses
from bedrock_locust.wire.content import readable

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

    from bedrock_locust.wire.exchange import Exchange
    from bedrock_locust.wire.stopwatch import Stopwatch


class InFlight(threading.local):
    """The call that this greenlet is making."""

    stopwatch: Stopwatch | None = None
    exchange: Exchange | None = None
    """What the measured socket made of its request."""
    body: Any = None
    """The body of its response: bytes, or for a stream what can be read from."""
    signing: bool = False
    """Whether its request is being signed now."""

    def begin(self, stopwatch: Stopwatch) -> None:
        """A call begins. What this greenlet did before it, measured or not, says nothing of it."""
        self.clear()
        self.stopwatch = stopwatch

    def clear(self) -> None:
        """Forget the call: it is over."""
        self.stopwatch = self.exchange = self.body = None
        self.signing = False


in_flight = InFlight()


class CallCount:
    """How many calls of this process have begun and not ended."""

    def __init__(self) -> None:
        self.now = 0


calls_in_flight = CallCount()


def follow(client: BaseClient) -> None:
    """Have botocore's public events tell what becomes of the calls of a client, and leave their answers to us.

    botocore's own parser takes values for what they should be, and fails where they are not, or drops what
    its model does not know.
    """
    on = client.meta.events
    on.register_first("request-created.bedrock-runtime", _signing, unique_id="bedrock-locust-signing")
    on.register_first("before-send.bedrock-runtime", _signed, unique_id="bedrock-locust-signed")
    on.register_last("before-parse.bedrock-runtime", _keep, unique_id="bedrock-locust-body")


def _signing(**_: Any) -> None:
    in_flight.signing = True


def _signed(**_: Any) -> None:
    in_flight.signing = False


def _keep(operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
    """Keep the body of a response, and give botocore's parser nothing to read; raise what a refusal says."""
    if in_flight.stopwatch is None:
        return  # a call that nobody measures
    body, status = response_dict["body"], response_dict["status_code"]
    if status >= 300:
        raise refusal(operation_model.name, status, response_dict["headers"], readable(body, response_dict["headers"]))
    in_flight.body = body
    if isinstance(body, bytes):
        response_dict["body"] = b"{}"


def watch(client: BaseClient) -> None:
    """Have botocore's public `before-send` event start the stopwatch of each call, which then goes over its sockets."""
    drop_interim_responses()
    client.meta.events.register("before-send.bedrock-runtime", _sent, unique_id="bedrock-locust-stopwatch")


def _sent(**_: Any) -> None:
    if in_flight.stopwatch is not None:
        in_flight.stopwatch.sent()
