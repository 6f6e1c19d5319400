"""Requests of a set size in characters, from a template."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.lengths import Drawer
from bedrock_locust.workload.prompts import Prompts
from bedrock_locust.workload.request import arguments_of, body_of, with_bytes

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings


class TemplateWorkload:
    """Prompts of a set size from `test.prompt_template`, each in a request as `test.request` has it."""

    def __init__(self, settings: Settings, name: str) -> None:
        """`name` is that of the process: each draws the limits of its answers itself."""
        test, workload = settings.test, settings.workload
        self._settings = with_bytes(settings)
        self._prompts = Prompts(test.prompt_template, test.prompt_size, test.unique_prompts)
        output = workload.output_tokens if workload else None
        self._output = Drawer(output, Random(f"{workload.seed if workload else 0} {name}")) if output else None

    def next(self, position: int | None = None) -> Request:  # noqa: ARG002 - all are alike
        """The next request."""
        limit = self._output.draw() if self._output else self._settings.test.max_tokens
        return Request(arguments_of(self._settings, body_of(self._settings, self._prompts.next(), limit)))

    def heard(self, request: Request, input_tokens: int | None) -> None:
        """Nothing is learnt: the size of these prompts is in characters."""
