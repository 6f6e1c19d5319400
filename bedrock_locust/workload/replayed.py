"""The requests of a trace: each call has the line of its own, in the order of its arrival."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.recorded import RecordedWorkload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.contract import Request, Worded
    from bedrock_locust.workload.jsonl import RecordFile
    from bedrock_locust.workload.prepared import Prepared


class ReplayedWorkload:
    """The lines of a trace, each sent to the model that the settings map its own to."""

    def __init__(self, settings: Settings, file: RecordFile, prepared: Prepared, name: str = "") -> None:
        """`name` is that of the process."""
        self._settings, self._file, self._prepared, self._name = settings, file, prepared, name
        bad = set(prepared.bad)
        self._first = next((index for index in range(len(file)) if index not in bad), 0)
        self._of_model: dict[str, RecordedWorkload] = {}

    def next(self, position: int | None = None) -> Request:
        """The request in a line; without a position one to try. Raises RecordError where the file has changed."""
        index = self._first if position is None else position
        record = self._file.record(index)
        request = self._of(model_of(self._settings, record) or self._settings.model.id).request_of(index, record)
        session = {"session": str(record["session_id"])[:100]} if record.get("session_id") else {}
        return replace(request, about={**request.about, **session})

    def heard(self, request: Request, input_tokens: int | None) -> None:
        """The service counted these tokens in a request."""
        arguments = request.arguments
        self._of(arguments.get("modelId") or arguments["model"]).heard(request, input_tokens)

    def worded(self) -> Mapping[str, Worded]:
        """Model -> its requests, where they are made of words: a trace with contents has prompts of its own."""
        if not self.next().words:
            return {}
        trace, own = self._settings.trace, self._settings.model.id
        return {model_id: self._of(model_id) for model_id in (trace.mine if trace else ()) or (own,)}

    def _of(self, model_id: str) -> RecordedWorkload:
        """The requests for a model: each counts tokens in its own way."""
        if model_id not in self._of_model:
            own = self._settings.model_copy(update={"model": self._settings.model_named(model_id)})
            self._of_model[model_id] = RecordedWorkload(own, self._file, lambda _: 0, self._prepared, self._name)
        return self._of_model[model_id]


def model_of(settings: Settings, record: dict[str, Any]) -> str | None:
    """The model to which a call of a trace goes; None where it is left out."""
    models = settings.trace.models if settings.trace else None
    return settings.model.id if models is None else models.get(str(record.get("model") or ""))
