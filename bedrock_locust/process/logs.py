"""Keeps secrets out of every log record of this process, whoever writes it and whichever handler takes it.

botocore logs whole requests at DEBUG, with their session tokens, and Locust's web UI shows what was logged.
"""

from __future__ import annotations

import logging
from typing import Any

from bedrock_locust.redaction import scrub


class ScrubbedRecord(logging.LogRecord):
    """A log record without secrets, in its message, its traceback and its stack."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stack_info = scrub(self.stack_info) if self.stack_info else self.stack_info
        try:
            message = super().getMessage()
        except Exception:  # noqa: BLE001 - whatever an argument does is for the handler to tell, as ever
            return
        clean = scrub(message)
        if clean != message:
            self.msg, self.args = clean, None

    def getMessage(self) -> str:  # noqa: N802 - the name in the standard library
        """The message, also where it has been changed since."""
        return scrub(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """The traceback, once a formatter has made a text of it."""
        text: str | None = self.__dict__.get("_exc_text")
        return text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self.__dict__["_exc_text"] = scrub(text) if text else text


def scrub_logs() -> None:
    """Have every log record from now on be without secrets."""
    logging.setLogRecordFactory(ScrubbedRecord)
