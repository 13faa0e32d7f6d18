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
    from hatch_os402.cli.shared.audit import Audit


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
@click.option(
    "--audit", "audited", is_flag=True, help="Ask OSV for known vulnerabilities, and every index who serves which name."
)
@click.option("--audit-url", metavar="URL", help="Another server that speaks OSV's API.")
def command(
    what: Path | None,
    remedies: int | None,
    *,
    as_json: bool,
    locked: bool,
    audited: bool,
    audit_url: str | None,
) -> None:
    """Resolve and classify everything that PROJECT needs, as a build does, and build nothing.

    [default: the project of the current folder, or of one above it] The exit status is 1 when something cannot work,
    and with --audit when a distribution is vulnerable or nobody could be asked.
    """
    reporter = ClickReporter()
    with (
        opened_project(project_root(what)) as (project, options),
        context.opened(project, options, reporter, locked=locked) as build,
    ):
        found = analyze(build, remedies=remedies)
        result = _audit(found, build, audit_url) if audited or audit_url else None
    for sentence in (text for vetted in found.vetted for text in vetted.unseen):
        reporter.debug(sentence)
    for finding in found.quiet if reporter.verbose else ():
        reporter.debug(f"perhaps: {render.note(finding)}")
    if as_json:
        more = {} if result is None else {"audit": result.to_json()}
        click.echo(json.dumps({**found.assessment.to_json(), **more}, indent=2))
    else:
        _show(found)
        if result is not None:
            from hatch_os402.cli.shared.audit import show_audit  # noqa: PLC0415 - as in `_audit`

            show_audit(result)
    if found.assessment.errors or (result is not None and not result.passed):
        sys.exit(1)


def _audit(found: Analysis, build: context.Context, url: str | None) -> Audit:
    from hatch_os402.cli.shared.audit import audit  # noqa: PLC0415 - few want it
    from hatch_os402.provenance.advisories import OSV  # noqa: PLC0415 - as above

    return audit(found, build, url or OSV)


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
    elif warnings := assessment.of("warning"):
        said = "the warning above says" if len(warnings) == 1 else f"the {len(warnings)} warnings above say"
        screen.line(f"every distribution can be built for os402; {said} what may fail there", "warning", whole=True)
    else:
        screen.line("everything can run on os402, as far as this can be known without running it", "good", whole=True)
