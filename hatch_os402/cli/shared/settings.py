"""What a command reports and how, as its options say: `-v`, `-q`, `--color`, before the command's name or after it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from hatch_os402.terminal import colors
from hatch_os402.terminal.layout import stream_width
from hatch_os402.terminal.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

_KEY = "hatch_os402.settings"


@dataclass(frozen=True)
class OutputSettings:
    """What the options that every command has say."""

    verbose: bool = False
    quiet: int = 0
    """1: without information; 2: without warnings as well. Answers and errors remain."""
    color: str = colors.AUTO

    def has_color(self, stream: TextIO) -> bool:
        """Return whether text on `stream` is coloured."""
        return colors.has_color(stream, os.environ, self.color)

    def variables(self) -> dict[str, str]:
        """Return the environment variables with which a Hatch that this command starts reports as much."""
        found = colors.variables(self.color)
        return {**found, "HATCH_QUIET": str(self.quiet)} if self.quiet else found


def settings() -> OutputSettings:
    """Return the settings of the command that runs; the defaults outside of one."""
    context = click.get_current_context(silent=True)
    found: OutputSettings = context.meta.get(_KEY, OutputSettings()) if context else OutputSettings()
    return found


def answer_screen() -> Screen:
    """Return where a command's answer is printed for a person: stdout."""
    return Screen(sys.stdout, stream_width(sys.stdout), settings().has_color(sys.stdout))


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return the callback of the option `name`. Given before the command and after it, the latter counts."""

    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if value:
            context.meta[_KEY] = replace(context.meta.get(_KEY, OutputSettings()), **{name: value})
        return value

    return callback


def verbose_option(help_text: str) -> click.Option:
    """Return the option `-v` of a command that has its own words for what more it says."""
    return click.Option(
        ["-v", "--verbose"], is_flag=True, expose_value=False, help=help_text, callback=_remember("verbose")
    )


def output_options() -> tuple[click.Option, ...]:
    """Return the options of every command that say what it reports, and how."""
    return (
        verbose_option("Say more; show the traceback of a bug."),
        click.Option(
            ["-q", "--quiet"],
            count=True,
            expose_value=False,
            help="Print no information; repeat it for no warnings either.",
            callback=_remember("quiet"),
        ),
        click.Option(
            ["--color"],
            type=click.Choice(colors.CHOICES),
            expose_value=False,
            help="Whether to use colours.  [default: auto]",
            callback=_remember("color"),
        ),
    )
