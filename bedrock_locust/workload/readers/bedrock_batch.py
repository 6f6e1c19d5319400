"""Input files of batch inference on Bedrock: `recordId` and `modelInput`.

Source: "Format and upload your batch inference data" in the Bedrock user guide. `modelInput` is a native body, or one
of Converse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.readers import converse, native
from bedrock_locust.workload.records import Record, object_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "bedrock_batch"


def fits(record: Mapping[str, Any]) -> bool:
    """Whether it has the input of a model."""
    return "modelInput" in record


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record. Raises RecordError."""
    body = object_of(record.get("modelInput"), "modelInput")
    if converse.fits(body):
        return converse.read(body)
    return native.read(body) if native.fits(body) else Record(body=body, api="invoke")
