"""The code that runs inside the archive, and what a build needs to know of it.

`inside/` is copied into every archive as the package `_os402`, `main_template.py` (with `main_seldom.py` as a text in
it) becomes its `__main__.py`, and `bootstrap.py` is the command line of its offer. They use the standard library alone.
An archive must be laid out so that they find each other:

- `__main__.py` is the first member, then come the members below `RESERVED`, then all others, and the index last
  (`hatch_os402/archive/index.py`), right before the zip's directory;
- `__main__.py`, the members below `RESERVED` and the index are stored, their local headers carry sizes and checksums
  (no data descriptor) and no extra field;
- bytecode lies beside its source (`greeter/cgi.pyc`), with an unchecked hash (PEP 552), compiled as
  `ROOT/greeter/cgi.py`: tracebacks know the launcher's own frames by that;
- no ZIP64, no comment, and no other member below `RESERVED`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from hatch_os402.launcher.bootstrap import ARGS, BOOTSTRAP
from hatch_os402.launcher.inside.index import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ARGS", "BOOTSTRAP", "RESERVED", "ROOT", "inside_files", "main_source"]

RESERVED = "_os402/"
"""The folder of the archive that belongs to the launcher."""


def main_source(entry_point: str, *, virtual_files: bool = True, lazy_imports: Sequence[str] = ()) -> bytes:
    r"""Return the source of the archive's `__main__.py`: ASCII, with newlines as `\n`.

    `entry_point` is `"module:callable"` or `"module"`; it is not checked here.
    `virtual_files`: whether the program can open files of the archive by path.
    `lazy_imports`: top-level modules to load on first use.
    """
    settings = ascii((entry_point, virtual_files, tuple(lazy_imports)))
    source = _read("main_template.py").replace(b'"module:callable", True, ()', settings[1:-1].encode())
    return source.replace(b'SELDOM = ""', b"SELDOM = %a" % _read("main_seldom.py").decode())


def inside_files() -> dict[str, bytes]:
    r"""Return the launcher's modules: their paths in the archive, sorted, and their sources, newlines as `\n`."""
    names = sorted(entry.name for entry in files(__name__).joinpath("inside").iterdir() if entry.name.endswith(".py"))
    return {RESERVED + name: _read("inside", name) for name in names}


def _read(*path: str) -> bytes:
    file = files(__name__)
    for part in path:
        file = file.joinpath(part)
    return file.read_bytes().replace(b"\r\n", b"\n")
