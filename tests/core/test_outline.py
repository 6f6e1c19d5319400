"""What is said of contents that no file keeps."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.outline import outline
from bedrock_locust.settings.schema import Settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(min_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["system", "toolConfig"]), JSON, min_size=1))
def test_sizes_and_a_hash_tell_contents_apart(content: dict[str, object]) -> None:
    """The same content has the same outline, in any order; other content has another hash."""
    there = outline(content)
    assert there is not None
    assert outline(dict(reversed(content.items()))) == there
    assert there["members"] == {name: len(json.dumps(value, sort_keys=True)) for name, value in content.items()}
    assert outline({**content, "system": [content]}) != there


def test_run_json_has_no_contents() -> None:
    """Of `test.request` the run folder keeps names, sizes and a hash; workers get all of it."""
    values: dict[str, Any] = {"model": {"id": "m"}, "test": {"request": {"system": [{"text": "a secret instruction"}]}}}
    settings = Settings.model_validate(values)
    recorded: dict[str, Any] = settings.recorded()
    assert "secret" not in json.dumps(recorded)
    assert list(recorded["test"]["request"]) == ["members", "sha256"]
    assert settings.public()["test"]["request"] == values["test"]["request"]
    assert outline(None) is None
