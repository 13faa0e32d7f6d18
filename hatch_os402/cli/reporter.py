"""How the command speaks: on stderr, so that stdout is the answer alone."""

from __future__ import annotations

import click

from hatch_os402.formatting import escaped_lines


class ClickReporter:
    """Speaks on stderr. What artifacts, programs and clients say cannot command a terminal."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose

    def info(self, message: str) -> None:
        """Say what was done."""
        click.echo(f"hatch-os402: {escaped_lines(message)}", err=True)

    def warning(self, message: str) -> None:
        """Say what the user should know."""
        click.secho(f"hatch-os402: {escaped_lines(message)}", err=True, fg="yellow")

    def debug(self, message: str) -> None:
        """Say what only helps when somebody asks (`-v`)."""
        if self.verbose:
            self.info(message)
