"""The client's own health: what is marked client-limited, and why."""

from __future__ import annotations

import time
from typing import Any

import gevent
import msgpack
import pytest

from bedrock_locust.arrivals.counts import Fate
from bedrock_locust.call import Call
from bedrock_locust.histogram import Histogram, bucket
from bedrock_locust.live.health import BEAT_S, CPU_LIMIT, WORDS, Cpu, Health, Pulse
from bedrock_locust.process.clock import clock
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
    client = Health()
    client.add_pulse("w", seen)
    for each in calls:
        client.add(each)
    said: dict[str, Any] = client.public()["streaming-1"]
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


@pytest.mark.parametrize(("share", "limited"), [(CPU_LIMIT / 100, True), (CPU_LIMIT / 100 - 0.01, False), (0, False)])
def test_at_the_limit_a_worker_is_busy(share: float, limited: bool) -> None:
    """Not below it; without any measurement nothing is known, and nothing said."""
    assert judged(pulse(share, 1), call())["client_limited"] is limited
    assert Health().levels["one"].causes() == []


def test_a_beat_that_comes_late_is_late_by_that() -> None:
    """One in its time is not late at all, and what came before is added up."""
    beats = Pulse(lambda: "streaming-1")
    for cpu_s, wall_s in ((0.1, BEAT_S), (0.2, BEAT_S + 0.5), (0.3, BEAT_S - 0.01)):
        beats._count("streaming-1", cpu_s, wall_s)
    seen = beats.take()["streaming-1"]
    assert (seen["cpu_s"], seen["wall_s"]) == (pytest.approx(0.6), pytest.approx(3 * BEAT_S + 0.49))
    lag = Histogram()
    lag.merge(seen["lag"])
    assert lag.count == 3
    assert lag.quantile(0) == pytest.approx(0, abs=0.02)
    assert lag.quantile(1) == pytest.approx(500, rel=0.02)
    assert beats.take() == {}


def test_workers_are_told_apart() -> None:
    """Each has its own figures, in the order of their names, over all that it reported."""
    client = Health()
    for worker, share in (("b", 0.5), ("a", 0.95), ("b", 0.3)):
        client.add_pulse(worker, pulse(share, 1))
    [said] = client.public().values()
    assert list(said["workers"]) == ["a", "b"]
    assert said["workers"]["b"]["cpu_percent"] == pytest.approx(40)
    assert [cause["worker"] for cause in said["causes"]] == ["a"]


def test_the_report_has_the_same_limits() -> None:
    """What a report cannot import from here it has for itself."""
    assert set(WORDS) == set(workers.CAUSES)
    assert workers.BUSY_PERCENT == CPU_LIMIT


def test_a_load_that_was_not_made() -> None:
    """A level of which arrivals were dropped or missed is marked; `run.json` says so even where no call was made."""
    said = Health().public({"none": Fate(100, 0, 60, 40), "few": Fate(100, 99, 1, 0)})
    assert [(one["what"], one["value"]) for one in said["none"]["causes"]] == [
        ("arrivals_dropped", 60),
        ("arrivals_missed", 40),
    ]
    assert (said["none"]["client_limited"], said["few"]["client_limited"]) == (True, False)


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
    client = Health()
    client.add(call(phase="warmup", read_lag_ms=500.0))
    assert client.public() == {}


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
    client = Health()
    client.add_pulse("w", taken)
    longest_ms = client.levels["streaming-1"].workers["w"].lag.quantile(1.0)
    assert longest_ms is not None
    assert longest_ms > 100


def test_the_cpu_of_this_process() -> None:
    """What the process has used between two beats is counted in the level that was measured, in seconds."""
    beat = Pulse(lambda: "streaming-1").start()
    gevent.sleep(0.3)
    beat.take()
    begun, end = time.perf_counter(), time.process_time() + 0.3
    while time.process_time() < end:
        pass
    gevent.sleep(0.6)
    seen = beat.take()["streaming-1"]
    beat.stop()
    assert 0.3 <= seen["cpu_s"] <= seen["wall_s"] * 1.1
    assert seen["wall_s"] <= time.perf_counter() - begun + 0.6
    health = Health()
    health.add_pulse("w", {"streaming-1": {"cpu_s": 3.0, "wall_s": 10.0, "lag": {}}})
    health.add_pulse("w", {"streaming-1": {"cpu_s": 1.0, "wall_s": 10.0, "lag": {}}})
    assert health.public()["streaming-1"]["workers"]["w"]["cpu_percent"] == 20


def time_blocked(seconds: float) -> None:
    """Hold up everything in this process."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def busy(cpu_s: float) -> None:
    """Use so much CPU in this process."""
    end = time.process_time() + cpu_s
    while time.process_time() < end:
        pass


def test_the_pulse_has_the_cpu_of_this_process() -> None:
    """What this process computes counts, and what it sleeps does not."""
    beat = Pulse(lambda: "streaming-1").start()
    gevent.sleep(0.3)
    beat.take()
    busy(0.5)
    gevent.sleep(0.3)
    worked = beat.take()["streaming-1"]
    assert 0.5 <= worked["cpu_s"] <= worked["wall_s"]
    gevent.sleep(0.6)
    slept = beat.take()["streaming-1"]
    beat.stop()
    assert slept["cpu_s"] < 0.3
    assert slept["wall_s"] >= 0.5


def test_the_pulse_looks_for_steps_of_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the clock is found while calls go on, also on a worker."""
    looks = []
    monkeypatch.setattr(clock, "check", lambda: looks.append(1))
    beat = Pulse(lambda: "").start()
    gevent.sleep(0.6)
    beat.stop()
    assert looks


def test_cpu_since_the_start() -> None:
    """Percent of a core is CPU by time that has passed."""
    cpu, cpu_s, wall_s = Cpu(), time.process_time(), time.perf_counter()
    busy(0.3)
    gevent.sleep(0.3)
    expected = 100 * (time.process_time() - cpu_s) / (time.perf_counter() - wall_s)
    assert cpu.percent() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(
    ("cpu", "lag_ms", "limited"), [(0.9, 1, True), (0.89, 1, False), (0.1, 51, True), (0.1, 49, False)]
)
def test_limits_of_a_process(cpu: float, lag_ms: float, limited: bool) -> None:
    """From 90 % of a core on, and from 50 ms of lag on, a level is marked."""
    assert judged(pulse(cpu, lag_ms))["client_limited"] is limited


@pytest.mark.parametrize(
    ("ttft_ms", "lag_ms", "limited"),
    [(20, 5.2, True), (20, 4.8, False), (1000, 51, True), (1000, 49, False), (None, 5.2, True), (None, 4.8, False)],
)
def test_limits_of_reading(ttft_ms: float | None, lag_ms: float, limited: bool) -> None:
    """A read may be late by a twentieth of the time to the first token, and by 5 ms in any case."""
    assert judged(pulse(0.1, 1), call(ttft_ms=ttft_ms, read_lag_ms=lag_ms))["client_limited"] is limited


def test_a_lag_counts_against_the_median() -> None:
    """One slow first token does not excuse late reads."""
    usual = [call(ttft_ms=100.0, read_lag_ms=60.0)] * 9
    assert judged(pulse(0.1, 1), *usual, call(ttft_ms=5000.0, read_lag_ms=60.0))["client_limited"]


def test_a_rare_late_read_does_not_count() -> None:
    """It is the 99th percentile that is judged: one late read of a thousand is none."""
    on_time = [call(ttft_ms=100.0, read_lag_ms=0.1)] * 999
    assert not judged(pulse(0.1, 1), *on_time, call(ttft_ms=100.0, read_lag_ms=500.0))["client_limited"]


def test_pulses_of_a_worker_add_up_and_workers_stay_apart() -> None:
    """A worker that was busy for half of the level used half a core; each worker is judged by itself."""
    client = Health()
    for cpu in (1.0, 0.0):
        client.add_pulse("b", pulse(cpu, 1))
    client.add_pulse("a", pulse(0.95, 60))
    said = client.public()["streaming-1"]
    assert {name: worker["cpu_percent"] for name, worker in said["workers"].items()} == {"a": 95, "b": 50}
    assert list(said["workers"]) == ["a", "b"]
    assert [(cause["what"], cause["worker"]) for cause in said["causes"]] == [
        ("cpu_percent", "a"),
        ("loop_lag_p99_ms", "a"),
    ]
    assert [str(cause) for cause in client.levels["streaming-1"].causes()] == said["reasons"]


def test_levels_are_judged_by_themselves() -> None:
    """What a pulse saw in one level says nothing of another."""
    client = Health()
    client.add_pulse("w", {**pulse(0.95, 1), "streaming-2": pulse(0.1, 1)["streaming-1"]})
    assert [said["client_limited"] for said in client.public().values()] == [True, False]


def test_nothing_seen_is_not_known() -> None:
    """What was not measured is None, and marks nothing."""
    said = judged({}, call())
    assert (said["client_limited"], said["send_delay_p99_ms"], said["read_lag_p99_ms"]) == (False, None, None)
    assert (said["new_connections"], said["workers"]) == (0, {})
    assert judged({"streaming-1": {"cpu_s": 0.0, "wall_s": 0.0, "lag": {}}})["workers"] == {
        "w": {"cpu_percent": None, "loop_lag_p99_ms": None}
    }
