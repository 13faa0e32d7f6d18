"""Writing the files of a new project: all of them or none."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hatch_os402.errors import ScaffoldError
from hatch_os402.files import write_file, write_new

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


def write_all(root: Path, files: Mapping[str, str], replace: Collection[str] = ()) -> None:
    """Write `files` (path below `root` → text); those in `replace` may be there already.

    Raises `ScaffoldError`; what was made until then is removed again, folders included, and what was replaced is back.
    """
    made: list[Path] = []
    before: dict[Path, bytes] = {}
    try:
        for name, text in files.items():
            path = root / name
            made += _make_folders(path.parent)
            if name in replace:
                before[path] = path.read_bytes()
                write_file(path, text.encode())
            else:
                write_new(path, text.encode())
                made.append(path)
    except BaseException as error:
        for path, content in before.items():
            with suppress(OSError):
                write_file(path, content)
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        if not isinstance(error, OSError):
            raise
        raise ScaffoldError(f"{error.filename or root} cannot be written: {error.strerror or error}.") from error


def _make_folders(folder: Path) -> list[Path]:
    """Make `folder` with those above it, and return the ones that were not there, the uppermost first."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]
