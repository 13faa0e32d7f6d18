"""The staged tree as a folder, to look at and to run: the files of the archive, but for its index of places."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hatch_os402.artifacts.artifact import WORK
from hatch_os402.artifacts.staged_tree import is_staged
from hatch_os402.errors import ArtifactError
from hatch_os402.files import file_sha256, work_folder
from hatch_os402.formatting import counted, first_of
from hatch_os402.launcher.inside.index import MODIFIED
from hatch_os402.processes.interruption import uninterrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hatch_os402.archive.entries import Entry, EntryReader

_FILE, _FOLDER = 0o644, 0o755
_WORK = f"{WORK}stage-"
_SHOWN = 5
_TIME_STEP = 2
"""Seconds, of FAT."""


@contextmanager
def replacing_folder(
    folder: Path | None, contents: Sequence[Entry], reader: EntryReader, warn: Callable[[str], None]
) -> Iterator[None]:
    """Write `contents` beside `folder`, and put it there at the end, in place of the staged tree that was there.

    When the body raises, `folder` is as it was. Without a `folder`, nothing is done. Every time is that of the archive
    (1980-01-01), every mode 644, of folders 755. What else is in the staged tree that was there goes with
    it, and `warn` is given its names before. Raises `ArtifactError`: also for what is there and no staged tree.
    """
    if folder is None:
        yield
        return
    check_replaceable(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with work_folder(folder.parent, _WORK) as work:
            new, old = work / "new", work / "old"
            _write(new, contents, reader)
            yield
            if others := _others(folder, contents):
                warn(
                    f"the staged tree {folder} is replaced, and with it {counted(len(others), 'file')} that no build "
                    f"put there: {', '.join(first_of(others, _SHOWN))}"
                )
            with uninterrupted():
                _swap(new, old, folder)
    except OSError as error:
        where = error.filename or folder
        raise ArtifactError(
            f"the staged tree cannot be written to {folder}: {error.strerror or error} ({where}).\n"
            "Name another folder, with the option `staging` or `hatch-os402 stage DIR`."
        ) from error


def check_replaceable(folder: Path) -> None:
    """Raise `ArtifactError` for a folder that is not ours to remove: only a staged tree or an empty folder is."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ArtifactError(
            f"the staged tree is to be written to {folder}, which is {'a link' if folder.is_symlink() else 'a file'}.\n"
            "Name a folder of its own, with the option `staging` or `hatch-os402 stage DIR`."
        )
    if folder.is_dir() and not is_staged(folder) and any(folder.iterdir()):
        raise ArtifactError(
            f"the staged tree would replace {folder}, which holds something else.\n"
            "Name a new folder, with the option `staging` or `hatch-os402 stage DIR`, or empty this one."
        )


def _others(folder: Path, contents: Sequence[Entry]) -> list[str]:
    """Return the files in a staged tree that were added or changed since it was written, sorted.

    Files of a build have the archive's time; a copy of the tree may have another, and then the new content to compare.
    `__pycache__` is what Python itself adds.
    """
    now = {entry.path: entry.sha256 for entry in contents}
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        linked = [name for name in folders if os.path.islink(os.path.join(place, name))]  # noqa: PTH114, PTH118 - as below
        for name in (*files, *linked):
            path = folder / os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118 - as below
            shown = path.relative_to(folder).as_posix()
            state = path.lstat()
            if not stat.S_ISREG(state.st_mode) or (
                abs(state.st_mtime - MODIFIED) > _TIME_STEP and now.get(shown) != file_sha256(path)
            ):
                found.append(shown)
    return sorted(found)


def _write(root: Path, contents: Sequence[Entry], reader: EntryReader) -> None:
    root.mkdir()
    for entry in contents:
        path = root / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in reader.chunks(entry):
                file.write(chunk)
    for place, _folders, files in os.walk(root, topdown=False):
        for name in files:
            _settle(os.path.join(place, name), _FILE)  # noqa: PTH118 - os.walk gives texts
        _settle(place, _FOLDER)


def _settle(path: str, mode: int) -> None:
    os.chmod(path, mode)  # noqa: PTH101 - as above
    os.utime(path, (MODIFIED, MODIFIED))


def _swap(new: Path, old: Path, folder: Path) -> None:
    """Move `new` to `folder`, and what is there to `old`; when that fails, nothing is moved."""
    there = folder.exists()
    if there:
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if there:
            old.rename(folder)
        raise
    if there:
        shutil.rmtree(old, ignore_errors=True)
