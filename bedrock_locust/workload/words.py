"""Filler: common English words of five letters, one token each for most tokenizers.

Measured: with the blank before it, each is one token in o200k, cl100k, Llama 3 and the old tokenizer of Claude. All
have the same length, so that a text of n words has the same size wherever it is cut.
"""

from __future__ import annotations

import secrets
from random import Random

_TEXT = """
house water money story month night point group party power level class paper space price table court video music board
event river field model heart staff image phone plant movie stage south north scene store stock trade study voice state
place thing woman child title world light human union issue force value cause death blood order floor piece front sound
earth glass green black white brown round total final major minor local legal royal rural urban early young quick short
large small clear clean fresh heavy sharp smart quiet happy angry proud brave train plane truck
"""
WORDS = tuple(_TEXT.split())
NONCE_WORDS = 3
"""So many words tell prompts apart: nearly 10^6 different beginnings."""

_CHARS = len(WORDS[0]) + 1
_BOOK_WORDS = 10_000
_BOOK = "".join(f"{word} " for word in Random(16).choices(WORDS, k=_BOOK_WORDS))


def filler(start: int, words: int) -> str:
    """A text of this many words from a place in the book on; from its end it goes on at its beginning."""
    begin = start % _BOOK_WORDS
    copies = -(-(begin + words) // _BOOK_WORDS)
    return (_BOOK * copies)[begin * _CHARS : (begin + words) * _CHARS].rstrip()


NAME_WORDS = 5
"""So many words name a number below 10^10, each in its own way."""


def name_of(number: int) -> str:
    """Words that only this number has."""
    return " ".join(WORDS[number // len(WORDS) ** place % len(WORDS)] for place in range(NAME_WORDS))


def passage(number: int, words: int) -> str:
    """A text of this many words: the same for the same number, and another from its beginning on for others."""
    named = name_of(number).split()[:words]
    return " ".join([*named, *filter(None, [filler(number * 7919, words - len(named))])])


def nonce(words: int = NONCE_WORDS) -> str:
    """Random words: different for each call."""
    return " ".join(secrets.choice(WORDS) for _ in range(words))
