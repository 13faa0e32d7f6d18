"""`hatch-os402 check`: what a build would say of the project's dependencies, without building."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from hatch_os402.build import context
from hatch_os402.build.pipeline import analyze
from hatch_os402.cli.shared.conditions import JSON, what_argument
from hatch_os402.cli.shared.projects import opened_project, project_root
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.cli.shared.settings import answer_screen
from hatch_os402.compatibility import render

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.build.analysis import Analysis


@click.command()
@what_argument(metavar="[PROJECT]")
@JSON
@click.option(
    "--remedies",
    metavar="SECONDS",
    type=click.IntRange(0, 3600),
    help="How long to search for fixes; 0 does not search. Default: the option `remedies`.",
)
@click.option("--locked", is_flag=True, help="Fail without a lock that is of the project as it is.")
def command(
    what: Path | None,
    remedies: int | None,
    *,
    as_json: bool,
    locked: bool,
) -> None:
    """Resolve and classify everything that PROJECT needs, as a build does, and build nothing.

    [default: the project of the current folder, or of one above it] The exit status is 1 when something cannot work.
    """
    reporter = ClickReporter()
    with (
        opened_project(project_root(what)) as (project, options),
        context.opened(project, options, reporter, locked=locked) as build,
    ):
        found = analyze(build, remedies=remedies)
    for sentence in (text for vetted in found.vetted for text in vetted.unseen):
        reporter.debug(sentence)
    for finding in found.quiet if reporter.verbose else ():
        reporter.debug(f"perhaps: {render.note(finding)}")
    if as_json:
        click.echo(json.dumps(found.assessment.to_json(), indent=2, ensure_ascii=False))
    else:
        _show(found)
    if found.assessment.errors:
        sys.exit(1)


def _show(found: Analysis) -> None:
    assessment = found.assessment
    screen = answer_screen()
    screen.table(render.OVERVIEW, render.overview(assessment), rule=False)
    for level in ("warning", "hint"):
        for finding in assessment.of(level):
            screen.labelled(level, render.note(finding))
    if assessment.errors:
        screen.line()
        screen.paragraph(render.errors(assessment, screen.width))
    else:
        screen.line("everything can run on os402, as far as this can be known without running it", "good", whole=True)
