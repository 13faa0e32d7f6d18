"""Where wheels and bytecode are kept between builds. Everything there can be deleted at any time.

It is bounded: once a day the files that were not used for longest are removed, until the rest is small enough. Builds
run in parallel, so that what was used in the last hour stays, and every file is written whole or not at all.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "HATCH_OS402_CACHE_DIR"

PARTS = {
    "wheels": "wheels, each under its SHA256",
    "built": "wheels that were built from source",
    "locked": "which file of a locked release was taken",
    "bytecode": "compiled modules",
    "patterns": "prepared regular expressions",
    "scanned": "what modules import",
    "remedies": "suggested fixes",
    "verdicts": "what was found out about wheels",
    "resolutions": "what pip resolved a short time ago",
    "options": "which options were found right",
    "builds": "what builds depended on",
    "interpreters": "what Pythons of this machine are",
    "runtime": "cosmo-python",
}
"""The folders of the cache → what is in them. That of locks has nothing that could be removed."""

LIMIT = 2 << 30
"""Bytes that the cache may have after it was pruned, the runtime not counted: 2 GiB."""

GRACE = 60 * 60
"""Seconds for which a file stays after it was used: a build that runs may be about to read it."""

_KEPT = "runtime"
"""The part that is not pruned: it was fetched by a command of its own."""

_PRUNED = "pruned"
"""The file whose time is that of the last pruning."""

_DAY = 24 * 60 * 60

_OTHERS_CAN_WRITE = stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def cache_errors(folder: Path) -> Iterator[None]:
    """Turn an `OSError` into an `ArtifactError` that names the cache, in which `folder` lies."""
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"the cache cannot be used at {error.filename or folder}: {error.strerror or error}.\n"
            f"Delete it, or set {VARIABLE} to another folder."
        ) from error


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that `environ` names, or that of the system's convention; it may not exist.

    For a user without a home folder it is a private one among the temporary files. Raises `ArtifactError` when that
    cannot be had.
    """
    if chosen := environ.get(VARIABLE):
        return Path(chosen).absolute()
    from platformdirs import user_cache_path  # noqa: PLC0415 - it is large, and every build asks for the cache

    try:
        folder = user_cache_path("hatch-os402", appauthor=False)
    except RuntimeError:  # no home
        return _private_folder()
    return folder if folder.is_absolute() else _private_folder()  # "~/.cache/…": older platformdirs, and no home


def usable_cache(environ: Mapping[str, str], instead: Path) -> Path:
    """Return the cache folder, made and found writable; else `instead`, which serves one build."""
    try:
        folder = cache_folder(environ)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, ArtifactError):
        instead.mkdir(parents=True, exist_ok=True)
        return instead


def _private_folder() -> Path:
    """Return this user's folder among the temporary files, made if need be: what others could write is not used."""
    user = str(os.getuid()) if hasattr(os, "getuid") else "cache"
    folder = Path(tempfile.gettempdir()) / f"hatch-os402-{user}"
    with cache_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    ours = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & _OTHERS_CAN_WRITE)
    if not stat.S_ISDIR(found.st_mode) or not ours:
        raise ArtifactError(
            f"there is no home folder for the cache, and {folder} is not this user's alone.\n"
            f"Set {VARIABLE} to a folder that is, or HOME."
        )
    return folder


def used(path: Path) -> None:
    """Note that the file at `path` in the cache was used now."""
    with suppress(OSError):  # a cache that can only be read is one all the same
        os.utime(path)


@dataclass(frozen=True)
class CachePart:
    """One folder of the cache."""

    name: str
    files: int
    size: int
    """Bytes."""


def measure_cache(folder: Path) -> list[CachePart]:
    """Return what is in the cache at `folder`, in the order of `PARTS`; parts that are not there are empty."""
    parts = []
    for name in PARTS:
        sizes = [size for _, size, _ in _files(folder / name)]
        parts.append(CachePart(name, len(sizes), sum(sizes)))
    return parts


def prune_cache(folder: Path, limit: int = LIMIT, *, grace: float = GRACE) -> tuple[int, int]:
    """Remove files from the cache at `folder`, those not used for longest first, until at most `limit` bytes are left.

    What was used within `grace` seconds stays, and so does the runtime. Return how many files were removed, and their
    bytes. What other processes add or remove meanwhile is no error.
    """
    known = [item for name in PARTS if name != _KEPT for item in _files(folder / name)]
    left = sum(size for _, size, _ in known)
    removed = freed = 0
    oldest = time.time() - grace
    for last, size, path in sorted(known):
        if left <= limit or last > oldest:
            break
        with suppress(OSError):
            path.unlink()
            removed, freed = removed + 1, freed + size
        left -= size
        _remove_empty(path.parent, folder)
    return removed, freed


def prune_sometimes(folder: Path) -> None:
    """Prune the cache at `folder` if that was not done for a day. Nothing of it is an error."""
    mark = folder / _PRUNED
    with suppress(OSError):
        if not mark.exists() or time.time() - mark.stat().st_mtime > _DAY:
            mark.touch()  # before, so that parallel builds leave it to this one
            prune_cache(folder)


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Return time of last use, size and path of every file below `folder`."""
    found = []
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            with suppress(OSError):
                status = path.lstat()
                found.append((status.st_mtime, status.st_size, path))
    return found


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove `folder` and those above it, below `top`, as far as nothing is in them."""
    with suppress(OSError):
        while folder.parent not in {top, folder}:
            folder.rmdir()
            folder = folder.parent
