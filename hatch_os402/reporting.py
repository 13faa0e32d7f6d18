"""How a build speaks to its user."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
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
