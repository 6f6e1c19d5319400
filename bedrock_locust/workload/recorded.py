"""Requests from a file."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.calibration import Calibration, Corrected
from bedrock_locust.workload.contract import Request
from bedrock_locust.workload.convert import body_of_messages, with_model
from bedrock_locust.workload.lengths import Drawer
from bedrock_locust.workload.media import with_files
from bedrock_locust.workload.passages import body_of_passages
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.readers import BY_NAME, reader_of
from bedrock_locust.workload.readers.mooncake import BLOCK_TOKENS
from bedrock_locust.workload.readers.native import as_converse
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.request import arguments_of, joined, with_bytes
from bedrock_locust.workload.scripts import RecordedScript
from bedrock_locust.workload.session import Session
from bedrock_locust.workload.shapes import ShapeError, input_shape, shaped
from bedrock_locust.workload.words import passage

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.jsonl import RecordFile
    from bedrock_locust.workload.readers import Reader
    from bedrock_locust.workload.records import Record

NOTHING = Prepared()
MOST_BAD = 100
"""Records in a row that are left out before the task fails."""
OWN = 5_000_000_000
"""From this number on, passages are those of records, and no blocks of traces."""


class RecordedWorkload:
    """The records of a file, each in a request as `test.request` has it."""

    def __init__(
        self,
        settings: Settings,
        file: RecordFile,
        next_record: Callable[[int | None], int],
        prepared: Prepared = NOTHING,
        name: str = "",
    ) -> None:
        """`next_record` gives the number of the record to send, by its position where that is known.

        `name` is that of the process.
        """
        workload = settings.workload
        self._settings = with_bytes(settings)
        self._file, self._next_record = file, next_record
        self._reader = BY_NAME.get(prepared.format or (workload.format if workload else ""))
        output = workload.output_tokens if workload else None
        self._output = Drawer(output, Random(f"{workload.seed if workload else 0} {name}")) if output else None
        self._turns = workload.turns if workload else 1
        self._name, self._sessions, self._rng = name, 0, Random(name)
        calibration = prepared.calibrations.get(self._settings.model.id)
        self._calibration = Corrected(calibration)
        # By what was measured before the load, if anything was: it must be the same in all processes.
        self._words_of_block = max(1, round(BLOCK_TOKENS / (calibration or Calibration()).per_word))

    def next(self, position: int | None = None) -> Request:
        """The next request, or the first of a conversation. A record that has gone bad since the start is left out.

        Raises RecordError where too many in a row have.
        """
        for _ in range(MOST_BAD):
            index = self._next_record(position)
            position = None
            try:
                return self.conversation(index) if self._turns > 1 else self.request(index)
            except RecordError as error:
                wrong = error
        raise RecordError(f"{self._file.path} has changed since the start: {wrong}")

    def conversation(self, index: int) -> Request:
        """The first request of the conversation in a record, which leads to the others. Raises RecordError."""
        found = self._file.record(index)
        record = self.reader(found).read(found)
        if record.arguments is None:
            return self.request(index)
        self._sessions += 1
        arguments = self._arguments(self._unjoined(record))
        script = RecordedScript(self._settings, arguments, self._limit(record), index, self._rng, record.turns)
        return Session(f"{self._name}-{self._sessions}", script).first()

    def request(self, index: int) -> Request:
        """The request of a record. Raises RecordError."""
        return self.request_of(index, self._file.record(index))

    def request_of(self, index: int, found: dict[str, Any]) -> Request:
        """The request of a record that has been read. Raises RecordError."""
        record = self.reader(found).read(found)
        about: dict[str, Any] = {"record": index, "input_tokens_asked": record.input_tokens}
        limit = self._limit(record)
        if record.input_tokens is not None:
            words = max(1, self._calibration.now.words(record.input_tokens))  # no API takes an empty text
            body = body_of_passages(self._settings, self._passages(record, words, index), record.cached, limit)
            return Request(arguments_of(self._settings, body), about, words)
        if self._turns > 1 and record.said:
            record = self._unjoined(record)
        return Request(arguments_of(self._settings, self._body(record, limit)), about)

    def probe(self, words: int, max_tokens: int) -> Request:
        """A request with so many words, as a record with a length in tokens makes one."""
        body = body_of_passages(self._settings, [passage(OWN, words)], (), max_tokens)
        return Request(arguments_of(self._settings, body), {}, words)

    def _unjoined(self, record: Record) -> Record:
        """The record with each of its messages apart, as turns are said."""
        messages = {"messages": list(record.said)} if record.said else {}
        return replace(record, arguments={**(record.arguments or {}), **messages})

    def reader(self, record: dict[str, Any]) -> Reader:
        """The format of the file: that of the first record that is asked for. Raises RecordError."""
        if self._reader is None:
            self._reader = reader_of(record)
        return self._reader

    @property
    def format(self) -> str:
        """The name of the format, once a record has been read; else empty."""
        return self._reader.NAME if self._reader else ""

    def heard(self, request: Request, input_tokens: int | None) -> None:
        """The service counted these tokens in a request."""
        if input_tokens is not None and request.words:
            self._calibration.hear(request.words, input_tokens)

    def _limit(self, record: Record) -> int:
        if record.max_tokens is not None:
            return record.max_tokens
        return self._output.draw() if self._output else self._settings.test.max_tokens

    def _passages(self, record: Record, words: int, index: int) -> list[str]:
        """A prompt of words: equal passages for equal hash ids, and for what is left over one of its own."""
        pieces, left = list[str](), words
        for block in record.blocks:
            if piece := min(left, self._words_of_block):
                pieces.append(passage(block, piece))
            left -= piece
        return [*pieces, passage(OWN + index, left)] if left or not pieces else pieces

    def _body(self, record: Record, limit: int) -> dict[str, Any]:
        """What is sent: the record over `test.request`. Raises RecordError."""
        if record.body is not None and record.api == self._settings.model.api:
            template = self._settings.test.request or {}
            if record.body.get("background") and self._settings.test.non_streaming:
                raise RecordError(
                    "only streams of a response in the background can be measured: set test.non_streaming to false"
                )
            return with_model(joined(template, self._limited(record.body, limit)), self._settings)
        return body_of_messages(self._arguments(record), self._settings, limit)

    def _arguments(self, record: Record) -> dict[str, Any]:
        """The arguments of Converse of a record, checked, with the bytes of files. Raises RecordError."""
        arguments = record.arguments
        if record.body is not None:
            if "messages" not in record.body:
                raise RecordError(f"it is a body of the API {record.api}: set model.api to {record.api}")
            arguments = as_converse(record.body)
        return self._checked(with_files(arguments, self._file.folder))

    def _checked(self, arguments: Any) -> dict[str, Any]:
        operation: Any = "ConverseStream" if self._settings.test.streaming else "Converse"
        try:
            found: dict[str, Any] = shaped(arguments, input_shape(operation), "", whole=False)
        except ShapeError as error:
            raise RecordError(f"{error}") from None
        if not found.get("messages"):
            raise RecordError("messages is required")
        return found

    def _limited(self, body: Any, limit: int) -> dict[str, Any]:
        """The body; with a limit of the answer where it has none and the API cannot do without."""
        needs = self._settings.model.api == "messages" or "anthropic_version" in body
        return {"max_tokens": limit, **body} if needs else dict(body)
