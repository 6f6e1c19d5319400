"""The arguments of a tool call."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import toolcalls
from bedrock_locust.simulator.prompts import Tool

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
SCHEMA_KEYS = ("type", "properties", "required", "items", "enum", "anyOf", "minimum", "default")


@given(st.dictionaries(st.sampled_from(SCHEMA_KEYS), JSON) | JSON)
def test_any_schema_gives_a_tool_call(schema: Any) -> None:
    """Whatever a schema is, the input of the call is a JSON object."""
    assert isinstance(json.loads(toolcalls.arguments(Tool("any", schema))), dict)


def test_tool_call_fits_its_schema() -> None:
    """The input has the required members, of their types and within their bounds."""
    schema = {
        "type": "object",
        "required": ["city", "days", "unit", "tags"],
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 3},
            "unit": {"enum": ["C", "F"]},
            "tags": {"type": "array", "items": {"type": ["string", "null"]}},
            "more": {"type": "boolean"},
        },
    }
    assert json.loads(toolcalls.arguments(Tool("weather", schema))) == {
        "city": "example",
        "days": 3,
        "unit": "C",
        "tags": ["example"],
    }
