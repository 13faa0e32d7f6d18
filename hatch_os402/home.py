"""Which path a value names, and the user's home folder, which not every user has."""

from __future__ import annotations

from pathlib import Path


def expand_user(path: str | Path) -> Path:
    """Return `path` with the home folder in place of a leading `~`; as it is where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def path_of(value: str, root: Path) -> Path:
    """Return the path that `value`, of an option, names: white space around it does not count, `root` is the project's.

    Whoever opens such a file, and whoever asks whether it changed, asks here.
    """
    return root / expand_user(value.strip())
