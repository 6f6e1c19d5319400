"""What a comparison could not test for want of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import intervals
from reports.comparison import PERCENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.comparison import Comparison, Level
    from reports.texts import Language


def untested_words(say: Language, found: Comparison, level: Callable[[Level], str]) -> list[str]:
    """What could not be tested, percentile by percentile, and how many calls it needs."""
    words = []
    for point in PERCENTS:
        tests = [test for test in found.untested if test.percent == point]
        if tests:
            metrics = say.listing([say(f"metric.{metric}") for metric in dict.fromkeys(test.metric for test in tests)])
            levels = say.listing(list(dict.fromkeys(level(test.level) for test in tests)))
            values = {"percentile": f"P{point}", "metrics": metrics, "levels": levels}
            words.append(say("compare.untested_one", calls=intervals.needed(point), **values))
    return words
