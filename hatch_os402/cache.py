"""Where wheels and bytecode are kept between builds. Everything there can be deleted at any time."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from hatch_os402.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "HATCH_OS402_CACHE_DIR"

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
