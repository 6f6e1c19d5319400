"""What a request format offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading


class StreamReader(Protocol):
    """What reads the events of a stream: `converse`, or a ChunkReader."""

    def read_event(self, event: Mapping[str, Any], reading: Reading) -> Content:
        """Take the figures out of one stream event, and say what it brought. Raises MissingPartError."""

    def read_delta(self, payload: bytes, reading: Reading) -> Content | None:
        """The same for the payload of an event with generated text, if that can do without JSON; else None."""


class WholeReader(Protocol):
    """What reads a whole response: `converse`, or a native format."""

    def read(self, response: object, reading: Reading) -> None:
        """Take the figures out of a whole response. Raises MissingPartError."""


class NativeFormat(Protocol):
    """What a module of a native format offers."""

    def body(self, prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
        """The request body for a prompt."""

    def prompt_chars(self, request: Mapping[str, Any]) -> int:
        """Characters of the prompt in a request body."""

    def max_tokens(self, request: Mapping[str, Any]) -> int | None:
        """The most tokens that a request body allows the answer; None where it does not say."""

    def read(self, response: object, reading: Reading) -> None:
        """Take the figures out of a whole response. Raises MissingPartError."""

    def read_event(self, chunk: Mapping[str, Any], reading: Reading) -> Content:
        """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""

    def read_delta(self, chunk: bytes, reading: Reading) -> Content | None:
        """The same for the JSON of a chunk, if that is plain text; else None."""
