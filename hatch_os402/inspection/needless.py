"""Files of an archive that a running program cannot want, by kind, and the patterns of `exclude` that leave them out.

The project's own files are never among them: what it ships is taken as needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.archive.staging import exclusion
from hatch_os402.inspection.contents import LAUNCHER, NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_os402.inspection.contents import ArchiveMember

CATALOGUES, STUBS, C_SOURCES, TESTS = "message sources beside .mo", "type stubs", "C and Cython sources", "tests"
_ENDS = {STUBS: (".pyi", "/py.typed"), C_SOURCES: (".c", ".pyx", ".pxd")}
_PATTERNS = {STUBS: ("*.pyi", "py.typed"), C_SOURCES: ("*.c", "*.pyx", "*.pxd"), CATALOGUES: ("*.po",)}
_TESTS = "tests"


@dataclass(frozen=True)
class NeedlessFiles:
    """The files of one kind."""

    kind: str
    patterns: tuple[str, ...]
    """For `exclude`: they match these files and no others of the archive."""
    files: int
    packed: int
    """Bytes in the archive, without headers."""


def needless_files(members: Sequence[ArchiveMember], project: str | None) -> tuple[NeedlessFiles, ...]:
    """Return the needless files among `members`, by kind, the largest first. `project`: the owner that is left alone.

    Where the project is not known, nothing is known of whose files these are, and there are none.
    """
    if project is None:
        return ()
    paths = {member.path for member in members}
    kinds: dict[str, list[ArchiveMember]] = {}
    for member in members:
        if member.owner not in {LAUNCHER, NOBODY, project} and (kind := _kind(member.path, paths)):
            kinds.setdefault(kind, []).append(member)
    found = [
        NeedlessFiles(kind, tuple(_patterns(kind, some, paths)), len(some), sum(member.packed for member in some))
        for kind, some in kinds.items()
    ]
    found = [one for one in found if one.patterns]
    return tuple(sorted(found, key=lambda one: (-one.packed, one.kind)))


def _kind(path: str, paths: Iterable[str]) -> str:
    """Return the kind of needless file that a path is; empty if it is none."""
    if _TESTS in path.split("/")[1:-1]:
        return TESTS
    if path.endswith(".po"):
        return CATALOGUES if path[:-3] + ".mo" in paths else ""
    return next((kind for kind, ends in _ENDS.items() if path.endswith(ends)), "")


def _patterns(kind: str, members: Sequence[ArchiveMember], paths: Iterable[str]) -> Iterator[str]:
    """Yield patterns that match these files and no others of `paths`: short ones where that is possible."""
    wanted = {member.path for member in members}
    if kind == TESTS:
        folders = {path[: path.index(f"/{_TESTS}/", 1) + len(_TESTS) + 2] for path in wanted}
        for pattern in sorted(f"/{folder}" for folder in folders):
            matches = exclusion([pattern])  # a folder may have a name that is a pattern
            if {path for path in paths if matches(path)} <= wanted:
                yield pattern
        return
    for pattern in _PATTERNS[kind]:
        matches = exclusion([pattern])
        matched = {path for path in paths if matches(path)}
        if matched and matched <= wanted:
            yield pattern
        else:
            yield from sorted(f"/{path}" for path in matched & wanted)
