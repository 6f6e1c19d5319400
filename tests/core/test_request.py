"""Requests: prompt, settings and template in the API of the settings."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.request import joined, request

NESTED = st.recursive(
    st.integers() | st.lists(st.integers()),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=9,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), NESTED, max_size=3)


def settings_of(api: str = "converse", model: str = "anthropic.claude-x", **test: Any) -> Settings:
    """Settings with an API and a section `test`."""
    return Settings.model_validate({"model": {"id": model, "api": api}, "test": test})


@given(OBJECTS, OBJECTS)
def test_objects_are_joined_and_the_rest_is_replaced(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Each member is that of the second, of the first where the second has none, or both joined."""
    both, before = joined(one, two), json.dumps([one, two])
    assert set(both) == {*one, *two}
    for name, value in both.items():
        first, second = one.get(name), two.get(name)
        if isinstance(first, dict) and isinstance(second, dict):
            assert value == joined(first, second)
        else:
            assert value == two.get(name, first)
    assert json.dumps([one, two]) == before, "nothing that was given has changed"


def test_a_template_joins_nested_members() -> None:
    """`inferenceConfig` keeps its limit where the template adds another member."""
    template = {"inferenceConfig": {"topP": 0.5}, "system": [{"text": "Be brief."}]}
    arguments = request(settings_of(max_tokens=9, request=template), "Hello")
    assert arguments["inferenceConfig"] == {"maxTokens": 9, "topP": 0.5}
    assert arguments["system"] == [{"text": "Be brief."}]
    assert arguments["messages"][0]["content"] == [{"text": "Hello"}]


def test_a_template_is_in_the_body_of_the_other_apis() -> None:
    """InvokeModel has it in its body, the other APIs in their own."""
    body = json.loads(request(settings_of("invoke", request={"system": "Be brief."}), "Hello")["body"])
    assert (body["system"], body["max_tokens"]) == ("Be brief.", 2048)
    for api in ("responses", "chat", "messages"):
        arguments = request(settings_of(api, "m", request={"metadata": {"a": "b"}}), "Hello", 7)
        assert arguments["metadata"] == {"a": "b"}
        assert 7 in arguments.values()
