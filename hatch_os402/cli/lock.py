"""`hatch-os402 lock`: write the lock that builds of a project take, or check it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from packaging.pylock import is_valid_pylock_path
from packaging.utils import canonicalize_name

from hatch_os402.build import context
from hatch_os402.build.analysis import read_request
from hatch_os402.build.locking import check_lock, lock_path, stale
from hatch_os402.build.relock import LockSettings, fetch_wheels, last_versions, make_lock
from hatch_os402.cli.shared.conditions import given_project, project_option
from hatch_os402.cli.shared.projects import opened_project, project_root
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.errors import ArtifactError, LockError
from hatch_os402.files import read_file, write_file
from hatch_os402.formatting import counted, human_size
from hatch_os402.resolution.lock.place import DEFAULT
from hatch_os402.resolution.lock.reading import how_to_write, read_lock
from hatch_os402.resolution.lock.writing import utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_os402.build.analysis import BuildRequest
    from hatch_os402.build.context import Context
    from hatch_os402.reporting import Reporter
    from hatch_os402.resolution.lock.writing import LockContent


def _time(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    """Return a time as pip takes it, in UTC: what it takes without a zone would be of this machine's."""
    if value is None:
        return ""
    try:
        return utc(value).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value!r} is no date (2026-01-31), and no time (2026-01-31T12:00:00Z)") from None


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@project_option
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the lock is not of the project as it is.")
@click.option("--upgrade", is_flag=True, help="Take the newest versions: of the NAMEs, or of everything.")
@click.option(
    "--exclude-newer", "before", metavar="DATE", callback=_time, help="Only files uploaded before DATE (UTC; pip 26.0)."
)
@click.option("--urls", is_flag=True, help="Write the addresses of the files, without passwords.")
@click.option(
    "--fetch", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Put all locked wheels into DIR."
)
def command(
    names: tuple[str, ...],
    before: str,
    fetch: Path | None,
    **flags: bool,
) -> None:
    """Resolve what the project needs, and write it to its lock, from which builds take it without resolving.

    The versions of the last lock stay where they still fit; --upgrade takes the newest, of all or of each NAME. The
    lock is `pylock.os402.toml`, or what the option `lock` names.
    """
    if names and not flags["upgrade"]:
        raise click.UsageError("NAMEs are for --upgrade; --project names the project's folder")
    if flags["check"] and (names or flags["upgrade"] or before or fetch or flags["urls"]):
        raise click.UsageError("--check goes with none of the other options")
    reporter = ClickReporter()
    with (
        opened_project(project_root(given_project())) as (project, options),
        context.opened(project, options, reporter) as build,
    ):
        path = _lock_path(build)
        if flags["check"]:
            _check(path, build)
            return
        request = read_request(build)
        asked = flags["upgrade"] or before or flags["urls"]
        if asked or fetch is None or not _fits(path, request, build):
            upgrade = None if flags["upgrade"] and not names else {str(canonicalize_name(name)) for name in names}
            _relock(path, request, build, LockSettings(upgrade, before, flags["urls"]))
        if fetch is not None:
            _fetch(path, request, fetch, build)


def _lock_path(build: Context) -> Path:
    """Return where the project's lock is, or will be. Raises `LockError` where none can be written."""
    path = lock_path(build)
    if build.options.lock is False:
        raise LockError("the option `lock` is false: take it out, or let it name a file.")
    return path


def _check(path: Path, build: Context) -> None:
    if not path.exists():
        raise LockError(f"there is no {path}.\n{how_to_write(path)}")
    lock, request = read_lock(path, build.project.root, build.project.name), read_request(build)
    if found := check_lock(lock, request.own, request.groups, build):
        raise LockError(stale(lock, found))
    click.echo(f"{lock.name} is of the project as it is")


def _fits(path: Path, request: BuildRequest, build: Context) -> bool:
    """Whether there is a lock that is of the project as it is, whoever made it."""
    try:
        lock = read_lock(path, build.project.root, build.project.name) if path.is_file() else None
    except LockError:
        return False
    return lock is not None and not check_lock(lock, request.own, request.groups, build)


def _relock(path: Path, request: BuildRequest, build: Context, settings: LockSettings) -> None:
    _check_writable(path, build)
    last = last_versions(path, build)
    content = make_lock(request, build, path, last, settings)
    _report_changes(last, content, build.reporter)
    _write(path, content)


def _check_writable(path: Path, build: Context) -> None:
    """Raise `LockError` when `path` is no name of a pylock file, or the lock of another tool."""
    if not is_valid_pylock_path(path):
        raise LockError(
            f"the option `lock` names {path.name}, which no other tool would take for a lock (PEP 751).\n"
            f"Name it pylock.toml or pylock.NAME.toml; {DEFAULT} needs no option."
        )
    try:
        foreign = path.is_file() and read_lock(path, build.project.root, build.project.name).made_for is None
    except LockError as error:
        if path.name == DEFAULT:  # ours, with the marks of a merge in it
            return
        reason = error.message.partition("\n")[0]
        raise LockError(f"{reason}\nWhoever made it, it would be overwritten: remove it first.") from error
    if foreign:
        raise LockError(
            f"{path.name} is the lock of another tool, and would be overwritten.\nUpdate it with that tool, or let the "
            f"option `lock` name another file; {DEFAULT} needs no option."
        )


def _report_changes(last: Mapping[str, str], content: LockContent, reporter: Reporter) -> None:
    now = {pin.name: pin.version for pin in content.resolution.pins}
    for name in sorted(last.keys() | now.keys()) if last else ():
        if last.get(name) != now.get(name):
            reporter.info(f"{name}: {last.get(name, 'not locked')} -> {now.get(name, 'not locked')}")


def _write(path: Path, content: LockContent) -> None:
    text = content.text()
    try:
        same = path.is_file() and read_file(path) == text
        if not same:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, text)
    except OSError as error:
        raise ArtifactError(f"the lock cannot be written to {path}: {error.strerror or error}.") from error
    count = counted(len(content.resolution.pins), "distribution")
    click.echo(f"{path.name}: {count}{', as it was' if same else ''}")


def _fetch(path: Path, request: BuildRequest, folder: Path, build: Context) -> None:
    lock = read_lock(path, build.project.root, build.project.name)
    files, left = fetch_wheels(lock, request, folder, build)
    size = human_size(sum(file.stat().st_size for file in files))
    click.echo(f"{folder}: {counted(len(files), 'wheel')}, {size}")
    for name in left:
        build.reporter.warning(f"{name} is built from source, which is not in {folder}")
