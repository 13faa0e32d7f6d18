"""What a compiler made, in the cache: one file a folder, named by its own SHA256, so that a damaged one is not used."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from hatch_os402.cache import cache_errors
from hatch_os402.files import write_file

if TYPE_CHECKING:
    from pathlib import Path


def load(folder: Path) -> tuple[Path, bytes] | None:
    """Return path and content of the one file of `folder`, when it is what its name says."""
    try:
        for path in folder.iterdir():
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == path.stem:
                return path, content
    except OSError:
        pass
    return None


def keep(folder: Path, content: bytes, suffix: str) -> Path:
    """Write `content` into `folder`; return the path of the file. Raises `ArtifactError`."""
    path = folder / f"{hashlib.sha256(content).hexdigest()}{suffix}"
    with cache_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
    return path


def folder_of(cache: Path, key: str) -> Path:
    """Return the folder in `cache` for what `key` (text) stands for."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return cache / digest[:2] / digest[2:]
