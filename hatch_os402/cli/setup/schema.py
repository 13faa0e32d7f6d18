"""`hatch-os402 schema`: the JSON Schema of the options in pyproject.toml."""

from __future__ import annotations

import click

from hatch_os402.config.schema import shipped


@click.command()
def command() -> None:
    """Print the JSON Schema (draft 7) of what pyproject.toml says of os402, for editors and validators.

    It describes [tool.hatch.build.targets.os402] and [tool.hatch.publish.os402], and lets everything else be. With
    validate-pyproject installed beside hatch-os402, `validate-pyproject pyproject.toml` checks both tables.
    """
    click.echo(shipped(), nl=False)
