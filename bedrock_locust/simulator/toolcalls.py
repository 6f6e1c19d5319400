"""Tool calls: a plausible input for a tool, from the JSON Schema that the request gives."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bedrock_locust.simulator.prompts import Prompt, Tool

DEEPEST = 6
"""Most levels of a schema that are followed."""

TEXT_FIRST = 1 / 3
"""Share of the calls of tools that come after text, as recorded."""

_EXAMPLE = re.compile(r'"example"(?!: )')
"""A text in an example, where it is no name of a member."""

_ID_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def called(prompt: Prompt, share: float, second_share: float, start: int) -> Prompt:
    """The prompt with the tools that the model calls on its own: in this share of the prompts that offer some.

    `second_share` of them call a second tool, the next one that is offered or the same again. It calls none after the
    result of one, so that a conversation has an end. What is chosen depends on the place where the answer begins, as
    its words do.
    """
    rng = Random(start)
    if not prompt.offered or prompt.has_result or rng.random() >= share:
        return prompt
    says_first = rng.random() < TEXT_FIRST
    has_second = rng.random() < second_share and not prompt.one_tool
    second = (prompt.offered[min(1, len(prompt.offered) - 1)],) if has_second else ()
    return replace(prompt, tool=prompt.offered[0], more_tools=second, says_first=says_first)


def arguments(tool: Tool) -> str:
    """The input of a call of this tool, as JSON: an object with the members that its schema requires."""
    value = example(tool.schema)
    return json.dumps(value if isinstance(value, dict) else {})


def structured(schema: Any, words: str) -> str:
    """Text that fits a JSON Schema: an example with these words in the first place for text, so that it is as long."""
    return _EXAMPLE.sub(lambda _: json.dumps(words), json.dumps(example(schema)), count=1)


def new_id(seed: int, number: int = 0) -> str:
    """The id of a call, in the form of the service's: `tooluse_` and 22 letters and digits.

    `number` tells the calls of an answer apart.
    """
    mixed, letters = (seed + 1 + (number << 64)) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128), []
    for _ in range(22):
        mixed, digit = divmod(mixed, len(_ID_DIGITS))
        letters.append(_ID_DIGITS[digit])
    return "tooluse_" + "".join(letters)


def example(schema: Any, depth: int = 0, whole: Any = None) -> Any:
    """A value that fits a JSON Schema, as far as types, `enum`, `const`, `default`, `$ref` and bounds tell.

    `whole` is the schema that this one is a part of.
    """
    if not isinstance(schema, dict) or depth > DEEPEST:
        return {} if depth == 0 else "example"
    whole = schema if whole is None else whole
    if isinstance(name := schema.get("$ref"), str):
        return example(_referred(whole, name), depth + 1, whole)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if isinstance(options := schema.get("enum"), list) and options:
        return options[0]
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(branches := schema.get(key), list) and branches:
            return example(branches[0], depth + 1, whole)
    return _of_type(schema, depth, whole)


def _referred(whole: Any, name: str) -> Any:
    """The part of a schema that a reference such as `#/$defs/Place` leads to."""
    found = whole if name.startswith("#/") else None
    for key in name.removeprefix("#/").split("/"):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _of_type(schema: dict[str, Any], depth: int, whole: Any) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    if not isinstance(kind, str):
        kind = "object" if "properties" in schema else "string"
    if kind == "object":
        return _object(schema, depth, whole)
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}), depth + 1, whole)]
    plain: dict[str, float | None] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
    return _at_least(plain[kind], schema.get("minimum")) if kind in plain else "example"


def _object(schema: dict[str, Any], depth: int, whole: Any) -> dict[str, Any]:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict):
        return {}
    wanted = required if isinstance(required, list) and required else list(properties)
    names = [name for name in wanted if isinstance(name, str) and name in properties]
    return {name: example(properties[name], depth + 1, whole) for name in names}


def _at_least(value: float | None, minimum: Any) -> float | None:
    if value is None or isinstance(value, bool) or not isinstance(minimum, int | float):
        return value
    return max(value, minimum)
