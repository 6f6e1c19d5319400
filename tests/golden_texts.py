"""Texts that were read once, and found right: golden files, which `UPDATE_GOLDEN=1 pytest ...` writes anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def check(golden: Path, text: str) -> None:
    """Compare a text with a golden file."""
    update(golden, text)
    assert text == golden.read_text(encoding="utf-8")


def update(golden: Path, text: str) -> None:
    """Write a golden file anew where that is asked for: read the difference."""
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8", newline="\n")
