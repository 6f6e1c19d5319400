"""`settings`: every setting and option as Markdown, which is docs/settings.md."""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
import textwrap
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast, get_args

from bedrock_locust.settings import options
from bedrock_locust.settings.fields import Section
from bedrock_locust.settings.schema import SECTIONS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from locust.argument_parser import LocustArgumentParser

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

HELP = "Print every setting with its option, environment variable, default and meaning, as Markdown"

NONE = "\N{EN DASH}"

HEAD = """\
# Settings

Every setting of `config.json` and every option. This page is made from the code: `python -m bedrock_locust settings`.

A setting has a section and a key: `test.max_tokens` is `{"test": {"max_tokens": 2048}}` in the file. Command line and
web form win over the environment, the environment over the file, the file over the default. The file may have `//` and
`/* */` comments. An environment variable or a field of the form that is empty counts as not set; an empty option is
refused. `locust --help` has none of these options: Locust answers it before it reads the locustfile.
`python -m bedrock_locust check config.json` checks a file and prints the plan and cost of a run.
"""
PROCESS = """\
## Options of the command

These belong to a process, not to the settings of a run, so they are not in the file.
"""


def add_arguments(_: ArgumentParser) -> None:
    """It has none."""


def run(_: Namespace) -> int:
    """Print the document."""
    print(document(), end="")
    return 0


def document() -> str:
    """docs/settings.md."""
    by_setting = {(option.section, option.key): option for option in options.OPTIONS}
    parts = [HEAD, PROCESS, *_process_table(), ""]
    for section, model in SECTIONS.items():
        parts += [f"## `{section}`\n", " ".join((model.__doc__ or "").split()) + "\n", *_head("key")]
        meanings = _meanings(model)
        for key, field in model.model_fields.items():
            option = by_setting.get((section, key))
            if section in {"arrivals", "search"} and key in options.OF_BOTH:
                option = by_setting["concurrency", key]
            elif section == "search" and key in options.OF_RATES:
                option = by_setting["arrivals", key]
            names = (f"`{option.flag}`", f"`{option.env_var}`") if option else (NONE, NONE)
            parts.append(
                _row(
                    f"`{section}.{key}`",
                    *names,
                    _default(field),
                    _meaning(field, meanings.get(key, "")),
                )
            )
        parts.append("")
    return "\n".join(parts).rstrip("\n") + "\n"


class _Recorded:
    """What is told to Locust's parser about options."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []

    def add_argument(self, flag: str, **about: Any) -> None:
        self.options.append((flag, about))


def _process_table() -> Iterator[str]:
    recorded = _Recorded()
    options.add_options(cast("LocustArgumentParser", recorded), None)
    settings = {option.flag for option in options.OPTIONS}
    yield from _head("option", "environment variable")
    for flag, about in recorded.options:
        if flag not in settings:
            default = "not set" if about["default"] is None else f"`{about['default']}`"
            name = flag.removeprefix("--").replace("-", "_").upper()
            yield _row(f"`{flag}`", f"`{name}`", default, f"{about['help'].rstrip('.')}.")


def _head(*first: str) -> tuple[str, str]:
    columns = [*first, *([] if len(first) > 1 else ["option", "environment variable"]), "default", "meaning"]
    return _row(*columns), _row(*("---" for _ in columns))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    return "not set" if value is None or value == "" else f"`{json.dumps(value)}`"


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the text below it in the source of its class."""
    found: dict[str, str] = {}
    for base in reversed(model.mro()[: model.mro().index(Section)]):
        with contextlib.suppress(OSError, TypeError):  # a class that a function made has no source
            [tree] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            found.update(_texts(tree) if isinstance(tree, ast.ClassDef) else ())
    return found


def _texts(tree: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(tree.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                yield field.target.id, " ".join(text.split())


def _meaning(field: FieldInfo, below: str) -> str:
    """The text below the field, with the values where they are few."""
    kinds = (field.annotation, *get_args(field.annotation))
    values = [value for kind in kinds for value in get_args(kind) if isinstance(value, str)]
    meaning = field.description or below
    named = all(f"`{value}`" in meaning for value in values)
    return meaning if named else f"{meaning} One of {', '.join(f'`{value}`' for value in values)}."
