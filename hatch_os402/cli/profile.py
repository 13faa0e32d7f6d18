"""`hatch-os402 profile`: where a cold start goes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hatch_os402.artifacts.choosing import choose
from hatch_os402.calls.rebuild import built
from hatch_os402.cli.shared.conditions import JSON, RUNTIME, SANDBOX
from hatch_os402.cli.shared.output import write_page
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.cli.shared.request import read, request_options
from hatch_os402.cli.shared.runtime import runtime_for
from hatch_os402.cli.shared.settings import answer_screen
from hatch_os402.config.pyproject import project_above
from hatch_os402.config.run_profile import FILE, RunProfile, read_run_profile
from hatch_os402.errors import ArtifactError, ProfileError
from hatch_os402.files import write_file
from hatch_os402.formatting import counted
from hatch_os402.profiling.measuring import measure
from hatch_os402.profiling.report import to_json

if TYPE_CHECKING:
    from hatch_os402.profiling.measuring import Profile

_RUNS = 5


@click.command()
@request_options
@click.option(
    "-n", "--runs", type=click.IntRange(1, 1000), default=_RUNS, help="Cold starts of each kind.", show_default=True
)
@click.option(
    "--env",
    "private",
    multiple=True,
    metavar="NAME=VALUE",
    help="Private variable. [default: those of pyproject.toml]",
)
@SANDBOX
@RUNTIME
@click.option("--all", "everything", is_flag=True, help="List every import, and not only those above 2 %.")
@JSON
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with an icicle and tables.")
@click.option("--save", is_flag=True, help=f"Add the imports and regular expressions to the project's {FILE}.")
def command(
    what: Path | None,
    path: str | None,
    method: str | None,
    data: tuple[str, ...],
    headers: tuple[str, ...],
    runs: int,
    private: tuple[str, ...],
    runtime: Path | None,
    html: Path | None,
    *,
    sandbox: bool | None,
    everything: bool,
    as_json: bool,
    save: bool,
) -> None:
    """Measure where a cold start of ARTIFACT goes, for one request (PATH may have a query).

    ARTIFACT is any of the files that a build wrote; instead of it, a PROJECT, which is built first when something in
    it is newer than its last build, or a FOLDER of artifacts will do. [default: the project of the current folder]
    Its program is run on this machine, several times, each time in a new process with the isolation of `run`: with and
    without the instrument, once to see which modules the request uses, and with those that it does not use loaded on
    first use, which is what `lazy-imports` does.

    With --save, the names of the modules that the request imported and the regular expressions that it used are added
    to the project's file os402-profile.json, which builds read.
    """
    what, request = read(what, path, method=method, data=data, headers=headers)
    reporter = ClickReporter()
    chosen = choose(what)
    if chosen.root:
        chosen = replace(chosen, artifacts=built(chosen.root, reporter))
    artifacts = chosen.one()
    with reporter.progress("profiling") as update:
        profile = measure(
            artifacts,
            request,
            runtime_for(artifacts, runtime),
            runs=runs,
            private=_variables(private) or None,
            progress=lambda text: update(0, None, text) if update else reporter.info(text),
            sandbox=sandbox,
            warn=reporter.warning,
        )
    if save:
        _save(profile, artifacts.folder)
    if html is not None:
        from hatch_os402.profiling.page import page  # noqa: PLC0415 - rarely used

        write_page(html, page(profile))
    if as_json:
        click.echo(json.dumps(to_json(profile), indent=2))
    elif html is None:
        from hatch_os402.profiling.terminal import show  # noqa: PLC0415

        show(profile, answer_screen(), everything=everything)


def _save(profile: Profile, folder: Path) -> None:
    """Add what was seen to the file of the project whose artifacts are in `folder`. Raises `Os402Error`."""
    if profile.status:
        raise ProfileError(f"the program ended with status {profile.status}, so {FILE} was left as it is.")
    root = project_above(folder)
    if root is None:
        raise ArtifactError(f"{folder} is in no project, and --save writes {FILE} into the project's folder.")
    found = profile.seen.merged(read_run_profile(root) or RunProfile())
    path = root / FILE
    try:
        write_file(path, found.text())
    except OSError as error:
        raise ArtifactError(f"{path} cannot be written: {error.strerror or error}.") from error
    counts = f"{counted(len(found.modules), 'module')}, {counted(len(found.patterns), 'regular expression')}"
    click.echo(f"hatch-os402: wrote {path}: {counts}", err=True)


def _variables(private: tuple[str, ...]) -> dict[str, str]:
    pairs = [item.partition("=") for item in private]
    if wrong := [name for name, equals, _ in pairs if not equals or not name]:
        raise click.BadParameter(f"{wrong[0]!r} is not NAME=VALUE.", param_hint="--env")
    return {name: value for name, _, value in pairs}
