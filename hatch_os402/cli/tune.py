"""`hatch-os402 tune`: options that make the calls of sample requests faster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hatch_os402.build.variants import opened
from hatch_os402.calls.rebuild import built
from hatch_os402.cli.shared.conditions import JSON, RUNTIME, SANDBOX
from hatch_os402.cli.shared.projects import opened_project, project_root
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.cli.shared.request import read, request_options
from hatch_os402.cli.shared.runtime import runtime_for
from hatch_os402.cli.shared.settings import answer_screen
from hatch_os402.config.run_profile import FILE
from hatch_os402.errors import ArtifactError
from hatch_os402.files import rewrite_file, write_file
from hatch_os402.inspection.reading import read_artifacts
from hatch_os402.inspection.terms import read_terms
from hatch_os402.profiling.measuring import program_of
from hatch_os402.profiling.running import opened_runner
from hatch_os402.scaffold.table import lines_of, read_file, with_values
from hatch_os402.tuning.report import show, to_json
from hatch_os402.tuning.samples import Samples
from hatch_os402.tuning.trials import KINDS, tune

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.calls.request import Request
    from hatch_os402.profiling.running import Runner
    from hatch_os402.runtime.discovery import Runtime
    from hatch_os402.tuning.trials import Tuning

_RUNS = 9
_NEXT = "--next"
_SEGMENTS = "hatch_os402.segments"


class _WithSegments(click.Command):
    """Keeps apart what follows each `--next`: the options of another request, as in curl."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        segments: list[list[str]] = [[]]
        for argument in arguments:
            if argument == _NEXT:
                segments.append([])
            else:
                segments[-1].append(argument)
        context.meta[_SEGMENTS] = segments[1:]
        return super().parse_args(context, segments[0])


@click.command(add_help_option=False)
@request_options
def _next(**_: Any) -> None:
    """Hold the options of a request behind `--next`."""


@click.command(
    cls=_WithSegments,
    options_metavar="[OPTIONS]",
    epilog="--next begins another sample, with options of its own: tune /one --next -X PUT -d @body /two",
)
@request_options
@click.option("-n", "--runs", type=click.IntRange(3, 1000), default=_RUNS, help="Pairs of runs.", show_default=True)
@SANDBOX
@RUNTIME
@click.option("--skip", multiple=True, type=click.Choice(KINDS), help="What is not to be tried; can be repeated.")
@click.option("--write", is_flag=True, help=f"Write what is kept into pyproject.toml and {FILE}.")
@JSON
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    runs: int,
    runtime: Path | None,
    skip: tuple[str, ...],
    sandbox: bool | None,
    write: bool,
    as_json: bool,
    **sample: Any,
) -> None:
    """Find options that make the calls of PROJECT faster, with sample requests that stand for all.

    Each -d is a sample of its own. PROJECT is a folder with a pyproject.toml, which is built first if something in it
    changed. [default: the project of the current folder] The samples are run on this machine, many times,
    with the isolation of `run`.

        hatch-os402 tune -d '{"name": "Alice"}' -d '{"name": "Bob", "lang": "de"}'
        hatch-os402 tune . /hello --next /search?q=x --write

    lazy-imports, exclude for files that no program reads, compression, docstrings and sources are tried one after the
    other, with what builds read of a saved profile. A change is kept if every sample answers the same bytes, and if it
    saves more than runs differ by: CPU time, or the 6 ms that a server takes for each MB of the frame.
    """
    what, requests = _requests(sample)
    for segment in context.meta[_SEGMENTS]:
        with _next.make_context(_NEXT, list(segment)) as inner:
            elsewhere, more = _requests(inner.params)
        if elsewhere is not None:
            raise click.UsageError(f"{elsewhere} stands behind {_NEXT}: name the project once, in front.")
        requests += more
    root = project_root(what)
    reporter = ClickReporter()
    artifacts = built(root, reporter)
    python = runtime_for(artifacts, runtime)
    if python.warning:
        reporter.warning(python.warning)
    with (
        reporter.progress("tuning") as update,
        opened_project(root) as (project, options),
        opened(project, options) as variants,
        opened_runner(python, sandbox) as runner,
    ):
        for missing in runner.missing:
            reporter.warning(f"sandbox incomplete: {missing}")
        tuning = tune(
            _samples(artifacts, requests, python, runner),
            options,
            variants.frame,
            variants.profile,
            project=project.name,
            runs=runs,
            skip=skip,
            progress=lambda text: update(0, None, text) if update else reporter.debug(text),
        )
    file = read_file(root)
    text = with_values(file, tuning.changes) if tuning.changes else file.text
    if as_json:
        click.echo(json.dumps(to_json(tuning), indent=2))
    else:
        terms = None if artifacts.offer is None else read_terms(artifacts.offer.read)
        show(tuning, answer_screen(), lines_of(file, tuning.changes) if tuning.changes else [], terms)
    if write:
        _write(tuning, root, file.path, text, reporter)
    elif tuning.changes or tuning.saves_profile:
        reporter.hint(f"`--write` writes it into {file.path.name if tuning.changes else FILE}")


def _requests(sample: dict[str, Any]) -> tuple[Path | None, list[Request]]:
    """Return what is called, and a request for each body, or one without any."""
    method, data, headers = sample["method"], sample["data"], sample["headers"]
    found = [
        read(sample["what"], sample["path"], method=method, data=tuple(body), headers=headers)
        for body in ([[one] for one in data] or [[]])
    ]
    return found[0][0], [request for _, request in found]


def _samples(artifacts: ArtifactSet, requests: Sequence[Request], python: Runtime, runner: Runner) -> Samples:
    read_once = read_artifacts(artifacts)
    programs = tuple(program_of(artifacts, read_once, request, None) for request in requests)
    return Samples(runner, python, tuple(requests), programs, read_once.frame)


def _write(tuning: Tuning, root: Path, path: Path, text: str, reporter: ClickReporter) -> None:
    """Write what is kept: first the profile, so that no build reads options without it."""
    files = {root / FILE: tuning.profile.text()} if tuning.saves_profile else {}
    if tuning.changes:
        files[path] = text.encode()
    for target, content in files.items():
        try:
            (rewrite_file if target == path else write_file)(target, content)
        except OSError as error:
            raise ArtifactError(f"{target} cannot be written: {error.strerror or error}.") from error
        reporter.info(f"wrote {target}")
