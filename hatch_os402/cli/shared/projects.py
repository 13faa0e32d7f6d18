"""A project that a command reads as a build does, without building its artifacts."""

from __future__ import annotations

import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from hatch_os402.artifacts.choosing import choose
from hatch_os402.build import context
from hatch_os402.build.hatch_project import HatchProject, read_options, read_project
from hatch_os402.errors import ArtifactError
from hatch_os402.files import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_os402.build.context import Context
    from hatch_os402.reporting import Reporter


def project_root(what: Path | None) -> Path:
    """Return the folder of the project that `what` names; None is that of the current folder, or one above it."""
    chosen = choose(what)
    if chosen.root is None:
        raise ArtifactError(f"there is no pyproject.toml in {chosen.path}: name the folder of a project.")
    return chosen.root.absolute()


@contextmanager
def opened_project(root: Path, reporter: Reporter, *, locked: bool = False) -> Iterator[Context]:
    """Build the wheel of the project at `root`, and yield what a build of it has. Raises `Os402Error`."""
    source = HatchProject(str(root))
    source.check_metadata()
    options = read_options(str(root), source.metadata)
    with temporary_folder() as workdir:
        with redirect_stdout(sys.stderr):  # what build hooks print is no part of the answer
            wheel = source.build_own_wheel(workdir / "own")
        project = read_project(wheel, root=str(root), project_id=source.project_id, metadata=source.metadata)
        with context.opened(project, options, reporter, locked=locked) as build:
            yield build
