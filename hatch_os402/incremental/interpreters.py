"""What Pythons of this machine answered, by the state of their files: a build in which nothing changed starts none.

A build that is made asks: what it records is what compiled.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_os402.incremental.store import digest, recall, remember
from hatch_os402.runtime.interpreters import Interpreter, answer

if TYPE_CHECKING:
    from pathlib import Path


class InterpreterMemory:
    """What is remembered in the cache `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "interpreters"

    def ask(self, path: str | Path) -> Interpreter | None:
        """Return what `ask` of `runtime/interpreters.py` returns, or returned for the same file.

        A script is asked each time: what it answers depends on more than itself, as the shims of pyenv show. Neither is
        it remembered when nothing was answered, which may have many reasons.
        """
        key = _key(path)
        if key is not None and (kept := recall(self._folder, key)) is not None:
            return Interpreter(str(path), kept["version"], kept["build"]) if kept["version"] else None
        found, answered = answer(path)
        if key is not None and answered:
            version, build = (found.version, found.build) if found else ("", "")
            remember(self._folder, key, {"version": version, "build": build})
        return found


def _key(path: str | Path) -> str | None:
    """Return what the file at `path` is known by; None for a script, and for what cannot be read."""
    try:
        real = os.path.realpath(path)
        with open(real, "rb") as file:  # noqa: PTH123 - a name from PATH, as it is
            if file.read(2) == b"#!":
                return None
            found = os.fstat(file.fileno())
    except OSError:
        return None
    return digest([str(path), real, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns])
