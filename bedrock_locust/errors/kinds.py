"""Exceptions of our own that end a call."""

from __future__ import annotations


class CallError(Exception):
    """Shown in Locust's failure table. Its text is the same for all failures of a kind, so that they group."""


class IncompleteStreamError(Exception):
    """A stream ended without the event that says why the model stopped."""


class DeadlineError(Exception):
    """A call took longer than any call may."""


class NotAnAnswerError(Exception):
    """The status was 200, but the content is not an answer of Bedrock.

    `code` is the name of the error that the content holds, where it holds one.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class AnswerTooLargeError(NotAnAnswerError):
    """An answer is larger than any of Bedrock."""


class MalformedEventError(Exception):
    """An event of a stream lacks what events of its type have."""


class ModelFailedError(Exception):
    """The status was 200, but the content is an error in the model's own format, with `code` and message."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
