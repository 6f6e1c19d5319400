"""`check config.json`: whether the settings are right, and what a run with them would do and cost."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from typing import TYPE_CHECKING

from bedrock_locust import exits
from bedrock_locust.level import loads_in_words
from bedrock_locust.settings import options
from bedrock_locust.settings.forecast import expected_calls, forecast
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan, counted
from bedrock_locust.settings.schema import SECTIONS_OF_LOADS
from bedrock_locust.settings.sizes import sizes
from bedrock_locust.settings.stock_levels import stock_levels
from bedrock_locust.workload.minimums import too_short
from bedrock_locust.workload.replay import replay_of
from bedrock_locust.workload.survey import Library
from bedrock_locust.workload.template import checked

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.replay import Replay
    from bedrock_locust.workload.survey import Survey

HELP = "Check the settings and print the plan and the cost of a run; call nothing"
MOST_SHOWN = 12
"""Levels of a mode that are all named."""
ENOUGH_FOR_P95 = 92
"""Calls that an interval of P95 needs at least: see "How sure" in docs/metrics.md."""


def add_arguments(parser: ArgumentParser) -> None:
    """The file, and the options that a run would have."""
    parser.usage = "%(prog)s [FILE] [OPTION ...]   (--help lists the options)"
    parser.add_argument(
        "bedrock_config",
        nargs="?",
        metavar="FILE",
        default=argparse.SUPPRESS,  # left out, it must leave alone what the option has set
        help=f"settings of the benchmark. Default: {options.DEFAULT_CONFIG}",
    )
    parser.add_argument(
        "--bedrock-config",
        metavar="FILE",
        default=os.environ.get("BEDROCK_CONFIG"),
        help="the same, as locust takes it",
    )
    for option in options.OPTIONS:
        parser.add_argument(
            option.flag,
            dest=option.dest,
            default=os.environ.get(option.env_var),
            metavar=option.key.upper(),
            help=option.label.replace("%", "%%"),
        )


def run(parsed: Namespace) -> int:
    """Print what is wrong, one line for each mistake, and return 2; or print the plan and return 0."""
    try:
        settings = checked(options.load(parsed, None))
        replay = replay_of(settings)
        survey = None if replay else Library().survey(settings)
    except SettingsError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        return exits.BAD_INPUT
    print(f"{parsed.bedrock_config or options.DEFAULT_CONFIG}: the settings are right\n")
    for title, words in _replay(settings, replay) if replay else _plan(settings, survey):
        print(f"  {title:<10}{words}")
    for warning in filter(None, (*_warnings(settings), options.exposed_keys(parsed))):
        print(f"\nNote: {warning}")
    print(f"\nNothing was called. To start the run: {_command(parsed)}")
    return 0


def _command(parsed: Namespace) -> str:
    """How to start the run that was checked."""
    words = ["locust", "-f", "locustfile.py", "--headless"]
    if parsed.bedrock_config not in (None, options.DEFAULT_CONFIG):
        words += ["--bedrock-config", parsed.bedrock_config]
    for option in options.OPTIONS:
        value = getattr(parsed, option.dest)
        words += [option.flag, value] if value != os.environ.get(option.env_var) else []
    return shlex.join(words)


def _model(settings: Settings) -> tuple[str, str]:
    model = settings.model
    endpoint = " on bedrock-mantle" if model.endpoint == "mantle" else ""
    names = ", ".join(settings.trace.mine or (model.id,)) if settings.trace else model.id
    return "Model", f"{names} in {settings.aws.region or 'the region that boto3 finds'}, API {model.api}{endpoint}"


def _replay(settings: Settings, replay: Replay) -> Iterator[tuple[str, str]]:
    yield _model(settings)
    yield "Trace", f"{len(replay.file):,} lines of {replay.file.path}"
    plan = replay.told(Plan.of(replay.counted(settings), levels=(replay.level(),)), settings)
    for number, line in enumerate(plan.lines()):
        yield "" if number else "Plan", line


def _plan(settings: Settings, survey: Survey | None) -> Iterator[tuple[str, str]]:
    size = sizes(settings)
    yield _model(settings)
    if survey:
        yield "Requests", f"{counted(survey.records, 'record')} of {survey.file.path} ({survey.format})"
    else:
        yield "Prompt", size.prompt_in_words(settings)
    for mode, runs in zip(("streaming", "non-streaming"), settings.modes, strict=True):
        if runs:
            yield "Levels", f"{mode}: {_loads(settings)}"
    settings = survey.counted(settings) if survey else settings
    for number, line in enumerate(Plan.of(settings, str(forecast(settings) or "")).lines()):
        yield "" if number else "Plan", line


def _loads(settings: Settings) -> str:
    """The loads of the levels; of many levels the first and the last."""
    return loads_in_words(stock_levels(settings), MOST_SHOWN)


def _warnings(settings: Settings) -> Iterator[str]:
    factor = f"{settings.model.burndown:g}"
    if settings.aws.access_key_id:
        yield "the file holds AWS keys. A profile (aws.profile) or a role is safer."
    if settings.pricing is None:
        yield "the cost is not known. Add pricing.input_per_million and pricing.output_per_million."
    if not settings.model.burndown_is_certain:
        yield (
            f"AWS does not state for this model how often an output token counts against the quota: {factor} is taken."
            " model.output_burndown sets it."
        )
    if why := too_short(settings):
        yield f"{why}."
    if settings.limits is None:
        yield "nothing ends the run early. limits.max_cost_usd, limits.max_requests and limits.max_error_rate can."
    levels = stock_levels(settings)
    if levels and (most := expected_calls(settings, levels[0])[1]) < ENOUGH_FOR_P95:
        yield (
            f"the first level makes {_about(most)} at most, and to bound a P95 takes {ENOUGH_FOR_P95} or more."
            f" {_longer(settings)} for figures that you decide by."
        )


def _about(calls: float) -> str:
    """A few calls in words."""
    whole = max(1, round(calls))
    return f"{'about' if calls >= 0.5 else 'less than'} {whole} call{'s' if whole != 1 else ''}"


def _longer(settings: Settings) -> str:
    """What makes the levels longer."""
    if settings.open_loop and settings.open_loop.profile:
        return "Make the parts of arrivals.profile longer"
    return f"Raise {SECTIONS_OF_LOADS.get(settings.test.load, 'concurrency')}.duration_seconds"
