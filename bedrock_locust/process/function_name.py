"""The name of a function, `package.module:function`, looked up without importing what it is in.

What makes a report or charts is imported by processes of their own, after the load. A mistyped name has to be found
before it.
"""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path


def why_not_found(name: str) -> str:
    """Why there is no function of this name, with the file that lacks it; empty if it is there, or cannot be told.

    It cannot be told of a module without source, and of one that makes its names while it runs.
    """
    module, _, function = name.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), *function.split(".")]):
        return "it must be written as 'package.module:function'"
    first, *others = module.split(".")
    spec = find_spec(first)
    if spec is None:
        return f"there is no module {first!r} on the path"
    if spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    path = Path(spec.origin)
    for part in others:
        found = _submodule(path, part)
        if found is None:
            return f"{path} has no module {part!r}"
        path = found
    return "" if _may_have(path, function.split(".")[0]) else f"{path} has no {function!r}"


def _submodule(package: Path, name: str) -> Path | None:
    if package.name != "__init__.py":
        return None
    places = (package.parent / name / "__init__.py", package.parent / f"{name}.py")
    return next((place for place in places if place.is_file()), None)


def _may_have(path: Path, name: str) -> bool:
    """Whether a module may have a name at its top level, by its source."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True  # whoever imports it says so better
    names = {given for node in ast.walk(tree) for given in _names_given(node)}
    return bool(names & {name, "*", "__getattr__"})


def _names_given(node: ast.AST) -> list[str]:
    """The names that a statement gives."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name.split(".")[0] for alias in node.names]
        case ast.Name(ctx=ast.Store()):
            return [node.id]
    return []
