"""What all tests share: gevent's loop, botocore's model, and a BedrockClient of a simulator."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# First: it patches sockets for gevent, which has to come before anything imports boto3.
import locust  # noqa: F401
from locust.event import EventHook

import botocore.session
import gevent
import pytest

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.client import BedrockClient
from bedrock_locust.process.clock import clock
from bedrock_locust.settings.schema import Settings
from tests.simulator.conftest import FAST
from tests.simulator.process import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import ServiceModel


@pytest.fixture(autouse=True)
def same_clock() -> Iterator[None]:
    """A run that begins on a clock of its test reads the process's clock anew: the next test has what was before."""
    before = dict(vars(clock))
    yield
    vars(clock).clear()
    vars(clock).update(before)


# A worker of pytest-xdist waits for its next test on an event that another thread sets; where gevent's loop
# has nothing of its own to wait for, it says that this would block forever.
KEEP_LOOP = gevent.get_hub().loop.async_()
KEEP_LOOP.start(lambda: None)


@pytest.fixture(scope="session")
def service_model() -> ServiceModel:
    """Botocore's own description of Bedrock Runtime, read from the installed package."""
    return botocore.session.Session().get_service_model("bedrock-runtime")


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


@pytest.fixture(params=["measured", "botocore"])
def transport(request: pytest.FixtureRequest) -> str:
    """The setting `test.transport`: what holds, holds with both."""
    return str(request.param)


@pytest.fixture
def make_client(simulator: Simulator, events: list[dict[str, Any]], transport: str) -> Callable[..., BedrockClient]:
    """Makes clients of the simulator, or of another endpoint, with options of BedrockClient."""
    hook = EventHook()
    hook.add_listener(lambda **event: events.append(event))

    def make(url: str = simulator.url, timeout_seconds: float = 5, **options: Any) -> BedrockClient:
        test = {"timeout_seconds": timeout_seconds, "transport": transport}
        settings = Settings.model_validate({"model": {"id": "any"}, "aws": {"endpoint_url": url}, "test": test})
        return BedrockClient(connect(settings, simulator=True, version="test"), hook, **options)

    return make


@pytest.fixture
def client(make_client: Callable[..., BedrockClient]) -> BedrockClient:
    """A client of the simulator."""
    return make_client()


@pytest.fixture
def made_up_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of AWS, and nothing else of it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/none")
