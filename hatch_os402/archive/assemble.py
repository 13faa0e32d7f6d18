"""Assemble: the launcher, the staged tree, its bytecode and its records, in the order of the archive."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_os402 import launcher
from hatch_os402.archive.entries import Entry
from hatch_os402.archive.patterns import NAME as PATTERNS
from hatch_os402.archive.staging import records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import Any

    from hatch_os402.archive.modules import Compiled
    from hatch_os402.archive.staging import Tree

MAIN = "__main__.py"
OWNER = "hatch-os402"
_FIRST = tuple(launcher.RESERVED + name for name in ("start.", "index.", "importer.", "streams.", "vfs/patches."))
"""What the modules of the launcher begin with that every start looks for: the nearer they are, the less it searches."""
_RARELY_LOADED = frozenset(
    f"{launcher.RESERVED}{name}.pyc"
    for name in (
        "entry", "excepthook", "folder_finder", "lazy", "own", "stdlib/accounts", "stdlib/ctypes_finder",
        "stdlib/databases", "stdlib/distutils_shim", "stdlib/processes", "stdlib/sqlite", "stdlib/threads",
        "stdlib/tls", "stdlib_patches", "vfs/descriptors", "vfs/devices", "vfs/tmp_importer", "vfs/tmpfs",
    )
)  # fmt: skip
"""Bytecode of the launcher that no start needs, and that few programs do; all of it is found by the index."""
_READER = f"{launcher.RESERVED}prepared.py"
"""What reads the table of prepared patterns, and its bytecode: of no use where there is none."""


def launcher_entries(entry_point: str, **settings: Any) -> tuple[Entry, ...]:
    """Return the files of the launcher that starts `entry_point` with further settings (see `launcher.Settings`)."""
    wanted = launcher.Settings(entry_point, **settings)
    files = {MAIN: launcher.main_source(entry_point, **settings)} | launcher.inside_files(wanted.interface)
    return tuple(Entry.of(path, content, OWNER) for path, content in files.items())


def without_unused(launch: Sequence[Entry], sources: Iterable[bytes]) -> tuple[Entry, ...]:
    """Return `launch` without the stand-in for `ctypes`, unless one of `sources`, the program's, names `ctypes`."""
    if any(b"ctypes" in source for source in sources):
        return tuple(launch)
    return tuple(entry for entry in launch if not entry.path.startswith(launcher.FOREIGN))


def assemble(launch: Sequence[Entry], tree: Tree, compiled: Compiled, *, sources: bool) -> tuple[Entry, ...]:
    """Return every file of the archive in its order: `__main__.py`, the launcher's own, then all others sorted.

    The table of prepared patterns is one of the launcher's.

    Without `sources`, the sources of compiled modules are left out, but for the launcher's: `python X.pyz` needs them.
    """
    pycs = [pyc.entry for pyc in compiled.pycs]
    needless = set() if sources else {pyc.module.path for pyc in compiled.pycs}
    files = [entry for entry in tree.entries if entry.path not in needless]
    files += [entry for entry in pycs if entry.owner != OWNER]
    prepared = [Entry.of(PATTERNS, compiled.patterns.table, OWNER)]
    if not compiled.patterns.table:
        prepared, launch, pycs = [], without_reader(launch), without_reader(pycs)
    whole = replace(tree, entries=tuple(files))
    everything = [*launch, *prepared, *(entry for entry in pycs if entry.owner == OWNER), *files, *records(whole)]
    return tuple(sorted(everything, key=lambda entry: place(entry.path)))


def without_reader(entries: Sequence[Entry]) -> list[Entry]:
    """Return `entries` without the launcher's reader of prepared patterns."""
    return [entry for entry in entries if not reads_patterns(entry.path)]


def reads_patterns(path: str) -> bool:
    """Whether the archive path is the launcher's reader of prepared patterns, which is packed where there are some."""
    return path.startswith(_READER)


def place(path: str) -> tuple[bool, bool, bool, bool, bytes]:
    """Return what the archive path is sorted by.

    The launcher finds its first modules by their names in the archive's bytes. The table of patterns, which holds what
    dependencies have written, comes behind all of them.
    """
    return path != MAIN, not is_launcher(path), path == PATTERNS, not path.startswith(_FIRST), path.encode()


def is_launcher(path: str) -> bool:
    """Whether the archive path belongs to the launcher."""
    return path == MAIN or path.startswith(launcher.RESERVED)


def importable(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the modules among `entries`; `__main__.py` of the archive is run as source by every launcher."""
    return (entry for entry in entries if entry.path.endswith(".py") and entry.path != MAIN)


def may_be_deflated(path: str, compression: str, imported: Collection[str] = ()) -> bool:
    """Return whether the member at `path` may be deflated where the option `compression` has that value.

    Inflating takes 10 ms a MB, and os402's server 6 ms for each MB of the frame: what every start reads stays stored.
    The launcher's sources are for other Pythons than the bytecode's, and for tracebacks; some of its modules are for
    the few programs that need them. Those of the program that no start is known to import are deflated as well: one
    that is imported nevertheless takes longer, and is the same.

    `imported`: the dotted names of the modules that a start imports; empty when that is not known, and then any may be.
    """
    if compression == "stored" or path in {MAIN, PATTERNS}:
        return False
    if is_launcher(path):
        return path.endswith(".py") or (path in _RARELY_LOADED and _module(path) not in imported)
    if compression == "deflated" or not path.endswith(".pyc"):
        return True
    return bool(imported) and _module(path) not in imported


def _module(path: str) -> str:
    return path[: -len(".pyc")].removesuffix("/__init__").replace("/", ".")
