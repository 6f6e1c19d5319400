"""Guardrails: what a guardrail does to an answer, and what its trace says of it.

A guardrail here masks the first word of some answers, as the recorded ones mask names and numbers. It blocks nothing.
Shapes are those of recorded answers and of botocore's model.
"""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.prompts import Guardrail
from bedrock_locust.simulator.replies import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.replies import Block, Reply

HEADERS = ("x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion", "x-amzn-bedrock-trace")
SURFACES = frozenset({"chat", "messages"})
"""The APIs beside InvokeModel that take these headers on bedrock-runtime; others, and bedrock-mantle, ignore them."""
MASK, KIND = "{NAME}", "NAME"
STOPPED = "guardrail_intervened"
"""Why an answer of Converse ends with which a guardrail has intervened, whatever the model says."""


def asked(config: object) -> Guardrail | None:
    """The guardrail in `guardrailConfig` of Converse."""
    if not isinstance(config, dict) or not isinstance(name := config.get("guardrailIdentifier"), str):
        return None
    return Guardrail(name, _is_on(config.get("trace")))


def in_headers(headers: Mapping[str, str]) -> Guardrail | None:
    """That in the headers of InvokeModel, Chat Completions and Messages; raises `ServiceError` without a version."""
    name = headers.get("x-amzn-bedrock-guardrailidentifier")
    if name and not headers.get("x-amzn-bedrock-guardrailversion"):
        raise ServiceError("ValidationException", "A guardrail identifier needs a guardrail version.")
    return Guardrail(name, _is_on(headers.get("x-amzn-bedrock-trace"))) if name else None


def _is_on(trace: object) -> bool:
    return isinstance(trace, str) and trace.lower().startswith("enabled")


def drawn(prompt: Prompt, share: float, processing_ms: float, start: int) -> Prompt:
    """The prompt whose guardrail, if it has one, takes so long, and intervenes in this share of the answers."""
    if prompt.guardrail is None:
        return prompt
    intervenes = Random(start + 1).random() < share
    return replace(prompt, guardrail=replace(prompt.guardrail, intervenes=intervenes, processing_ms=processing_ms))


def masked(reply: Reply) -> Reply:
    """The reply as its guardrail lets it pass."""
    guardrail = reply.prompt.guardrail
    if guardrail is None or not guardrail.intervenes:
        return reply
    blocks = tuple(map(_masked, reply.blocks))
    return replace(reply, content=replace(reply.content, blocks=blocks), before=reply.text)


def _masked(block: Block) -> Block:
    """A block without its first word; an answer gets no longer."""
    if block.kind is not Kind.TEXT:
        return block
    first, space, rest = block.text.partition(" ")
    return replace(block, text=MASK[: len(first)] + space + rest)


def trace(reply: Reply) -> dict[str, Any]:
    """`trace` of Converse; nothing where it was not asked for."""
    guardrail = reply.prompt.guardrail
    if guardrail is None or not guardrail.traced:
        return {}
    said = {"actionReason": "No action.\nGuardrail masked."} if guardrail.intervenes else {}
    return {
        "trace": {
            "guardrail": {
                **said,
                "inputAssessment": {guardrail.id: _assessment(len(reply.prompt.text), guardrail)},
                "modelOutput": _model_output(reply),
                "outputAssessments": {guardrail.id: [_of_output(reply, guardrail)]},
            }
        }
    }


def native(reply: Reply) -> dict[str, Any]:
    """What a native answer, or the last chunk of its stream, has of a guardrail."""
    guardrail = reply.prompt.guardrail
    if guardrail is None:
        return {}
    traced = {
        "amazon-bedrock-trace": {
            "guardrail": {
                "modelOutput": _model_output(reply),
                "input": {guardrail.id: _assessment(len(reply.prompt.text), guardrail)},
                "outputs": [{guardrail.id: _of_output(reply, guardrail)}],
            }
        }
    }
    action = {"amazon-bedrock-guardrailAction": "INTERVENED" if guardrail.intervenes else "NONE"}
    return {**(traced if guardrail.traced else {}), **action}


def _model_output(reply: Reply) -> list[str]:
    """What the model had said."""
    return [json.dumps({"output": {"message": {"content": [{"text": reply.before or reply.text}]}}})]


def _of_output(reply: Reply, guardrail: Guardrail) -> dict[str, Any]:
    assessed = _assessment(len(reply.text), guardrail)
    if not guardrail.intervenes:
        return assessed
    word = (reply.before or reply.text).partition(" ")[0]
    entity = {"action": "ANONYMIZED", "detected": True, "match": word, "type": KIND}
    return {**assessed, "sensitiveInformationPolicy": {"piiEntities": [entity], "regexes": []}}


def _assessment(characters: int, guardrail: Guardrail) -> dict[str, Any]:
    """What each assessment has; a unit of text is 1,000 characters."""
    units = -(-characters // 1000)
    names = ("contentPolicyUnits", "topicPolicyUnits", "wordPolicyUnits", "sensitiveInformationPolicyUnits")
    free = ("sensitiveInformationPolicyFreeUnits", "contextualGroundingPolicyUnits")
    return {
        "invocationMetrics": {
            "guardrailCoverage": {"textCharacters": {"guarded": characters, "total": characters}},
            "guardrailProcessingLatency": round(guardrail.processing_ms),
            "usage": {**dict.fromkeys(names, units), **dict.fromkeys(free, 0)},
        }
    }
