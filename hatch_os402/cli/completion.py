"""`hatch-os402 completion`: the lines that let a shell complete commands, options and paths."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_NAME = "hatch-os402"
_VARIABLE = "_HATCH_OS402_COMPLETE"
"""What click derives from the name of the program: set by the shell when it asks for completions."""


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the lines that let SHELL complete the commands, options and paths of hatch-os402.

        # ~/.bashrc
        eval "$(hatch-os402 completion bash)"
        # ~/.zshrc, after compinit
        eval "$(hatch-os402 completion zsh)"
        # once, for fish
        hatch-os402 completion fish > ~/.config/fish/completions/hatch-os402.fish

    bash needs release 4.4 or later.
    """
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click has these three
    script = made(context.find_root().command, {}, _NAME, _VARIABLE)
    click.echo(script.source_template % script.source_vars())
