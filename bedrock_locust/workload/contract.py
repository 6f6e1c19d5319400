"""What a workload offers to users: the next request of this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent."""

    arguments: dict[str, Any]
    """The arguments of the method of BedrockClient."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Columns of its row that only the workload knows."""
    words: int = 0
    """The words of its filler."""
    then: Callable[[str], Request] | None = None
    """Makes the next request of its conversation out of the answer; None at the end of one."""
    pause_s: float = 0.0
    """How long the user waits before it, in seconds."""


class Worded(Protocol):
    """Prompts that are made of words, up to a length in tokens."""

    def probe(self, words: int, max_tokens: int) -> Request:
        """A request with so many words, to have its tokens counted."""


class Workload(Protocol):
    """Where requests come from. One object serves all users of a process."""

    def next(self, position: int | None = None) -> Request:
        """The next request; in an open loop, that of an arrival at this position of the sequence."""

    def heard(self, request: Request, input_tokens: int | None) -> None:
        """A request has been answered: the service counted these tokens in it; None where that is not known."""
