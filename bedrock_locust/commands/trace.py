"""`trace SOURCE -o trace.jsonl.gz`: make a trace of production from logs, without what was said in them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_locust import exits
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import length_in_words
from bedrock_locust.workload.measured import percentiles
from bedrock_locust.workload.new_file import check_is_new
from bedrock_locust.workload.replay import TAIL_S
from bedrock_locust.workload.traces import invocation_logs
from bedrock_locust.workload.traces.cut import Trace
from bedrock_locust.workload.traces.moments import in_words, moment
from bedrock_locust.workload.traces.source import calls, of_files
from bedrock_locust.workload.traces.traced import Skipped

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from bedrock_locust.aws.log_bucket import LogObject
    from bedrock_locust.workload.traces.traced import TracedCall

HELP = "Make a trace of production from logs: times and lengths, without contents; call nothing but S3, where asked"
MOST_MODELS = 5
OBJECTS_A_LINE = 1000
"""Objects of S3 after which a line says how far the reading is."""
DATED_AFTER = 1e9
"""Times on the clock of a source that are moments, and not seconds since its start: 2001."""


def add_arguments(parser: ArgumentParser) -> None:
    """The source, where the trace goes, and which part of it."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a folder of Bedrock invocation logs as S3 has them, or where S3 has them (s3://BUCKET/PREFIX), an export"
        " of them from CloudWatch Logs, a CSV of the Azure traces or of BurstGPT, or a trace as those of Mooncake",
    )
    parser.add_argument("--bedrock-profile", metavar="NAME", help="profile of ~/.aws/config that may read s3://...")
    parser.add_argument("-o", dest="output", metavar="FILE", help="write the trace here; with .gz it is compressed")
    parser.add_argument("--from", dest="begin", metavar="MOMENT", help="from this moment on, as 2026-11-27T08:30:00Z")
    parser.add_argument("--to", dest="end", metavar="MOMENT", help="until before this moment")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the places within whole seconds. Default: 1"
    )
    parser.add_argument(
        "--with-content",
        action="store_true",
        help="keep the requests, with all that people wrote: only where you may store that",
    )


def run(parsed: Namespace) -> int:
    """Write the trace, say what is in it and return 0; or say what is wrong, and return 2."""
    try:
        begin, end = (
            None if text is None else moment(text, name)
            for text, name in ((parsed.begin, "--from"), (parsed.end, "--to"))
        )
        skipped = Skipped(begin, end)
        if parsed.output:
            check_is_new(Path(parsed.output))
        kind, found = _calls(parsed, skipped, begin, end)
        trace = _trace(found, parsed, begin, end)
        if parsed.output:
            trace.write(Path(parsed.output))
    except SettingsError as error:
        print("\n".join(error.lines), file=sys.stderr)
        return exits.BAD_INPUT
    for title, words in _about(trace, kind, skipped):
        print(f"  {title:<10}{words}")
    if parsed.output:
        print(f"  Trace     {parsed.output}")
    if kind == invocation_logs.NAME and parsed.with_content:
        print("  The trace holds what people wrote. Keep it as you keep the logs.")
    return 0


def _calls(
    parsed: Namespace, skipped: Skipped, begin: float | None, end: float | None
) -> tuple[str, Iterator[TracedCall]]:
    """What the source is, and its calls. Raises SettingsError, as the iteration does."""
    if not parsed.source.startswith("s3:"):
        return calls(Path(parsed.source), skipped, with_content=parsed.with_content)
    # Locust, which it brings, patches sockets: other sources do without.
    from bedrock_locust.aws.log_bucket import LogBucket, place_of  # noqa: PLC0415

    place = place_of(parsed.source)
    files = LogBucket(place, parsed.bedrock_profile).logs(invocation_logs.Hours.of(begin, end))
    return of_files(place, _told(files), skipped, are_logs=place.is_folder, with_content=parsed.with_content)


def _told(files: Iterator[LogObject]) -> Iterator[LogObject]:
    """Say now and then how far the reading is: a bucket may have many."""
    for number, file in enumerate(files):
        if number and number % OBJECTS_A_LINE == 0:
            print(f"{number:,} objects read, now {file}", file=sys.stderr, flush=True)
        yield file


def _trace(found: Iterator[TracedCall], parsed: Namespace, begin: float | None, end: float | None) -> Trace:
    try:
        return Trace.of(found, parsed.seed, begin, end)
    except SettingsError as error:
        if error.lines[0].startswith("there is no call"):
            raise SettingsError(f"{parsed.source}: {error.lines[0]}") from None
        raise


def _about(trace: Trace, kind: str, skipped: Skipped) -> Iterator[tuple[str, str]]:
    """What is in a trace, a line each."""
    dated = trace.start_at > DATED_AFTER
    begin = f", from {in_words(trace.start_at)} on" if dated else ""
    yield "Source", kind
    left_out = f"; left out: {skipped}" if skipped.reasons else ""
    # As long as a replay of it is: the two name one rate.
    seconds = trace.length_s + TAIL_S
    yield "Calls", f"{len(trace.calls):,} in {length_in_words(seconds)}{begin}{left_out}"
    mean = len(trace.calls) / seconds
    yield "Rate", f"{mean:,.3g}/s on average, at most {trace.peak(1):,} in a second and {trace.peak(60):,} in a minute"
    yield "Prompts", f"{percentiles([call.input_length for call in trace.calls])} tokens"
    yield "Answers", f"{percentiles([call.output_length for call in trace.calls])} tokens"
    if named := [(model, count) for model, count in trace.models.most_common() if model]:
        shown = ", ".join(f"{model} ({count:,})" for model, count in named[:MOST_MODELS])
        yield "Models", shown + (f" and {len(named) - MOST_MODELS:,} more" if len(named) > MOST_MODELS else "")
    if sessions := trace.sessions:
        longer = sum(count for calls_, count in sessions.items() if calls_ > 1)
        yield "Sessions", f"{sum(sessions.values()):,}, {longer:,} of them with more than one call"
    if (shared := trace.shared) is not None:
        yield "Prefixes", f"{100 * shared:.0f} % of the 512-token blocks of prompts had come before"
