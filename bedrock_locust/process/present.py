"""What Locust's types leave optional, and what is there wherever this package runs."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")

NO_OPTIONS = (
    "Locust's environment has no options: start it with the `locust` command, or make the environment with"
    " events=locust.events and parsed_options=locust.argument_parser.get_parser().parse_args(), as"
    " examples/library.py does"
)
"""Said where Locust is used as a library without options."""

NO_APP = "this web UI of Locust has no Flask app: bedrock-locust shows its pages only in one that Locust made itself"
"""Said where somebody made a web UI of their own."""


def present(value: Value | None, sentence: str) -> Value:
    """The value. Raises RuntimeError with the sentence, which says what to do, if there is none."""
    if value is None:
        raise RuntimeError(sentence)
    return value
