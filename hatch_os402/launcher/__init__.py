"""The code that runs inside the archive, and what a build needs to know of it.

`inside/` is copied into every archive as the package `_os402`, `main_template.py` (with `main_fallback.py` as a text in
it) becomes its `__main__.py`, and `bootstrap.py` is the command line of its offer. They use the standard library alone.
An archive must be laid out so that they find each other:

- `__main__.py` is the first member, then come the members below `RESERVED`, then all others, and the index last
  (`hatch_os402/archive/index.py`), right before the zip's directory;
- of the launcher's modules, bytecode comes right behind its source;
- `__main__.py`, the index, the table of patterns and the launcher's bytecode are stored, but for bytecode that only
  the index leads to; sources below `RESERVED` may be deflated;
- local headers of all these carry sizes and checksums (no data descriptor) and no extra field;
- bytecode lies beside its source (`greeter/cgi.pyc`), with an unchecked hash (PEP 552), compiled as
  `ROOT/greeter/cgi.py`: tracebacks know the launcher's own frames by that;
- the table of prepared patterns, `_os402/patterns` (`hatch_os402/archive/patterns.py`), comes behind the modules below
  `RESERVED`; without one, `prepared.py`, which reads it, is left out;
- no ZIP64, no comment, and no other member below `RESERVED`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import TYPE_CHECKING

from hatch_os402.launcher.bootstrap import ARGS, BOOTSTRAP
from hatch_os402.launcher.inside.index import ROOT

if TYPE_CHECKING:
    from importlib.abc import Traversable
    from typing import Any

__all__ = [
    "ARGS",
    "BOOTSTRAP",
    "FOREIGN",
    "RESERVED",
    "ROOT",
    "SCRIPT",
    "STAND_INS",
    "Settings",
    "inside_files",
    "main_source",
    "settings_of",
]

RESERVED = "_os402/"
"""The folder of the archive that belongs to the launcher."""

STAND_INS = frozenset({"ctypes"})
"""Modules of the standard library that the archive brings for a runtime that lacks them: parts of what they are."""

FOREIGN = f"{RESERVED}stdlib/foreign/"
"""The folder of the archive with the stand-in for `ctypes`."""

SCRIPT = "script"
"""The interface that needs nothing but the entry point: a CGI script."""

_LINE = b"SETTINGS = "
"""What the line of `__main__.py` with the settings begins with."""


@dataclass(frozen=True)
class Settings:
    """What `__main__.py` hands to `start` (`inside/start.py`) as keywords, but for those that have their default.

    `start` hands what it does not know by itself on to the interface, `run(target, **settings)`. Values are literals.
    """

    entry_point: str
    """`"module:callable"` or `"module"`; not checked here."""
    lazy_imports: tuple[str, ...] = ()
    """Top-level modules to load on first use."""
    interface: str = SCRIPT
    """What the entry point is: `SCRIPT`, or the name of a module in `inside/interfaces`."""
    caller_key: bool = False
    """Whether the caller's private key stays in the environment."""
    finalize: bool = False
    """Whether the interpreter finalizes at the end of a call: `__del__` of what is still there."""
    cookies: str = "packed"
    """What becomes of several cookies in one answer of a web application: `"packed"` or `"plain"`."""
    factory: bool = False
    """Whether the entry point is called once, without arguments, and what it returns is the web application."""
    tools: tuple[tuple[str, str], ...] = ()
    """MCP tools, where there are several: each one's name and its `"module:function"`."""

    @property
    def is_typed(self) -> bool:
        """Whether every value is of its field's type."""
        return (
            all(isinstance(value, str) for value in (self.entry_point, self.interface, self.cookies))
            and all(isinstance(value, bool) for value in (self.caller_key, self.finalize, self.factory))
            and _are_texts(self.lazy_imports)
            and isinstance(self.tools, tuple)
            and all(_are_texts(tool) and len(tool) == 2 for tool in self.tools)  # noqa: PLR2004 - name and function
        )

    def literal(self) -> str:
        """Return the keywords as the literal of a dictionary: ASCII, in one line, without defaults."""
        stated = {one.name: value for one in fields(self) if (value := getattr(self, one.name)) != one.default}
        return ascii(stated)


def main_source(entry_point: str, **settings: Any) -> bytes:
    r"""Return the source of the archive's `__main__.py`: ASCII, with newlines as `\n`.

    `entry_point` and `settings` are the fields of `Settings`. Raises `TypeError` for others.
    """
    wanted = Settings(entry_point, **settings)
    source = _read("main_template.py").replace(b'FALLBACK = ""', b"FALLBACK = %a" % _read("main_fallback.py").decode())
    before, line, after = source.partition(b"\n" + _LINE)
    return before + line + wanted.literal().encode() + b"\n" + after.partition(b"\n")[2]


def settings_of(source: bytes) -> Settings | None:
    """Return the settings in the source of a `__main__.py`, or `None` when `main_source` has not written it."""
    for line in source.split(b"\n"):
        if line.startswith(_LINE):
            try:
                found = Settings(**ast.literal_eval(line[len(_LINE) :].decode("ascii")))
            except (MemoryError, RecursionError, SyntaxError, TypeError, ValueError):
                return None
            return found if found.is_typed else None
    return None


def inside_files(interface: str = SCRIPT) -> dict[str, bytes]:
    r"""Return the launcher's modules: their paths in the archive, sorted, and their sources, newlines as `\n`.

    Of `interfaces` only the module of that name comes along, packages whose names begin with it and `_`, and what all
    share (names that begin with `_`).
    Raises `ValueError` for an interface that there is not.
    """
    found = dict(_sources(files(__name__).joinpath("inside"), RESERVED))
    folder = RESERVED + "interfaces/"
    if interface != SCRIPT and (interface.startswith("_") or f"{folder}{interface}.py" not in found):
        raise ValueError(f"no interface is called {interface!r}")
    unused = {
        path
        for path in found
        if path.startswith(folder)
        and (
            interface == SCRIPT or not path.startswith((f"{folder}_", f"{folder}{interface}.", f"{folder}{interface}_"))
        )
    }
    return {path: found[path] for path in sorted(found) if path not in unused}


def _are_texts(found: object) -> bool:
    return isinstance(found, tuple) and all(isinstance(one, str) for one in found)


def _sources(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    """Return the modules in a folder and those below it, by their paths in the archive."""
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.name.endswith(".py"):
            found.append((path + entry.name, _unix(entry.read_bytes())))
        elif entry.name != "__pycache__" and entry.is_dir():
            found += _sources(entry, f"{path}{entry.name}/")
    return found


def _read(name: str) -> bytes:
    return _unix(files(__name__).joinpath(name).read_bytes())


def _unix(source: bytes) -> bytes:
    return source.replace(b"\r\n", b"\n")
