"""How the command speaks: on stderr, so that stdout is the answer alone."""

from __future__ import annotations

import click

from hatch_os402.errors import shown


class ClickReporter:
    """Speaks on stderr."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose

    def info(self, message: str) -> None:
        """Say what was done."""
        click.echo(shown(f"hatch-os402: {message}"), err=True)

    def warning(self, message: str) -> None:
        """Say what the user should know."""
        click.secho(shown(f"hatch-os402: {message}"), err=True, fg="yellow")

    def debug(self, message: str) -> None:
        """Say what only helps when somebody asks (`-v`)."""
        if self.verbose:
            self.info(message)
