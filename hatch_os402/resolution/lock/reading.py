"""From a path to a lock, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.pylock import is_valid_pylock_path

from hatch_os402.errors import LockError
from hatch_os402.files import open_file
from hatch_os402.resolution.lock.place import COMMAND, DEFAULT, shown_lock
from hatch_os402.resolution.lock.pylock import read_pylock
from hatch_os402.resolution.lock.requirements import read_requirements

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.resolution.lock.model import Lock

MAX_LOCK = 1 << 26
"""Bytes of a lock: 64 MiB."""

_OTHERS = {
    "uv.lock": "uv export --format pylock.toml -o pylock.toml",
    "pdm.lock": "pdm export -f pylock -o pylock.toml",
    "poetry.lock": "poetry export -f requirements.txt -o requirements.txt",
    "Pipfile.lock": "pipenv requirements --hash > requirements.txt",
}
"""Locks in a tool's own format → what writes them in one that others read."""


def read_lock(path: Path, root: Path, project: str) -> Lock:
    """Read the lock at `path`, of the project with the name `project` in the folder `root`. Raises `LockError`."""
    name = shown_lock(path, root)
    if command := _OTHERS.get(path.name):
        raise LockError(
            f"{name} is in a format that only the tool that made it reads.\nWrite it in one that others read: "
            f"`{command}`, and set `lock` to that file; or use `{COMMAND}`."
        )
    try:
        with open_file(path) as file:
            content = file.read(MAX_LOCK + 1)
    except OSError as error:
        raise LockError(f"the lock {name} cannot be read: {error.strerror or error}.") from error
    if len(content) > MAX_LOCK:
        raise LockError(f"the lock {name} has more than {MAX_LOCK:,} bytes.")
    read = read_pylock if path.suffix == ".toml" else read_requirements
    return read(content, name=name, folder=path.parent, project=project)


def how_to_write(path: Path) -> str:
    """Return, as a sentence, how to write the lock at `path` that is not there: only a pylock file is ours to write."""
    if is_valid_pylock_path(path):
        return f"Write it with `{COMMAND}`, and commit it."
    return (
        f"Write it with the tool that makes such a file, and commit it; or take the option out, and run `{COMMAND}`, "
        f"which writes {DEFAULT}."
    )
