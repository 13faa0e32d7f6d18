"""Find a CPython 3.12, whose bytecode is cosmo-python's: every 3.12 has the same magic number."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAGIC = b"\xcb\r\r\n"
"""`importlib.util.MAGIC_NUMBER` of CPython 3.12 (3531)."""

_QUESTION = (
    "import sys, json, _imp, _frozen_importlib_external as e; v = sys.version_info; "
    "print(json.dumps([sys.implementation.name, *v[:2], v[3], e.MAGIC_NUMBER.hex(), '%d.%d.%d' % v[:3], sys.version]))"
)
EMPTY_ENVIRONMENT = {name: os.environ[name] for name in ("SYSTEMROOT",) if os.name == "nt" and name in os.environ}
"""What an interpreter that is asked something finds in its environment: nothing, for keys are in ours. (Windows starts
no Python without SYSTEMROOT.)"""

_TIMEOUT = 20
"""Seconds that a candidate may take to answer."""


@dataclass(frozen=True)
class Interpreter:
    """A CPython 3.12 that has answered."""

    path: str
    version: str
    """With the patch release, for example `3.12.3`."""
    build: str
    """`sys.version`, which tells builds of one release apart."""


def find_compiler(
    runtime: Path | None,
    environ: Mapping[str, str],
    asked: Callable[[str | Path], Interpreter | None] | None = None,
) -> Interpreter | None:
    """Return the first CPython 3.12 that answers, or None; `asked` says what one answers, if not `ask`.

    In this order: the running Python, `runtime` (a local cosmo-python), PATH, the Pythons of pyenv, Hatch, uv, asdf and
    mise, and scripts on PATH. A name on PATH proves nothing (pyenv's shims fail when the version is not selected), so
    each one is asked.
    """
    seen: set[str] = set()
    for candidate in _candidates(runtime, environ):
        real = os.path.realpath(candidate)
        if real not in seen:
            seen.add(real)
            if found := _running(candidate) or (asked or ask)(candidate):
                return found
    return None


def _running(path: str | Path) -> Interpreter | None:
    """Return the running Python when it is the one at `path` and a final CPython 3.12: it need not be asked."""
    version = sys.version_info
    kind = (sys.implementation.name, *version[:2], version[3])
    if str(path) != sys.executable or kind != ("cpython", 3, 12, "final") or MAGIC_NUMBER != MAGIC:
        return None
    return Interpreter(sys.executable, "{}.{}.{}".format(*version[:3]), sys.version)


def ask(path: str | Path) -> Interpreter | None:
    """Return the interpreter at `path` when it runs and is a final CPython 3.12, else None.

    It is run outside any sandbox, in an empty environment: only for what the user named, or what is pinned by its hash.
    """
    return answer(path)[0]


def answer(path: str | Path) -> tuple[Interpreter | None, bool]:
    """Return what `ask` returns, and whether it answered at all. It is run as `ask` runs it."""
    try:
        answer = subprocess.run(
            [str(path), "-I", "-S", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=_TIMEOUT,
            env=EMPTY_ENVIRONMENT,
        ).stdout
        *kind, version, build = json.loads(answer)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None, False
    fits = kind == ["cpython", 3, 12, "final", MAGIC.hex()]
    return Interpreter(str(path), version, build) if fits else None, True


def _candidates(runtime: Path | None, environ: Mapping[str, str]) -> Iterator[str | Path]:
    if sys.version_info[:2] == (3, 12) and sys.executable:
        yield sys.executable
    if runtime is not None:
        yield runtime
    on_path = list(_on_path(environ))
    yield from (path for path in on_path if not _is_script(path))
    for place, pattern in _installations(environ):
        for home in sorted(place.glob(pattern), reverse=True):
            yield home / ("python.exe" if os.name == "nt" else "bin/python3.12")
    yield from (path for path in on_path if _is_script(path))  # shims: slow to answer, and often with no


def _on_path(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield every Python on PATH, the most promising names first; a broken one may stand before a good one."""
    for name in ("python3.12", "python3", "python"):
        for folder in filter(None, environ.get("PATH", "").split(os.pathsep)):
            if found := shutil.which(name, path=folder):
                yield found


def _is_script(path: str) -> bool:
    """Whether the file is a script, as the shims of pyenv and others are, rather than an interpreter."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a name from PATH, as it is
            return file.read(2) == b"#!" or path.lower().endswith((".bat", ".cmd"))
    except OSError:
        return True


def _installations(environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the folders in which other tools keep Pythons, each with the pattern of a 3.12's home in it."""
    home = Path(environ.get("USERPROFILE" if os.name == "nt" else "HOME") or "/")
    if os.name == "nt":
        data = roaming = Path(environ.get("LOCALAPPDATA") or home / "AppData/Local")
        uv = Path(environ.get("APPDATA") or home / "AppData/Roaming") / "uv/data/python"
    else:
        data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
        uv = data / "uv/python"
        roaming = home / "Library/Application Support" if sys.platform == "darwin" else data
    pyenv = Path(environ.get("PYENV_ROOT") or home / (".pyenv/pyenv-win" if os.name == "nt" else ".pyenv"))
    yield pyenv / "versions", "3.12*"
    hatch = Path(environ.get("HATCH_DATA_DIR") or roaming / "hatch") / "pythons"
    yield hatch, "3.12*/python"
    yield hatch, "3.12*/python/install"
    yield Path(environ.get("UV_PYTHON_INSTALL_DIR") or uv), "cpython-3.12*"
    # Their shims need variables, and what is asked has none.
    yield Path(environ.get("ASDF_DATA_DIR") or home / ".asdf") / "installs/python", "3.12*"
    yield Path(environ.get("MISE_DATA_DIR") or data / "mise") / "installs/python", "3.12*"
