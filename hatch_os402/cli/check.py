"""`hatch-os402 check`: what a build would say of the project's dependencies, without building."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import click

from hatch_os402.build.analysis import Examination, examine
from hatch_os402.cache import usable_cache
from hatch_os402.cli.reporter import ClickReporter
from hatch_os402.compatibility import render
from hatch_os402.errors import Os402Error
from hatch_os402.formatting import escaped_lines
from hatch_os402.plugin.bridge import read_options, read_project
from hatch_os402.plugin.builder import Os402Builder
from hatch_os402.runtime.configured import executables


@click.command()
@click.option(
    "--project",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The project's folder. Default: the current one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--remedies",
    metavar="SECONDS",
    type=click.IntRange(0, 3600),
    help="How long to look for ways out; 0 does without. Default: the option `remedies`.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr, what is guarded or not certain included.")
def command(project: Path, as_json: bool, remedies: int | None, verbose: bool) -> None:  # noqa: FBT001 - click's way
    """Resolve and judge everything that the project in DIR needs, as a build does, and build nothing.

    The exit status is 1 when something cannot work.
    """
    reporter = ClickReporter(verbose=verbose)
    found = _examine(project, reporter, remedies=remedies)
    for sentence in (text for verdict in found.verdicts for text in verdict.unseen):
        reporter.debug(sentence)
    for finding in found.quiet if verbose else ():
        reporter.debug(f"perhaps: {render.note(finding)}")
    if as_json:
        click.echo(json.dumps(found.assessment.to_json(), indent=2, ensure_ascii=False))
    else:
        _show(found)
    if found.assessment.errors:
        sys.exit(1)


def _examine(folder: Path, reporter: ClickReporter, *, remedies: int | None) -> Examination:
    root = folder.absolute()
    if not (root / "pyproject.toml").is_file():
        raise Os402Error(f"there is no pyproject.toml in {root}: name the project's folder with --project.")
    builder = Os402Builder(str(root))
    builder.check_metadata()
    options = read_options(str(root), builder.metadata)
    with tempfile.TemporaryDirectory(prefix="hatch-os402-") as temporary:
        workdir = Path(temporary)
        with redirect_stdout(sys.stderr):  # what build hooks print is no part of the answer
            (workdir / "own").mkdir()
            wheel = builder.build_own_wheel(str(workdir / "own"))
        project = read_project(wheel, root=str(root), project_id=builder.project_id, metadata=builder.metadata)
        return examine(
            project,
            options,
            executables(options.runtime, root),
            workdir=workdir,
            cache=usable_cache(os.environ, workdir / "cache"),
            reporter=reporter,
            remedies=remedies,
        )


def _show(found: Examination) -> None:
    assessment = found.assessment
    for line in render.overview(assessment):
        click.echo(escaped_lines(line))
    for level in ("warning", "hint"):
        for finding in assessment.of(level):
            click.echo(escaped_lines(f"{level}: {render.note(finding)}"))
    if assessment.errors:
        click.echo()
        click.echo(escaped_lines(render.errors(assessment)))
    else:
        click.echo("everything can run on os402, as far as this can be known without running it")
