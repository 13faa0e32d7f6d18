"""What a build reports to its user, and how loudly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager


class Update(Protocol):
    """Updates what shows the progress of a step."""

    def __call__(self, done: int, total: int | None, detail: str = "") -> None:
        """Show how much is done of `total` (None: not known), and what is done now."""


class Reporter(Protocol):
    """Three levels of messages; each front end has an implementation of its own."""

    @property
    def verbose(self) -> bool:
        """Whether details are shown, so that finding them is worth its time."""

    def info(self, message: str) -> None:
        """Report a step that was done."""

    def warning(self, message: str) -> None:
        """Report what the user should know."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables with which a build in another process reports as much as this one."""

    def hint(self, message: str) -> None:
        """Report what the user may want to do."""

    def progress(self, what: str, *, in_bytes: bool = False) -> AbstractContextManager[Update | None]:
        """Show that `what` is being done while the context lasts; None where nothing can be shown."""

    def debug(self, message: str) -> None:
        """Report details, which are shown when `verbose` only."""
