"""The client's own health: what is marked client-limited, and why."""

from __future__ import annotations

import time
from typing import Any

import gevent
import msgpack
import pytest

from bedrock_locust.call import Call
from bedrock_locust.histogram import bucket
from bedrock_locust.live.health import CPU_LIMIT, WORDS, Health, Pulse
from reports.numbers import workers
from reports.texts import language


def call(**figures: Any) -> Call:
    """A measured call of a level."""
    about = {"mode": "streaming", "operation": "converse_stream", "model_id": "m", "name": "n", "phase": "measure"}
    return Call(started_at=0, level="streaming-1", latency_ms=900, **{**about, **figures})


def pulse(cpu: float, lag_ms: float) -> dict[str, Any]:
    """A pulse of ten seconds with so much of a core, and the event loop so late."""
    return {"streaming-1": {"cpu_s": cpu * 10, "wall_s": 10.0, "lag": {bucket(lag_ms): 40}}}


def judged(seen: dict[str, Any], *calls: Call) -> dict[str, Any]:
    """What run.json says of the level."""
    health = Health()
    health.add_pulse("w", seen)
    for each in calls:
        health.add(each)
    said: dict[str, Any] = health.public()["streaming-1"]
    return said


@pytest.mark.parametrize(
    ("seen", "lag_ms", "reason"),
    [
        (pulse(0.95, 1), 0.1, "worker w used 95 % of a core"),
        (pulse(0.5, 120), 0.1, "the event loop of worker w ran"),
        (pulse(0.5, 1), 30.0, "first tokens were read 30 ms late at P99"),
    ],
)
def test_limits(seen: dict[str, Any], lag_ms: float, reason: str) -> None:
    """A level in which the client was busy, late or slow to read is marked, with the reason."""
    said = judged(seen, call(ttft_ms=200.0, read_lag_ms=lag_ms))
    assert said["client_limited"]
    [found] = said["reasons"]
    assert found.startswith(reason)
    [cause] = said["causes"]
    assert found == WORDS[cause["what"]].format(**cause)
    assert language("en")(f"cause.{cause['what']}", worker="w", value=f"{cause['value']:.0f}") == found


def test_the_report_has_the_same_limits() -> None:
    """What a report can't import from here it has for itself."""
    assert set(WORDS) == set(workers.CAUSES)
    assert workers.BUSY_PERCENT == CPU_LIMIT


def test_a_healthy_level() -> None:
    """A level within all limits is not marked, and its figures are there."""
    said = judged(pulse(0.4, 1), call(ttft_ms=200.0, read_lag_ms=0.2, send_delay_ms=1.0, connect_ms=3.0), call())
    assert (said["client_limited"], said["reasons"], said["new_connections"]) == (False, [], 1)
    assert said["workers"]["w"]["cpu_percent"] == 40
    assert said["read_lag_p99_ms"] == pytest.approx(0.2, rel=0.02)


def test_slow_models_may_be_read_later() -> None:
    """A lag counts against the time to the first token: 20 ms bend 200 ms, but not 2 s."""
    assert judged(pulse(0.4, 1), call(ttft_ms=200.0, read_lag_ms=20.0))["client_limited"]
    assert not judged(pulse(0.4, 1), call(ttft_ms=2000.0, read_lag_ms=20.0))["client_limited"]


def test_only_the_measured_part_counts() -> None:
    """Calls of the warm-up say nothing of a level."""
    health = Health()
    health.add(call(phase="warmup", read_lag_ms=500.0))
    assert health.public() == {}


def test_the_pulse_of_this_process() -> None:
    """A loop that is held up shows as lag, in the level that was measured, and travels in a message."""
    level = ["streaming-1"]
    beat = Pulse(lambda: level[0]).start()
    gevent.sleep(0.3)
    time_blocked(0.4)
    gevent.sleep(0.05)
    taken = msgpack.unpackb(msgpack.packb(beat.take()), strict_map_key=False)
    level[0] = ""
    gevent.sleep(0.3)
    assert beat.take() == {}
    beat.stop()
    health = Health()
    health.add_pulse("w", taken)
    longest_ms = health.levels["streaming-1"].workers["w"].lag.quantile(1.0)
    assert longest_ms is not None
    assert longest_ms > 100


def time_blocked(seconds: float) -> None:
    """Hold up everything in this process."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
