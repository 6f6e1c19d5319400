"""The page of a comparison of runs, from top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import bullets, code, join, moment, numbers, section, table, texts
from reports.numbers.comparison import FIRST_TEXT, METRICS
from reports.sections.changes import changes, throughput
from reports.sections.configuration import shown
from reports.sections.regression import regression
from reports.sections.trust import told
from reports.sections.unlike import unlike
from reports.sections.verdict import headline, verdict
from reports.sections.words import api_words

if TYPE_CHECKING:
    from reports.edition import Edition
    from reports.sections.compared import Compared


def page(compared: Compared, image: str) -> str:
    """The whole page as Markdown; `image` is where the chart is, empty without one."""
    say = compared.say
    blocks = [
        f"# {say('compare.title')}",
        regression(compared),
        *(verdict(compared, run) for run in compared.comparisons),
        unlike(compared),
        _runs(compared),
        *_doubts(compared),
        f"![{say('chart.compare.alt')}]({image})" if image else "",
        *(changes(compared, metric) for metric in (METRICS[0], FIRST_TEXT, *METRICS[1:])),
        throughput(compared),
        _settings(compared),
        section(say("method"), say("compare.method")),
    ]
    return join(*blocks) + "\n"


def spoken(compared: Compared) -> str:
    """The verdict as plain text, a line for the gate and one for each run."""
    gate = regression(compared).split("\n\n", maxsplit=1)[0]
    lines = [gate, *(headline(compared, run) for run in compared.comparisons)]
    return "\n".join(line.replace("**", "") for line in lines if line)


def _runs(compared: Compared) -> str:
    say, runs = compared.say, compared.runs.values()
    models = [say.listing([code(model) for model in run.run.model_ids]) for run in runs]
    apis = [api_words(say, run.run.apis, run.run.text("settings", "model", "endpoint")) for run in runs]
    return table(
        [
            texts(say("compare.run"), compared.runs),
            texts(say("compare.model"), models),
            texts(say("compare.api"), apis),
            texts(say("compare.region"), [code(run.run.text("settings", "aws", "region")) for run in runs]),
            texts(say("compare.tier"), [_tiers(run) for run in runs]),
            texts(say("compare.date"), [moment(run.run.started_at) for run in runs]),
            numbers(say("col.calls"), [len(run.run.calls) for run in runs], lambda count: f"{count:,}"),
            texts(say("compare.folder"), [code(compared.folders[run].name) for run in compared.runs]),
        ]
    )


def _tiers(run: Edition) -> str:
    """The tiers that answered; where the service does not say, the one asked for."""
    found = run.run.tiers or [run.run.text("settings", "model", "service_tier")]
    return run.say.listing([code(tier) for tier in found])


def _doubts(compared: Compared) -> list[str]:
    found = {run: told(analysis) for run, analysis in compared.runs.items()}
    return [join(compared.say("compare.untrusted", run=run), bullets(all_)) for run, all_ in found.items() if all_]


def _settings(compared: Compared) -> str:
    """The settings that are not the same in all runs."""
    say = compared.say
    values = {run: analysis.settings for run, analysis in compared.runs.items()}
    names = list(dict.fromkeys(name for one in values.values() for name in one))
    differing = [name for name in names if len({shown(one.get(name)) for one in values.values()}) > 1]
    columns = [texts(say("col.setting"), [code(name) for name in differing])]
    columns += [texts(run, [code(shown(one.get(name))) for name in differing]) for run, one in values.items()]
    return section(say("compare.settings"), table(columns))
