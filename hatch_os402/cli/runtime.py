"""`hatch-os402 runtime`: fetch, find or check the executable that runs a project's offer."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import click
from hatchling.metadata.core import ProjectMetadata

from hatch_os402.cache import cache_folder
from hatch_os402.cli.shared.conditions import given_project, project_option
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.config.options import Options
from hatch_os402.errors import Os402Error
from hatch_os402.runtime import check as checking
from hatch_os402.runtime import fetching
from hatch_os402.runtime.configured import ConfiguredRuntime, executables

_ARCH = click.option(
    "--arch",
    type=click.Choice(["x86_64", "aarch64"]),
    help="Default: this machine's, if the runtime has it, else its first.",
)


@click.group("runtime")
def command() -> None:
    """Fetch, find or check the runtime: cosmo-python, or what the project's option `runtime` names."""


@command.command()
@project_option
@_ARCH
def fetch(arch: str | None) -> None:
    """Fetch the runtime, unless it is there, verify its SHA256, and print its path."""
    executable = _chosen(arch)
    reporter = ClickReporter()
    with reporter.progress("fetching the runtime", in_bytes=True) as update:
        path = fetching.fetch(executable, cache=cache_folder(os.environ), reporter=reporter, progress=update)
    click.echo(path)


@command.command("path")
@project_option
@_ARCH
def path_(arch: str | None) -> None:
    """Print the path of the runtime on this machine, or fail when it has not been fetched."""
    click.echo(_present(arch))


@command.command()
@project_option
@_ARCH
@click.argument("executable", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(arch: str | None, executable: Path | None) -> None:
    """Run the runtime (or EXECUTABLE) and compare it with what a build expects.

    The exit status is 1 when something differs.
    """
    report = checking.check(executable or _present(arch))
    click.echo(f"{report.path}: Python {report.version}, {report.importable} modules of the standard library")
    grouped: dict[tuple[str, str], list[str]] = {}
    for item in report.differences:
        grouped.setdefault((item.expected, item.found), []).append(item.what)
    for (expected, found), names in grouped.items():
        what = (
            ", ".join(names).replace(", module ", ", ").replace("module ", "modules " if len(names) > 1 else "module ")
        )
        click.echo(f"differs: {what}: expected {expected}, found {found}")
    for note in report.notes:
        click.echo(f"note: {note}")
    if grouped:
        click.echo("The runtime differs from the expected one.")
        sys.exit(1)
    click.echo("everything is as the build expects it")


def _present(arch: str | None) -> Path:
    executable = _chosen(arch)
    if found := fetching.cached(executable, cache_folder(os.environ)):
        return found
    raise Os402Error(
        f"the runtime for {executable.arch} is not on this machine (sha256 {executable.sha256}): "
        "fetch it with `hatch-os402 runtime fetch`."
    )


def _chosen(arch: str | None) -> ConfiguredRuntime:
    """Return the one executable that the options mean."""
    available = {executable.arch: executable for executable in _configured(given_project())}
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    wanted = arch or (machine if machine in available else next(iter(available)))
    if wanted not in available:
        raise Os402Error(f"the runtime has no executable for {wanted}, only for {', '.join(available)}.")
    return available[wanted]


def _configured(project: Path | None) -> tuple[ConfiguredRuntime, ...]:
    """Return what the option `runtime` of the project means; without a project, the pinned cosmo-python."""
    start = (project or Path()).absolute()
    folders = (start,) if project else (start, *start.parents)
    root = next((folder for folder in folders if (folder / "pyproject.toml").is_file()), None)
    if root is None:
        if project:
            raise click.BadParameter(f"there is no pyproject.toml in {project}", param_hint="--project")
        return executables((), start)
    try:
        table = ProjectMetadata(str(root), None).hatch.build_targets.get("os402", {})
    except (ValueError, TypeError, OSError) as error:
        raise Os402Error(f"{root / 'pyproject.toml'} cannot be used: {error}") from error
    return executables(Options(table, root).runtime, root)
