"""The user's home folder, which not every user has."""

from __future__ import annotations

from pathlib import Path


def expand_user(path: str | Path) -> Path:
    """Return `path` with the home folder in place of a leading `~`; as it is where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
