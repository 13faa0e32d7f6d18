"""A project that is run: whether its artifacts are still those of its sources, and how they are built again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from hatch_os402.__about__ import __version__
from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.names import RECORD
from hatch_os402.artifacts.record import DESCRIBED
from hatch_os402.calls.sources import newest, newest_file, shown
from hatch_os402.config.options import Options
from hatch_os402.config.pyproject import build_command, project_above, read_pyproject
from hatch_os402.environment import CALLER, UNLISTED, without_keys
from hatch_os402.errors import ArtifactError, MarkerError
from hatch_os402.files import read_file
from hatch_os402.foreign.strict_json import read_json
from hatch_os402.resolution.markers import holds
from hatch_os402.runtime.configured import executables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_os402.artifacts.choosing import Choice
    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.config.pyproject import Pyproject
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.configured import ConfiguredRuntime

_HATCHLING = "from hatchling.cli import hatchling; sys.exit(hatchling())"
_OWN = "from hatch_os402.cli import main; main()"
"""Programs of `_command`."""


def built(
    root: Path, reporter: Reporter, *, always: bool = False, again: bool = False, listed: bool = True
) -> ArtifactSet:
    """Return the build of the project at `root`, made now if anything may have changed since, or `always`.

    A change is any file or folder of the project that is newer than the record of the newest build, or another version
    of hatch-os402. Its dependencies are not looked up again for that. With `again`, only errors are reported;
    without `listed`, no paths. Raises `ArtifactError`.
    """
    project = read_pyproject(root)
    before = _newest(project)
    why = "as asked" if always else _reason(project, before)
    if before is not None and not why:
        reporter.debug(f"{before.path(RECORD).name}: nothing changed since it was built")
        return before
    (reporter.debug if again else reporter.info)(f"building {root.resolve()}: {why}")
    is_new = not project.directory.exists()
    project.directory.mkdir(parents=True, exist_ok=True)  # before, so that its coming is no change
    begun, content = time.time(), _content(before)
    with _gone_if_empty(project.directory if is_new else None):
        quiet = {"HATCH_QUIET": "2"} if again and not reporter.verbose else {}
        build(root, {**reporter.variables, **quiet, **({} if listed else {UNLISTED: "1"})})
    after = _newest(project)
    if after is None:
        raise ArtifactError(f"the build of {root} left no artifacts in {project.directory}.")
    if _content(after) != content:
        os.utime(after.path(RECORD), (begun, begun))  # what is saved from here on is newer than this build
    # Else what changed was of no account, such as a file that each build writes.
    return after.check()


@contextmanager
def _gone_if_empty(folder: Path | None) -> Iterator[None]:
    """Remove `folder` again when the body fails, and left nothing in it."""
    try:
        yield
    except BaseException:
        if folder is not None:
            with suppress(OSError):
                folder.rmdir()
        raise


def _newest(project: Pyproject) -> ArtifactSet | None:
    """Return the project's newest build, which has a record; None without one."""
    try:
        found = choose(project.root).build(checked=False)
    except ArtifactError:
        return None
    return found if found.has(RECORD) else None


def _content(artifacts: ArtifactSet | None) -> bytes:
    return b"" if artifacts is None else read_file(artifacts.path(RECORD))


def build(root: Path, variables: Mapping[str, str] = MappingProxyType({})) -> None:
    """Build the target of the project at `root` in a process of its own, which reports on stderr.

    `variables` are set besides those of this process. Raises `ArtifactError`; the previous artifacts are then as they
    were.
    """
    hatchling = read_pyproject(root).is_hatchling
    command = _command(_HATCHLING, "build", "-t", "os402") if hatchling else _own_command(root, variables)
    with without_keys():  # hooks, and what they import, run in that process
        env = {**os.environ, CALLER: str(Path.cwd()), **variables}
    with subprocess.Popen(command, cwd=root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            status = process.wait()
        except BaseException:
            process.terminate()  # it leaves nothing half-done then
            raise
    if status:
        message = f"the project {root.resolve()} could not be built; what is wrong is reported above."
        if hatchling and (missing := _missing_here(root)):
            message += (
                f"\nIts build requires {', '.join(missing)}, not installed beside hatch-os402: run "
                "`hatch build -t os402`, which installs that, and name the artifact."
            )
        raise ArtifactError(message)


def _own_command(root: Path, variables: Mapping[str, str]) -> list[str]:
    """Return the command that builds a project of another backend than hatchling: that of this package.

    How much to report, Hatch reads from `variables`, and this one from its options.
    """
    quiet = ["--quiet"] * int(variables.get("HATCH_QUIET", 0))
    return _command(_OWN, "build", *quiet, str(root.absolute()))


def _command(program: str, *arguments: str) -> list[str]:
    """Return the command that runs `program`, Python, with `arguments`, whatever modules lie where it is run.

    The current folder is the project's. A `pathspec.py` there, or metadata of a plugin, is no part of what builds it,
    as it is none under PEP 517; `python -m` would take it before what is installed.
    """
    return [sys.executable, "-c", f"import sys; sys.path[:] = filter(None, sys.path); {program}", *arguments]


def _missing_here(root: Path) -> list[str]:
    """Return the requirements of the project's build that this environment does not meet, as they are written."""
    try:
        written = read_pyproject(root).build_requirements
    except ArtifactError:  # the build has reported it
        return []
    return [item for item in written if not _is_met(item)]


def _is_met(written: str) -> bool:
    try:
        requirement = Requirement(written)
        if not holds(requirement):
            return True
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except (InvalidRequirement, MarkerError):  # such as one with {root:uri}, which Hatch fills in
        return True
    except metadata.PackageNotFoundError:
        return False


def configured(path: Path) -> tuple[ConfiguredRuntime, ...]:
    """Return what the option `runtime` names in the project at `path`, or in the one whose artifact that is.

    Raises `Os402Error`.
    """
    if (root := project_above(path)) and (runtimes := Options(read_pyproject(root).table, root).runtime):
        return executables(runtimes, root)
    return ()


def _reason(project: Pyproject, before: ArtifactSet | None) -> str:
    if before is None:
        return f"there is no build in {project.directory}"
    record = before.path(RECORD)
    try:
        by = read_json(read_file(record))["generator"]["version"]
    except (ValueError, LookupError, TypeError):
        by = None
    if by != __version__:
        return f"{record.name} is of another version of hatch-os402"
    for one in before.expanded():
        for suffix in DESCRIBED:
            if not one.has(suffix):
                return f"{one.path(suffix).name} is gone"
    try:
        why = before.interruption()
    except ArtifactError as error:
        why = error.message.partition("\n")[0]
    if why:
        return why
    return f"{what} changed" if (what := _newer(before, project.root, newest(project.root))) else ""


def _newer(before: ArtifactSet, root: Path, last: tuple[int, Path]) -> str:
    """Return what changed last, as messages name it, if it is newer than the build `before`; else nothing."""
    changed, what = last
    return shown(what, root) if changed > before.path(RECORD).stat().st_mtime_ns else ""


def warn_of_changes(chosen: Choice, reporter: Reporter) -> None:
    """Warn where a project is meant, whose newest build is read as it is, and a file of it is newer.

    For commands that show, prove, sign or publish what there is, and build nothing. Raises `ArtifactError`.
    """
    if chosen.root is None or (before := _newest(read_pyproject(chosen.root))) is None:
        return
    if what := _newer(before, chosen.root, newest_file(chosen.root)):
        reporter.warning(
            f"{chosen.root.resolve()} changed since it was built ({what} is newer): `{build_command(chosen.root)}` "
            "builds it again"
        )
