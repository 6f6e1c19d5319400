"""Server-sent events as each API writes them, read back line by line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import sse

JSON = st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.booleans())


@pytest.mark.parametrize(
    ("style", "names"), [("named", ["event", "data"]), ("named last", ["data", "event"]), ("plain", ["data"])]
)
@given(payload=JSON)
def test_an_event_is_its_lines_and_a_blank_one(style: sse.Style, names: list[str], payload: dict[str, Any]) -> None:
    """The data is one line, whatever it holds."""
    lines = sse.event(style, "kind", payload).decode().split("\n")
    assert lines[len(names) :] == ["", ""]
    fields = dict(line.split(": ", 1) for line in lines[: len(names)])
    assert list(fields) == names
    assert json.loads(fields["data"]) == payload
    assert fields.get("event", "kind") == "kind"


@pytest.mark.parametrize("style", ["named", "named last", "plain"])
def test_the_end_mark_is_no_json(style: sse.Style) -> None:
    """Chat Completions ends with it."""
    assert sse.event(style, sse.DONE, {}) == b"data: [DONE]\n\n"
