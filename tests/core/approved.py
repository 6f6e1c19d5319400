"""Texts that were read and approved: whole outputs, in files of `golden/`.

`UPDATE_GOLDEN=1 pytest tests/core` writes them again, and `git diff` shows the change.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from .golden_files import check_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_OF_BOTO3 = re.compile(r"(?<=known are )modelId[\w, ]*|(?<=exactly one of )text[\w, ]*")
"""Members that another version of boto3 may have others of."""
LONG = 120
"""Characters from which on a text is shortened."""


def check_lines(name: str, lines: Iterable[str]) -> None:
    """Compare lines with those of a golden file."""
    check_text(name, "".join(f"{_OF_BOTO3.sub('...', line)}\n" for line in lines))


def flat(value: Any) -> str:
    """JSON in one line; bytes as their text in angle brackets."""
    return json.dumps(value, ensure_ascii=False, default=_shown)


def shortened(value: Any) -> Any:
    """The value with long texts as their first and last words, how many there are, and a hash of all."""
    if isinstance(value, dict):
        return {name: shortened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shortened(part) for part in value]
    if not isinstance(value, str) or len(value) <= LONG:
        return value
    words, digest = value.split(" "), hashlib.sha256(value.encode()).hexdigest()[:6]
    return f"{' '.join(words[:4])} ... {' '.join(words[-3:])} ({len(words)} words, {digest})"


def _shown(value: Any) -> str:
    return f"<{value.decode(errors='replace')}>" if isinstance(value, bytes) else repr(value)
