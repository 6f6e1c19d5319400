"""JSON with comments, as the original tool's README shows `config.json`: comments are read over, all else is strict."""

from __future__ import annotations

import json
import re
from typing import Any

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_COMMENTS = re.compile(rf"{_STRING}|(?P<comment>//[^\n]*|/\*.*?\*/)", re.DOTALL)
_COMMAS = re.compile(rf"{_STRING}|(?P<comma>,)\s*(?P<closing>[\]}}])", re.DOTALL)
"""A string first: what looks like a comment or a comma in it is text."""


def loads(text: str) -> Any:
    """The value of a JSON text, its `//` and `/* */` comments left out.

    Raises json.JSONDecodeError with the place in `text`; for a comma before a closing bracket, the place of the comma.
    """
    bare = _COMMENTS.sub(_blank, text)
    for part in _COMMAS.finditer(bare):
        if part["comma"]:
            raise json.JSONDecodeError(f"comma before {part['closing']!r}", text, part.start())
    return json.loads(bare)


def _blank(part: re.Match[str]) -> str:
    """Blanks in the place of a comment, so that every other character stays where it was."""
    return re.sub(r"[^\n]", " ", part[0]) if part["comment"] else part[0]
