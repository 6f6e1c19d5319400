"""Messages about wrong settings. Each is one line: where the value came from, the value, and what it must be."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


class SettingsError(Exception):
    """Settings that a run cannot start with: one line for each mistake, with the remedy."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


SECRET = frozenset({"access_key_id", "secret_access_key", "session_token"})
"""Keys whose values never appear in a message."""

CONTENT = frozenset({("test", "request")})
"""Settings with contents of prompts, which no message shows either."""

KEY = "[key]"
"""What pydantic puts behind a key that is wrong itself."""

RULES = {
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:,.0f} or less",
    "string_too_long": "must have at most {max_length} characters",
    "dict_type": "must be an object {{...}}",
    "tuple_type": "must be a list [...]",
    "string_pattern_mismatch": "must not have control characters",
    "string_too_short": "must not be empty",
    "value_error": "{error}",
    "literal_error": "must be {expected}",
    "model_type": "must be an object {{...}}",
    "model_attributes_type": "must be an object {{...}}",
}
"""Type of pydantic's error -> what the value must be."""

RULES_BY_START = {
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a number",
    "bool": "must be true or false",
    "string": 'must be a text in "quotes"',
}


def describe(
    mistake: ErrorDetails,
    values: Mapping[str, Any],
    origin: Mapping[tuple[str, ...], str],
    file: str,
    known: Mapping[str, frozenset[str]],
) -> str:
    """One line about a mistake that pydantic found in `values`.

    `origin` says where a value came from, if not from `file`; `known` has the keys of each section.
    """
    path = tuple(str(part) for part in mistake["loc"])
    place = _places(path[0], origin, file) if _is_of_section(mistake) else _place(path or _named(mistake), origin, file)
    line = f"{place}: {_what(path, mistake, values, known)}"
    return " ".join(line.split())  # a key may have a line break


def _place(path: tuple[str, ...], origin: Mapping[tuple[str, ...], str], file: str) -> str:
    """Where a value came from."""
    return origin.get(path) or origin.get(path[:2], file)


def _named(mistake: ErrorDetails) -> tuple[str, ...]:
    """The setting that a mistake of several sections begins with: `workload.cache is ...`."""
    first, *_ = str(mistake.get("ctx", {}).get("error", "")).split(maxsplit=1) or [""]
    return tuple(first.split("."))


def _is_of_section(mistake: ErrorDetails) -> bool:
    """Whether values of a section contradict each other."""
    return mistake["type"] == "value_error" and len(mistake["loc"]) == 1


def _places(section: str, origin: Mapping[tuple[str, ...], str], file: str) -> str:
    """The file, and the options that changed this section."""
    return " with ".join([file, *(said for at, said in origin.items() if at[0] == section)])


def _what(
    path: tuple[str, ...], mistake: ErrorDetails, values: Mapping[str, Any], known: Mapping[str, frozenset[str]]
) -> str:
    key = ".".join(path)
    match mistake["type"]:
        case "extra_forbidden":
            return f"unknown key {key}: {_suggestion(path, known)}"
        case "missing":
            return f"{key} is required: add it"
        case "value_error" if not path:
            return str(mistake["ctx"]["error"])
        case "value_error" if _is_of_section(mistake):
            return f"{key}: {mistake['ctx']['error']}"
    if path[-1] == KEY:
        return f"a key of {'.'.join(path[:-2])} is {json.dumps(path[-2], ensure_ascii=False)}, but {_rule(mistake)}"
    return f"{key} is {_shown(path, values)}, but {_rule(mistake)}"


def _rule(mistake: ErrorDetails) -> str:
    """What the value must be."""
    kind = mistake["type"]
    if kind in RULES:
        return RULES[kind].format(**mistake.get("ctx", {}))
    return RULES_BY_START.get(kind.split("_")[0], mistake["msg"])


def _shown(path: tuple[str, ...], values: Mapping[str, Any]) -> str:
    if path[-1] in SECRET or path == ("aws",) or path[:2] in CONTENT:
        return "not shown"
    value: Any = values
    for part in path:
        value = _member(value, part)
    if path[-1] == "endpoint_url" and set("@?#") & set(str(value)):
        return "not shown"
    return json.dumps(value, ensure_ascii=False, default=str)[:80]


def _member(value: Any, name: str) -> Any:
    """What an object or a list holds at this place, None where there is nothing; what stands for an object itself."""
    if isinstance(value, str):
        # An option, the environment or the form give an object as JSON.
        value = _parsed(value)
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    if isinstance(value, dict):
        return value.get(name)
    return None if isinstance(value, list) else value


def _parsed(value: str) -> Any:
    """What a text in JSON says; where it is no JSON the text."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _suggestion(path: tuple[str, ...], known: Mapping[str, frozenset[str]]) -> str:
    """The nearest known key, here or in another section."""
    section, key, within = path[0], path[-1], ".".join(path[:-1])
    if len(path) == 1:
        sections = [name for name in known if "." not in name]
        near = difflib.get_close_matches(key, sections, 1)
        return f"did you mean {near[0]}?" if near else f"remove it (known: {', '.join(sections)})"
    section = within if within in known else section
    if near := difflib.get_close_matches(key, known[section], 1):
        return f"did you mean {section}.{near[0]}?"
    if elsewhere := [name for name, keys in known.items() if key in keys]:
        return f"did you mean {elsewhere[0]}.{key}?"
    return f"remove it (known in {section}: {', '.join(sorted(known[section]))})"
