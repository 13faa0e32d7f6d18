"""Everything that may count for a build of a project: when in doubt, it counts.

That is the project's folder, whatever links in it lead to (hatchling follows them), what its tables name outside of it,
and the folders of other projects that it requires, each with all of that.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.artifacts.staged_tree import is_staged
from hatch_os402.config.outside import named_paths, required_folders
from hatch_os402.config.pyproject import is_project, read_pyproject
from hatch_os402.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_SOURCES = frozenset({".git", ".hg", ".svn", ".hypothesis", "__pycache__", "node_modules"})
_MADE_BY_BUILDS = ".egg-info"
_LAST_COMMIT = ".git/logs/HEAD"
"""It may decide on the version, and on when the offer ends."""
_MAX_LINKED = 20_000
"""Folders that are looked at behind links: one may lead to the root of the disk."""


def newest(root: Path) -> tuple[int, Path]:
    """Return when the project last changed (nanoseconds since 1970), and what did: a file, or a folder's names."""
    return max((_changed(path), path) for path in _sources(root))


def newest_file(root: Path) -> tuple[int, Path]:
    """Return the same of files and links alone: tools make folders in a project, and commits are no change of it."""
    log = root / _LAST_COMMIT
    return max(
        (_changed(path), path) for path in _sources(root) if path != log and (path.is_symlink() or not path.is_dir())
    )


def shown(what: Path, root: Path) -> str:
    """Return what `newest` has found as messages name it: from the project's folder on where it is in that."""
    path = Path(os.path.normpath(what))
    return "a file" if what == root else str(path.relative_to(root) if path.is_relative_to(root) else path)


def _sources(root: Path) -> Iterator[Path]:
    """Yield files, links and folders; a folder stands for the names in it."""
    walk, waiting, known = _FolderWalk(), [root], set()
    while waiting:
        place = waiting.pop()
        if (real := os.path.realpath(place)) in known:
            continue
        known.add(real)
        if not is_project(place):
            yield from walk.below(place)
            continue
        try:
            project = read_pyproject(place)
        except ArtifactError:
            if place == root:
                raise
            yield from walk.below(place)  # what is wrong there, a build says
            continue
        if (commit := place / _LAST_COMMIT).is_file():
            yield commit
        walk.leave_out(project.directory)
        if isinstance(staging := project.table.get("staging"), str):
            walk.leave_out(place / os.path.expanduser(staging), made_there=True)  # noqa: PTH111 - `~` may mean nothing
        yield from walk.below(place)
        waiting += [*named_paths(project), *required_folders(project)]


class _FolderWalk:
    """Walks through folders, through each once, also where links lead to it from several places or in a circle."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._silent: set[str] = set()
        self._linked = 0

    def leave_out(self, folder: Path, *, made_there: bool = False) -> None:
        """Take nothing of `folder`; `made_there`: each build also makes it anew, which changes the folder above it."""
        real = os.path.realpath(folder)
        self._seen.add(real)
        if made_there:
            self._silent.add(os.path.dirname(real))  # noqa: PTH120 - `realpath` gives a text

    def below(self, place: Path) -> Iterator[Path]:
        """Yield `place`, and everything below it when it is a folder. What is not there is left out."""
        if not place.is_dir():
            if place.exists():
                yield place
            return
        waiting = [(place, False)]
        while waiting:
            folder, linked = waiting.pop()
            listed = self._listed(folder, linked=linked)
            if listed is None or (folder != place and any(entry.name == "pyvenv.cfg" for entry in listed)):
                continue
            kept = [entry for entry in listed if not (_is_folder(entry) and is_staged(folder / entry.name))]
            # A folder for staged trees alone changes with each of them.
            if os.path.realpath(folder) not in self._silent and (kept or not listed):
                yield folder
            for entry in kept:
                is_folder, is_link = _is_folder(entry), entry.is_symlink()
                if is_link or not is_folder:
                    yield folder / entry.name
                if is_folder and not _made(entry.name):
                    waiting.append((folder / entry.name, linked or is_link))

    def _listed(self, folder: Path, *, linked: bool) -> list[os.DirEntry[str]] | None:
        """Return what is in `folder`; None if that was asked for before, or is not to be looked at."""
        real = os.path.realpath(folder)
        if real in self._seen or (linked and self._linked >= _MAX_LINKED):
            return None
        self._seen.add(real)
        self._linked += linked
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError:  # gone just now, or not for us to read
            return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _made(name: str) -> bool:
    """Whether a folder of that name is made by tools: `.pytest_cache` is, and `web_cache` may be a package."""
    return name in _NO_SOURCES or name.endswith(_MADE_BY_BUILDS) or (name.startswith(".") and name.endswith("_cache"))


def _changed(path: Path) -> int:
    try:
        found = [path.lstat()]
    except OSError:  # it is just being replaced
        return time.time_ns()
    if path.is_symlink():
        with suppress(OSError):  # it leads nowhere
            found.append(path.stat())
    # A file that was moved here is newer than its content says; Windows has its creation in `st_ctime`.
    return max(one.st_mtime_ns if os.name == "nt" else max(one.st_mtime_ns, one.st_ctime_ns) for one in found)
