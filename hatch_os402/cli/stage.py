"""`hatch-os402 stage`: the files of a project's archive as a folder."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from hatch_os402.archive.folder import check_replaceable, replacing_folder
from hatch_os402.build import context
from hatch_os402.build.pipeline import assembled
from hatch_os402.cli.shared.conditions import given_project, project_option
from hatch_os402.cli.shared.projects import opened_project, project_root
from hatch_os402.cli.shared.reporter import ClickReporter

DEFAULT = Path("build", "os402")
"""Where the staged tree is written, in the project's folder, unless the option `staging` names another folder."""


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@project_option
def command(folder: Path | None) -> None:
    """Write the files of the project's archive, bytecode included, to the folder DIR.

    [default: the option `staging`, else build/os402 in the project's folder] The folder replaces the staged tree that
    was there. `python -B DIR` runs it, and `diff -r` compares two of them.
    """
    reporter = ClickReporter()
    root = project_root(given_project())
    with opened_project(root) as (project, options), context.opened(project, options, reporter) as build:
        place = folder or options.staging or root / DEFAULT
        check_replaceable(place)  # before anything is resolved
        found = assembled(build)
        with replacing_folder(place, found.contents, build.reader, reporter.warning):
            pass
    reporter.info(f"staged {len(found.contents)} files; `python -B {shlex.quote(str(place))}` runs them")
    click.echo(place)
