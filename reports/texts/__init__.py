"""The words of the report, one package per language; the numbers are the same in all."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reports.texts.agreement import agreeing
from reports.texts.spacing import filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LANGUAGES = ("en", "zh")
DEFAULT = "en"


@dataclass(frozen=True)
class Language:
    """One language: `say("key", name=value)` is a text with its values."""

    code: str
    texts: Mapping[str, str]
    nouns: Mapping[str, tuple[str, str]]
    """A noun -> with one, with several; `{}` is the count."""
    remedies: Mapping[str, str]
    """What to do about a category of failure; empty where the run's own words serve."""

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key with its values."""
        return filled(self.texts[key], values) if self.code == "zh" else agreeing(self.texts[key], values)

    def noun(self, count: Any, word: str) -> str:
        """A count with its noun: `1 call`, `2 calls`."""
        return self.nouns[word][int(count != 1)].format(f"{int(count):,}")

    def load(self, amount: Any, unit: str) -> str:
        """A load: `2 users`, or `2.5 requests/s` where the unit is `rate`; of a text as `1 to 20` what it says."""
        if unit != "rate":
            return self.noun(amount, "user")
        shown = amount if isinstance(amount, str) else f"{amount:,.6g}"
        return self.nouns["rate"][int(shown != "1")].format(shown)

    def listing(self, words: Sequence[str], longest: int = 6) -> str:
        """`a, b and c`; what is beyond the longest list is counted."""
        more = len(words) - longest + 1
        shown = list(words) if len(words) <= longest else [*words[: longest - 1], self("list.more", count=more)]
        if len(shown) < 2:
            return "".join(shown)
        return self("list.last", first=self("list.comma").join(shown[:-1]), last=shown[-1])

    def span(self, low: str, high: str) -> str:
        """A range, as its ends are printed; one figure where both are printed alike."""
        return low if low == high else self("list.range", low=low, high=high)

    def paragraph(self, sentences: Iterable[str]) -> str:
        """Sentences one after the other; empty ones are left out."""
        return self("list.space").join(sentence for sentence in sentences if sentence)

    def mode(self, mode: str) -> str:
        """A mode as readers write it."""
        return self(f"mode.{mode}")

    def group(self, group: str) -> str:
        """A group of calls as readers write it: its mode, or the name of its user class."""
        return self.mode(group) if f"mode.{group}" in self.texts else group

    def sentence(self, text: str) -> str:
        """The text with its first letter large."""
        return text[:1].upper() + text[1:]

    def duration(self, length_s: float) -> str:
        """A length of time in words: `48 s`, `12 min 30 s`, `1 h 5 min`."""
        whole = round(length_s)
        if whole < 60:
            return self("time.s", s=whole)
        minutes, rest = divmod(whole, 60)
        if minutes < 60:
            return self("time.min_s", min=minutes, s=rest) if rest else self("time.min", min=minutes)
        hours, minutes = divmod(minutes, 60)
        return self("time.h_min", h=hours, min=minutes) if minutes else self("time.h", h=hours)


def language(code: str) -> Language:
    """The language of a code; English if there is no such."""
    code = code if code in LANGUAGES else DEFAULT
    module = import_module(f"reports.texts.{code}")
    return Language(code, module.TEXTS, module.NOUNS, module.REMEDIES)
