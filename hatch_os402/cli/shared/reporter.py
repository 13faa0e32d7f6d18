"""How the command reports: on stderr, so that stdout is the answer alone."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from hatch_os402.cli.shared.settings import settings
from hatch_os402.formatting import escaped_lines
from hatch_os402.terminal.colors import styled
from hatch_os402.terminal.progress import off_the_terminal, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from hatch_os402.reporting import Update

_NAME = "hatch-os402: "


class ClickReporter:
    """Speaks on stderr, as the options `-v`, `-q` and `--color` say.

    What artifacts, programs and clients say cannot command a terminal.
    """

    def __init__(self) -> None:
        self._settings = settings()

    @property
    def verbose(self) -> bool:
        """Whether details are shown (`-v`)."""
        return self._settings.verbose

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables with which a build in another process reports as much."""
        return self._settings.variables()

    def info(self, message: str) -> None:
        """Say what was done; nothing with `-q`."""
        if not self._settings.quiet:
            self._say(message)

    def warning(self, message: str) -> None:
        """Say what the user should know; nothing with `-qq`."""
        if self._settings.quiet < 2:  # noqa: PLR2004 - as documented there
            self._say(message, label="warning")

    def hint(self, message: str) -> None:
        """Say what the user may want to do; nothing with `-q`."""
        if not self._settings.quiet:
            self._say(message, label="hint")

    def progress(self, what: str, *, in_bytes: bool = False) -> AbstractContextManager[Update | None]:
        """Show that `what` is being done while the context lasts; None where nothing can be shown, and with `-q`."""
        if self._settings.quiet:
            return nullcontext()
        return shown(what, sys.stderr, color=self._settings.has_color(sys.stderr), in_bytes=in_bytes)

    def debug(self, message: str) -> None:
        """Say what only helps when somebody asks (`-v`)."""
        if self.verbose:
            self._say(message)

    def _say(self, message: str, *, label: str = "") -> None:
        color = self._settings.has_color(sys.stderr)
        marked = styled(f"{label}:", label, color=color) + " " if label else ""
        with off_the_terminal():
            click.echo(f"{_NAME}{marked}{escaped_lines(message)}", err=True, color=color)
