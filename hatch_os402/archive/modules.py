"""Compile every module of a tree, and say what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hatch_os402.archive.bytecode import Bytecode, Compiler, Uncompilable
from hatch_os402.archive.patterns import NOTHING, Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.archive.entries import Entry
    from hatch_os402.reporting import Update
    from hatch_os402.runtime.interpreters import Interpreter


@dataclass(frozen=True)
class Pyc:
    """The bytecode of one module."""

    module: Entry
    """The source."""
    entry: Entry
    """The bytecode, beside it."""


@dataclass(frozen=True)
class Compiled:
    """All bytecode of an archive, or why there is none."""

    python: str | None
    """The version of the CPython that compiled, None without bytecode."""
    pycs: tuple[Pyc, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    """Path and reason of every module that stays source only."""
    docstrings: bool = True
    """Whether the modules keep theirs."""
    patterns: Prepared = NOTHING
    """The regular expressions that the same CPython prepared."""

    @property
    def summary(self) -> dict[str, Any]:
        """What the record says."""
        if self.python is None:
            return {"compiled": False}
        return {
            "compiled": True,
            "python": self.python,
            "modules": len(self.pycs),
            "left_as_source": dict(self.failures),
            "patterns": self.patterns.count,
            **({} if self.docstrings else {"docstrings": False}),
        }


def compile_modules(
    entries: Iterable[Entry],
    read: Callable[[Entry], bytes],
    *,
    root: str,
    interpreter: Interpreter,
    cache: Path,
    docstrings: bool = True,
    smallest: Callable[[Entry], bool] = lambda _: False,
    lazy: Collection[str] = (),
    update: Update | None = None,
) -> Compiled:
    """Compile every `.py` of `entries`, whose virtual file names begin with `root`.

    `docstrings`: whether modules keep them. `smallest` tells those that keep neither docstrings nor assertions.
    `lazy`: the modules of which names are imported on first use. `update` is given the number of modules.
    """
    pycs, failures = [], []
    modules = [entry for entry in entries if entry.path.endswith(".py")]
    inside = _by_folder(modules) if lazy else {}
    with Compiler(interpreter, cache) as compiler:
        for number, entry in enumerate(modules):
            if update is not None:
                update(number, len(modules))
            outcome = compiler.compile(
                f"{root}/{entry.path}",
                entry.sha256,
                lambda entry=entry: read(entry),  # type: ignore[misc]
                docstrings=docstrings,
                assertions=not smallest(entry),
                lazily=() if smallest(entry) else _lazily(entry, read, lazy, inside),
            )
            match outcome:
                case Bytecode():
                    pycs.append(Pyc(entry, _beside(entry, outcome)))
                case Uncompilable(reason):
                    failures.append((entry.path, reason))
    return Compiled(interpreter.version, tuple(pycs), tuple(failures), docstrings)


def _lazily(
    entry: Entry, read: Callable[[Entry], bytes], lazy: Collection[str], inside: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Return what `Compiler.compile` takes: the module, and those of `lazy` that its source may import from.

    `inside`: folder → the names of the modules in it, of which those of a package are named as well.
    """
    if not lazy or entry.path.endswith("__main__.py"):
        return ()
    source = read(entry)
    wanted = sorted(name for name in lazy if name.rpartition(".")[2].encode() in source)
    stem = entry.path[:-3]
    package = stem.endswith("/__init__")
    module = stem.removesuffix("/__init__").replace("/", ".")
    if not wanted or b"from" not in source:
        return ()
    if not package:
        return module, *wanted
    return f"{module}.", *wanted, *(f"!{name}" for name in sorted(inside.get(stem.removesuffix("__init__"), ())))


def _by_folder(entries: Sequence[Entry]) -> dict[str, set[str]]:
    """Return for each folder (ending with `/`) the names of the modules and packages in it."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        if entry.path.endswith(".py"):
            parts = entry.path[:-3].removesuffix("/__init__").split("/")
            for at, name in enumerate(parts):
                found.setdefault("".join(f"{part}/" for part in parts[:at]), set()).add(name)
    return found


def _beside(module: Entry, bytecode: Bytecode) -> Entry:
    """Return the entry of `bytecode` as `name.pyc` beside `name.py`, where zipimport and our launcher look for it."""
    return replace(
        module,
        path=f"{module.path}c",
        size=bytecode.size,
        sha256=bytecode.sha256,
        source=bytecode.path,
        member=None,
        content=None,
    )
