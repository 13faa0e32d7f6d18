"""`hatch-os402 init`: a new project, or the target's table in the project that is there."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import tomlkit

from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.config.options import Options
from hatch_os402.config.pyproject import is_project, read_pyproject
from hatch_os402.errors import ScaffoldError
from hatch_os402.files import rewrite_file
from hatch_os402.formatting import escaped_lines
from hatch_os402.installation.command import own_command
from hatch_os402.installation.origin import NAME, Origin, find_origin
from hatch_os402.scaffold.detection import FoundEntry, application_at, find_applications, has_main
from hatch_os402.scaffold.new import INTERFACES, call_of, identity, offer_lines, project_files
from hatch_os402.scaffold.table import diff, read_file, with_table
from hatch_os402.scaffold.writing import write_all

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS = "http://127.0.0.1:8402"


@click.command()
@click.argument("folder", metavar="[NAME]", type=click.Path(path_type=Path), required=False)
@click.option(
    "--interface", type=click.Choice(INTERFACES), help="What the entry point is.  [default: found, or script]"
)
@click.option("--entry-point", metavar="MODULE:NAME", help="What runs, in a project that is there.  [default: found]")
@click.option("-y", "--yes", is_flag=True, help="Write without asking; no file that is there is replaced.")
def command(folder: Path | None, interface: str | None, entry_point: str | None, *, yes: bool) -> None:
    """Start a project in the new folder NAME, or make the project of the current folder one for os402.

    A new project builds, has a test that passes, a .gitignore and a workflow for GitHub Actions. In a folder with a
    pyproject.toml, the table [tool.hatch.build.targets.os402] is added to it and nothing else is changed; the change is
    shown first. What is not given and cannot be found is asked for on a terminal.

        hatch-os402 init hello --interface mcp
        hatch-os402 serve hello
    """
    root = folder or Path()
    if is_project(root):
        _Existing(root, interface, entry_point, yes=yes).add()
    elif entry_point is not None:
        raise click.UsageError(f"--entry-point is for a project that is there, and {root} has no pyproject.toml.")
    else:
        _new(root, interface, yes=yes)


def _is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _new(root: Path, interface: str | None, *, yes: bool) -> None:
    reporter = ClickReporter()
    made = identity(root.absolute().name if root.name in {"", ".", ".."} else root.name)
    if root.exists() and not root.is_dir():
        raise ScaffoldError(f"{root} is a file.\nName a folder that is not there yet.")
    if interface is None and _is_terminal() and not yes:
        interface = click.prompt("interface", type=click.Choice(INTERFACES), default=INTERFACES[0], err=True)
    interface = interface or INTERFACES[0]
    origin = _origin(reporter)
    files = project_files(made, interface, root, origin)
    there = [name for name in files if os.path.lexists(root / name)]
    replace = [name for name in there if not yes and _is_terminal() and _may_replace(root / name)]
    if kept := [name for name in there if name not in replace]:
        raise ScaffoldError(f"{', '.join(str(root / name) for name in kept)} exists, and nothing was written.")
    write_all(root, files, replace)
    for name in sorted(files):
        click.echo(root / name)
    _next(reporter, root, call_of(made, interface, _ADDRESS))


def _may_replace(path: Path) -> bool:
    return path.is_file() and click.confirm(escaped_lines(f"replace {path}?"), default=False, err=True)


def _next(reporter: ClickReporter, root: Path, call: str) -> None:
    """Say how the project is called; both lines can be pasted where the user stands."""
    here = shlex.quote(str(root))
    reporter.info(f"serve it here, and call it from another terminal:\n  {own_command()} serve {here}\n  {call}")


def _origin(reporter: ClickReporter) -> Origin:
    """Return where the plugin is installed from by `hatch build`; its name alone where that is gone."""
    origin = find_origin()
    if origin.exists:
        return origin
    reporter.warning(
        f"{origin.path}, which {NAME} was installed from, is gone: `hatch build` will look for {NAME} on an index. "
        f"`hatch-os402 build` needs none."
    )
    return Origin()


class _Existing:
    """A project that is there, and what the user stated about it."""

    def __init__(self, root: Path, interface: str | None, entry_point: str | None, *, yes: bool) -> None:
        self._root, self._interface, self._entry, self._yes = root, interface, entry_point, yes
        self._reporter = ClickReporter()

    def add(self) -> None:
        """Add the target's table."""
        file = read_file(self._root)
        if file.has_table:
            self._reporter.info(f"{file.path} has {file.table_name} already, and stays as it is")
            return
        project = read_pyproject(self._root)
        table = self._table(project.scripts, hatchling=project.is_hatchling)
        _ = Options(table, self._root).entry_point  # what was typed may be none
        text = with_table(file, table)
        click.echo(escaped_lines(diff(file, text)), nl=False)
        if not self._yes and not (_is_terminal() and click.confirm(f"write {file.path}?", default=True, err=True)):
            how = "" if _is_terminal() else " `--yes` writes it where nobody can be asked."
            raise ScaffoldError(f"{file.path} was not changed.{how}")
        try:
            rewrite_file(file.path, text.encode())
        except OSError as error:
            raise ScaffoldError(f"{file.path} cannot be written: {error.strerror or error}.") from error
        here = shlex.quote(str(self._root))
        self._reporter.info(f"wrote {file.path}; serve the project here:\n  {own_command()} serve {here}")

    def _table(self, scripts: Mapping[str, str], *, hatchling: bool) -> dict[str, Any]:
        entry, interface = self._start(scripts)
        table: dict[str, Any] = {}
        if hatchling:
            table["dependencies"] = [_origin(self._reporter).requirement()]
        if entry:
            table["entry-point"] = entry
        if interface != INTERFACES[0]:
            table["interface"] = interface
        table["offer"] = tomlkit.parse("\n".join(offer_lines()))
        return table

    def _start(self, scripts: Mapping[str, str]) -> tuple[str, str]:
        """Return entry point and interface; an empty entry point is what a build finds by itself."""
        if self._entry is not None and self._interface is not None:
            return self._entry, self._interface
        if self._entry is not None:
            return self._entry, self._interface_of(self._entry)
        found = [] if self._interface in {"script", "mcp"} else find_applications(self._root)
        if found := [one for one in found if self._interface in {None, one.interface}]:
            one = self._chosen(found)
            self._reporter.info(f"found {one.entry} ({one.what}): {one.interface}")
            return one.entry, one.interface
        return self._script(scripts)

    def _interface_of(self, entry: str) -> str:
        """Return the interface of an entry point that the user named without it."""
        found = application_at(self._root, entry)
        return found.interface if found else INTERFACES[0]

    def _script(self, scripts: Mapping[str, str]) -> tuple[str, str]:
        """Return entry point and interface of a project without a web application."""
        if self._interface not in {None, "script"}:
            return self._asked(f"the {self._interface} entry point, as module:name"), str(self._interface)
        if len(set(scripts.values())) > 1:
            what = {value: FoundEntry(value, "script", f"the script {name}") for name, value in scripts.items()}
            return self._chosen(list(what.values())).entry, "script"
        if scripts or has_main(self._root):
            return "", "script"
        return self._asked("the entry point, as module:name"), "script"

    def _chosen(self, found: list[FoundEntry]) -> FoundEntry:
        if len(found) == 1:
            return found[0]
        listed = "".join(f"\n  --entry-point {shlex.quote(one.entry)}  # {one.what}" for one in found)
        if not _is_terminal() or self._yes:
            raise ScaffoldError(f"{self._root.resolve()} has several entry points; name one of them:{listed}")
        by_entry = {one.entry: one for one in found}
        return by_entry[
            click.prompt("entry point", type=click.Choice(list(by_entry)), default=found[0].entry, err=True)
        ]

    def _asked(self, what: str) -> str:
        if not _is_terminal() or self._yes:
            raise ScaffoldError(f"{what}, was not found in {self._root.resolve()}.\nName it with `--entry-point`.")
        answer: str = click.prompt(what, err=True)
        return answer
