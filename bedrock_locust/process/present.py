"""What Locust's types leave optional, and what is there wherever this package runs."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")

NO_OPTIONS = (
    "bedrock-locust needs the options of Locust: start it with the `locust` command, or give the environment"
    " parsed_options that locust.argument_parser.parse_options() returns"
)
"""Said where Locust is used as a library without options."""


def present(value: Value | None, sentence: str) -> Value:
    """The value. Raises RuntimeError with the sentence, which says what to do, if there is none."""
    if value is None:
        raise RuntimeError(sentence)
    return value
