"""The project that a command is about, and its own wheel: from hatchling, or from another backend through PEP 517."""

from __future__ import annotations

import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from hatch_os402.artifacts.choosing import choose
from hatch_os402.backends.frontend import build_wheel
from hatch_os402.backends.metadata import read_project as read_built_project
from hatch_os402.build.hatch_project import HatchProject, read_options, read_project
from hatch_os402.config.options import Options
from hatch_os402.config.pyproject import read_pyproject
from hatch_os402.errors import ArtifactError
from hatch_os402.files import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_os402.config.project import Project


def project_root(what: Path | None) -> Path:
    """Return the folder of the project that `what` means; None: that of the current folder. Raises `ArtifactError`."""
    chosen = choose(what)
    if chosen.root is None:
        raise ArtifactError(f"there is no pyproject.toml in {chosen.path}: name the folder of a project.")
    return chosen.root.absolute()


@contextmanager
def opened_project(root: Path) -> Iterator[tuple[Project, Options]]:
    """Yield the project at `root`, whose own wheel is there for so long, and its options. Raises `Os402Error`."""
    pyproject = read_pyproject(root)
    with temporary_folder() as workdir:
        own = workdir / "own"
        if not pyproject.is_hatchling:
            options = Options(pyproject.table, root).validate()
            yield read_built_project(build_wheel(root, own), pyproject), options
            return
        source = HatchProject(str(root))
        source.check_metadata()
        options = read_options(str(root), source.metadata)
        with redirect_stdout(sys.stderr):  # what build hooks print is no part of the answer
            wheel = source.build_own_wheel(own)
        yield read_project(wheel, root=str(root), project_id=source.project_id, metadata=source.metadata), options
