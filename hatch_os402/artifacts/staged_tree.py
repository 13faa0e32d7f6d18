"""A staged tree as it lies in a folder: whether a folder is one, and what is in it."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

from hatch_os402.files import file_sha256

if TYPE_CHECKING:
    from pathlib import Path

MAIN, START = "__main__.py", "_os402/start.py"
"""Two files of the launcher, which every staged tree has, and nothing else."""


def is_staged(folder: Path) -> bool:
    """Whether `folder` is a staged tree, which a build may replace."""
    return (folder / MAIN).is_file() and (folder / START).is_file()


def folder_digest(folder: Path) -> str | None:
    """Return a digest of all that is in `folder`: of each file and folder its path, mode, time, and what it holds.

    None where there is no such folder, or it cannot be read.
    """
    whole = hashlib.sha256()
    try:
        if folder.is_symlink() or not folder.is_dir():
            return None
        for path in sorted((folder, *folder.rglob("*"))):
            stated = path.lstat()
            held = file_sha256(path) if stat.S_ISREG(stated.st_mode) else ""
            whole.update(repr((str(path.relative_to(folder)), stated.st_mode, stated.st_mtime_ns, held)).encode())
    except OSError:
        return None
    return whole.hexdigest()
