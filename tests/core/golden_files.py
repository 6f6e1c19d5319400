"""Golden files: what was rendered once, read, and found right.

`UPDATE_GOLDEN=1 pytest tests/core/<file>` writes them anew: read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import golden_texts

GOLDEN = Path(__file__).parent / "golden"


def check_text(name: str, text: str) -> None:
    """Compare a text with a golden file."""
    golden_texts.check(GOLDEN / name, text)


def check_json(name: str, found: Any) -> None:
    """Compare what JSON can hold with a golden file that has each part of it in a line."""
    check_text(name, by_line(found) + "\n")


def by_line(part: Any, depth: int = 0, width: int = 110) -> str:
    """JSON; what fits into a line is in one."""
    flat = json.dumps(part, ensure_ascii=False)
    if len(flat) <= width - depth or not isinstance(part, dict | list):
        return flat
    inner = " " * (depth + 1)
    if isinstance(part, list):
        entries = [by_line(one, depth + 1, width) for one in part]
    else:
        entries = [f"{json.dumps(key)}: {by_line(one, depth + 1, width)}" for key, one in part.items()]
    first, last = "[]" if isinstance(part, list) else "{}"
    return f"{first}\n{inner}" + f",\n{inner}".join(entries) + f"\n{' ' * depth}{last}"
