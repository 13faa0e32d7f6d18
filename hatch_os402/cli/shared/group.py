"""What makes a click command one of `hatch-os402`: `-h`, the options of output, and help as it is written."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING

import click

from hatch_os402.cli.shared.settings import output_options

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_SENTENCE_END = re.compile(r"(?<=\.)\s|\n\n")
_HELP = ["-h", "--help"]


class CommandTable(click.Group):
    """A group that imports a command when it is asked for: `table` has name → (module, help in the list)."""

    def __init__(self, name: str, table: Mapping[str, tuple[str, str]], **attributes: object) -> None:
        super().__init__(name, context_settings={"help_option_names": _HELP}, **attributes)  # type: ignore[arg-type]
        self._table = table

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names of the commands, without importing one."""
        return sorted(self._table)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Return the command `name`, the attribute `command` of its module."""
        if name not in self._table:
            return None
        command: click.Command = import_module(self._table[name][0]).command
        return adapted(command)

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `arguments` begin with, its name, and the others.

        Raises `UsageError`, which names the nearest one where there is none.
        """
        name = arguments[0]
        if name not in self._table and not context.resilient_parsing:
            from difflib import get_close_matches  # noqa: PLC0415 - for a mistake

            if near := get_close_matches(name, self._table, 1):
                context.fail(f"No such command {name!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(context, arguments)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(self._table.items())])


def adapted(command: click.Command) -> click.Command:
    """Give `command`, and those below it, the options that every command has and does not declare itself."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            adapted(one)
    else:
        taken = {name for parameter in command.params for name in parameter.opts}
        command.params += [option for option in output_options() if taken.isdisjoint(option.opts)]
    command.help = as_written(command.help)
    # In lists, click would cut what is long.
    command.short_help = command.short_help or " ".join(_SENTENCE_END.split(command.help or "")[0].split()).rstrip(".")
    return command


def as_written(text: str | None) -> str | None:
    r"""Return a help text for click with its indented paragraphs, such as examples, marked to be left as they are.

    The mark is click's, a line of `\b`.
    """
    if not text:
        return text
    parts = _PARAGRAPHS.split(inspect.cleandoc(text))
    return "\n\n".join(f"\b\n{part}" if part.startswith(" ") else part for part in parts)
