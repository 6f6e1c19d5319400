"""Choices of a request that the endpoints refuse, in the APIs that boto3 does not have.

Which model has which API, what newer models take, and that bedrock-runtime has neither a background nor tools of its
own is in AWS's guide and in its published notebooks (runs of August 2026). That a choice of a tool needs this tool is
in the references of the makers; words that are not recorded are OpenAI's and Anthropic's.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class _Asked(NamedTuple):
    """What is looked at."""

    values: Mapping[str, Any]
    model_id: str
    endpoint: str


TIERS = frozenset({"auto", "default", "flex", "priority", "reserved"})
EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
_FIXED = re.compile(r"\bopenai\.gpt-[56]")
"""Models that take no sampling parameters."""
_NO_TOOLS_BY_CHAT = re.compile(r"\bopenai\.gpt-(5\.6|6)")
"""Models that call functions by Chat Completions only where they do not reason."""
_NEITHER = re.compile(
    r"\b(amazon\.(nova|titan)|meta\.llama|cohere\.|ai21\.|writer\.|deepseek\.r1)",
)
"""Models with neither of OpenAI's APIs."""
_CHAT_ONLY = re.compile(r"\b(qwen\.|deepseek\.v|zai\.|moonshot|minimax\.|nvidia\.|mistral\.)")
"""Models with open weights that have no Responses."""
_ONLY_ON_MANTLE = re.compile(r"^((us|global)\.)?(google\.gemma-4|openai\.gpt-5\.[45]|xai\.grok-4\.3)")
_ONLY_AS_PROFILE = re.compile(r"^openai\.gpt-[56]")
"""Models of bedrock-runtime that are called by an inference profile."""


def check(name: str, values: Mapping[str, Any], model_id: str, endpoint: str) -> None:
    """Raise `ServiceError` for a request that the endpoint refuses in this API."""
    _check_model(name, model_id, endpoint)
    asked = _Asked(values, model_id, endpoint)
    for refuse in (_tier, *_CHECKS[name]):
        refuse(asked)


def _refused(message: str, param: str = "", code: str = "") -> ServiceError:
    return ServiceError("ValidationException", message, param, code)


def _check_model(name: str, model_id: str, endpoint: str) -> None:
    if ("anthropic." in model_id) != (name == "messages") or _NEITHER.search(model_id):
        raise ServiceError("ResourceNotFoundException", f"The model '{model_id}' doesn't support this API.")
    if endpoint == "runtime" and _ONLY_ON_MANTLE.search(model_id):
        raise ServiceError("ResourceNotFoundException", f"The model '{model_id}' does not exist")
    if endpoint == "runtime" and _ONLY_AS_PROFILE.search(model_id):
        raise _refused(
            f"Invocation of model ID {model_id} with on-demand throughput isn't supported. Retry your request with the"
            " ID or ARN of an inference profile that contains this model."
        )
    is_oss = endpoint == "runtime" and "openai.gpt-oss" in model_id
    if name == "responses" and (is_oss or _CHAT_ONLY.search(model_id)):
        raise _refused(f"The model '{model_id}' does not support the '/v1/responses' API")


def _tier(asked: _Asked) -> None:
    tier = asked.values.get("service_tier")
    if asked.endpoint == "mantle" and tier == "reserved":
        raise _refused("service_tier: 'reserved' is not supported.")
    if isinstance(tier, str) and tier not in TIERS | {"standard_only"}:
        raise _refused(f"service_tier: {tier!r} is not one of {', '.join(sorted(TIERS))}.", "service_tier")


def _sampling(asked: _Asked) -> None:
    for name in ("temperature", "top_p"):
        if _FIXED.search(asked.model_id) and asked.values.get(name) is not None:
            said = f"Unsupported parameter: '{name}' is not supported with this model."
            raise _refused(said, name, "unsupported_value")


def _effort(asked: _Asked) -> None:
    reasoning = asked.values.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else asked.values.get("reasoning_effort")
    if isinstance(effort, str) and effort not in EFFORTS:
        raise _refused(f"reasoning effort: {effort!r} is not one of {', '.join(sorted(EFFORTS))}.", "reasoning_effort")


def _openai_tools(asked: _Asked) -> None:
    choice, names = asked.values.get("tool_choice"), set(_names(asked.values.get("tools")))
    if choice in (None, "none", "auto"):
        return
    if not asked.values.get("tools"):
        raise _refused("Invalid value for 'tool_choice': it is only allowed when 'tools' are specified.", "tool_choice")
    wanted = _name(choice)
    if wanted and wanted not in names:
        raise _refused(f"Tool choice '{wanted}' not found in 'tools' parameter.", "tool_choice")


def _names(tools: Any) -> Iterator[str]:
    return (_name(tool) for tool in tools if isinstance(tool, dict)) if isinstance(tools, list) else iter(())


def _name(tool: Any) -> str:
    """The name of a function, in Chat Completions and in Responses."""
    about = tool.get("function", tool) if isinstance(tool, dict) else None
    name = about.get("name") if isinstance(about, dict) else None
    return name if isinstance(name, str) else ""


def _one_answer(asked: _Asked) -> None:
    if asked.values.get("n") not in (None, 1):
        raise _refused("n: only 1 is supported.", "n")


def _limit_of_new(asked: _Asked) -> None:
    if _FIXED.search(asked.model_id) and asked.values.get("max_tokens") is not None:
        raise _refused(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
            " instead.",
            "max_tokens",
            "unsupported_parameter",
        )


def _tools_of_new(asked: _Asked) -> None:
    if (
        asked.values.get("tools")
        and _NO_TOOLS_BY_CHAT.search(asked.model_id)
        and asked.values.get("reasoning_effort") != "none"
    ):
        raise _refused(
            "Function tools with reasoning are not supported for this model in /v1/chat/completions. Use /v1/responses,"
            " or set reasoning_effort to 'none'.",
            "reasoning_effort",
        )


def _background(asked: _Asked) -> None:
    if asked.endpoint == "runtime" and asked.values.get("background"):
        raise _refused("background: background responses are not supported.", "background")


def _tools_of_the_service(asked: _Asked) -> None:
    tools = asked.values.get("tools")
    kinds = [tool.get("type") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    if asked.endpoint == "runtime" and (other := [kind for kind in kinds if kind not in ("function", "custom", "mcp")]):
        raise _refused(f"tools: {other[0]!r} is not supported.", "tools")


def _profile_of_an_application(asked: _Asked) -> None:
    if "application-inference-profile" in asked.model_id:
        raise _refused("Application inference profiles are not supported by the Responses API.", "model")


def _anthropic_tools(asked: _Asked) -> None:
    choice, tools = asked.values.get("tool_choice"), asked.values.get("tools")
    if not isinstance(choice, dict):
        return
    if not tools:
        raise _refused("tool_choice: may only be specified while providing tools.")
    if choice.get("type") == "tool" and choice.get("name") not in set(_names(tools)):
        raise _refused(f"Tool '{choice.get('name')}' not found in provided tools")


def _structured(asked: _Asked) -> None:
    config = asked.values.get("output_config")
    if asked.endpoint == "mantle" and isinstance(config, dict) and config.get("format"):
        raise _refused("output_config.format: Extra inputs are not permitted")


def _user_id(asked: _Asked) -> None:
    metadata = asked.values.get("metadata")
    if asked.endpoint == "runtime" and isinstance(metadata, dict) and _is_json_object(metadata.get("user_id")):
        raise _refused("metadata.user_id: user_id appears to contain a JSON text")


def _is_json_object(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(json.loads(value), dict)
    except ValueError:
        return False


_OF_OPENAI = (_sampling, _effort, _openai_tools)
_CHECKS: dict[str, tuple[Callable[[_Asked], None], ...]] = {
    "responses": (*_OF_OPENAI, _background, _tools_of_the_service, _profile_of_an_application),
    "chat": (*_OF_OPENAI, _one_answer, _limit_of_new, _tools_of_new),
    "messages": (_anthropic_tools, _structured, _user_id),
}
