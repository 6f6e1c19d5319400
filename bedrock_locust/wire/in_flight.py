"""The call that a greenlet makes: where botocore's hooks find it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from bedrock_locust.wire.exchange import Exchange
    from bedrock_locust.wire.stopwatch import Stopwatch


class InFlight(threading.local):
    """The call that this greenlet makes: botocore's hooks know no other way to find it."""

    stopwatch: Stopwatch | None = None
    exchange: Exchange | None = None
    """What the measured socket made of its request."""


in_flight = InFlight()


def watch(client: BaseClient) -> None:
    """Have botocore's public `before-send` event start the stopwatch of each call of a client."""
    client.meta.events.register("before-send.bedrock-runtime", _sent, unique_id="bedrock-locust-stopwatch")


def _sent(**_: Any) -> None:
    if in_flight.stopwatch is not None:
        in_flight.stopwatch.sent()
