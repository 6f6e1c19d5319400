"""What is said in conversations: those of a file, and those made of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.convert import body_of_messages
from bedrock_locust.workload.lengths import draw_pause_s
from bedrock_locust.workload.prefix import with_history_point
from bedrock_locust.workload.records import Turn
from bedrock_locust.workload.request import arguments_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.settings.workload import Workload

    Message = Mapping[str, Any]


class RecordedScript:
    """The conversation of a record: its messages in turn, up to the last question."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a conversation is made of
        self,
        settings: Settings,
        arguments: Mapping[str, Any],
        limit: int,
        record: int,
        rng: Random,
        turns: Sequence[Turn] = (),
    ) -> None:
        self._settings, self._arguments, self._limit, self._record, self._rng = settings, arguments, limit, record, rng
        self._known = turns
        self._workload: Workload = settings.workload  # type: ignore[assignment]  # it has a file
        messages = arguments["messages"]
        self._users = [place for place, message in enumerate(messages) if message["role"] == "user"]
        self.turns = min(len(self._users), self._workload.turns)
        blocks = [block for message in messages for block in message["content"]]
        self._has_tools = any("toolUse" in block for block in blocks)

    def question(self, turn: int) -> Message:
        """The message of the user in a turn, from 1 on."""
        message: Message = self._arguments["messages"][self._users[turn - 1]]
        return message

    def answer(self, turn: int) -> Message | None:
        """The recorded answer of a turn. A call of a tool is always the recorded one: its result has its id."""
        messages, place = self._arguments["messages"], self._users[turn - 1] + 1
        follows = place < len(messages) and messages[place]["role"] == "assistant"
        recorded: Message | None = messages[place] if follows else None
        return recorded if self._workload.history == "recorded" or self._has_tools else None

    def request(self, messages: list[Message], turn: int) -> Request:
        """The request that sends these messages."""
        settings, own = self._settings, self._turn(turn).max_tokens
        arguments = {**self._arguments, "messages": messages}
        if own:
            arguments["inferenceConfig"] = {**arguments.get("inferenceConfig", {}), "maxTokens": own}
        body = body_of_messages(arguments, settings, self._limit)
        return Request(arguments_of(settings, with_history_point(body, settings)), {"record": self._record})

    def pause_s(self, turn: int, elapsed_s: float) -> float:
        """How long the user waits before a turn: as the record says, as long as the tool takes, or to think."""
        known, workload = self._turn(turn), self._workload
        if known.pause_s is not None:
            return known.pause_s
        if known.at_s is not None:
            return max(0.0, known.at_s - elapsed_s)
        is_result = any("toolResult" in block for block in self.question(turn)["content"])
        by_a_tool = is_result and workload.tool_seconds is not None
        return draw_pause_s(workload.tool_seconds if by_a_tool else workload.think_time_seconds, self._rng)

    def _turn(self, turn: int) -> Turn:
        """What the record says of a turn, from 1 on."""
        return self._known[turn - 1] if turn <= len(self._known) else Turn()


class Words(Protocol):
    """What makes texts of words."""

    def draw(self) -> tuple[int, int]:
        """The tokens of a message, and the limit of its answer."""

    def a_prefix(self) -> str:
        """One of the prefixes that calls share, or empty."""

    def message(self, tokens: int, limit: int, prefix: str, *, first: bool) -> tuple[str, int]:
        """A message, and how many words the prompt has with it; the first one brings all that stands around."""

    def answer(self, limit: int) -> str:
        """An answer that is as long as its limit."""

    def with_prefix(self, body: dict[str, Any], prefix: str) -> dict[str, Any]:
        """The body with the prefix in its system prompt, where it has one."""


class WordsScript:
    """A conversation of words: each message has a length of its own, and so has each answer."""

    def __init__(self, settings: Settings, words: Words, rng: Random) -> None:
        self._settings, self._made_of, self._rng = settings, words, rng
        self._workload: Workload = settings.workload  # type: ignore[assignment]  # it has lengths
        self.turns = self._workload.turns
        self._prefix = words.a_prefix()
        self._tokens = self._limit = self._words = 0

    def question(self, turn: int) -> Message:
        """The message of the user in a turn, from 1 on."""
        self._tokens, self._limit = self._made_of.draw()
        prefix = self._prefix if turn == 1 else ""
        text, self._words = self._made_of.message(self._tokens, self._limit, prefix, first=turn == 1)
        return {"role": "user", "content": [{"text": text}]}

    def answer(self, turn: int) -> Message | None:  # noqa: ARG002 - as all scripts have it
        """Words as long as the answer was allowed to be; None where the model's own answer counts."""
        if self._workload.history == "live":
            return None
        return {"role": "assistant", "content": [{"text": self._made_of.answer(self._limit)}]}

    def request(self, messages: list[Message], turn: int) -> Request:  # noqa: ARG002 - as all scripts have it
        """The request that sends these messages."""
        settings = self._settings
        body = body_of_messages({"messages": messages}, settings, self._limit)
        body = with_history_point(self._made_of.with_prefix(body, self._prefix), settings)
        return Request(arguments_of(settings, body), {"input_tokens_asked": self._tokens}, self._words)

    def pause_s(self, turn: int, elapsed_s: float) -> float:  # noqa: ARG002 - as all scripts have it
        """How long the user thinks before a turn, in seconds."""
        return draw_pause_s(self._workload.think_time_seconds, self._rng)
