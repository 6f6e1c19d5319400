"""Input files of OpenAI's Batch API: `custom_id`, `method`, `url` and `body`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.readers.native import read as read_body
from bedrock_locust.workload.records import RecordError, object_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.workload.records import Record

NAME = "openai_batch"


def fits(record: Mapping[str, Any]) -> bool:
    """Whether it has an id and a body."""
    return "custom_id" in record and "body" in record


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record. Raises RecordError for an endpoint that makes no text."""
    body, url = object_of(record.get("body"), "body"), record.get("url") or "/v1/chat/completions"
    if not isinstance(url, str) or not url.endswith(("/chat/completions", "/responses")):
        raise RecordError("url must be that of chat/completions or responses")
    return read_body(body)
