"""The launcher's files in an archive against those that this hatch-os402 puts there: no RECORD lists them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from hatch_os402 import launcher
from hatch_os402.archive.assemble import (
    MAIN,
    is_launcher,
    launcher_entries,
    may_be_deflated,
    place,
    without_reader,
    without_unused,
)
from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.patterns import NAME as PATTERNS
from hatch_os402.archive.staging import LAUNCHER_PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from hatch_os402.archive.entries import Entry

_DERIVED = frozenset({INDEX, PATTERNS})
"""Members of the launcher that hold what a build computes: packing derives the index, and compiling the patterns."""


def launcher_faults(paths: Sequence[str], deflated: Collection[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield in what the launcher of an archive differs from the one that this version writes.

    `paths` are all members in their order, `deflated` those that are, and `read` returns the content of one. Sources
    are compared byte for byte, `__main__.py` with the settings that it has itself. Of bytecode it is compared whether
    it is there: `recompiled` derives its bytes, packing those of the index, and `underived` those of the patterns.
    """
    settings = launcher.settings_of(read(MAIN))
    if settings is None:
        yield f"{MAIN} is none that hatch-os402 writes"
        return
    try:
        files = launcher_entries(**asdict(settings))
    except ValueError as error:
        yield f"{MAIN} cannot be started: {error}"
        return
    expected = {entry.path: entry for entry in _packed(files, frozenset(paths), read)}
    there = {path for path in paths if is_launcher(path)} - _DERIVED
    wanted = set(expected)
    if any(path.endswith(".pyc") for path in paths):
        wanted |= {f"{path}c" for path in expected if path != MAIN}
    yield from (f"{path} is no file of the launcher" for path in sorted(there - wanted))
    yield from (f"{path} is missing" for path in sorted(wanted - there))
    for path in sorted(there & expected.keys()):
        if read(path) != expected[path].content:
            yield f"{path} is another one"
    yield from (f"{path} takes the place of the launcher" for path in paths if _takes_its_place(path))
    order = [path for path in paths if path != INDEX]
    if sorted(order, key=place) != order:
        yield "its files are not in the order of a build"
    yield from (
        f"{path} is deflated, and must be stored"
        for path in sorted(deflated)
        if is_launcher(path) and not may_be_deflated(path, "deflated")
    )


def _takes_its_place(path: str) -> bool:
    """Whether `path` is none of the launcher's files, and some importer may find it instead of one of them."""
    top = path.partition("/")[0]
    return not is_launcher(path) and (top in LAUNCHER_PLACES or top.removesuffix("c") in LAUNCHER_PLACES)


def _packed(files: Sequence[Entry], paths: frozenset[str], read: Callable[[str], bytes]) -> Sequence[Entry]:
    """Return those of the launcher's `files` that a build packs beside the program that `paths` are."""
    modules = [path for path in paths if path.endswith((".py", ".pyc")) and not is_launcher(path)]
    if any(path.endswith(".pyc") and path[:-1] not in paths for path in modules):
        # Without sources, nothing says whether one of them names `ctypes`: all of the stand-in is there, or nothing.
        sources = [b"ctypes"] if any(path.startswith(launcher.FOREIGN) for path in paths) else []
        packed = without_unused(files, sources)
    else:
        packed = without_unused(files, (read(path) for path in modules if path.endswith(".py")))
    return packed if PATTERNS in paths else without_reader(packed)
