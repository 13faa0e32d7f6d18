"""`hatch-os402 build`: the artifacts of a project, whatever its build backend is."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from hatch_os402.artifacts.names import EXTRAS, FRAME, OFFER, RECORD, ZIPAPP
from hatch_os402.artifacts.writing import remove_if_created
from hatch_os402.build.inputs import LOCKED
from hatch_os402.build.making import make
from hatch_os402.calls.rebuild import built
from hatch_os402.cli.shared.conditions import what_argument
from hatch_os402.cli.shared.projects import opened_project, project_root
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.config.expiry import source_date_epoch
from hatch_os402.config.pyproject import read_pyproject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@click.command()
@what_argument(metavar="[PROJECT]")
@click.option("--locked", is_flag=True, help="Fail without a lock that is of the project as it is.")
def command(what: Path | None, *, locked: bool) -> None:
    """Build the artifacts of PROJECT, and print their paths.

    [default: the project of the current folder, or of one above it]

    With hatchling as its build backend this is `hatch build -t os402`, without Hatch. Any other backend (setuptools,
    flit, poetry, pdm, uv_build, …) builds the project's wheel, in an environment of its own, as `python -m build` does.
    """
    reporter = ClickReporter()
    root = project_root(what)
    pyproject = read_pyproject(root)
    with _requiring_lock() if locked else nullcontext():
        if pyproject.is_hatchling:
            found = built(root, reporter, always=True, listed=False)
            offers = (one.path(OFFER) for one in found.expanded())
            extras = (found.path(suffix) for suffix in EXTRAS if found.has(suffix))
            _show((found.path(ZIPAPP), found.path(FRAME), *offers, *extras, found.path(RECORD)))
            return
        source_date_epoch(os.environ)  # what is wrong with it is said before anything is built
        with remove_if_created(pyproject.directory), opened_project(root) as (own, options):
            reporter.info(f"{own.wheel.name}, built by {pyproject.backend}")
            artifacts = make(own, pyproject.table, lambda: options, pyproject.directory.absolute(), reporter)
        _show(artifact.path for artifact in artifacts)


@contextmanager
def _requiring_lock() -> Iterator[None]:
    """Let this process, and the one that hatchling builds in, require a lock, as the variable does."""
    before = os.environ.get(LOCKED)
    os.environ[LOCKED] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[LOCKED]
        else:
            os.environ[LOCKED] = before


def _show(paths: Iterable[Path]) -> None:
    for path in paths:
        click.echo(path)
