"""What a publication is made of, on this machine: the project, its offers, and what belongs to each."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.choosing import choose
from hatch_os402.artifacts.names import FRAME
from hatch_os402.cache import cache_folder
from hatch_os402.calls.rebuild import warn_of_changes
from hatch_os402.config.options import Options
from hatch_os402.config.pyproject import is_project, read_pyproject
from hatch_os402.errors import Os402Error
from hatch_os402.files import file_sha256, read_named
from hatch_os402.offer.build import environment
from hatch_os402.offer.canonical import canonical
from hatch_os402.publishing.parts import Upload, prepare
from hatch_os402.runtime.configured import executables
from hatch_os402.runtime.fetching import find_by_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.config.publish_options import Settings
    from hatch_os402.offer.signing import SignedOffer
    from hatch_os402.reporting import Reporter

UNSIGNED = "0x" + 130 * "0"
"""Stands for a signature where there is none yet."""
_LARGEST_ENV = 1 << 24
"""Bytes."""


@dataclass(frozen=True)
class PublishedProject:
    """The project whose artifacts are published; without a pyproject.toml, everything is empty."""

    root: Path
    table: Mapping[str, Any]
    """`[tool.hatch.build.targets.os402]`."""
    publish: Mapping[str, Any]
    """`[tool.hatch.publish.os402]`."""


def read_project(root: Path) -> PublishedProject:
    """Read what a project at `root` says of os402, from pyproject.toml and hatch.toml. Raises `ArtifactError`."""
    if not is_project(root):
        return PublishedProject(root, {}, {})
    found = read_pyproject(root)
    return PublishedProject(root, found.table, found.publish)


def find_artifacts(names: Sequence[str], project: PublishedProject, reporter: Reporter) -> tuple[ArtifactSet, ...]:
    """Return the artifacts that `names` mean (see `artifacts.choosing`); for none, the project's newest.

    Warns of a project with files that are newer. Raises `ArtifactError`.
    """
    chosen = [choose(Path(name)) for name in names] or [choose(project.root if is_project(project.root) else None)]
    for choice in chosen:
        warn_of_changes(choice, reporter)
    found = {(one.stem.absolute(), one.tool): one for choice in chosen for one in choice.offers()}
    return tuple(found.values())


def gather(artifacts: ArtifactSet, signed: SignedOffer, settings: Settings, project: PublishedProject) -> Upload:
    """Find what belongs to the offer of `artifacts`, and check it. Raises `Os402Error`."""
    execution = signed.offer.exec
    frame = settings.stdin or artifacts.path(FRAME)
    private_env = None
    if execution.env_sha256:
        private_env = _private_env(settings, project)
    wanted = {item.sha256 for item in execution.executables.values()}
    upload_from = _named_executables(settings.executables, wanted)
    if runtimes := Options(project.table, project.root).runtime:
        upload_from |= {item.sha256: item.path for item in executables(runtimes, project.root) if item.path}
    cache = cache_folder(os.environ)
    for sha256 in wanted - upload_from.keys():
        if found := find_by_sha256(sha256, cache):
            upload_from[sha256] = found
    return prepare(
        signed,
        frame=frame if settings.stdin or frame.is_file() else None,
        private_env=private_env,
        executables=upload_from,
        now=time.time(),
        signature=signed.k256 != UNSIGNED,
    )


def _private_env(settings: Settings, project: PublishedProject) -> bytes | None:
    if settings.env is not None:
        try:
            return read_named(settings.env, _LARGEST_ENV)
        except OSError as error:
            raise Os402Error(f"the private environment {settings.env} cannot be read: {error.strerror}.") from error
    if not project.table:
        return None
    return canonical(environment(Options(project.table, project.root).offer))


def _named_executables(paths: Sequence[Path], wanted: set[str]) -> dict[str, Path]:
    found = {}
    for path in paths:
        try:
            sha256 = file_sha256(path)
        except OSError as error:
            raise Os402Error(f"the executable {path} cannot be read: {error.strerror or error}.") from error
        if sha256 not in wanted:
            raise Os402Error(
                f"{path} is none of the offer's executables: its sha256 is {sha256}, and the offer has "
                f"{', '.join(sorted(wanted))}. An APE must be assimilated first; `hatch-os402 runtime fetch` does that."
            )
        found[sha256] = path
    return found
