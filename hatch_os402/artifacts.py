"""The artifacts of one build: written beside their place, then moved there together or not at all."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = (".pyz", ".stdin", ".offer.json", ".build.json")
"""What one build writes, in this order; the record comes last."""

SIGNED_SUFFIX = ".offer.signed.json"


@dataclass(frozen=True)
class Artifact:
    """One file that was written."""

    path: Path
    size: int
    sha256: str
    """Lowercase hex, of the file."""
    offer: str | None = None
    """For the offer's file: the SHA256 of the offer itself, which is what a caller pays for."""


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


def names(stem: str) -> tuple[str, ...]:
    """Return the file names of the artifacts of the project id `stem`."""
    return tuple(stem + suffix for suffix in SUFFIXES)


def clean(directory: Path, stem: str) -> None:
    """Remove the artifacts of `stem` from `directory`, a signed offer included, and what a killed build left."""
    for name in (*names(stem), stem + SIGNED_SUFFIX):
        (directory / name).unlink(missing_ok=True)
    for folder in directory.glob(f".{glob.escape(stem)}.????????"):  # of a build that was killed
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def remove_if_created(directory: Path) -> Iterator[None]:
    """Remove `directory` at the end when it was not there before and is empty: a failed build leaves nothing."""
    existed = directory.exists()
    try:
        yield
    finally:
        if not existed:
            with suppress(OSError):  # not empty, or not there
                directory.rmdir()


@contextmanager
def staged(directory: Path, stem: str) -> Iterator[Files]:
    """Yield where to write the four artifacts of `stem`; at the end they replace those in `directory`.

    When the body raises, or a file cannot be moved, `directory` is as it was before. `OSError` becomes `ArtifactError`.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{stem}.", dir=directory))
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        yield Files(folder, directory, stem)
        _swap(folder, directory, names(stem))
    except OSError as error:
        raise _unwritable(directory, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap(folder: Path, directory: Path, files: tuple[str, ...]) -> None:
    """Move `files` from `folder` over those in `directory`, which never misses one that it had.

    The previous ones are linked aside first; whatever interrupts the moves, they come back.
    """
    aside = folder / "previous"
    aside.mkdir()
    for name in files:
        if (directory / name).exists():
            _link(directory / name, aside / name)
    try:
        for name in files:
            (folder / name).replace(directory / name)
    except BaseException:
        for name in files:
            if (aside / name).exists():
                (aside / name).replace(directory / name)
            elif not (folder / name).exists():
                (directory / name).unlink(missing_ok=True)
        raise


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
