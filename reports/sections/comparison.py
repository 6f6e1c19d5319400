"""The report of a comparison of runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import (
    UNKNOWN,
    Column,
    bullets,
    code,
    join,
    moment,
    number,
    numbers,
    percent,
    seconds,
    section,
    signed,
    table,
    texts,
)
from reports.numbers.comparison import METRICS, PERCENTS, Share, common, keys
from reports.reading.calls import MODES
from reports.sections.compared import Compared
from reports.sections.conclusion import best_output
from reports.sections.configuration import flat, shown
from reports.sections.regression import regression
from reports.sections.trust import doubts
from reports.sections.unlike import unlike
from reports.sections.untested import untested_words
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.numbers.analysis import Analysis
    from reports.numbers.comparison import Comparison, Test


class ComparisonPage(Compared):
    """The whole report of a comparison."""

    def markdown(self, image: str, limit_percent: float | None) -> str:
        """The whole report; `image` is where the chart is, empty without one."""
        say = self.say
        return (
            join(
                f"# {say('compare.title')}",
                *(self._verdict(run) for run in self.comparisons),
                unlike(self),
                regression(self, limit_percent),
                self._runs(),
                *self._doubts(),
                f"![{say('chart.compare.alt')}]({image})" if image else "",
                *(self._changes(metric) for metric in METRICS),
                self._throughput(),
                self._settings(),
                section(say("method"), say("compare.method")),
            )
            + "\n"
        )

    def _verdict(self, run: str) -> str:
        say, found = self.say, self.comparisons[run]
        untested = say.listing(untested_words(say, found, self.level))
        text = found.verdict
        if untested and text in {"none", "nothing"}:
            text = f"{text}_untested"
        elif text == "nothing" and found.success:
            text = "nothing_succeeded"
        sentences = [say(f"compare.{text}", run=run, base=self.base, untested=untested)]
        if untested and text == found.verdict:
            sentences.append(say("compare.untested", untested=untested))
        clear = [test for test in found.tests if test.clear]
        if clear:
            sentences.append(self._most(max(clear, key=lambda test: abs(test.percent_change))))
        if found.tests:
            tested = len(found.tests) - len(found.untested)
            if tested:
                sentences.append(say("compare.tests", clear=len(clear), tests=tested))
            sentences += self._best(run)
        sentences += self._success(found)
        if found.missing:
            sentences.append(say("compare.missing", run=run, levels=say.listing(list(map(self.level, found.missing)))))
        return " ".join(sentence for sentence in sentences if sentence)

    def _most(self, test: Test) -> str:
        assert test.change is not None  # noqa: S101 - a clear test has one
        return self.say(
            "compare.most",
            metric=self.say(f"metric.{test.metric}"),
            percentile=f"P{test.percent}",
            change=signed(test.percent_change),
            interval=f"{signed(100 * test.change.low)} … {signed(100 * test.change.high)}",
            level=self.level(test.level),
        )

    def _success(self, found: Comparison) -> Iterator[str]:
        """The levels in which the success rate clearly fell, or rose, the largest change first."""
        for key, shares in (("fell", found.failing), ("rose", found.mending)):
            changed = [
                self.say("compare.success_one", level=self.level(share.level), **_rates(share)) for share in shares
            ]
            if changed:
                yield self.say(f"compare.success_{key}", changes=self.say.listing(changed))

    def _best(self, run: str) -> Iterator[str]:
        """The most throughput, mode by mode; a level of users is not held against a kind of call without any."""
        base, other = self.runs[self.base], self.runs[run]
        if base.levels.shaped != other.levels.shaped:
            return
        for mode in MODES:
            before, after = best_output(base, mode), best_output(other, mode)
            if before > 0 and after > 0:
                values = {"change": signed(100 * (after / before - 1)), "before": number(before)}
                names = {"mode": self.say.mode(mode), "base": self.base, "run": run}
                yield self.say("compare.throughput_most", after=number(after), **values, **names)

    def _runs(self) -> str:
        say, runs = self.say, self.runs.values()
        return table(
            [
                texts(say("compare.run"), self.runs),
                texts(
                    say("compare.model"), [say.listing([code(model) for model in run.run.model_ids]) for run in runs]
                ),
                texts(say("compare.region"), [code(run.run.text("settings", "aws", "region")) for run in runs]),
                texts(say("compare.tier"), [_tiers(run) for run in runs]),
                texts(say("compare.date"), [moment(run.run.started_at) for run in runs]),
                numbers(say("col.calls"), [len(run.run.requests) for run in runs], lambda count: f"{count:,}"),
                texts(say("compare.folder"), [code(self.folders[run].name) for run in self.runs]),
            ]
        )

    def _doubts(self) -> list[str]:
        found = {run: doubts(analysis) for run, analysis in self.runs.items()}
        return [join(self.say("compare.untrusted", run=run), bullets(all_)) for run, all_ in found.items() if all_]

    def _changes(self, metric: str) -> str:
        say, levels = self.say, common(list(self.runs.values()))
        base = self.runs[self.base]
        rows = [level for level in levels if base.number(keys(base)[level], f"{metric}_count") > 0]
        columns = level_columns(say, base.figures.loc[[keys(base)[level] for level in rows]])
        for point in PERCENTS:
            for run, analysis in self.runs.items():
                values = [analysis.number(keys(analysis)[level], f"{metric}_p{point}") for level in rows]
                title = say("compare.value", percentile=f"P{point}", run=run)
                columns.append(numbers(title, values, seconds if metric == "latency_ms" else number))
            for run, found in self.comparisons.items():
                tests = {test.level: test for test in found.tests if (test.metric, test.percent) == (metric, point)}
                cells = [self._change(tests.get(level)) for level in rows]
                columns.append(Column(say("compare.change", percentile=f"P{point}", run=run, base=self.base), cells))
        return section(say(f"compare.{metric}"), table(columns)) if rows else ""

    def _change(self, test: Test | None) -> str:
        if test is None:
            return UNKNOWN
        words = [signed(test.percent_change)]
        if test.change is not None:
            words.append(f"({signed(100 * test.change.low)} … {signed(100 * test.change.high)})")
        if test.clear:
            words.append(f"**{self.say('compare.is_slower' if test.after > test.before else 'compare.is_faster')}**")
        return " ".join(words)

    def _throughput(self) -> str:
        say, levels, base = self.say, common(list(self.runs.values())), self.runs[self.base]
        columns = level_columns(say, base.figures.loc[[keys(base)[level] for level in levels]])
        rates = {
            run: [one.number(keys(one)[level], "output_tokens_per_s") for level in levels]
            for run, one in self.runs.items()
        }
        columns += [numbers(say("compare.rate", run=run), values) for run, values in rates.items()]
        for run in self.comparisons:
            changes = [
                100 * (after / before - 1) if before > 0 else math.nan
                for before, after in zip(rates[self.base], rates[run], strict=True)
            ]
            columns.append(
                Column(say("compare.rate_change", run=run, base=self.base), [signed(change) for change in changes])
            )
        for run, analysis in self.runs.items():
            rows = [analysis.number(keys(analysis)[level], "success_rate") for level in levels]
            columns.append(numbers(say("compare.success", run=run), rows, percent))
        for run, found in self.comparisons.items():
            shares = {share.level: share for share in found.success}
            columns.append(
                Column(
                    say("compare.success_change", run=run, base=self.base), [_points(shares[level]) for level in levels]
                )
            )
        return section(say("compare.throughput"), table(columns)) if levels else ""

    def _settings(self) -> str:
        say = self.say
        values = {run: dict(flat(analysis.run.get("settings"))) for run, analysis in self.runs.items()}
        names = list(dict.fromkeys(name for one in values.values() for name in one))
        differing = [name for name in names if len({shown(one.get(name)) for one in values.values()}) > 1]
        columns = [texts(say("col.setting"), [code(name) for name in differing])]
        columns += [texts(run, [code(shown(one.get(name))) for name in differing]) for run, one in values.items()]
        return section(say("compare.settings"), table(columns))


def _tiers(run: Analysis) -> str:
    """The tiers that answered; where the service does not say, the one asked for."""
    found = run.run.of_successes("service_tier") or [run.run.text("settings", "model", "service_tier")]
    return run.say.listing([code(tier) for tier in found])


def _rates(share: Share) -> dict[str, str]:
    return {"before": percent(share.before), "after": percent(share.after)}


def _points(share: Share) -> str:
    return f"{signed(100 * (share.after - share.before))} ({signed(100 * share.low)} … {signed(100 * share.high)})"
