"""The prompt cache before the load."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.aws.warm import write_prefixes
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.source import workload_of

if TYPE_CHECKING:
    import pytest

    from tests.simulator.process import Simulator

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
PREPARED = Prepared({MODEL: Calibration(1.5, 15)}, prefix="words of this run")


def warmed(simulator: Simulator, **workload: Any) -> tuple[Any, Settings]:
    """A client and settings whose prefixes have been sent."""
    values = {"input_tokens": 2000, "shared_prefix_tokens": 1500, "cache": "5m", "prefixes": 4, **workload}
    settings = Settings.model_validate(
        {"model": {"id": MODEL}, "aws": {"endpoint_url": simulator.url}, "workload": values}
    )
    client = connect(settings, simulator=True, version="test")
    write_prefixes(client, settings, PREPARED)
    return client, settings


def test_each_prefix_is_written_once(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """And calls of the run read it."""
    caplog.set_level(logging.INFO)
    client, settings = warmed(simulator)
    calls = simulator.ended(4)
    assert len(calls) == 4
    assert all(1490 <= call["cache_write_tokens"] <= 1510 for call in calls)
    assert "prefixes written to the cache: 4" in caplog.text
    usage = client.converse(**workload_of(settings, PREPARED).next().arguments)["usage"]
    assert usage["cacheReadInputTokens"] == calls[0]["cache_write_tokens"]
    assert usage["cacheWriteInputTokens"] == 0


def test_what_was_not_cached_is_a_warning(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A prefix that is too short, and calls that fail."""
    warmed(simulator, shared_prefix_tokens=200)
    assert "wrote none of 4 prefixes to its cache" in caplog.text
    simulator.set(faults={"AccessDeniedException": 1})
    warmed(simulator)
    assert "4 of 4 prefixes could not be sent before the load (AccessDeniedError)" in caplog.text


def test_nothing_is_sent_where_nothing_is_to_be_cached(simulator: Simulator) -> None:
    """As with a cache that is off."""
    warmed(simulator, cache="off")
    assert simulator.ended(0) == []
