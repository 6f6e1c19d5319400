"""Notes which lines of the project run: each process that finds a plan in its environment marks them in a shared file.

The code is changed as it is imported: before each statement of a function it marks one byte. This costs next to
nothing, where a tracer makes the tests several times as slow, and works in any greenlet, thread or process.
"""

from __future__ import annotations

import ast
import builtins
import json
import mmap
import os
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

PACKAGES = ("bedrock_locust", "shapes", "reports")
PLAN, MARKS = "MUTANTS_PLAN", "MUTANTS_MARKS"
"""Variables of the environment: the file that says which byte stands for a line, and the file with these bytes."""
NAME = "__ran__"
"""What the marks are called in the code."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def plan_of(root: Path) -> dict[str, tuple[int, int]]:
    """Where the lines of each file begin in the marks, and how many there are; line 0 is none."""
    found, at = dict[str, tuple[int, int]](), 0
    for path in (path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))):
        lines = len(path.read_bytes().splitlines()) + 1
        found[str(path.relative_to(root))] = at, lines
        at += lines
    return found


def open_marks(path: Path, size: int) -> mmap.mmap:
    """The marks in a file, which is made if it is not there."""
    with path.open("a+b") as file:
        file.truncate(size)
        return mmap.mmap(file.fileno(), size)


def install() -> None:
    """Mark lines in this process, if its environment says how."""
    if not (named := os.environ.get(PLAN)):
        return
    plan = json.loads(Path(named).read_text())
    size, root = sum(lines for _, lines in plan["files"].values()), Path(plan["root"])
    marks = os.environ.get(MARKS)
    setattr(builtins, NAME, open_marks(Path(marks), size) if marks else bytearray(size))
    begins = {str(root / name): at for name, (at, _) in plan["files"].items()}
    plain = SourceFileLoader.source_to_code

    def source_to_code(self: SourceFileLoader, data: Any, path: Any, **options: Any) -> Any:
        if str(path) not in begins:
            return plain(self, data, path, **options)
        return compile(marked(ast.parse(data), begins[str(path)]), path, "exec", dont_inherit=True)

    SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign,assignment]


def marked(tree: ast.Module, begins_at: int) -> ast.Module:
    """The code of a module with a mark before each statement of its functions."""
    for function in [node for node in ast.walk(tree) if isinstance(node, Function)]:
        for body in bodies(function):
            start = 1 if body is function.body and ast.get_docstring(function, clean=False) is not None else 0
            body[start:] = [part for statement in body[start:] for part in (_mark(statement, begins_at), statement)]
    return ast.fix_missing_locations(tree)


def bodies(function: Function) -> list[list[ast.stmt]]:
    """The lists of statements of a function, without those of functions in it."""
    found, waiting = list[list[ast.stmt]](), list[ast.AST]([function])
    while waiting:
        node = waiting.pop()
        for _, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            if parts and isinstance(parts[0], ast.stmt):
                found.append(parts)
            waiting += [part for part in parts if isinstance(part, ast.AST) and not isinstance(part, Function)]
    return found


def _mark(statement: ast.stmt, begins_at: int) -> ast.stmt:
    (mark,) = ast.parse(f"{NAME}[{begins_at + statement.lineno}] = 1").body
    return ast.copy_location(mark, statement)
