"""Whether a wheel may do without its extensions: when it expects each import of them to fail, its source says so.

It is a proposal for `strip-extensions`, and no proof: what follows such an import may still not do the work.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.archive.entries import Entry, EntryReader
from hatch_os402.archive.rewriting.parsing import parse
from hatch_os402.compatibility.findings import SourceLocation
from hatch_os402.compatibility.imports.source import MOST
from hatch_os402.wheels.native import is_bundled_library

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.wheels.reading import WheelFile

_EXPECTED = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_CIMPORTS = "cython.cimports"
"""Source that imports from it is for Cython alone, which compiles it against a C library."""
_TESTS = frozenset({"test", "tests", "testing"})


@dataclass(frozen=True)
class _Use:
    """One import statement, or a text that may name a module."""

    line: int
    modules: tuple[str, ...]
    """The dotted names that it may load."""
    guarded: bool


def guards(verdict: VettedWheel) -> tuple[SourceLocation, ...]:
    """Return where the wheel imports its extensions, when it expects each of these imports to fail; else nothing.

    Every file of compiled code has to be an extension that is imported somewhere, or a library that was put beside one.
    An import is expected to fail in a `try` with a handler for ImportError that raises nothing, and below
    `suppress(ImportError)`. A compiled module whose source is beside it (Cython, mypyc) needs no such import.
    """
    extensions = {_module(file.path) for file, kind in verdict.native if kind.role == "extension module"}
    others = [file for file, kind in verdict.native if kind.role != "extension module"]
    outside = any(file.scheme != "root" for file, _ in verdict.native)
    if not extensions or outside or not all(is_bundled_library(file.path) for file in others):
        return ()
    sources = {_module(file.path): file.path for file in verdict.kept if file.path.endswith(".py")}
    beside = {name for name in extensions if name in sources}
    found = [SourceLocation(sources[name], 1) for name in sorted(beside)]
    extensions -= beside | {name for name in extensions if beside and name.endswith("__mypyc")}
    met: set[str] = set()
    with EntryReader() as reader:
        for file in verdict.kept:
            if not file.path.endswith(".py") or _TESTS.intersection(file.path.split("/")):
                continue
            uses = _uses(file, verdict, reader)
            if uses is None:
                return ()
            if any(name.startswith(_CIMPORTS) for use in uses for name in use.modules):
                return ()
            for use in uses:
                if hit := extensions.intersection(use.modules):
                    if not use.guarded:
                        return ()
                    met |= hit
                    found.append(SourceLocation(file.path, use.line))
    return tuple(found) if met == extensions else ()


def _module(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return ".".join([*folder.split("/"), name.partition(".")[0]]).lstrip(".")


def _uses(file: WheelFile, verdict: VettedWheel, reader: EntryReader) -> Sequence[_Use] | None:
    """Return the imports of `file`, or None where they cannot be read."""
    if file.size > MOST:
        return None
    wheel = verdict.wheel
    source = reader.read(Entry(file.path, file.size, file.sha256, wheel.name, source=wheel.path, member=file.member))
    try:
        tree = parse(source)
        return list(_walk(tree, _module(file.path), is_package=file.path.endswith("/__init__.py")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _walk(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[_Use]:
    package = module.removesuffix(".__init__") if is_package else module.rpartition(".")[0]
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, guarded = stack.pop()
        match node:
            case ast.Import(names=aliases, lineno=line):
                yield _Use(line, tuple(alias.name for alias in aliases), guarded)
            case ast.ImportFrom(module=name, names=aliases, level=level, lineno=line):
                base = _base(package, name or "", level)
                yield _Use(line, (base, *(f"{base}.{alias.name}".lstrip(".") for alias in aliases)), guarded)
            case ast.Constant(value=str(text), lineno=line) if text.isidentifier() or "." in text:
                # `import_module("_fast")`: what its failure does is not to be seen.
                yield _Use(line, (text, f"{package}.{text.lstrip('.')}"), guarded=False)
            case ast.Try(body=body, handlers=handlers) if _expect_failure(handlers):
                stack.extend((item, True) for item in body)
                stack.extend((item, guarded) for item in _children(node, but=body))
                continue
            case ast.With(items=items, body=body) if any("ImportError" in ast.dump(item) for item in items):
                stack.extend((item, True) for item in body)
                continue
            case ast.If(test=test, body=body) if "TYPE_CHECKING" in ast.dump(test):
                stack.extend((item, guarded) for item in _children(node, but=body))
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                stack.extend((item, False) for item in ast.iter_child_nodes(node))
                continue
        stack.extend((item, guarded) for item in ast.iter_child_nodes(node))


def _children(node: ast.AST, *, but: Collection[ast.AST]) -> Iterator[ast.AST]:
    left_out = set(map(id, but))
    return (item for item in ast.iter_child_nodes(node) if id(item) not in left_out)


def _base(package: str, name: str, level: int) -> str:
    if not level:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])


def _expect_failure(handlers: Sequence[ast.ExceptHandler]) -> bool:
    """Whether one of `handlers` is for an import that fails, and none that is raises anything."""
    expecting = [handler for handler in handlers if handler.type is None or _names(handler.type) & _EXPECTED]
    raising = any(isinstance(node, ast.Raise) for handler in expecting for node in ast.walk(handler))
    return bool(expecting) and not raising


def _names(node: ast.expr) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
