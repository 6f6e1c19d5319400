"""OTLP as an output: the figures of each run, and its calls as spans where they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from bedrock_locust import __version__
from bedrock_locust.live.output import OutputBase
from bedrock_locust.outputs.otlp.encoding import SERVICE, resource
from bedrock_locust.outputs.otlp.figures import Figures
from bedrock_locust.outputs.otlp.sending import Sender
from bedrock_locust.outputs.otlp.spans import Spans
from bedrock_locust.process.present import present

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.call import Call
    from bedrock_locust.live.output import Outcome, RunView, State
    from bedrock_locust.settings.otlp import Addresses

BEGUN = "an output is told of a run by begin() first"


class Otlp(OutputBase):
    """Sends the figures of one run to a collector."""

    def __init__(self, to: Addresses) -> None:
        """Raises SettingsError where a variable of OpenTelemetry cannot be read."""
        self._sender = Sender(to)
        self._figures: Figures | None = None

    def begin(self, run: RunView) -> None:
        """Begin to send."""
        shared = resource(_about(run))
        common = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "aws.bedrock",
            **_server(str(run.info.get("endpoint") or "")),
        }
        self._figures = Figures(shared, common)
        self._sender.start(self._figures, Spans(shared, common))

    def add(self, call: Call) -> None:
        """Count a call."""
        present(self._figures, BEGUN).add(call)
        self._sender.add(call)

    def tick(self, state: State) -> None:
        """Take note of the load, and send for the last time once all rows are in.

        Before the report: gevent's loop stands still meanwhile, so an answer would not be read in time.
        """
        figures, running = present(self._figures, BEGUN), state.stage == "running"
        figures.users = state.users if running else 0
        figures.in_flight = (state.in_flight or 0) if running else 0
        if state.stage == "recorded":
            self._sender.wait()

    def end(self, outcome: Outcome) -> None:  # noqa: ARG002 - however it ended
        """Wait for the last message for a moment, if that was not done."""
        self._sender.wait()


def _about(run: RunView) -> Mapping[str, object]:
    """What all figures of a run have in common; what the environment says of it wins, as everywhere in OpenTelemetry.

    Figures of two runs do not add up, so each run is an instance of its own.
    """
    known = {
        "service.name": SERVICE,
        "service.version": __version__,
        "service.instance.id": str(run.info.get("run") or ""),
        "bedrock_locust.region": run.settings.aws.region or "",
    }
    return Resource(known).merge(OTELResourceDetector().detect()).attributes


def _server(endpoint: str) -> dict[str, str | int]:
    """The address that is called, and its port where that is not the usual one."""
    parts = urlsplit(endpoint)
    found: dict[str, str | int] = {"server.address": parts.hostname} if parts.hostname else {}
    return {**found, "server.port": parts.port} if found and parts.port not in {None, 443} else found
