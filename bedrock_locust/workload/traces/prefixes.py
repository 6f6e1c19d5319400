"""What prompts of a log have in common, as numbers that tell nothing of the text."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_locust.workload.traces.traced import BLOCK_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


GRID = 512
"""Characters after which two prompts are looked at again, whether they are still equal."""


class Prefixes:
    """Numbers blocks of prompts, and conversations, in the order in which they first come.

    Hashes of the prompts stay in memory: a trace holds the numbers only.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[int, ...]] = {}
        """The hash of the beginning of a prompt -> the numbers of the first prompt that began so."""
        self._next = 0
        self._conversations: dict[bytes, str] = {}
        self._sessions = 0

    def blocks(self, prompt: str, tokens: int, read_tokens: int = 0) -> tuple[int, ...]:
        """A number for each 512 tokens of a prompt of that length, those that an earlier prompt began with the same.

        Tokens are taken to be spread evenly over the characters; but what was read from the cache, an earlier prompt
        began with, too.
        """
        if not prompt or not tokens:
            return ()
        hashes = list(_beginnings(prompt))
        shared = next((place for place in range(len(hashes), 0, -1) if hashes[place - 1] in self._seen), 0)
        alike = self._seen[hashes[shared - 1]] if shared else ()
        count = -(-tokens // BLOCK_TOKENS)
        if shared == len(hashes) and len(alike) == count:
            return alike
        alike_tokens = max(min(shared * GRID / len(prompt), 1) * tokens, read_tokens if shared else 0)
        whole = min(int(alike_tokens / BLOCK_TOKENS), len(alike), count)
        own = (*alike[:whole], *range(self._next, self._next + count - whole))
        self._next += count - whole
        for one in hashes:
            self._seen.setdefault(one, own)
        return own

    def session(self, turn: Turn) -> str:
        """A name for the conversation that a call goes on with. Calls have to come in the order of time.

        A guess: two conversations that begin with the same words are one until they part.
        """
        name = self._conversations.pop(turn.earlier, "")
        if not name:
            self._sessions += 1
            name = f"s{self._sessions}"
        self._conversations[turn.own] = name
        return name


class Turn(NamedTuple):
    """What tells the place of a call in its conversation."""

    earlier: bytes
    """The hash of what an earlier call had, if it goes on with one: all but the last answer and question."""
    own: bytes
    """The hash of what it has itself."""

    @classmethod
    def of(cls, before: object, messages: Sequence[Any]) -> Turn:
        """That of a call with these messages; `before` is what stands before them, such as the system prompt."""
        return cls(_digest([before, *messages[:-2]]) if len(messages) > 2 else b"", _digest([before, *messages]))


def _beginnings(prompt: str) -> Iterator[bytes]:
    """The hash of a prompt up to each place of the grid, and up to its end."""
    digest = hashlib.sha256()
    for begin in range(0, len(prompt), GRID):
        digest.update(prompt[begin : begin + GRID].encode("utf-8", "surrogatepass"))
        yield digest.digest()


def _digest(parts: Sequence[Any]) -> bytes:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).digest()


TEXTS = ("text", "inputText", "prompt", "thinking")
"""Members of a request that hold text."""


def prompt_of(body: Mapping[str, Any]) -> str:
    """All text of a request in one line, in the order in which a cache sees it: tools, system, messages."""
    parts = [body.get("toolConfig"), body.get("tools"), body.get("system"), body.get("messages"), body.get("input")]
    rest = [value for name, value in body.items() if name in TEXTS]
    return "\n".join(text for part in (*parts, *rest) for text in _texts(part))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            if name not in ("role", "type"):
                yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
