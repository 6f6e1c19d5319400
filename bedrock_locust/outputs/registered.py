"""The outputs of every run. To add one, write its module and add it here (docs/extending.md, "An output")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.live.limits import EndAtLimit
from bedrock_locust.outputs.console.output import Console
from bedrock_locust.outputs.otlp import sent

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from bedrock_locust.live.output import Output
    from bedrock_locust.outputs.web.runs import Runs
    from bedrock_locust.settings.schema import Settings


def outputs_of(options: Namespace, settings: Settings, page: Runs, lasting: Sequence[Output] = ()) -> list[Output]:
    """The outputs of a run that begins, in the order in which each of them gets a call.

    `options` are those of the command line. `page` lists the runs of this process for the web page. `lasting` are those
    that go on from run to run. Raises SettingsError where one of them could not work.
    """
    return [EndAtLimit(), page, Console(options), *lasting, *sent(settings)]
