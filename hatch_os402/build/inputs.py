"""What a build reads of its options' table besides the table: the files that it names, and the lock that it takes."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import PROFILE
from hatch_os402.config.outside import file_named, texts
from hatch_os402.home import path_of
from hatch_os402.resolution.lock.place import lock_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCKED = "HATCH_OS402_LOCKED"
"""The variable that requires a lock, where no command line can: `hatch build` passes none on."""

_MAX_NAMED = 1 << 26
"""Bytes of a file that an option names, above which it is not read for the digest; the build is then made anew."""
_RACY = 2
"""Seconds."""


def is_locked(variables: Mapping[str, str]) -> bool:
    """Whether `LOCKED` requires a lock."""
    return variables.get(LOCKED, "").strip().lower() not in {"", "0", "false", "no", "off"}


def taken_lock(root: Path, table: Mapping[str, Any], *, required: bool) -> Path | bool:
    """Return the lock that a build by the valid `table` is made from; False for none.

    True stands for one that is required, by the table or as `required` says, and is not there: that is an error.
    """
    option = table.get("lock")
    if option is False:
        return required
    path = lock_place(path_of(option, root) if isinstance(option, str) else option, root)
    return path if path.is_file() else required or option is not None


def named_files(root: Path, table: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Return every file that an option names, the profile and every lock, with their SHA256s.

    None if one is too large, is new, or cannot be read.

    Options have read them a moment ago: one that was changed in between must not stand here as it is now.
    """
    found = {path for text in texts(table) if (path := file_named(root, text)) is not None} | set(locks(root))
    found |= {path for path in [root / PROFILE] if path.is_file()}
    try:
        stats = [path.stat() for path in found]
        if any(one.st_size > _MAX_NAMED or time.time() - one.st_mtime < _RACY for one in stats):
            return None
        return sorted((str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in found)
    except OSError:  # it is gone by now, or nobody may read it: whoever needs it says so
        return None


def table_text(table: Mapping[str, Any]) -> str:
    """Return `table` as one text."""
    return json.dumps(table, sort_keys=True, default=repr)


def takes_from_environment(table: Mapping[str, Any]) -> bool:
    """Whether the offer's private environment has values that are not in the table."""
    return any("{env:" in text for text in texts(table.get("offer", {})))


def locks(root: Path) -> Iterator[Path]:
    """Yield the locks in the project's folder."""
    return (path for path in root.glob("pylock*.toml") if path.is_file())
