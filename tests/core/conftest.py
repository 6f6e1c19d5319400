"""A BedrockClient of a simulator, and what it has reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import locust  # noqa: F401 - it patches sockets for gevent, which has to come before boto3
from locust.event import EventHook

import pytest

from bedrock_locust.client import BedrockClient
from bedrock_locust.connection import connect
from bedrock_locust.settings import Settings
from tests.simulator.conftest import FAST
from tests.simulator.process import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    """A simulator for all tests."""
    simulator = Simulator()
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    """The simulator with a fast behaviour and an empty ledger."""
    running.set(**FAST)
    running.request("DELETE", "/_simulator/calls")
    return running


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """The request events that a client has fired."""
    return []


@pytest.fixture
def make_client(simulator: Simulator, events: list[dict[str, Any]]) -> Callable[..., BedrockClient]:
    """Makes clients of the simulator, or of another endpoint, with options of BedrockClient."""
    hook = EventHook()
    hook.add_listener(lambda **event: events.append(event))

    def make(url: str = simulator.url, timeout_seconds: float = 5, **options: Any) -> BedrockClient:
        settings = Settings.model_validate(
            {"model": {"id": "any"}, "aws": {"endpoint_url": url}, "test": {"timeout_seconds": timeout_seconds}}
        )
        return BedrockClient(connect(settings, simulator=True, version="test"), hook, **options)

    return make


@pytest.fixture
def client(make_client: Callable[..., BedrockClient]) -> BedrockClient:
    """A client of the simulator."""
    return make_client()
