"""The workload of a run: where the next request of this process comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from bedrock_locust.workload.prompts import Prompts
from bedrock_locust.workload.request import arguments_of, body_of
from bedrock_locust.workload.shapes import input_shape, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent."""

    arguments: dict[str, Any]
    """The arguments of the method of BedrockClient."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Columns of its row that only the workload knows."""


class Workload(Protocol):
    """Where requests come from. One object serves all users of a process."""

    def next(self) -> Request:
        """The next request."""


class TemplateWorkload:
    """Prompts of a set size from `test.prompt_template`, each in a request as `test.request` has it."""

    def __init__(self, settings: Settings) -> None:
        test = settings.test
        self._settings = with_bytes(settings)
        self._prompts = Prompts(test.prompt_template, test.prompt_size, test.unique_prompts)

    def next(self) -> Request:
        """The next request."""
        body = body_of(self._settings, self._prompts.next(), self._settings.test.max_tokens)
        return Request(arguments_of(self._settings, body))


def workload_of(settings: Settings) -> Workload:
    """The workload that the settings ask for, in this process."""
    return TemplateWorkload(settings)


def with_bytes(settings: Settings) -> Settings:
    """The settings with bytes in place of base64 in `test.request`, as boto3 takes them in Converse."""
    template = settings.test.request
    if settings.model.api != "converse" or not template:
        return settings
    operation: Any = "ConverseStream" if settings.test.streaming else "Converse"
    decoded = shaped(template, input_shape(operation), "", whole=False)
    return settings.model_copy(update={"test": settings.test.model_copy(update={"request": decoded})})
