"""The settings of the simulator: how they are changed, and what a call then takes by the simulator's own times."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator.behaviour import Behaviour, BehaviourError

from .calls import CLAUDE, NOVA_PROFILE, converse, converse_stream
from .process import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .conftest import ClientFactory
    from .process import Simulator


def together(simulator: Simulator, client: BedrockRuntimeClient, count: int) -> list[dict[str, Any]]:
    """The ledger of this number of streams at a time."""
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda _: converse_stream(client), range(count)))
    return simulator.ended(count)


def ttft_ms(call: dict[str, Any]) -> float:
    """Arrival to first token, by the ledger."""
    return float(call["first_token_at_ns"] - call["arrived_at_ns"]) / 1e6


def test_event_times(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """On demand the ledger has the time of every event with text, none of them early."""
    simulator.set(event_times=True, ttft_ms=50, tpot_ms=10)
    converse_stream(client)
    converse(client)
    streamed, whole = simulator.ended(2)
    assert whole["events_ns"] is None
    assert streamed["events_ns"][0] >= streamed["first_token_at_ns"]
    offsets = [(at - streamed["arrived_at_ns"]) / 1e6 for at in streamed["events_ns"]]
    assert all(at >= 50 + 10 * number - 1 for number, at in enumerate(offsets))
    assert len(offsets) == 8
    assert offsets == sorted(offsets)


def test_calls_wait_for_a_place(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """With one place, each call begins after the one before it has ended."""
    simulator.set(max_batch=1, ttft_ms=30, tpot_ms=5)
    calls = sorted(together(simulator, client, 3), key=lambda call: call["first_token_at_ns"])
    for before, after in itertools.pairwise(calls):
        assert after["first_token_at_ns"] > before["ended_at_ns"]


@contextmanager
def crowd(simulator: Simulator, new_client: ClientFactory, count: int) -> Iterator[None]:
    """This number of streams under way."""
    client, streams = new_client(simulator.url, 20), []
    for _ in range(count):
        messages: Any = [{"role": "user", "content": [{"text": "Hi"}]}]
        streams.append(client.converse_stream(modelId=NOVA_PROFILE, messages=messages)["stream"])
    wait_for(lambda: simulator.stats()["in_flight"] == count, "all streams are under way")
    yield
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("operation", [converse, converse_stream])
def test_calls_slow_each_other_down(
    simulator: Simulator, client: BedrockRuntimeClient, new_client: ClientFactory, operation: Callable[..., object]
) -> None:
    """Among three other calls of its model everything takes four times as long, streamed or not; not of another one."""
    simulator.set(half_speed_at=1, ttft_ms=20, tpot_ms=5, output_tokens=2000)
    with crowd(simulator, new_client, 3):
        operation(client, inferenceConfig={"maxTokens": 20})
        operation(client, CLAUDE, inferenceConfig={"maxTokens": 20})
        slow, alone = simulator.ended(2)
    assert slow["ended_at_ns"] - slow["arrived_at_ns"] >= 4 * (20 + 19 * 5) * 1e6 - 1e6
    assert alone["ended_at_ns"] - alone["arrived_at_ns"] >= (20 + 19 * 5) * 1e6 - 1e6


def test_cold_start(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """The first call of a model waits until it is loaded."""
    simulator.set(cold_start_ms=200, ttft_ms=10)
    converse_stream(client)
    [cold] = simulator.ended(1)
    assert ttft_ms(cold) >= 209


def test_measured_times(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Measured times to the first token are replayed in their order."""
    simulator.set(ttft_values_ms=[10, 120, 60])
    for _ in range(3):
        converse_stream(client)
    for call, wanted in zip(simulator.ended(3), (10, 120, 60), strict=True):
        assert ttft_ms(call) >= wanted - 1


@pytest.mark.parametrize("model_id", ["us.anthropic.claude-x", "meta.llama3-1-8b-instruct-v1:0"])
def test_settings_of_a_model(simulator: Simulator, client: BedrockRuntimeClient, model_id: str) -> None:
    """Settings can differ for the models that fit a pattern."""
    simulator.set(models={"*claude*": {"output_tokens": 2}})
    assert converse(client, model_id)["usage"]["outputTokens"] == (2 if "claude" in model_id else 8)


def test_quota_of_a_model(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Tokens that a call reserved and did not use are given back at its end."""
    simulator.set(tokens_per_minute=100, output_burndown=5, models={CLAUDE: {"tokens_per_minute": 0}})
    for _ in range(2):
        converse(client, "x", inferenceConfig={"maxTokens": 40})
    with pytest.raises(client.exceptions.ThrottlingException, match="Too many tokens"):
        converse(client, "x", inferenceConfig={"maxTokens": 40})
    converse(client, CLAUDE, inferenceConfig={"maxTokens": 4000})


def test_behaviour_of_a_model() -> None:
    """Patterns of model ids change settings, the last one that fits last."""
    models = {"*": {"ttft_ms": 1}, "*claude*": {"ttft_ms": 2, "tpot_ms": 3}, "*llama*": {"ttft_ms": 4}}
    behaviour = Behaviour().changed({"models": models, "seed": 5})
    seen = behaviour.of("us.anthropic.claude-x")
    assert (seen.ttft_ms, seen.tpot_ms, seen.seed) == (2, 3, 5)
    assert behaviour.of("amazon.nova").ttft_ms == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ttft": 5}, "ttft: no such setting; there are: ttft_ms"),
        ({"ttft_ms": -1}, "ttft_ms: .*-1"),
        ({"output_tokens": 0}, "output_tokens"),
        ({"output_burndown": -0.5}, "output_burndown: the burn-down is -0.5; it must be -1 or at least 0"),
        ({"faults": {"cuts": 0.1}}, "unknown fault 'cuts'; there are: .*cut"),
        ({"faults": {"cut": 2}}, "rate of cut is 2"),
        ({"faults": {"cut": 0.6, "stall": 0.6}}, "add up to 1.2"),
        ({"spread": float("nan")}, "spread"),
        ({"fault_schedule": [{"fault": "cuts"}]}, "unknown fault 'cuts'"),
        ({"models": {"*": {"ttft": 1}}}, r"models\.\*: ttft: no such setting"),
        ({"models": {"*": {"models": {}}}}, "nested"),
    ],
)
def test_mistakes_in_settings(settings: dict[str, object], words: str) -> None:
    """A mistake in the settings is told with the name of the setting and what is possible."""
    with pytest.raises(BehaviourError, match=words):
        Behaviour().changed(settings)


LEAST_ONE = {"output_tokens", "default_max_tokens"}
BY_THE_MODEL = {"cache_min_tokens", "output_burndown"}
MOST = {"spread": 5, "jitter": 5, "output_tokens": 1_000_000, "reasoning_tokens": 1_000_000, "reserved_overflow": 1}
MOST |= dict.fromkeys(("tool_share", "second_tool_share", "reasoning_share", "guardrail_share"), 1)
NUMBERS = [name for name, field in Behaviour.model_fields.items() if field.annotation in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
def test_bounds_of_a_number(name: str) -> None:
    """A number may be as small as its least value and no smaller, and no larger than its largest, if it has one."""
    least = -1 if name in BY_THE_MODEL else int(name in LEAST_ONE)
    assert getattr(Behaviour().changed({name: least}), name) == least
    with pytest.raises(BehaviourError, match=name):
        Behaviour().changed({name: least - 1})
    most = MOST.get(name, 10**9)
    assert getattr(Behaviour().changed({name: most}), name) == most
    if name in MOST:
        with pytest.raises(BehaviourError, match=name):
            Behaviour().changed({name: most + 1})


@pytest.mark.parametrize("name", ["ttft_values_ms", "gap_values_ms"])
def test_measured_values_are_times(name: str) -> None:
    """A measured time may be 0, and not less."""
    assert getattr(Behaviour().changed({name: [0, 1.5]}), name) == [0, 1.5]
    with pytest.raises(BehaviourError, match=name):
        Behaviour().changed({name: [1, -0.1]})


SHARES = {
    "tool_share",
    "second_tool_share",
    "reasoning_share",
    "guardrail_share",
    "reserved_overflow",
}
"""From 0 to 1."""
SPREADS = {"spread", "jitter"}
"""From 0 to 5."""
LENGTHS = {"output_tokens": 1, "reasoning_tokens": 0}
"""The least, and up to a million."""
LEAST = LENGTHS | {"default_max_tokens": 1, "cache_min_tokens": -1}
"""Of all others it is 0."""
NUMBERS = [name for name, field in Behaviour.model_fields.items() if field.annotation in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
def test_bounds_of_a_setting(name: str) -> None:
    """The last value that is taken on each side, and the first that is not."""
    behaviour, least = Behaviour(), LEAST.get(name, 0)
    assert getattr(behaviour.changed({name: least}), name) == least
    wrong = least - (1 if Behaviour.model_fields[name].annotation is int else 0.5)
    with pytest.raises(BehaviourError, match=name):
        behaviour.changed({name: wrong if name != "output_burndown" else -0.5})
    most = 1 if name in SHARES else 5 if name in SPREADS else 1_000_000 if name in LENGTHS else 10_000_000
    assert getattr(behaviour.changed({name: most}), name) == most
    if most < 10_000_000:
        with pytest.raises(BehaviourError, match=name):
            behaviour.changed({name: most + 1})


def test_the_burn_down_of_the_model_is_minus_one() -> None:
    """No other number below 0 is one."""
    assert Behaviour().changed({"output_burndown": -1}).output_burndown == -1
    with pytest.raises(BehaviourError, match=r"the burn-down is -1\.5; it must be -1 or at least 0"):
        Behaviour().changed({"output_burndown": -1.5})


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ({"cut": 1.1}, "the rate of cut is 1.1; it must be from 0 to 1"),
        ({"cut": -0.1}, "the rate of cut is -0.1; it must be from 0 to 1"),
        ({"cut": 0.6, "stall": 0.5}, "the rates add up to 1.1; together they must not exceed 1"),
    ],
)
def test_rates_of_faults(rates: dict[str, float], words: str) -> None:
    """Together they are a share of the calls."""
    with pytest.raises(BehaviourError, match=words):
        Behaviour().changed({"faults": rates})
    assert Behaviour().changed({"faults": {"cut": 0.7, "stall": 0.2, "slow-headers": 0.1}}).faults
    assert Behaviour().changed({"faults": {"cut": 1}}).faults == {"cut": 1}
