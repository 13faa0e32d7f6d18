"""`verify --rebuild`: build a project again, and show how an artifact differs from what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from packaging.utils import canonicalize_name

from hatch_os402.build.again import build_again
from hatch_os402.cli.shared.projects import opened_project
from hatch_os402.errors import LockMisfitError
from hatch_os402.files import temporary_folder
from hatch_os402.formatting import escaped
from hatch_os402.provenance.compare import Comparison, compare
from hatch_os402.provenance.difference import RebuildDifference
from hatch_os402.verification.artifacts import Link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.offer.reading import ReadOffer
    from hatch_os402.reporting import Reporter

_SHOWN = 10
"""Further differences that are listed before the rest is only counted."""


def rebuilt(root: Path, theirs: ArtifactSet | None, served: ReadOffer | None, reporter: Reporter) -> Comparison:
    """Rebuild the project at `root`, and compare the result with `theirs` and with what a server serves."""
    record = None if theirs is None else theirs.record
    with opened_project(root) as (own, options), temporary_folder() as workdir:
        try:
            ours = build_again(own, options, record, workdir, reporter)
        except LockMisfitError as error:
            cause = "the project requires something else than what was built: another commit, `features` or `groups`"
            found = (RebuildDifference("requirements", "pyproject.toml", reason, cause) for reason in error.reasons)
            return Comparison((), tuple(found))
        project = str(canonicalize_name((ours.record or {})["project"]["name"]))
        return compare(theirs, served, ours, project, workdir)


def rebuild_link(comparison: Comparison, root: Path) -> Link:
    """Return whether the rebuild gave the same bytes."""
    if not comparison.differences:
        return Link("rebuild", holds=True, detail=f"{', '.join(comparison.compared)}: identical to a build of {root}")
    first = comparison.differences[0]
    return Link("rebuild", holds=False, detail=f"{first.where}: {first.detail}; likely {first.cause}")


def show_differences(comparison: Comparison) -> None:
    """Print the first difference with its lines, and what else there is."""
    if not comparison.differences:
        return
    first, *others = comparison.differences
    click.echo()
    for line in (f"{first.kind}: {first.where}", f"  {first.detail}", f"  likely cause: {first.cause}", *first.diff):
        click.echo(escaped(line))
    for line in _listed(others):
        click.echo(escaped(line))


def _listed(others: list[RebuildDifference]) -> Iterator[str]:
    if others:
        yield ""
        yield f"and {len(others)} more:"
    for one in others[:_SHOWN]:
        yield f"  {one.kind}: {one.where}: {one.detail}; likely {one.cause}"
    if len(others) > _SHOWN:
        yield f"  and {len(others) - _SHOWN} others (`--json` lists them)"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return what `--json` prints of a rebuild."""
    return {
        "identical": not comparison.differences,
        "compared": list(comparison.compared),
        "differences": [
            {"kind": one.kind, "where": one.where, "detail": one.detail, "cause": one.cause, "diff": list(one.diff)}
            for one in comparison.differences
        ],
    }
