"""Failures of a call: any exception becomes a category, a code, a stage and a message.

Categories are what a report groups by; codes are what the service or the SDK said. The codes are
those of the `bedrock-runtime` model in botocore, of AWS's common errors, and of the errors that
models send in their own formats.
"""

from __future__ import annotations

from bedrock_locust.errors.categories import BY_STATUS, CATEGORIES, LASTING, LASTING_CODES, category_of
from bedrock_locust.errors.classify import Failure, classify
from bedrock_locust.errors.kinds import (
    AnswerTooLargeError,
    CallError,
    DeadlineError,
    IncompleteStreamError,
    MalformedEventError,
    ModelFailedError,
    NotAnAnswerError,
)
from bedrock_locust.errors.refusal import refusal
from bedrock_locust.errors.remedies import REASONS, REMEDIES, reasons, remedies, remedy

__all__ = [
    "BY_STATUS",
    "CATEGORIES",
    "LASTING",
    "LASTING_CODES",
    "REASONS",
    "REMEDIES",
    "AnswerTooLargeError",
    "CallError",
    "DeadlineError",
    "Failure",
    "IncompleteStreamError",
    "MalformedEventError",
    "ModelFailedError",
    "NotAnAnswerError",
    "category_of",
    "classify",
    "reasons",
    "refusal",
    "remedies",
    "remedy",
]
