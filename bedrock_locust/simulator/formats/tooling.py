"""Tools in the three ways in which requests describe them: Converse's, Anthropic's and OpenAI's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.formats.base import CamelBody
from bedrock_locust.simulator.formats.blocks import ttl_s
from bedrock_locust.simulator.prompts import Part, Tool

if TYPE_CHECKING:
    from collections.abc import Iterable

ANY_OBJECT = {"type": "object", "properties": {"text": {"type": "string"}}}
"""A schema for an answer that may be any object."""


class ToolConfig(CamelBody):
    """`toolConfig` of Converse and Nova."""

    tools: list[dict[str, Any]] = Field(default_factory=list)
    tool_choice: dict[str, Any] = Field(default_factory=dict)


def converse_tool_parts(config: ToolConfig) -> list[Part]:
    """The tools as parts of the prompt."""
    return [
        Part(cache_ttl_s=ttl_s(tool["cachePoint"])) if "cachePoint" in tool else Part(json.dumps(tool))
        for tool in config.tools
    ]


def chosen(config: ToolConfig) -> Tool | None:
    """The tool that has to be called, if one has to."""
    choice = config.tool_choice
    if "any" not in choice and "tool" not in choice:
        return None
    return pick(_converse_tools(config), _name(choice.get("tool")))


def offered(config: ToolConfig) -> tuple[Tool, ...]:
    """The tools that may be called, if none has to be."""
    return () if chosen(config) else tuple(_converse_tools(config))


def _converse_tools(config: ToolConfig) -> list[Tool]:
    return [_converse_tool(spec) for tool in config.tools if isinstance(spec := tool.get("toolSpec"), dict)]


def _converse_tool(spec: dict[str, Any]) -> Tool:
    schema = spec.get("inputSchema")
    return Tool(_name(spec), schema.get("json") if isinstance(schema, dict) else None)


def anthropic_choice(tools: Iterable[Any], choice: Any) -> Tool | None:
    """The same in Anthropic's form: `tool_choice` of type `any` or `tool`."""
    if not isinstance(choice, dict) or choice.get("type") not in ("any", "tool"):
        return None
    return pick(_anthropic_tools(tools), _name(choice))


def anthropic_offer(tools: Iterable[Any], choice: Any) -> tuple[Tool, ...]:
    """The tools that may be called in Anthropic's form, if none has to be."""
    kind = choice.get("type") if isinstance(choice, dict) else "auto"
    return tuple(_anthropic_tools(tools)) if kind == "auto" else ()


def _anthropic_tools(tools: Iterable[Any]) -> list[Tool]:
    return [Tool(_name(tool), tool.get("input_schema")) for tool in tools if isinstance(tool, dict)]


def openai_schema(given: Any) -> Any:
    """The JSON Schema of `response_format` in OpenAI's and `format` in Anthropic's form; None where text is free."""
    if not isinstance(given, dict) or given.get("type") not in ("json_object", "json_schema"):
        return None
    if given["type"] == "json_object":
        return ANY_OBJECT
    inside = given.get("json_schema")
    schema = inside.get("schema") if isinstance(inside, dict) else given.get("schema")
    return schema if isinstance(schema, dict) else ANY_OBJECT


def converse_schema(config: Any) -> Any:
    """The same of `outputConfig` of Converse, where the schema is a text."""
    given = config.get("textFormat") if isinstance(config, dict) else None
    structure = given.get("structure") if isinstance(given, dict) else None
    inside = structure.get("jsonSchema") if isinstance(structure, dict) else None
    if not isinstance(inside, dict):
        return None
    try:
        return json.loads(str(inside.get("schema")))
    except ValueError:
        raise ServiceError("ValidationException", "outputConfig.textFormat: the schema is no JSON.") from None


def openai_choice(tools: Iterable[Any], choice: Any) -> Tool | None:
    """The same in OpenAI's form: `tool_choice` is `required`, `any`, or names a function."""
    if choice not in ("required", "any") and not isinstance(choice, dict):
        return None
    return pick(_functions(tools), _name(choice.get("function")) if isinstance(choice, dict) else "")


def openai_offer(tools: Iterable[Any], choice: Any) -> tuple[Tool, ...]:
    """The tools that may be called in OpenAI's form, if none has to be."""
    return tuple(_functions(tools)) if choice in (None, "auto") else ()


def _functions(tools: Iterable[Any]) -> list[Tool]:
    functions = [f for tool in tools if isinstance(tool, dict) and isinstance(f := tool.get("function"), dict)]
    return [Tool(_name(function), function.get("parameters")) for function in functions]


def pick(tools: list[Tool], name: str) -> Tool | None:
    """The tool of this name; without a name, the first."""
    return next((tool for tool in tools if not name or tool.name == name), None)


def _name(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
