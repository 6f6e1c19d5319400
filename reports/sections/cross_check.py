"""AWS's own figures beside ours, and what explains a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import Column, amount, bullets, code, escape, number, section, table, texts
from reports.numbers.cross_check import cross_check
from reports.numbers.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.edition import Edition
    from reports.numbers.cross_check import CrossCheck
    from reports.texts import Language

SERVED = ("ttft_ms_p50", "ttft_ms_p95", "latency_ms_p50", "latency_ms_p95")


def aws_check(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The table of both, and in sentences why they may differ; empty if AWS was not asked."""
    found, say = cross_check(analysis.run), analysis.say
    if found is None:
        return ""
    return section(say("check"), _both(say, found), bullets(_reasons(say, found)), _by_region(analysis))


def _both(say: Language, found: CrossCheck) -> str:
    """Both sides of each figure; empty without any. The model is named where there are several."""
    rows = [
        *((found.model_id, pair, amount) for pair in found.counts),
        *((found.model_id, pair, number) for pair in found.times),
        *((one.model_id, pair, amount) for one in found.others for pair in one.counts),
    ]
    if not rows:
        return ""
    several = any(one.counts for one in found.others)
    return table(
        [
            *([texts(say("col.model"), [code(model) for model, _, _ in rows])] if several else []),
            texts(say("col.figure"), [say(f"check.{pair.name}") for _, pair, _ in rows]),
            Column(say("col.by_aws"), [form(pair.aws) for _, pair, form in rows]),
            Column(say("col.by_run"), [form(pair.ours) for _, pair, form in rows]),
            Column(say("col.difference"), [form(pair.difference) for _, pair, form in rows]),
        ]
    )


def _by_region(analysis: Edition) -> str:
    """TTFT and latency by the Region that served the calls; empty if no logs were read."""
    found, say = serving(analysis.run), analysis.say
    if found is None:
        return ""
    said = say("serving.without_log", calls=amount(found.without_log)) if found.without_log else ""
    if not found.regions:
        return say("serving.none")
    times = zip(*(one.times for one in found.regions), strict=True)
    modes = [say.mode(one.mode) if one.mode else "" for one in found.regions]
    columns = [
        *([texts(say("col.mode"), modes)] if any(modes) else []),
        texts(say("col.region"), [escape(one.region) for one in found.regions]),
        Column(say("col.calls"), [amount(one.calls) for one in found.regions]),
        *(Column(say(f"check.{name}"), [*map(number, values)]) for name, values in zip(SERVED, times, strict=True)),
    ]
    return "\n\n".join(part for part in (say("serving.by"), table(columns), said) if part)


def _reasons(say: Language, found: CrossCheck) -> Iterator[str]:
    """What the comparison says."""
    for line in found.missing:
        yield say("check.missing", why=escape(line))
    for reason in found.reasons:
        forms = {name: amount if name == "calls" else number for name in reason.values}
        yield say(f"check.{reason.what}", **{name: forms[name](value) for name, value in reason.values.items()})
