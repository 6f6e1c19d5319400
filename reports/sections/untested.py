"""What a comparison could not test, as there are too few calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.numbers import intervals
from reports.numbers.comparison import ALWAYS
from reports.numbers.sample import WIDENING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.numbers.comparison import Comparison
    from reports.numbers.sides import Level
    from reports.texts import Language


def untested_words(say: Language, found: Comparison, level: Callable[[Level], str]) -> list[str]:
    """What could not be tested, percentile by percentile, levels alike in it together, and how many calls it needs."""
    words = []
    for point in ALWAYS:
        metrics: dict[Level, list[str]] = {}
        for test in found.untested:
            if test.percent == point:
                metrics.setdefault(test.level, []).append(test.metric)
        for same in dict.fromkeys(map(tuple, metrics.values())):
            levels = say.listing([level(one) for one, its in metrics.items() if tuple(its) == same])
            named = say.listing([say(f"metric.{metric}") for metric in same])
            values = {"percentile": f"P{point}", "metrics": named, "levels": levels}
            words.append(say("compare.untested_one", calls=intervals.needed(point, WIDENING), **values))
    return words
