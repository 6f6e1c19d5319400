"""How many tokens a text of words has for a model: measured, as its tokenizer is not known."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBES = (200, 2000)
"""Words of the two texts that are counted."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Tokens of a prompt: `per_word` for each word of filler, and `rest` for what stands around it."""

    per_word: float = 1.0
    rest: float = 0.0
    source: str = ""
    """How it was found: `CountTokens`, `probe calls`, or empty for an assumption."""

    @classmethod
    def of(cls, counts: Mapping[int, int], source: str) -> Calibration | None:
        """The line through two counts of texts: words -> tokens. None where no text could have them."""
        (few, first), (many, last) = sorted(counts.items())
        per_word = (last - first) / (many - few)
        return cls(per_word, first - per_word * few, source) if 0.1 <= per_word <= 20 else None

    def words(self, tokens: int) -> int:
        """How many words of filler bring a prompt to this many tokens; 0 where the rest alone has as many."""
        return max(0, round((tokens - self.rest) / self.per_word))

    def tokens(self, words: int) -> float:
        """How many tokens a prompt with this many words has."""
        return self.rest + self.per_word * words

    def to_plain(self) -> dict[str, Any]:
        """A mapping of plain types."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Calibration:
        """The calibration that `to_plain` made the mapping of."""
        return cls(float(plain["per_word"]), float(plain["rest"]), str(plain["source"]))


class Corrected:
    """A calibration that is corrected by what the service counted: once, or twice where nothing was measured."""

    def __init__(self, calibration: Calibration | None) -> None:
        self.now = calibration or Calibration()
        self._seen: dict[int, int] = {}
        self._wanted = 1 if calibration else 2

    def hear(self, words: int, tokens: int) -> None:
        """The service counted these tokens for a prompt with this many words."""
        if len(self._seen) >= self._wanted or words in self._seen:
            return
        self._seen[words] = tokens
        fitted = Calibration.of(self._seen, self.now.source) if len(self._seen) == 2 else None
        self.now = fitted or replace(self.now, rest=self.now.rest + tokens - self.now.tokens(words))
