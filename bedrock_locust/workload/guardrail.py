"""A guardrail in `test.request`, in the words of Converse, for the APIs that take it in headers.

InvokeModel has arguments for it; Chat Completions and Messages of bedrock-runtime read the same headers. Responses and
bedrock-mantle ignore them, with status 200, so that a run would say nothing of a guardrail. Source: notebooks of
aws-samples/sample-per-model-bedrock (August 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.shapes import ShapeError, input_shape, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.settings.schema import Model

MEMBER = "guardrailConfig"
_HEADERS = {
    "guardrailIdentifier": "x-amzn-bedrock-guardrailidentifier",
    "guardrailVersion": "x-amzn-bedrock-guardrailversion",
    "trace": "x-amzn-bedrock-trace",
}


def ignored(model: Model) -> str:
    """Where a guardrail is ignored; empty where it is not."""
    if model.endpoint == "mantle":
        return "bedrock-mantle ignores guardrails: remove it, or set model.endpoint to runtime"
    if model.api == "responses":
        return "Responses ignores guardrails: remove it, or set model.api to chat or converse"
    return ""


def check(config: Any) -> None:
    """Raise ShapeError for what is no guardrail, with its version."""
    given = shaped({MEMBER: config}, input_shape("Converse"), "", whole=False)[MEMBER]
    for name in ("guardrailIdentifier", "guardrailVersion"):
        if not given.get(name):
            raise ShapeError(f"{MEMBER}.{name} is required")


def arguments_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The arguments of InvokeModel for the guardrail in a body, if it has one. It writes `trace` in capitals."""
    config = body.get(MEMBER) or {}
    said = {name: config[name] for name in _HEADERS if config.get(name)}
    return {name: value.upper() if name == "trace" else value for name, value in said.items()}


def headers_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The headers of the other APIs for it."""
    return {_HEADERS[name]: value for name, value in arguments_of(body).items()}
