"""Where a project that is there starts: a web application in its source, or a script. Nothing of it is run."""

from __future__ import annotations

import ast
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.compatibility.imports.webapps import WSGI, find_application

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_SOURCES = frozenset({
    "__pycache__", "bench", "benchmarks", "build", "dist", "doc", "docs", "example", "examples", "migrations",
    "node_modules", "scripts", "site-packages", "test", "tests", "venv",
})  # fmt: skip
_MAX_FILES = 3000
_MAX_SIZE = 1 << 20
_USUAL = ("app", "application")
_FACTORIES = ("create_app", "make_app", "get_app", "create_application", "get_application")


@dataclass(frozen=True)
class FoundEntry:
    """An entry point that was found."""

    entry: str
    """As the option `entry-point` has it."""
    interface: str
    """ "wsgi", "asgi" or "script"."""
    what: str
    """How the project says so: `Flask(…), src/shop/web.py, line 3`."""


def find_applications(root: Path) -> list[FoundEntry]:
    """Return the web applications of the project at `root` that are likely meant, the likeliest first.

    Those named `app` or `application` count before others, and an application before what makes one. Django's two
    applications are one project; the WSGI application is the simpler one.
    """
    found = list(_all(root))
    for wanted in (
        [one for one in found if _attribute(one) in _USUAL],
        [one for one in found if not one.entry.endswith("()")],
    ):
        if wanted:
            found = wanted
            break
    if {one.what.partition("(")[0] for one in found} == {"get_wsgi_application", "get_asgi_application"}:
        found = [one for one in found if one.interface == WSGI]
    return sorted(found, key=lambda one: (one.entry.count("."), one.entry))


def application_at(root: Path, entry: str) -> FoundEntry | None:
    """Return the web application that `entry` (`module:name`, perhaps with `()`) of the project is, or None."""
    base = _base(root)
    web = find_application(entry.removesuffix("()"), lambda path: _read(base / path))
    return FoundEntry(entry, web.interface, web.what) if web else None


def _base(root: Path) -> Path:
    """Return the folder of the project's packages."""
    return root / "src" if (root / "src").is_dir() else root


def _attribute(one: FoundEntry) -> str:
    return one.entry.partition(":")[2]


def _all(root: Path) -> Iterator[FoundEntry]:
    base = _base(root)

    def read(path: str) -> bytes | None:
        return _read(base / path)

    for path in _modules(base):
        content = _read(path)
        if content is None:
            continue
        relative = path.relative_to(base)
        parts = relative.with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for name in _candidates(content):
            if module and (web := find_application(f"{module}:{name}", read)) is not None:
                entry = f"{module}:{name}{'()' if web.factory else ''}"
                where = path.relative_to(root).as_posix()
                yield FoundEntry(entry, web.interface, f"{web.what}, {where}, line {web.line}")


def _modules(base: Path) -> Iterator[Path]:
    """Yield the modules below `base` that may be a part of the project, in a stable order."""
    count = 0
    for folder, folders, files in os.walk(base):
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name.isidentifier() and name not in _NO_SOURCES)
        for name in sorted(files):
            if name.endswith(".py") and name[:-3].isidentifier() and not name.startswith(("test_", "conftest")):
                count += 1
                if count > _MAX_FILES:
                    return
                yield Path(folder, name)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.stat().st_size <= _MAX_SIZE else None
    except OSError:
        return None


def _candidates(content: bytes) -> list[str]:
    """Return the names at the top of a module that may be a web application or make one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names: dict[str, None] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in (*_USUAL, *_FACTORIES):
            names[node.name] = None
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id: None for target in targets if isinstance(target, ast.Name)}
    return list(names)


def has_main(root: Path) -> bool:
    """Return whether the project has a package that `python -m` runs, which a build finds by itself."""
    return any((folder / "__main__.py").is_file() for folder in _base(root).iterdir() if folder.is_dir())
