"""No log record has a secret, whoever writes it and whichever handler takes it."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from locust.log import LogReader

import pytest

from bedrock_locust.process.logs import scrub_logs
from bedrock_locust.redaction import forget, know

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "marked-secret-77aa"


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, io.StringIO, LogReader]]:
    """A logger, what its stream handler has written, and Locust's log reader."""
    before = logging.getLogRecordFactory()
    forget()
    know(SECRET)
    scrub_logs()
    stream, logger, reader = io.StringIO(), logging.Logger("somebody.elses"), LogReader()  # noqa: LOG001 - one without the handlers of pytest
    reader.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(logging.StreamHandler(stream))
    logger.addHandler(reader)
    yield logger, stream, reader
    logging.setLogRecordFactory(before)
    forget()


def test_messages(logged: tuple[logging.Logger, io.StringIO, LogReader]) -> None:
    """A secret in a message, or in an argument of it, is in no handler."""
    logger, stream, reader = logged
    logger.debug("key %s of %d", SECRET, 7)
    logger.info("headers: %s", {"X-Amz-Security-Token": b"unknown-token", "Host": "h"})
    logger.warning("said " + SECRET)  # noqa: G003 - as others do
    logger.info("%(name)s 100 %%", {"name": SECRET})
    text = stream.getvalue() + "".join(reader.logs)
    assert SECRET not in text
    assert "unknown-token" not in text
    assert "key *** of 7" in text
    assert "'Host': 'h'" in text
    assert "*** 100 %" in text


def test_tracebacks(logged: tuple[logging.Logger, io.StringIO, LogReader]) -> None:
    """Nor is one in a traceback or in a stack."""
    logger, stream, reader = logged
    try:
        int(f"cannot use {SECRET}")
    except ValueError:
        logger.exception("failed", stack_info=True)
    text = stream.getvalue() + "".join(reader.logs)
    assert text.count("invalid literal for int() with base 10: 'cannot use ***'") == 2
    assert "Stack (most recent call last)" in text
    assert SECRET not in text


def test_wrong_arguments_stay_the_matter_of_the_handler(
    logged: tuple[logging.Logger, io.StringIO, LogReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that cannot be formatted raises nothing in the program that logs it."""
    logger, stream, reader = logged
    logger.removeHandler(reader)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.info("%d", "no number")
    logger.info("all is well")
    assert stream.getvalue() == "all is well\n"
