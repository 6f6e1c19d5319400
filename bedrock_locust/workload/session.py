"""A conversation: each turn sends all that was said before it. One user makes all of its calls, one after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from bedrock_locust.workload.contract import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Message = Mapping[str, Any]

ANSWERED_NOTHING = "(no answer)"
"""Stands in the history for an answer without text: no API takes an empty one."""


class Script(Protocol):
    """What is said in a conversation."""

    turns: int

    def question(self, turn: int) -> Message:
        """The message of the user in a turn, from 1 on."""

    def answer(self, turn: int) -> Message | None:
        """The recorded answer of a turn; None where the model's own counts."""

    def request(self, messages: list[Message], turn: int) -> Request:
        """The request that sends these messages."""

    def pause_s(self, turn: int, elapsed_s: float) -> float:
        """How long the user waits before a turn, in seconds; `elapsed_s` is the age of the conversation."""


class Session:
    """One conversation."""

    def __init__(self, key: str, script: Script) -> None:
        self._key, self._script = key, script
        self._messages: list[Message] = []
        self._turn = 0
        self._begun = time.perf_counter()

    def first(self) -> Request:
        """The request of the first turn."""
        return self._ask()

    def _ask(self, pause_s: float = 0.0) -> Request:
        self._turn += 1
        self._messages.append(self._script.question(self._turn))
        request = self._script.request(list(self._messages), self._turn)
        about: dict[str, Any] = {**request.about, "session": self._key, "turn": self._turn}
        if self._turn > 1:
            # It follows the answer, not the schedule of an open loop.
            about |= {"scheduled_at": None, "input_tokens_asked": None}
        then: Callable[[str], Request] | None = self._follow if self._turn < self._script.turns else None
        words = request.words if self._turn == 1 else 0
        return Request(request.arguments, about, words, then, pause_s)

    def _follow(self, answer: str) -> Request:
        """The request of the next turn, after an answer."""
        own = {"role": "assistant", "content": [{"text": answer.strip() or ANSWERED_NOTHING}]}
        self._messages.append(self._script.answer(self._turn) or own)
        return self._ask(self._script.pause_s(self._turn + 1, time.perf_counter() - self._begun))
