"""What Locust's types leave optional."""

from __future__ import annotations

import pytest

from bedrock_locust.process.present import present


@pytest.mark.parametrize("value", [0, "", False, [], "x"])
def test_what_is_there_is_returned(value: object) -> None:
    """Also where it counts as false."""
    assert present(value, "never said") is value


def test_what_is_not_there_is_said() -> None:
    """In the words of who asks."""
    with pytest.raises(RuntimeError, match=r"^do this$"):
        present(None, "do this")
