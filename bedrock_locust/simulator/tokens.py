"""Tokens: how the simulator counts them, and the words that its answers are made of."""

from __future__ import annotations

from random import Random

CHARS_PER_TOKEN = 4

MEDIA_TOKENS = 1000
"""Tokens of an image, a document, a video or a recording, whatever its size."""


def count(text: str) -> int:
    """Tokens of a text: a quarter of its characters, rounded up. A real tokenizer counts differently."""
    return of_chars(len(text))


def of_chars(chars: int) -> int:
    """Tokens of a text of this many characters."""
    return -(-chars // CHARS_PER_TOKEN)


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
