"""Messages in the form of Converse."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.workload.conversation import arguments, config_of, image_of
from bedrock_locust.workload.records import RecordError


def message(role: str, text: str) -> dict[str, Any]:
    """A message of one text."""
    return {"role": role, "content": [{"text": text}]}


def test_messages_of_one_role_become_one() -> None:
    """Converse takes turns only."""
    found = arguments([], [message("user", "a"), message("user", "b"), message("assistant", "c")], {})
    assert [(one["role"], len(one["content"])) for one in found["messages"]] == [("user", 2), ("assistant", 1)]


def test_config_has_what_there_is() -> None:
    """Whatever the limit is called."""
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
        assert config_of({name: 5, "temperature": 0, "top_p": None}) == {"maxTokens": 5, "temperature": 0}
    assert config_of({"stop_sequences": ["a", "b"]}) == {"stopSequences": ["a", "b"]}


@pytest.mark.parametrize("url", ["data:image/png;base64,AAEC", "a/b.PNG"])
def test_an_image_is_data_or_a_file(url: str) -> None:
    """Nothing is fetched."""
    assert image_of(url, "x")["image"]["format"] == "png"
    with pytest.raises(RecordError, match="no other URL"):
        image_of("file:///etc/a.png", "x")
