"""What is remembered, in the cache: JSON that is written whole, and that is known to be what was written.

Everything that this room imports is imported by every build, also by one that finds that nothing changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DIGEST = 64
"""The SHA256 in hex that every file begins with."""

_TOOLS = ("deflate", "hatchling", "packaging", "pathspec")
"""The packages that take part in a build besides this one and pip; an installation of another release is newer."""


def digest(content: Any) -> str:
    """Return the SHA256 (lowercase hex) of `content`, which is made of what TOML and JSON know, with sorted keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=repr).encode()).hexdigest()


def recall(folder: Path, key: str) -> dict[str, Any] | None:
    """Return what was remembered under `key` (hex); None when nothing was, or it is damaged."""
    try:
        head, _, text = _place(folder, key).read_bytes().partition(b"\n")
        if len(head) != _DIGEST or hashlib.sha256(key.encode() + text).hexdigest().encode() != head:
            return None
        found: dict[str, Any] = json.loads(text)
    except (OSError, ValueError):
        return None
    return found


def remember(folder: Path, key: str, content: Mapping[str, Any]) -> None:
    """Remember `content` under `key` (hex), in place of what was. To remember is a convenience: no error is raised."""
    from hatch_os402.files import write_file  # noqa: PLC0415 - a build in which nothing changed writes nothing

    text = json.dumps(content).encode()
    place = _place(folder, key)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file(place, hashlib.sha256(key.encode() + text).hexdigest().encode() + b"\n" + text)


def forget(folder: Path, key: str) -> None:
    """Remove what was remembered under `key`."""
    with suppress(OSError):
        _place(folder, key).unlink(missing_ok=True)


def _place(folder: Path, key: str) -> Path:
    return folder / key[:2] / f"{key[2:]}.json"


@cache
def program() -> str:
    """Return a digest of the program that builds: this package, file by file, pip, and what else takes part.

    A release has its version; a checkout that somebody works on changes without one, so that size and time of each
    file of the package count as well.
    """
    here = Path(__file__).parent.parent
    pip = find_spec("pip")
    place = Path(pip.origin) if pip is not None and pip.origin else None
    return digest(
        {
            "package": [str(here), *_stamps(here)],
            "pip": [str(place), place.read_bytes().hex() if place else ""],
            "tools": [_stamp(name) for name in _TOOLS],
        }
    )


def _stamp(name: str) -> list[str | int]:
    """Return place, size and time of change of the package `name`."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return []
    found = os.stat(spec.origin)  # noqa: PTH116 - it is a text
    return [spec.origin, found.st_size, found.st_mtime_ns]


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of change of every file below `folder` but bytecode."""
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                found = _stated(entry)
                if not stat.S_ISDIR(found.st_mode):
                    yield entry.path, found.st_size, found.st_mtime_ns
                elif entry.name != "__pycache__":
                    waiting.append(entry.path)


def _stated(entry: os.DirEntry[str]) -> os.stat_result:
    """Return the state of `entry`; of the link itself where it leads nowhere, as the locks of editors do."""
    try:
        return entry.stat()
    except OSError:
        return entry.stat(follow_symlinks=False)


def newest(paths: Iterable[str]) -> float:
    """Return when one of `paths`, or what lies in one that is a folder, changed last (Unix seconds); 0 without any."""
    found = 0.0
    for path in paths:
        with suppress(OSError):
            found = max(found, os.stat(path).st_mtime)  # noqa: PTH116 - many of them
            found = max([found, *(changed / 1e9 for _, _, changed in folder_state(path))])
    return found


def folder_state(folder: str) -> list[tuple[str, int, int]]:
    """Return name, size and time of change of what lies in `folder`; nothing when it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            stated = [(entry.name, _stated(entry)) for entry in entries]
    except OSError:
        return []
    return sorted((name, found.st_size, found.st_mtime_ns) for name, found in stated)


def file_states(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Return each of `paths` with the SHA256 of its content, which is empty for what cannot be read."""
    return [(path, _hashed(path)) for path in sorted(paths)]


def _hashed(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
