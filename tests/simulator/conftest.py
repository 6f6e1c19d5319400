"""One simulator and one boto3 client for all tests of a test process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from bedrock_locust.simulator.behaviour import Behaviour

from .process import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    ClientFactory = Callable[[str, float], BedrockRuntimeClient]

FAST = Behaviour(
    ttft_ms=20,
    tpot_ms=2,
    spread=0,
    output_tokens=8,
    stall_seconds=30,
    tokens_per_event=1,
    reasoning_share=0,
    second_tool_share=0,
).model_dump()
"""Every setting: what a test changed is undone."""


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    """A simulator that must end well and have nothing to complain about."""
    simulator = Simulator()
    yield simulator
    assert simulator.stop() == (0, "", "")


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    """The simulator with a fast behaviour and an empty ledger."""
    running.set(**FAST)
    running.request("DELETE", "/_simulator/calls")
    return running


@pytest.fixture
def new_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientFactory]:
    """Makes boto3 clients of an endpoint, with a read timeout in seconds."""
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    clients = []

    def make(url: str, read_timeout: float) -> BedrockRuntimeClient:
        client = boto3.client(
            "bedrock-runtime",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="made-up",
            aws_secret_access_key="made-up",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(simulator: Simulator, new_client: ClientFactory) -> BedrockRuntimeClient:
    """A boto3 client of the simulator."""
    return new_client(simulator.url, 20)
