"""How a build speaks to its user."""

from __future__ import annotations

from typing import Protocol


class Tell(Protocol):
    """The three voices; whoever faces the user gives them an output."""

    @property
    def verbose(self) -> bool:
        """Whether somebody asks, so that finding out more is worth its time."""

    def info(self, message: str) -> None:
        """Say what was done."""

    def warning(self, message: str) -> None:
        """Say what the user should know."""

    def debug(self, message: str) -> None:
        """Say what only helps when somebody asks."""


def human_size(size: int) -> str:
    """Return `size` bytes as a person reads it, in powers of ten."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def counted(number: int, what: str) -> str:
    """Return how many there are of `what`, a noun in the singular: `1 file`, `2,125 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
