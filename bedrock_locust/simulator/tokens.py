"""Tokens: how the simulator counts them, and the words that its answers are made of."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CHARS_PER_TOKEN = 4

MEDIA_TOKENS = 1000
"""Tokens of an image, a document, a video or a recording, whatever its size."""


def count(text: str) -> int:
    """Tokens of a text: a quarter of its characters, rounded up. A real tokenizer counts differently."""
    return of_chars(len(text))


def of_chars(chars: int) -> int:
    """Tokens of a text of this many characters."""
    return -(-chars // CHARS_PER_TOKEN)


class PromptRule:
    """How the tokens of prompts are counted in this process: by characters, or by words."""

    def __init__(self) -> None:
        self.per_word = 0.0
        """Tokens of a word; 0 = count characters."""

    def count(self, texts: Iterable[str]) -> int:
        """Tokens of these texts together."""
        if not self.per_word:
            return of_chars(sum(map(len, texts)))
        return math.ceil(self.per_word * sum(len(text.split()) for text in texts) - 1e-9)


prompt_rule = PromptRule()
"""The rule of this process."""


_WORDS = (
    "the and for you can not new now one two all any day way use see get set run let out old big low top "
    "ask try add key map who how why own far few lot yes may say put met sun sea sky air oak ink pen cup "
)

_BOOK = Random(0).choices([_WORDS[at : at + CHARS_PER_TOKEN] for at in range(0, len(_WORDS), 4)], k=4096)
"""Every token is three letters and a space, so that `count` of an answer is the number of its tokens."""


def write(start: int, tokens: int) -> str:
    """This many tokens of text from this place in the book on. After its end, the book begins again."""
    begin = start % len(_BOOK)
    piece = _BOOK[begin : begin + tokens]
    while len(piece) < tokens:
        piece += _BOOK[: tokens - len(piece)]
    return "".join(piece)
