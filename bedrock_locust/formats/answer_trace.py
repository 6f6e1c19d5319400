"""What a response tells of its way, where the request asked for it: how long its guardrail took, and who answered.

Converse has it in `trace`, native answers in `amazon-bedrock-trace`. Source: the ConverseTrace and GuardrailAssessment
shapes of botocore's `bedrock-runtime` model, and for native answers
https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-invoke-model.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.values import members, milliseconds, objects, text
from bedrock_locust.redaction import ID_LIMIT, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NATIVE = "amazon-bedrock-trace"
"""The key of a native body or chunk."""


def guardrail_ms(trace: object) -> float | None:
    """What the guardrail took for prompt and answer together; None where that is not said."""
    times = [
        found
        for one in _assessments(members(members(trace).get("guardrail")))
        if (found := milliseconds(members(one.get("invocationMetrics")).get("guardrailProcessingLatency"))) is not None
    ]
    return float(sum(times)) if times else None


def routed_model(trace: object) -> str:
    """The model that a prompt router chose, without the account that an ARN has; empty where none is said."""
    model = text(members(members(trace).get("promptRouter")).get("invokedModelId"))
    return word(model.rpartition("/")[2] if model.startswith("arn:") else model, ID_LIMIT)


def _assessments(guardrail: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those of the prompt and of the answer, by Converse and by InvokeModel."""
    for name in ("inputAssessment", "input"):
        yield from map(members, members(guardrail.get(name)).values())
    for found in members(guardrail.get("outputAssessments")).values():
        yield from objects(found)
    for output in objects(guardrail.get("outputs")):
        yield from map(members, output.values())
