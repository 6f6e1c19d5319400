"""`doctor config.json`: whether a run could work, checked piece by piece."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bedrock_locust import exits
from bedrock_locust.commands import check
from bedrock_locust.settings import options
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.template import checked

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HELP = "Check credentials, endpoint, clock, model, streaming, quotas and open files; make two small calls"


def add_arguments(parser: ArgumentParser) -> None:
    """The file, and the options that a run would have."""
    check.add_arguments(parser)
    parser.add_argument("--host", metavar="URL", help="endpoint in place of that of AWS, as locust takes it")


def run(parsed: Namespace) -> int:
    """Print what each check found, a line each; return 1 if one failed, 2 if the settings are wrong."""
    # Locust, which it brings, patches sockets: the other commands do without.
    from bedrock_locust.aws.doctor import examine  # noqa: PLC0415

    try:
        settings = options.load(parsed, parsed.host)
        # Of an ARN that hides its model, AWS is asked first.
        settings = settings if settings.hidden_ids else checked(settings)
    except SettingsError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        return exits.BAD_INPUT
    failed = 0
    for finding in examine(settings):
        print(finding, flush=True)
        failed += finding.state == "FAIL"
    print(f"\n{_verdict(failed)}")
    return exits.FAILED if failed else 0


def _verdict(failed: int) -> str:
    return f"{failed} of these would keep a run from working." if failed else "A run can begin."
