"""JSON with comments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings import jsonc

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["//", "/* */", ",]", 'a "//" b', "\\"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    """Strings keep what looks like a comment or a closing comma."""
    assert jsonc.loads(json.dumps(value)) == value
    assert jsonc.loads(json.dumps(value, indent=1, ensure_ascii=False)) == value


@given(VALUES, st.text(alphabet=st.characters(exclude_characters="\n*", exclude_categories=["Cs"])))
def test_comments_are_read_over(value: Any, comment: str) -> None:
    """After every line of a text, and before it."""
    text = "\n".join(f"{line} // {comment}" for line in json.dumps(value, indent=1).split("\n"))
    assert jsonc.loads(f"/* {comment}\n*/ {text} //") == value


def test_as_in_the_original() -> None:
    """The lines that the original tool's README shows."""
    text = """{
      "aws": {"endpoint_url": "http://127.0.0.1:1"}, // where
      "model": { /* which */ "id": "m//n" }
    }"""
    assert jsonc.loads(text) == {"aws": {"endpoint_url": "http://127.0.0.1:1"}, "model": {"id": "m//n"}}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{\n "a": 1,\n}', 2, 8),
        ('{\n "a": [1,\n 2, // two\n ]}', 3, 3),
        ('{"a": "x,]",\n\n /* , */ }', 1, 12),
    ],
)
def test_a_closing_comma_is_named_at_its_place(text: str, line: int, column: int) -> None:
    """Where it stands, not where the bracket does."""
    with pytest.raises(json.JSONDecodeError, match=r"comma before '[\]}]'") as refused:
        jsonc.loads(text)
    assert (refused.value.lineno, refused.value.colno) == (line, column)


@pytest.mark.parametrize("text", ["/* {}", "{} /", "{'a': 1}", '{"a": 1} # b', "// only", '"a\nb"'])
def test_all_else_is_strict(text: str) -> None:
    """What is neither JSON nor a comment stays a mistake."""
    with pytest.raises(json.JSONDecodeError):
        jsonc.loads(text)


def test_a_comment_moves_no_mistake() -> None:
    """A mistake behind comments is named at its own line and column."""
    with pytest.raises(json.JSONDecodeError) as refused:
        jsonc.loads('{ // one\n  /* two\n three */ "a": m\n}')
    assert (refused.value.lineno, refused.value.colno) == (3, 16)
