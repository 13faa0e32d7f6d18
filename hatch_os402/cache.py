"""Where wheels and bytecode are kept between builds. Everything there can be deleted at any time."""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "HATCH_OS402_CACHE_DIR"


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Say of an `OSError` that it is the cache, in which `folder` lies, that cannot be used."""
    try:
        yield
    except OSError as error:
        raise ArtifactError(
            f"the cache cannot be used at {error.filename or folder}: {error.strerror or error}.\n"
            f"Delete it, or set {VARIABLE} to another folder."
        ) from error


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that `environ` or the system's convention names; it may not exist.

    Raises `RuntimeError` where the convention needs a home folder and there is none.
    """
    if chosen := environ.get(VARIABLE):
        return Path(chosen).absolute()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "hatch-os402" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/hatch-os402"
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hatch-os402"


def readable_cache(environ: Mapping[str, str]) -> Path | None:
    """Return the cache folder, or None where there is no home folder: then nothing was ever fetched into it."""
    try:
        return cache_folder(environ)
    except RuntimeError:  # of Path.home(): no HOME, and no entry of the user
        return None


def usable_cache(environ: Mapping[str, str], instead: Path) -> Path:
    """Return the cache folder, made and found writable; else `instead`, which serves one build."""
    try:
        folder = cache_folder(environ)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):  # Path.home() raises RuntimeError without a home
        instead.mkdir(parents=True, exist_ok=True)
        return instead
