"""Requests of a set length in tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.source import generated_of, workload_of


def settings_of(api: str = "converse", test: Any = None, model: Any = None, **workload: Any) -> Settings:
    """Settings with a workload."""
    values = {"model": {"id": "m", "api": api, **(model or {})}, "test": test or {}, "workload": workload}
    return Settings.model_validate(values)


def prompt_of(arguments: dict[str, Any]) -> str:
    """The prompt in the arguments of Converse."""
    text: str = arguments["messages"][0]["content"][0]["text"]
    return text


def test_a_prompt_has_the_words_for_its_tokens() -> None:
    """With two tokens a word and 20 for the rest: 490 words of filler for 1,000 tokens."""
    workload = workload_of(settings_of(input_tokens=1000), Prepared({"m": Calibration(2, 20)}))
    request = workload.next()
    prompt = prompt_of(request.arguments)
    assert request.about == {"input_tokens_asked": 1000}
    assert len(prompt.removesuffix("of at least 2048 words.").split(" Write ")[0].split()) == 490
    assert prompt.endswith("Write a long text about these words, of at least 2048 words.")


def test_prompts_differ_from_their_beginning_unless_they_need_not() -> None:
    """A nonce of words stands first, so that no cache answers."""
    workload = workload_of(settings_of(input_tokens=100))
    assert len({prompt_of(workload.next().arguments)[:17] for _ in range(20)}) > 15


def test_limits_are_drawn_and_asked_for() -> None:
    """`max_tokens` is that of the distribution, in each API, and the template of the user asks in its own words."""
    test = {"prompt_template": "Say {size} words."}
    workload = workload_of(settings_of(test=test, input_tokens=50, output_tokens={"values": [7, 9]}))
    requests = [workload.next().arguments for _ in range(50)]
    assert {one["inferenceConfig"]["maxTokens"] for one in requests} == {7, 9}
    for one in requests:
        assert prompt_of(one).endswith(f"Say {one['inferenceConfig']['maxTokens']} words.")
    chat = workload_of(settings_of("chat", input_tokens=50, output_tokens=7)).next().arguments
    assert 7 in (chat.get("max_tokens"), chat.get("max_completion_tokens"))
    assert chat["messages"]


def test_lengths_are_the_same_for_the_same_seed_and_process() -> None:
    """Another process, or another seed, draws others."""

    def drawn(seed: int, name: str) -> str:
        workload = workload_of(settings_of(input_tokens={"mean": 500, "stddev": 100}, seed=seed), name=name)
        return json.dumps([workload.next().about for _ in range(9)])

    assert drawn(1, "w") == drawn(1, "w")
    assert len({drawn(1, "w"), drawn(2, "w"), drawn(1, "v")}) == 3


def test_a_workload_learns_from_what_the_service_counts() -> None:
    """The next prompt is as long as was asked, and what is not known teaches nothing."""
    workload = workload_of(settings_of(input_tokens={"values": [400, 800]}))
    for _ in range(20):
        request = workload.next()
        workload.heard(request, None)
        workload.heard(request, round(1.5 * request.words + 30))
    request = workload.next()
    assert 1.5 * request.words + 30 == pytest.approx(request.about["input_tokens_asked"], abs=2)


def test_without_a_length_there_is_none() -> None:
    """Limits of answers alone leave the prompt to the template."""
    assert generated_of(settings_of(output_tokens=7)) is None
    request = workload_of(settings_of(output_tokens=7)).next()
    assert request.arguments["inferenceConfig"]["maxTokens"] == 7
    assert len(prompt_of(request.arguments)) == 1000
