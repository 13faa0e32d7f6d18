"""`hatch-os402 inspect`: what is in an archive."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hatch_os402.artifacts.choosing import choose
from hatch_os402.calls.rebuild import warn_of_changes
from hatch_os402.cli.shared.conditions import JSON, WHAT
from hatch_os402.cli.shared.output import write_page
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.cli.shared.settings import answer_screen
from hatch_os402.inspection.report import inspect


@click.command()
@WHAT
@JSON
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with a treemap and tables.")
def command(what: Path | None, html: Path | None, *, as_json: bool) -> None:
    """Show what is in ARTIFACT: distributions, largest files, bytecode, digests, limits, price of a call.

    ARTIFACT is any of the files that a build or `sign` wrote, or what their names have in common; instead of it, a
    PROJECT or a FOLDER of artifacts will do. [default: the project of the current folder] Nothing of it is run.
    """
    chosen = choose(what)
    inspection = inspect(chosen.build())
    warn_of_changes(chosen, ClickReporter())
    if html is not None:
        from hatch_os402.inspection.page import page  # noqa: PLC0415 - rarely used

        write_page(html, page(inspection))
    if as_json:
        click.echo(json.dumps(inspection.to_json(), indent=2))
    elif html is None:
        from hatch_os402.inspection.terminal import show  # noqa: PLC0415

        show(inspection, answer_screen())
