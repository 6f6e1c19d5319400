"""Prompts made from a template: of a set size, and different for each call."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

DEFAULT_TEMPLATE = (
    "Explain in detail how large language models work: tokens, attention, training and inference."
    " Answer in about {size} characters."
)
PADDING = " Give more detail, with examples."
NONCE_BYTES = 4


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts of exactly `size` characters from a template, in which `{size}` stands for that number.

    A unique prompt starts with a random nonce, so that no prompt cache can answer for the model.
    """

    template: str
    size: int
    unique: bool = True

    def next(self) -> str:
        """The next prompt."""
        nonce = f"[{secrets.token_hex(NONCE_BYTES)}] " if self.unique else ""
        text = nonce + (self.template or DEFAULT_TEMPLATE).replace("{size}", str(self.size))
        missing = self.size - len(text)
        return (text + PADDING * (missing // len(PADDING) + 1 if missing > 0 else 0))[: self.size]
