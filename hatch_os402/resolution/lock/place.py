"""Where a lock lies, and how it is named: every build asks, also one in which nothing changed, which reads no lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = "pylock.os402.toml"
"""The name of the lock that a build takes when it is in the project's folder (PEP 751, "File Name")."""

WHEELHOUSE = "wheels"
"""The folder beside the lock in which its entries lie, where it names no addresses."""

COMMAND = "hatch-os402 lock"


def lock_place(option: Path | bool | None, root: Path) -> Path:  # noqa: FBT001 - it is the value of an option
    """Return where the lock of the project in `root` is, or would be, by the option `lock`, which is not false."""
    return root / DEFAULT if option is None or isinstance(option, bool) else option


def shown_lock(path: Path, root: Path) -> str:
    """Return how messages name the lock at `path`: from the project's folder `root` where it is in there."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
