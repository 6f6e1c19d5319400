"""The arguments of a tool call."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import toolcalls
from bedrock_locust.simulator.prompts import Prompt, Tool
from bedrock_locust.simulator.replies import Kind, compose

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 1),
        ({"oneOf": [{"const": "x"}]}, "x"),
        ({"allOf": [{"type": "boolean"}]}, True),
        ({"anyOf": []}, "example"),
        ({"const": 5, "default": 6}, 5),
        ({"default": 6, "enum": [7]}, 6),
        ({"enum": [7, 8], "type": "string"}, 7),
        ({"enum": []}, "example"),
        ({"type": "number"}, 1.5),
        ({"type": "number", "minimum": 2}, 2),
        ({"type": "integer", "minimum": 0}, 1),
        ({"type": "boolean", "minimum": 3}, True),
        ({"type": "null"}, None),
        ({"type": ["integer", "null"]}, 1),
        ({"type": []}, "example"),
        ({"type": "array"}, ["example"]),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "object"}, {}),
        ({"properties": {"a": {"type": "integer"}, "b": {}}, "required": ["b"]}, {"b": "example"}),
        ({"properties": {"a": {"type": "integer"}, "b": {}}}, {"a": 1, "b": "example"}),
        ({"properties": {"a": {}}, "required": ["a", "c", 5]}, {"a": "example"}),
        ({"properties": {"a": {"type": "integer"}, "b": {}}, "required": "b"}, {"a": 1, "b": "example"}),
    ],
)
def test_example_of_a_schema(schema: dict[str, Any], expected: object) -> None:
    """Each keyword that is known gives a value that fits it."""
    assert toolcalls.example(schema) == expected
    assert toolcalls.example(schema, 1) == expected


def test_a_deep_schema_has_an_end() -> None:
    """Levels are followed down to `DEEPEST`, whether they are objects, arrays or branches, and no further."""
    for wrap, opened in (
        (lambda inner: {"properties": {"x": inner}}, '{"x": '),
        (lambda inner: {"type": "array", "items": inner}, "["),
    ):
        schema: Any = {"const": "bottom"}
        for _ in range(toolcalls.DEEPEST):
            schema = wrap(schema)
        found = json.dumps(toolcalls.example(schema))
        assert (found.count(opened), '"bottom"' in found) == (toolcalls.DEEPEST, True)
        cut = json.dumps(toolcalls.example(wrap(schema)))
        assert (cut.count(opened), '"example"' in cut) == (toolcalls.DEEPEST + 1, True)


@pytest.mark.parametrize("key", ["anyOf", "oneOf", "allOf"])
def test_branches_within_branches_have_an_end(key: str) -> None:
    """Each branch is a level of its own, also where an array stands between two of them."""
    schema: Any = {"const": "bottom"}
    for _ in range(toolcalls.DEEPEST):
        schema = {key: [schema]}
    assert toolcalls.example(schema) == "bottom"
    assert toolcalls.example({key: [schema]}) == "example"
    mixed: Any = {"const": "bottom"}
    for _ in range(toolcalls.DEEPEST // 2):
        mixed = {key: [{"type": "array", "items": mixed}]}
    assert '"bottom"' in json.dumps(toolcalls.example(mixed))
    assert '"bottom"' not in json.dumps(toolcalls.example({key: [mixed]}))


def test_ids_of_calls_are_those_of_their_seeds() -> None:
    """The same seed gives the same id, in every version; no two seeds do, and all are 22 letters and digits long."""
    assert [toolcalls.new_id(seed) for seed in (0, 1)] == [
        "tooluse_bAhjGFzmAF7eCnXaHg8Yo4",
        "tooluse_4jgDQbBRYKUWj60pI9F2q1",
    ]
    made = {toolcalls.new_id(seed) for seed in range(1000)}
    assert len(made) == 1000
    assert {len(id_) for id_ in made} == {len("tooluse_") + 22}


PROMPT = Prompt((), "Hi", None, offered=(Tool("first", None), Tool("second", None)))


@given(st.integers(0, 10**6))
def test_a_second_call_of_a_tool(start: int) -> None:
    """It is of the next tool, or of the only one again, has an id of its own, and there is none without a first."""
    alone = replace(PROMPT, offered=PROMPT.offered[:1])
    for prompt, names in ((PROMPT, ["first", "second"]), (alone, ["first", "first"])):
        called = toolcalls.called(prompt, 1, 1, start)
        blocks = [block for block in compose(called, start, 10, 10).blocks if block.kind is Kind.TOOL]
        assert [block.tool_name for block in blocks] == names
        assert len({block.tool_id for block in blocks} | {toolcalls.new_id(start + 1)}) == 3
    assert toolcalls.called(PROMPT, 1, 0, start).more_tools == ()
    assert toolcalls.called(PROMPT, 0, 1, start) == PROMPT


def test_a_second_call_is_as_rare_as_asked() -> None:
    """In the long run."""
    second = [bool(toolcalls.called(PROMPT, 1, 0.1, start).more_tools) for start in range(2000)]
    assert 140 < sum(second) < 260


def test_parts_that_a_schema_refers_to() -> None:
    """Also to itself, as trees do; what is not there is any text."""
    schema = {
        "$defs": {
            "Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "n": {"type": "integer"}}}
        },
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/Node"}, "none": {"$ref": "#/$defs/None"}, "far": {"$ref": "http://x"}},
    }
    found = toolcalls.example(schema)
    assert (found["root"]["n"], found["root"]["next"]["n"]) == (1, 1)
    assert (found["none"], found["far"]) == ("example", "example")


def test_the_words_of_a_structured_answer() -> None:
    """They stand in the first place for text, and nowhere else."""
    schema = {
        "type": "object",
        "properties": {"example": {"type": "integer"}, "a": {"type": "string"}, "b": {"type": "string"}},
    }
    assert json.loads(toolcalls.structured(schema, 'the "sky"')) == {"example": 1, "a": 'the "sky"', "b": "example"}
    assert json.loads(toolcalls.structured({"type": "integer"}, "the sky")) == 1


def nested(levels: int, wrap: Callable[[Any], Any]) -> Any:
    """A schema of so many levels above a constant."""
    schema: Any = {"const": "bottom"}
    for _ in range(levels):
        schema = wrap(schema)
    return schema


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"properties": {"x": inner}},
        lambda inner: {"type": "array", "items": inner},
        lambda inner: {"anyOf": [inner]},
        lambda inner: {"$defs": {"x": inner}, "$ref": "#/$defs/x"},
    ],
    ids=["objects", "arrays", "branches", "references"],
)
def test_six_levels_are_followed(wrap: Callable[[Any], Any]) -> None:
    """And a seventh is not."""
    if "$ref" in wrap({}):
        assert toolcalls.example(wrap({"const": "bottom"})) == "bottom"
        return
    assert "bottom" in json.dumps(toolcalls.example(nested(6, wrap)))
    assert "bottom" not in json.dumps(toolcalls.example(nested(7, wrap)))


@pytest.mark.parametrize("levels", [6, 7])
def test_references_are_levels(levels: int) -> None:
    """Each is one, so that one that leads to itself has an end."""
    places: Any = {str(number): {"$ref": f"#/{number + 1}"} for number in range(levels)}
    whole = {**places, str(levels): {"const": "bottom"}, "$ref": "#/0"}
    assert toolcalls.example(whole) == "example"
    assert toolcalls.example({**whole, "$ref": f"#/{levels - 5}"}) == "bottom"


@pytest.mark.parametrize("schema", [None, 5, [], "x", True])
def test_what_is_no_schema(schema: Any) -> None:
    """As the input of a tool an empty object, as a part of one any text."""
    assert toolcalls.example(schema) == {}
    assert toolcalls.example({"properties": {"a": schema}}) == {"a": "example"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "minimum": 1}, 1),
        ({"type": "integer", "minimum": 2}, 2),
        ({"type": "number", "minimum": 1.5}, 1.5),
        ({"type": "number", "minimum": 1.6}, 1.6),
        ({"type": "integer", "minimum": "5"}, 1),
        ({"type": "null", "minimum": 5}, None),
        ({"type": "boolean", "minimum": 5}, True),
        ({"type": 5}, "example"),
        ({"type": 5, "properties": {}}, {}),
        ({"type": "object", "properties": 5}, {}),
        ({"type": "object", "properties": {"a": {}, "b": {}}, "required": []}, {"a": "example", "b": "example"}),
        ({"enum": "abc"}, "example"),
        ({"anyOf": 5, "oneOf": [{"const": 1}]}, 1),
        ({"$ref": 5, "const": 1}, 1),
        ({"$ref": "#/a/b", "a": {"b": {"const": 1}}}, 1),
        ({"$ref": "#/a/c", "a": {"b": 1}}, "example"),
        ({"$ref": "a/b", "a": {"b": {"const": 1}}}, "example"),
    ],
)
def test_more_examples(schema: dict[str, Any], expected: object) -> None:
    """Of bounds, and of what is no such keyword."""
    assert toolcalls.example(schema) == expected


def test_what_is_called_depends_on_the_place_of_the_answer() -> None:
    """Its first draw says whether, the second whether text comes first, the third whether a second tool is called."""
    for start in range(200):
        rng = Random(start)
        whether, text, second = (rng.random() for _ in range(3))
        found = toolcalls.called(PROMPT, 0.8, 0.3, start)
        if whether >= 0.8:
            assert found is PROMPT
            continue
        more = (Tool("second", None),) if second < 0.3 else ()
        assert found == replace(PROMPT, tool=Tool("first", None), more_tools=more, says_first=text < 1 / 3)
        assert toolcalls.called(replace(PROMPT, one_tool=True), 0.8, 1, start).more_tools == ()


def test_who_is_not_called() -> None:
    """No tool without an offer, nor after a result."""
    for prompt in (replace(PROMPT, offered=()), replace(PROMPT, has_result=True)):
        assert toolcalls.called(prompt, 1, 1, 0) is prompt


@pytest.mark.parametrize(("draw", "called"), [(0.1343642441124012, False), (0.1343642441124013, True)])
def test_the_share_of_calls_is_a_bound(draw: float, called: bool) -> None:
    """A draw that is as large as the share is no call: that of place 1 is 0.1343642441124012."""
    assert Random(1).random() == 0.13436424411240122
    assert (toolcalls.called(PROMPT, draw, 0, 1).tool is not None) == called


def test_the_second_tool_is_the_next_one() -> None:
    """Of however many are offered."""
    three = replace(PROMPT, offered=tuple(Tool(name, None) for name in ("first", "second", "third")))
    assert toolcalls.called(three, 1, 1, 0).more_tools == (Tool("second", None),)
