"""`workload FILE`: what is in a file of requests, how they would be sent, and what a pass would cost."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_locust import exits
from bedrock_locust.settings import options
from bedrock_locust.settings.forecast import expected_cost, expected_tokens, from_to, span
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import counted, money
from bedrock_locust.settings.schema import build
from bedrock_locust.settings.sizes import CHARACTERS_PER_TOKEN, sizes
from bedrock_locust.settings.stock_levels import stock_levels
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.measured import (
    chars_in,
    limit_in,
    media_bytes_in,
    percentiles,
    points_in,
    prompts_in,
    sent_in,
)
from bedrock_locust.workload.new_file import new_file
from bedrock_locust.workload.readers import reader_of
from bedrock_locust.workload.survey import survey
from bedrock_locust.workload.template import checked

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Request
    from bedrock_locust.workload.survey import Survey

HELP = "Show what is in a file of requests, and check every record; call nothing"


def add_arguments(parser: ArgumentParser) -> None:
    """The file, the settings with which it would be sent, and what to show of it."""
    parser.add_argument("file", metavar="FILE", help="JSONL, a JSON array, CSV, either with gzip, or Parquet")
    parser.add_argument(
        "--bedrock-config",
        metavar="FILE",
        default=os.environ.get("BEDROCK_CONFIG"),
        help=f"settings of the benchmark. Default: {options.DEFAULT_CONFIG}",
    )
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="print the first N requests")
    parser.add_argument(
        "-o",
        dest="output",
        metavar="FILE",
        help="write the records as JSONL, as Converse has them where it can",
    )


def run(parsed: Namespace) -> int:
    """Print what is in the file and return 0; or what is wrong, and return 2."""
    try:
        settings = _settings(parsed)
        file = RecordFile(Path(parsed.file), turned=False)
        figures = _Figures(settings, parsed.sample)
        found = survey(file, settings, figures.add)
        if parsed.output:
            _write(file, found, Path(parsed.output))
    except SettingsError as error:
        print("\n".join(error.lines), file=sys.stderr)
        return exits.BAD_INPUT
    for title, words in (*_about(file, found), *figures.lines(settings), *figures.of_levels(settings, found)):
        print(f"  {title:<10}{words}")
    for mistake in found.mistakes:
        print(mistake, file=sys.stderr)
    return exits.BAD_INPUT if found.bad else 0


def _settings(parsed: Namespace) -> Settings:
    """Those of the configuration file, with this file; without one, those of Converse. Raises SettingsError."""
    has_config = parsed.bedrock_config or Path(options.DEFAULT_CONFIG).exists()
    if not has_config:
        parsed.bedrock_model = options.SIMULATED_MODEL
    settings = options.load(parsed, None)
    workload = {"file": parsed.file, **_kept(settings)}
    values = {**settings.model_dump(), "workload": workload}
    return checked(build(values, {}, parsed.bedrock_config or options.DEFAULT_CONFIG))


OF_PROMPTS = {"file", "input_tokens", "shared_prefix_tokens", "prefixes"}
"""What says which prompts are sent: the file of the command does."""


def _kept(settings: Settings) -> dict[str, Any]:
    """What the settings say of the file, whatever its name is there."""
    if settings.workload is None:
        return {}
    return settings.workload.model_dump(exclude=OF_PROMPTS, exclude_none=True)


class _Figures:
    """What requests come to."""

    def __init__(self, settings: Settings, sample: int) -> None:
        self._sample = sample
        self._cache = settings.workload.cache if settings.workload else "off"
        self._most_turns = settings.workload.turns if settings.workload else 1
        self._prompts: list[float] = []
        self._turns: list[int] = []
        self._points: list[int] = []
        self._limits: list[int] = []
        self._media = 0

    def add(self, index: int, request: Request) -> None:
        """Count a request, and print it if it is one of the sample."""
        arguments = request.arguments
        if index < self._sample:
            print(json.dumps(arguments, indent=2, ensure_ascii=False, default=_shown))
        body = sent_in(request)
        self._media += media_bytes_in(body)
        asked = request.about.get("input_tokens_asked")
        turns = prompts_in(body)
        self._turns += [len(turns)] if len(turns) > 1 else []
        self._points += [points] if (points := points_in(body)) else []
        sent = turns[: self._most_turns] if self._most_turns > 1 else [chars_in(body)]
        self._prompts += [asked or chars / CHARACTERS_PER_TOKEN for chars in sent]
        self._limits += [limit_in(body)] * len(sent)

    def lines(self, settings: Settings) -> list[tuple[str, str]]:
        """The figures in words."""
        if not self._prompts:
            return []
        found = [
            ("Prompts", f"{percentiles(self._prompts)} tokens, at {CHARACTERS_PER_TOKEN} characters a token"),
            ("Answers", f"{percentiles(self._limits)} tokens at most"),
            *self._about_sessions(),
        ]
        if self._media:
            found.append(("Media", f"{self._media:,} bytes in images and documents"))
        tokens = sum(self._prompts)
        found.append(("A pass", f"about {tokens:,.0f} input tokens, at most {sum(self._limits):,} output tokens"))
        if prices := settings.pricing:
            least = tokens * prices.input_per_million / 1e6
            most = least + sum(self._limits) * prices.output_per_million / 1e6
            found.append(("Cost", f"{span(money(least), money(most))} {prices.currency} a pass"))
        return found

    def _about_sessions(self) -> Iterator[tuple[str, str]]:
        """Conversations and cache points, where there are any."""
        if self._turns:
            how = (
                f"sent turn by turn, {self._most_turns:,} at most"
                if self._most_turns > 1
                else "each sent as one request; workload.turns sends them turn by turn"
            )
            yield "Sessions", f"{len(self._turns):,} of several turns: {percentiles(self._turns)} turns; {how}"
        if self._points:
            have = f"{counted(len(self._points), 'record')} {'has' if len(self._points) == 1 else 'have'}"
            yield "Caches", f"{have} cache points: {percentiles(self._points)} a record"
        elif self._turns and self._cache in {"5m", "1h"} and self._most_turns > 1:
            yield "Caches", f"a cache point ends the history of each turn, for {self._cache}"

    def of_levels(self, settings: Settings, found: Survey) -> list[tuple[str, str]]:
        """What the levels of the settings are expected to send, whatever the model is like."""
        if not self._prompts:
            return []
        own = found.counted(settings)
        levels, size = stock_levels(own), sizes(own)
        expected = expected_tokens(own)
        if expected is None:
            return []
        (low, high), (least, most) = expected
        passes = f"{span(*(_few(calls / len(self._prompts)) for calls in (low, high)))} passes"
        words = f"{len(levels):,} by the settings: about {from_to(low, high)} calls, {passes}"
        tokens = f"about {from_to(least, most)} input tokens"
        answers = f"at most {from_to(low * size.limit, high * size.limit)} output tokens"
        cost = expected_cost(own)
        price = f", {span(*map(money, cost))} {settings.pricing.currency}" if cost and settings.pricing else ""
        return [("Levels", words), ("", f"{tokens}, {answers}{price}")]


KEPT = frozenset({"aiperf", "mt_bench"})
"""Formats whose records stay as they are: turns without answers, or with times, are not those of Converse."""


def _few(number: float) -> str:
    """A number, with a part where it is small."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def _normal(found: dict[str, Any]) -> dict[str, Any]:
    """A record as arguments of Converse, where these say all that is in it; else as it is."""
    reader = reader_of(found)
    record = reader.read(found)
    return found if record.arguments is None or reader.NAME in KEPT else dict(record.arguments)


def _about(file: RecordFile, found: Survey) -> list[tuple[str, str]]:
    bad = f", {len(found.bad):,} more that cannot be sent" if found.bad else ""
    return [
        ("File", f"{file.path}, SHA-256 {file.sha256[:12]}"),
        ("Format", found.format or "none"),
        ("Records", f"{found.records:,}{bad}"),
    ]


def _shown(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _write(file: RecordFile, found: Survey, path: Path) -> None:
    """Write the records that can be sent, a line each. Raises SettingsError."""
    bad = set(found.bad)
    with new_file(path) as output:
        for index in range(len(file)):
            if index not in bad:
                output.write(json.dumps(_normal(file.record(index)), ensure_ascii=False).encode() + b"\n")
