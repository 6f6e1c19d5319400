"""Prefixes that calls share, and their cache points."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.calibration import Calibration
from bedrock_locust.workload.prefix import check
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.source import generated_of, workload_of

from .test_generated import prompt_of, settings_of
from .test_mistakes import lines

SHARED: dict[str, Any] = {"input_tokens": 1000, "shared_prefix_tokens": 600}
PREPARED = Prepared({"m": Calibration(2, 20)}, prefix="one two three")


def arguments_of(api: str = "converse", model: str = "m", test: Any = None, **workload: Any) -> dict[str, Any]:
    """The arguments of the first call."""
    settings = settings_of(api, test, {"id": model}, **{**SHARED, **workload})
    return workload_of(settings, PREPARED).next().arguments


@pytest.mark.parametrize(("cache", "point"), [("5m", {"type": "default"}), ("1h", {"type": "default", "ttl": "1h"})])
def test_a_cache_point_follows_the_prefix(cache: str, point: dict[str, str]) -> None:
    """After the system prompt of the template; the nonce comes after it, in the message."""
    test = {"request": {"system": [{"text": "Be brief"}]}}
    arguments = arguments_of(test=test, cache=cache)
    own, prefix, last = arguments["system"]
    assert (own, last) == ({"text": "Be brief"}, {"cachePoint": point})
    assert prefix["text"].startswith("one two three ")
    assert len(prefix["text"].split()) == 300
    assert len(prompt_of(arguments).split(" Write ")[0].split()) == 190


@pytest.mark.parametrize(("cache", "ttl"), [("5m", {}), ("1h", {"ttl": "1h"})])
def test_claude_has_its_own_form(cache: str, ttl: dict[str, str]) -> None:
    """In InvokeModel and in Messages."""
    test = {"request": {"system": "Be brief"}}
    body = json.loads(arguments_of("invoke", "anthropic.claude-3", test, cache=cache)["body"])
    for found in (body, arguments_of("messages", "m", test, cache=cache)):
        own, prefix = found["system"]
        assert own == {"type": "text", "text": "Be brief"}
        assert prefix["cache_control"] == {"type": "ephemeral", **ttl}
    nova = json.loads(arguments_of("invoke", "amazon.nova-pro-v1:0", cache="5m")["body"])
    assert nova["system"][1] == {"cachePoint": {"type": "default"}}


def test_without_cache_points_the_prefix_stands_first() -> None:
    """Where the service caches by itself, the same words begin each prompt; with `off` no two begin alike."""
    arguments = arguments_of("chat", cache="implicit")
    assert json.dumps(arguments["messages"]).count("one two three") == 1
    assert "cachePoint" not in json.dumps(arguments_of(cache="implicit"))
    assert not arguments_of(cache="off")["system"][0]["text"].startswith("one two three")


def test_there_are_as_many_prefixes_as_asked_for() -> None:
    """Each call has one of them, and each can be sent once before the load."""
    settings = settings_of(**SHARED, cache="5m", prefixes=3)
    workload = workload_of(settings, PREPARED)
    found = {workload.next().arguments["system"][0]["text"] for _ in range(60)}
    generated = generated_of(settings, PREPARED)
    assert generated is not None
    assert found == {one.arguments["system"][0]["text"] for one in generated.of_each_prefix()}
    assert len(found) == 3
    other = workload_of(settings, Prepared({"m": Calibration(2, 20)}, prefix="another run here"))
    assert other.next().arguments["system"][0]["text"] not in found


def test_an_api_without_cache_points_is_said() -> None:
    """Before the first call."""
    with pytest.raises(SettingsError, match="requests of the API chat have no cache points"):
        check(settings_of("chat", **SHARED, cache="5m"))
    check(settings_of("chat", **SHARED, cache="implicit"))
    check(settings_of("converse", **SHARED, cache="1h"))


@pytest.mark.parametrize("cache", ["5m", "1h", "implicit"])
def test_a_trace_has_something_to_cache(cache: str) -> None:
    """Its calls share prefixes. Where it is not replayed, it has not."""
    values = {"model": {"id": "m"}, "workload": {"cache": cache}, "arrivals": {"trace": "x"}}
    assert not lines(values)
    [line] = lines({**values, "test": {"load": "users"}})
    assert line.startswith(f"config.json: workload.cache is {cache}, but there is nothing to cache")


@pytest.mark.parametrize(
    ("workload", "words"),
    [
        ({"shared_prefix_tokens": 5}, "shared_prefix_tokens needs input_tokens"),
        ({"cache": "5m"}, "workload.cache is 5m, but there is nothing to cache: set shared_prefix_tokens"),
        ({"input_tokens": 5, "shared_prefix_tokens": 5}, "shared_prefix_tokens must be less than input_tokens"),
        ({"input_tokens": 5, "file": "x"}, "file and input_tokens both say what is sent"),
        ({"cache": "2h"}, "workload.cache is"),
    ],
)
def test_settings_that_contradict_each_other_are_one_line(workload: dict[str, Any], words: str) -> None:
    """With what to do."""
    found = lines({"model": {"id": "m"}, "workload": workload})
    assert len(found) == 1
    assert words in found[0]
