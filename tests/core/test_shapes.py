"""Values against boto3's shapes: what is wrong is named by its place, and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.workload.shapes import ShapeError, input_shape, shaped

SECRET = "a secret text"
TOOL = {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object", "any": [1, None, {}]}}}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"sytem": []}, "sytem is not known; known are"),
        ({"system": SECRET}, "system must be a list"),
        ({"system": [SECRET]}, "system[0] must be an object"),
        ({"system": [{"text": 5}]}, "system[0].text must be a text"),
        ({"system": [{"text": ""}]}, "system[0].text must not be empty"),
        ({"system": [{}]}, "system[0] must have exactly one of"),
        ({"system": [{"text": SECRET, "cachePoint": {"type": "default"}}]}, "system[0] must have exactly one of"),
        ({"inferenceConfig": {"topP": "high"}}, "inferenceConfig.topP must be a number"),
        ({"inferenceConfig": {"topP": True}}, "inferenceConfig.topP must be a number"),
        ({"inferenceConfig": {"topP": -1}}, "inferenceConfig.topP must be 0 or more"),
        ({"inferenceConfig": {"maxTokens": 1.5}}, "inferenceConfig.maxTokens must be a whole number"),
        ({"toolConfig": {}}, "toolConfig.tools is required"),
        ({"requestMetadata": {"a": 1}}, "requestMetadata.a must be a text"),
        (
            {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "!"}}}]}]},
            "base64",
        ),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(value: Any, words: str) -> None:
    """One line with the place."""
    with pytest.raises(ShapeError) as refused:
        shaped(value, input_shape("Converse"), "", whole=False)
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


def test_right_values_come_back_with_bytes() -> None:
    """A document type takes any JSON; base64 becomes bytes."""
    image = {"image": {"format": "png", "source": {"bytes": "AAEC"}}}
    value = {"toolConfig": {"tools": [TOOL]}, "messages": [{"role": "user", "content": [image]}], "modelId": "m"}
    there = shaped(value, input_shape("Converse"), "")
    assert there["toolConfig"] == value["toolConfig"]
    assert there["messages"][0]["content"][0]["image"]["source"]["bytes"] == b"\0\1\2"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | st.sampled_from(["", "x", "user"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["system", "text", "messages", "role", "content", "inferenceConfig", "topP", "modelId", "json"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(ANY)
def test_what_passes_here_passes_in_boto3(value: Any) -> None:
    """And what boto3 refuses is refused here, with a ShapeError and nothing else."""
    shape = input_shape("Converse")
    try:
        there = shaped(value, shape, "the value")
    except ShapeError:
        return
    try:
        assert not ParamValidator().validate(there, shape).has_errors()
    except ParamValidationError as error:  # pragma: no cover - what must not happen
        pytest.fail(str(error))


def test_bounds_are_those_of_boto3() -> None:
    """The least value is right; a text without a least length may be empty."""
    reasoning = {"reasoningContent": {"reasoningText": {"text": "a", "signature": ""}}}
    for value in (
        {"inferenceConfig": {"topP": 0, "maxTokens": 1, "temperature": 0.0}},
        {"messages": [{"role": "assistant", "content": [reasoning]}]},
    ):
        assert shaped(value, input_shape("Converse"), "", whole=False) == value
    with pytest.raises(ShapeError, match=r"inferenceConfig\.maxTokens must be 1 or more"):
        shaped({"inferenceConfig": {"maxTokens": 0}}, input_shape("Converse"), "", whole=False)
