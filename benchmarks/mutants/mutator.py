"""The mistakes of one file: each is a mutant, which means something else than the original, or looks as if it did."""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitOr: ("|", "&"),
    ast.BitAnd: ("&", "|"),
}
Placed = ast.expr | ast.stmt | ast.keyword
"""What has its place in the file."""
Change = tuple[int, int, int, str]
"""A line, the first byte to change, the byte after the last, and the new text."""
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One mistake in one file: bytes `start` to `end` of it become `text`."""

    name: str
    """The file, as seen from the root of the project."""
    original: bytes
    line: int
    lines: frozenset[int]
    """A test that runs one of these lines may notice it."""
    start: int
    end: int
    text: str

    def source(self) -> str:
        """The file with the mistake in it."""
        return (self.original[: self.start] + self.text.encode() + self.original[self.end :]).decode()

    def diff(self) -> str:
        """What it changes, line by line."""
        original = self.original.decode().splitlines()
        lines = difflib.unified_diff(original, self.source().splitlines(), n=0, lineterm="")
        return "\n".join(f"    {line}" for line in [*lines][3:])


class Mutator:
    """Finds the mutants of a file."""

    def __init__(self, root: Path, path: Path) -> None:
        """`path` is a Python file of the project in `root`."""
        self.name = str(path.relative_to(root))
        self.source = path.read_bytes()
        self.tree = ast.parse(self.source)
        self._line_starts = [0]
        for line in self.source.splitlines(keepends=True):
            self._line_starts.append(self._line_starts[-1] + len(line))

    def changes(self) -> Iterator[Change]:
        """Each change of a small piece of the file; not all of them make a mutant."""
        for node in self._nodes(self.tree):
            line = getattr(node, "lineno", 1)
            yield from ((line, *change) for change in self._changes(node))

    def mutant(self, change: Change) -> Mutant | None:
        """The mutant of a change; None if Python cannot read it, or reads the same as in the original."""
        line, start, end, text = change
        mutant = Mutant(self.name, self.source, line, lines_that_tell(self.tree, line), start, end, text)
        try:
            changed = ast.parse(mutant.source())
        except SyntaxError:
            return None
        return mutant if ast.dump(changed) != ast.dump(self.tree) else None

    def mutants(self) -> list[Mutant]:
        """All of them."""
        return [mutant for mutant in map(self.mutant, self.changes()) if mutant]

    def _nodes(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes of a tree that run: no annotations, decorators, f-strings, or imports for the type checker."""
        yield node
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr) and not for_types(child):
                    yield from self._nodes(child)

    def _changes(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        """The places in the file that a node lets one change, and what to."""
        yield from self._operators(node)
        yield from self._values(node)
        yield from self._statements(node)

    def _operators(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                for before, op, after in zip([left, *comparators], ops, comparators, strict=False):
                    old, news = COMPARISONS[type(op)]
                    yield from (self._between(before, after, old, new) for new in news)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC and not _is_text(left, right):
                yield self._between(left, right, *ARITHMETIC[type(op)])
            case ast.AugAssign(target=target, op=op, value=value) if type(op) in ARITHMETIC:
                old, new = ARITHMETIC[type(op)]
                yield self._between(target, value, f"{old}=", f"{new}=")
            case ast.BoolOp(op=op, values=[first, *others]):
                old, new = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
                yield self._between(first, others[0], old, new)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield self._whole(node, self._text(operand))

    def _values(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        match node:
            case ast.Constant(value=bool(value)):
                yield self._whole(node, str(not value))
            case ast.Constant(value=int(number)):
                yield self._whole(node, str(number + 1))
            case ast.Constant(value=float(number)):
                yield self._whole(node, str(number * 2 or 1.0))
            case ast.Call(func=func, keywords=keywords):
                if isinstance(func, ast.Name) and func.id in SWAPPED:
                    yield self._whole(func, SWAPPED[func.id])
                yield from (self._without(keyword) for keyword in keywords if keyword.arg not in (None, "strict"))

    def _statements(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield self._whole(test, f"(not ({self._text(test)}))")
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._whole(value, "None")
            case ast.Expr(value=ast.Call() | ast.Await()) | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield self._whole(node, "pass")
            case ast.AugAssign() | ast.Continue() | ast.Break() | ast.Raise():
                yield self._whole(node, "pass")

    def _between(self, before: ast.expr, after: ast.expr, old: str, new: str) -> tuple[int, int, str]:
        """The operator between two expressions, replaced."""
        start, end = self._span(before)[1], self._span(after)[0]
        found = re.search(re.escape(old).replace("\\ ", r"\s+"), self.source[start:end].decode())
        if not found:
            return start, end, self.source[start:end].decode()
        return start + found.start(), start + found.end(), new

    def _whole(self, node: Placed, text: str) -> tuple[int, int, str]:
        return *self._span(node), text

    def _without(self, keyword: ast.keyword) -> tuple[int, int, str]:
        start, end = self._span(keyword)
        comma = re.match(rb"\s*,\s*", self.source[end:])
        return start, end + (comma.end() if comma else 0), ""

    def _text(self, node: Placed) -> str:
        start, end = self._span(node)
        return self.source[start:end].decode()

    def _span(self, node: Placed) -> tuple[int, int]:
        """The first byte of a node in the file and the one after its last."""
        start = self._line_starts[node.lineno - 1] + node.col_offset
        return start, self._line_starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)


def for_types(node: ast.AST) -> bool:
    """Whether only the type checker reads it: imports, overloads, and what a protocol asks for."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.FunctionDef(decorator_list=[*decorators]):
            return any(isinstance(one, ast.Name) and one.id == "overload" for one in decorators)
        case ast.ClassDef(bases=[*bases]):
            return any(isinstance(one, ast.Name) and one.id == "Protocol" for one in bases)
    return False


def _is_text(*nodes: ast.AST) -> bool:
    texts = (ast.JoinedStr, ast.Constant)
    return any(isinstance(node, texts) and isinstance(getattr(node, "value", ""), str) for node in nodes)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def lines_that_tell(tree: ast.Module, line: int) -> frozenset[int]:
    """The lines by which a test shows that it ran this one.

    In the body of a function: the line, and the first of its statement. Arguments of a function and their defaults: all
    of its body. The rest runs at import, for whichever test comes first: the bodies of all functions of the file.
    """
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    around = max((node for node in functions if line in lines_of(node)), key=lambda node: node.lineno, default=None)
    if around is None:
        return frozenset(chain.from_iterable(map(body_lines, functions)))
    if line < around.body[0].lineno:
        return frozenset(body_lines(around))
    statements = [node for node in ast.walk(around) if isinstance(node, ast.stmt) and line in lines_of(node)]
    return frozenset((line, max(node.lineno for node in statements)))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    """The lines of what a function does."""
    return range(function.body[0].lineno, (function.end_lineno or 0) + 1)


def lines_of(node: ast.stmt) -> range:
    """The lines of a statement."""
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
