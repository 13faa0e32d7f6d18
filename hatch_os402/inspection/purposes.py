"""What the members of an archive that belong to the launcher are for, in a line."""

from __future__ import annotations

import ast
from functools import cache
from importlib.resources import files

from hatch_os402.archive.assemble import is_launcher
from hatch_os402.launcher import RESERVED

_WRITTEN = {
    "__main__.py": "Starts the launcher, with the settings of this build.",
    f"{RESERVED}index": "Where each file of the archive lies: a start reads this, and not the zip's directory.",
    f"{RESERVED}patterns": "Regular expressions that the build has compiled (`prepared-patterns`).",
}
"""What a build writes that is no module of `launcher/inside`."""


@cache
def purpose(path: str) -> str:
    """Return what the member at `path` is for; empty for one that is not the launcher's, or of another release.

    Of a module, and of its bytecode, that is the first line of its docstring, in the release that is installed.
    """
    if not is_launcher(path) or path in _WRITTEN:
        return _WRITTEN.get(path, "")
    if path.endswith(".pyc"):
        return purpose(path[:-1])
    parts = path.removeprefix(RESERVED).split("/")
    source = files("hatch_os402.launcher").joinpath("inside", *parts)
    if not all(part.removesuffix(".py").isidentifier() for part in parts) or not source.is_file():
        return ""
    return (ast.get_docstring(ast.parse(source.read_bytes())) or "").partition("\n")[0]
