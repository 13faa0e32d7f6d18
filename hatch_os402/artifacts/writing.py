"""The artifacts of one build: written beside their place, then moved there together or not at all.

Four files cannot be replaced in one step. So the build record, which has the digests of the others, is removed first
and written last: whoever finds the others without it, or with one that does not fit, sees that a build was interrupted
(`artifacts.sets`). Only SIGKILL or the end of the machine leaves that; any other signal waits, and an error is taken
back.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.artifacts.artifact import WORK, Artifact
from hatch_os402.artifacts.names import EXTRAS, FRAME, RECORD, SIGNED_SUFFIX, ZIPAPP, names, suffix_of
from hatch_os402.artifacts.record import described, read_record, tools_of
from hatch_os402.errors import ArtifactError
from hatch_os402.files import locked, remove_if_created, sweep, work_folder
from hatch_os402.processes.interruption import uninterrupted

__all__ = ["Artifact", "Files", "clean", "remove_if_created", "staged"]

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

FIRST = (FRAME, ZIPAPP)
"""What is moved first: alone, a frame is nothing that could be used. Then come offers, and the record is the last."""


@dataclass(frozen=True)
class Files:
    """Where the artifacts are written first, in a folder of their own."""

    folder: Path
    directory: Path
    stem: str

    def path(self, suffix: str) -> Path:
        """Return the path to write the artifact with `suffix` to."""
        return self.folder / (self.stem + suffix)

    def measured(self, suffix: str, content: bytes) -> Artifact:
        """Write `content` as the artifact with `suffix` and return it, by the name that it will have."""
        self.path(suffix).write_bytes(content)
        return self.artifact(suffix, len(content), hashlib.sha256(content).hexdigest())

    def artifact(self, suffix: str, size: int, sha256: str) -> Artifact:
        """Return the artifact with `suffix`, by the name that it will have."""
        return Artifact(self.directory / (self.stem + suffix), size, sha256)


def clean(directory: Path, stem: str) -> None:
    """Remove the artifacts of `stem` from `directory`, a signed offer included, and what killed builds left there."""
    known, tools = _recorded(directory, stem)
    signed = [stem + suffix_of(tool, SIGNED_SUFFIX) for tool in tools]
    for name in dict.fromkeys([stem + SIGNED_SUFFIX, *signed, stem + RECORD, *known, *names(stem, extras=EXTRAS)]):
        (directory / name).unlink(missing_ok=True)
    sweep(directory, WORK)


@contextmanager
def staged(
    directory: Path, stem: str, locks: Path | None = None, tools: Sequence[str] = (), extras: Collection[str] = ()
) -> Iterator[Files]:
    """Yield where to write the artifacts of `stem` (see `names`); at the end they replace those in `directory`.

    When the body raises, or a file cannot be moved, `directory` is as it was before. In the folder `locks`, if there is
    one, builds into the same `directory` see to it that one moves its files at a time. What killed builds left in
    `directory` is removed. `OSError` becomes `ArtifactError`.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with work_folder(directory, WORK) as folder:
            yield Files(folder, directory, stem)
            with _one_at_a_time(directory, locks), uninterrupted():
                _swap(folder, directory, stem, names(stem, tools, extras))
    except OSError as error:
        raise _unwritable(directory, error) from error


@contextmanager
def _one_at_a_time(directory: Path, locks: Path | None) -> Iterator[None]:
    if locks is None:
        yield
        return
    locks.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(os.fsencode(os.path.realpath(directory))).hexdigest()[:32]
    with locked(locks / name, lambda: None):  # a moment
        yield


def _swap(folder: Path, directory: Path, stem: str, wanted: Sequence[str]) -> None:
    """Move the artifacts `wanted` from `folder` over those in `directory`, which only misses its record meanwhile.

    Offers of the previous ones that there are no more go: a tool may have another name. The previous ones are linked
    aside first; when a move fails, they come back.
    """
    record = stem + RECORD
    first = [stem + suffix for suffix in FIRST]
    moved = [*first, *(name for name in wanted if name not in {*first, record})]
    gone = sorted({*_recorded(directory, stem)[0], *names(stem, extras=EXTRAS)} - set(wanted))
    aside = folder / "previous"
    aside.mkdir()
    for name in (*moved, *gone, record):
        if (directory / name).exists():
            _link(directory / name, aside / name)
    try:
        (directory / record).unlink(missing_ok=True)
        for name in gone:
            (directory / name).unlink(missing_ok=True)
        for name in (*moved, record):
            (folder / name).replace(directory / name)
    except BaseException:
        (directory / record).unlink(missing_ok=True)
        for name in (*moved, *gone, record):
            if (aside / name).exists():
                (aside / name).replace(directory / name)
            elif not (folder / name).exists():
                (directory / name).unlink(missing_ok=True)
        raise


def _recorded(directory: Path, stem: str) -> tuple[list[str], list[str]]:
    """Return the names of the files, and of the tools, that the record there describes; none if it cannot be read."""
    try:
        record = read_record(directory / (stem + RECORD))
    except (ArtifactError, FileNotFoundError):
        return [], []
    return described(record, directory / stem), tools_of(record)


def _link(path: Path, other: Path) -> None:
    """Give the file `path` a second name, or, where the file system has no links, a copy."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copy2(path, other)


def _unwritable(directory: Path, error: OSError) -> ArtifactError:
    where = error.filename or directory
    return ArtifactError(
        f"the artifacts cannot be written to {directory}: {error.strerror or error} ({where}).\n"
        "Nothing was written, and previous artifacts are as they were."
    )
