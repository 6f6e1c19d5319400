"""Reasoning that stands inside the text, in tags: gpt-oss writes it so on bedrock-runtime.

Source: "OpenAI models" in the Bedrock user guide. In a stream each piece of reasoning has tags of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bedrock_locust.formats.values import text

if TYPE_CHECKING:
    from bedrock_locust.formats.reading import Content, Reading

_BEGIN, _END = "<reasoning>", "</reasoning>"
_cut = re.compile(f"({_BEGIN}|{_END})").split


def add_tagged_text(value: object, reading: Reading) -> Content:
    """Take text that may have reasoning in it; that is other content."""
    piece = text(value)
    if not reading.in_reasoning and _BEGIN not in piece:
        return reading.add_text(piece)
    said: Content = ""
    thought: Content = ""
    for part in _cut(piece):
        if part in (_BEGIN, _END):
            reading.in_reasoning = part == _BEGIN
        elif reading.in_reasoning:
            thought = reading.add_reasoning(part) or thought
        else:
            said = reading.add_text(part) or said
    return said or thought
