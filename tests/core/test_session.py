"""Conversations: each turn sends all that was said before it."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.session import ANSWERED_NOTHING, Session


class Script:
    """Three turns; the second answer is recorded."""

    turns = 3

    def question(self, turn: int) -> dict[str, Any]:
        """What the user says."""
        return {"role": "user", "content": [{"text": f"question {turn}"}]}

    def answer(self, turn: int) -> dict[str, Any] | None:
        """What the model said once."""
        return {"role": "assistant", "content": [{"text": "recorded"}]} if turn == 2 else None

    def request(self, messages: list[Any], turn: int) -> Request:
        """The messages are the arguments."""
        return Request({"messages": messages}, {"record": 7, "input_tokens_asked": 5}, words=9 * turn)

    def pause_s(self, turn: int, elapsed_s: float) -> float:
        """A pause before this turn, and hardly more."""
        assert elapsed_s >= 0
        return turn + 0.5


def said(request: Request) -> list[str]:
    """The texts in a request."""
    return [message["content"][0]["text"] for message in request.arguments["messages"]]


@pytest.mark.parametrize(("answer", "kept"), [(" first ", "first"), ("", ANSWERED_NOTHING)])
def test_the_history_grows_with_each_turn(answer: str, kept: str) -> None:
    """With the recorded answer where there is one, else with that of the model."""
    one = Session("s", Script()).first()
    assert said(one) == ["question 1"]
    assert one.then is not None
    two = one.then(answer)
    assert said(two) == ["question 1", kept, "question 2"]
    assert two.then is not None
    three = two.then("second")
    assert said(three) == ["question 1", kept, "question 2", "recorded", "question 3"]
    assert three.then is None
    assert said(one) == ["question 1"], "what was sent stays as it was"


def test_each_turn_says_what_it_is() -> None:
    """Session and turn; only the first one keeps the moment of an arrival and a length that was asked for."""
    one = Session("s", Script()).first()
    assert one.then is not None
    two = one.then("answer")
    assert one.about == {"record": 7, "input_tokens_asked": 5, "session": "s", "turn": 1}
    assert two.about == {"record": 7, "input_tokens_asked": None, "scheduled_at": None, "session": "s", "turn": 2}
    assert (one.pause_s, two.pause_s) == (0, 2.5)
    assert (one.words, two.words) == (9, 0), "a longer history teaches nothing about words"
