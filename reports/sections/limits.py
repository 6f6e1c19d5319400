"""What gave out, in a few sentences: first, and what then took over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import amount, escape, number, percent
from reports.numbers.account import MUCH_PERCENT
from reports.numbers.failures import measured
from reports.numbers.quota import throttle_message
from reports.sections.words import at, failing_words, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from reports.edition import Edition
    from reports.numbers.conclusion import Conclusion
    from reports.numbers.limit import Limit


def limits(analysis: Edition, found: Conclusion) -> Iterator[str]:
    """What gave out first, then what most failures were, if that was something else; the quota if it was throttling."""
    first, main = found.limit, found.main
    if first is not None:
        yield from _first(analysis, found, first)
    if main is not None and (first is None or first.category != main.category):
        yield _main(analysis, found, main)
        yield from _throttles(analysis, main)


def _first(analysis: Edition, found: Conclusion, limit: Limit) -> Iterator[str]:
    say, row = analysis.say, analysis.level(limit.key)
    values: dict[str, Any] = {"at": at(say, row), "cause": _cause(analysis, limit), **_failed(analysis, row, limit)}
    if limit.kind == "slo" and analysis.gate is not None:
        if found.basis == "slo" and found.advised is None:
            return  # the sentence that no level meets the SLO has said it
        values["failing"] = failing_words(say, analysis.gate.slo, analysis.gate.checks[limit.key])
    if limit.kind == "flat":
        yield _flat(analysis, found, limit)
    else:
        yield say(f"limit.{limit.kind}", **values)
    if limit.kind == "slo":
        yield from unsure(analysis, limit.key)
    yield from _throttles(analysis, limit)


def unsure(analysis: Edition, key: str) -> Iterator[str]:
    """That too few calls stand behind the verdict of the SLO on a level, if it is so."""
    if analysis.gate is not None and analysis.gate.unsure(key):
        row = analysis.level(key)
        calls = analysis.say.noun(row["ok"] + row["failed"], "call")
        yield analysis.say("slo.unsure", calls=calls, at=at(analysis.say, row))


def _failed(analysis: Edition, row: pd.Series[Any], limit: Limit) -> dict[str, str]:
    """How much failed in a level; of throttling just that."""
    ended, failed = row["ok"] + row["failed"], row["failed"]
    if limit.kind == "throttled":
        failed = measured(analysis.failures_by_level, [limit.key], limit.category)
    return {
        "failed": amount(failed),
        "calls": analysis.say.noun(ended, "call"),
        "share": percent(failed / ended),
        "category": escape(limit.category),
    }


def _main(analysis: Edition, found: Conclusion, main: Limit) -> str:
    """How many calls the main failure took, from its level to the last of the mode."""
    say, figures = analysis.say, analysis.figures
    own = figures.loc[analysis.of(found)]
    rows = own[own["ok"] + own["failed"] > 0].loc[main.key :]
    row, ended = analysis.level(main.key), (rows["ok"] + rows["failed"]).sum()
    failed = measured(analysis.failures_by_level, list(rows.index), main.category)
    where = at(say, row) if len(rows) == 1 else say("from.users", level=label(say, row))
    return say(
        f"limit.main_{main.kind}",
        where=say.sentence(where),
        cause=_cause(analysis, main),
        failed=amount(failed),
        calls=say.noun(ended, "call"),
        share=percent(failed / ended),
        category=escape(main.category),
    )


def _flat(analysis: Edition, found: Conclusion, limit: Limit) -> str:
    row, before = analysis.level(limit.key), analysis.level(limit.before)
    more = row[found.rate] / before[found.rate] - 1
    slower = percent(max(row["latency_ms_mean"] / before["latency_ms_mean"] - 1, 0))
    key, change = ("flat", "more") if more >= 0 else ("fewer", "less")
    return analysis.say(f"limit.{key}", at=at(analysis.say, row), slower=slower, **{change: percent(abs(more))})


def _cause(analysis: Edition, limit: Limit) -> str:
    """The quota that throttled, with how much of it was used; empty if that is not known."""
    if not limit.quota:
        return ""
    quota, row = analysis.quota, analysis.quota.table.loc[[limit.key]].iloc[0]
    ratio, say = row["reserve_ratio"], analysis.say
    reserve = say("limit.reserve", max_tokens=amount(quota.max_tokens), ratio=number(ratio)) if ratio > 1 else ""
    return say(
        f"limit.{limit.quota}",
        quota=amount(quota.most(limit.quota)),
        used=_used(analysis, limit),
        reserve=reserve,
    )


def _used(analysis: Edition, limit: Limit) -> str:
    """How much of a quota a level used, or the run in the minute before, beside what others used of it."""
    quota, name = analysis.quota, limit.quota
    at_level, others = float(quota.used(name)[limit.key]), quota.others.get(name, 0.0)
    percent_ = quota.used_by(limit.key)[name]
    text = "limit.used" if at_level == percent_ else "limit.used_before"
    used = analysis.say(f"{text}_by_run" if others else text, percent=number(percent_))
    return analysis.say("limit.used_beside", used=used, others=number(others)) if others else used


def _throttles(analysis: Edition, limit: Limit) -> Iterator[str]:
    """What the service said when it throttled, and what would tell which quota it was."""
    if limit.kind == "throttled":
        row = analysis.quota.table.loc[[limit.key]].iloc[0]
        accepted, refused = number(row["requests_per_min"]), number(row["throttled_per_min"])
        if row["throttled_per_min"] > 0:  # else another model than that of the quotas was throttled
            yield analysis.say("limit.excess", accepted=accepted, refused=refused)
        yield from said(analysis)
        if analysis.quota.others.get(limit.quota, 0.0) >= MUCH_PERCENT:
            yield analysis.say("limit.others")
        if not limit.quota:
            yield from _unexplained(analysis, limit)


def _unexplained(analysis: Edition, limit: Limit) -> Iterator[str]:
    """That no known quota was used enough to be the cause, and what would tell more."""
    say, quota = analysis.say, analysis.quota
    shares = [
        say("quota.share", percent=number(used), quota=say(f"quota.of_{name}", quota=amount(quota.most(name))))
        for name, used in quota.used_by(limit.key).items()
    ]
    if shares:
        yield say("limit.unexplained", shares=say.listing(shares))
    if any(not quota.most(name) for name in quota.refusing):
        yield say("limit.no_input_quota" if "input" in quota.names else "limit.no_quota")


def said(analysis: Edition) -> Iterator[str]:
    """What the service said when it throttled."""
    if message := throttle_message(analysis.failures):
        yield analysis.say("limit.said", message=escape(message))
