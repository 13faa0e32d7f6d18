"""What one module says: its imports and the calls that matter on os402, each with its line and what guards it.

`_reading_worker.py` imports this in another Python: standard library only.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_os402.archive.rewriting.parsing import parse
from hatch_os402.compatibility.imports.facts import Call, Guard, Import, ModuleFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST = 4 << 20
"""Bytes of the largest module that is read: what is larger is data in the form of Python."""

WRITING = "writing"
WRITTEN_BESIDE = "__file__"
_STATEMENTS = ("body", "handlers", "orelse", "finalbody", "cases")
"""The fields that hold statements."""
_MARKS = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
_LEAVES = frozenset(
    {ast.Name, ast.Constant, ast.alias, type(None), bool} | {kind for mark in _MARKS for kind in mark.__subclasses__()}
)
"""What says nothing and has nothing below it that does: most nodes of a tree, and what stands where there is none."""

_PLAIN = frozenset(
    [
        *("arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level"),
        *("module", "name", "names", "op", "ops", "rest", "simple", "tag", "type_comment", "type_ignores"),
    ]
)
"""The fields that hold no node but leaves: texts, numbers, marks."""

_FIELDS = {
    kind: tuple(name for name in kind._fields if name not in _PLAIN)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""The fields of each kind of node that may hold others with something below them."""

_NOTED = frozenset({ast.Import, ast.ImportFrom, ast.Call, ast.Assign})
"""What `_Reader` takes note of."""

_WRITERS = frozenset(
    {"mkdir", "rename", "replace", "rmdir", "symlink_to", "touch", "unlink", "write_bytes", "write_text"}
)
_FOLDER_MAKERS = frozenset({"os.makedirs", "os.mkdir", "os.remove", "os.unlink"})
_QUOTED = re.compile(rb"""["']([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)["':]""")
_PLATFORM = frozenset({"hasattr", "name", "platform", "version_info", "system", "implementation", "WINDOWS", "WIN32"})


@cache
def behaviours() -> Mapping[str, str]:
    """Return the kind of every call that may not work, by dotted name."""
    table = behaviour_table()
    return MappingProxyType({name: kind for kind, entry in table.items() for name in entry["calls"]})


@cache
def behaviour_table() -> Mapping[str, Any]:
    """Return `behaviours.json`: kind → `message` and `calls`."""
    table: dict[str, Any] = json.loads(files(__package__).joinpath("behaviours.json").read_text(encoding="utf-8"))
    return MappingProxyType(table)


@cache
def _mentions() -> re.Pattern[bytes]:
    """Return what matches every source that could call one of `behaviours`: the others' expressions are not walked."""
    words = {WRITTEN_BESIDE}
    for name in behaviours():
        top, _, rest = name.partition(".")
        words.add(rest if top == "os" else top)  # everybody imports os
    return re.compile(rb"\b(?:" + "|".join(sorted(words)).encode() + rb")\b")


def read_source(source: bytes) -> ModuleFacts | None:
    """Return what the module `source` says, or None when this Python cannot parse it."""
    if len(source) > MOST:
        return None
    try:
        tree = parse(source)
        facts = _Reader(tree, calls=_mentions().search(source) is not None).facts()
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    return replace(facts, quoted=tuple(sorted({name.decode() for name in _QUOTED.findall(source)})))


class _Around(NamedTuple):
    """Where a node stands."""

    guard: Guard = Guard.NONE
    in_function: bool = False
    main: bool = False

    def at_least(self, guard: Guard) -> _Around:
        return self if self.guard >= guard else _Around(guard, self.in_function, self.main)


class _Reader:
    """Walks a tree without recursion."""

    def __init__(self, tree: ast.Module, *, calls: bool) -> None:
        self._tree = tree
        self._fields = None if calls else _STATEMENTS
        self._names: dict[str, str] = {}
        self._beside: set[str] = set()
        self._imports: list[Import] = []
        self._calls: list[tuple[ast.Call, _Around]] = []

    def facts(self) -> ModuleFacts:
        stack: list[tuple[ast.AST, _Around]] = [(self._tree, _Around())]
        while stack:
            node, around = stack.pop()
            if type(node) in _NOTED:
                self._note(node, around)
            stack.extend(_children(node, around, self._fields))
        calls = [call for node, around in self._calls for call in self._classify(node, around)]
        self._imports.sort(key=lambda item: item.line)
        return ModuleFacts(tuple(self._imports), tuple(sorted(calls, key=lambda item: item.line)))

    def _note(self, node: ast.AST, around: _Around) -> None:
        match node:
            case ast.Import(names=aliases, lineno=line):
                for alias in aliases:
                    self._add(line, alias.name, 0, (), around)
                    self._names[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=module, names=aliases, level=level, lineno=line):
                self._add(line, module or "", level, tuple(alias.name for alias in aliases), around)
                if not level and module:
                    self._names.update({alias.asname or alias.name: f"{module}.{alias.name}" for alias in aliases})
            case ast.Call():
                self._calls.append((node, around))
            case ast.Assign(targets=targets, value=value) if not around.in_function and self._is_beside(value):
                self._beside.update(target.id for target in targets if isinstance(target, ast.Name))

    def _add(self, line: int, module: str, level: int, names: tuple[str, ...], around: _Around) -> None:
        self._imports.append(Import(line, module, level, names, around.guard, around.in_function, around.main))

    def _classify(self, node: ast.Call, around: _Around) -> Iterator[Call]:
        dotted = self._dotted(node.func)
        kind = behaviours().get(dotted)
        if kind is None and self._writes_beside(node, dotted):
            kind, dotted = WRITING, dotted or f".{getattr(node.func, 'attr', '')}"
        if kind is not None:
            yield Call(node.lineno, dotted, kind, around.guard, around.in_function, around.main)

    def _dotted(self, node: ast.expr) -> str:
        """Return the name by which `node` could be imported, or ""."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        first = self._names.get(node.id) or ("open" if node.id == "open" and not parts else "")
        return ".".join([first, *reversed(parts)]) if first else ""

    def _writes_beside(self, node: ast.Call, dotted: str) -> bool:
        first = node.args[0] if node.args else None
        if dotted in {"open", "io.open"}:
            return first is not None and _writes(node.args[1:2], node.keywords) and self._is_beside(first)
        if dotted in _FOLDER_MAKERS:
            return first is not None and self._is_beside(first)
        if isinstance(node.func, ast.Attribute) and self._is_beside(node.func.value):
            return node.func.attr in _WRITERS or (node.func.attr == "open" and _writes(node.args[:1], node.keywords))
        return False

    def _is_beside(self, node: ast.expr) -> bool:
        """Whether a path is made of `__file__`."""
        return any(
            isinstance(part, ast.Name) and (part.id == WRITTEN_BESIDE or part.id in self._beside)
            for part in ast.walk(node)
        )


def _writes(mode: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> bool:
    given = [*mode, *(keyword.value for keyword in keywords if keyword.arg == "mode")]
    return any(
        isinstance(item, ast.Constant) and isinstance(item.value, str) and set("wax+") & set(item.value)
        for item in given
    )


def _children(node: ast.AST, around: _Around, fields: tuple[str, ...] | None) -> list[tuple[ast.AST, _Around]]:
    """Return the nodes below `node`, last first, each with what is around it; only those in `fields`, if given."""
    found: list[tuple[ast.AST, _Around]] = []
    kind = type(node)
    decides = kind in _DECIDING
    for name in fields or _FIELDS[kind]:
        value = getattr(node, name, None)
        if not value or type(value) in _LEAVES:
            continue
        inner = _inside(node, name, around) if decides else around
        if inner is None:
            continue
        if type(value) is list:
            found += [(item, inner) for item in value if type(item) not in _LEAVES]
        else:
            found.append((value, inner))
    found.reverse()
    return found


_DECIDING = frozenset(
    {
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.If, ast.Try, ast.With, ast.AsyncWith),
        *(ast.For, ast.AsyncFor, ast.While, ast.Match, ast.IfExp, ast.BoolOp),
        getattr(ast, "TryStar", ast.Try),  # Python 3.11
    }
)
"""The nodes of `_inside`: around what is below any other there is what is around itself."""


def _inside(node: ast.AST, name: str, around: _Around) -> _Around | None:
    """Return what is around the field `name` of `node`, one of `_DECIDING`; None for what never runs."""
    result: _Around | None = around
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if name == "body":
            result = _Around(in_function=True)
        case ast.If(test=test) if name != "test":
            result = _branch(test, name, around)
        case ast.Try(handlers=handlers) if name != "finalbody" and handlers:
            result = around.at_least(Guard.FAILURE)
        case ast.With(items=items) | ast.AsyncWith(items=items) if name == "body":
            expected = any("suppress" in ast.dump(item.context_expr) for item in items)
            result = around.at_least(Guard.FAILURE if expected else Guard.CONDITION)
        case ast.For() | ast.AsyncFor() | ast.While() | ast.Match() | ast.IfExp() | ast.BoolOp():
            result = around.at_least(Guard.CONDITION)
        case _ if type(node).__name__ == "TryStar":  # Python 3.11
            result = around.at_least(Guard.FAILURE)
    return result


def _branch(test: ast.expr, name: str, around: _Around) -> _Around | None:
    words = {
        part.id if isinstance(part, ast.Name) else part.attr
        for part in ast.walk(test)
        if isinstance(part, (ast.Name, ast.Attribute))
    }
    if "TYPE_CHECKING" in words:
        return None if name == "body" else around
    if words == {"__name__"} and not around.in_function:
        return (
            _Around(around.guard, around.in_function, main=True) if name == "body" else around.at_least(Guard.CONDITION)
        )
    return around.at_least(Guard.FAILURE if words & _PLATFORM else Guard.CONDITION)
