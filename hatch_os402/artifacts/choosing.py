"""What a command is about: ARTIFACT | PROJECT | FOLDER, or nothing, which is the project of the current folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.artifacts.names import RECORD, SIGNED_SUFFIX, SUFFIXES
from hatch_os402.artifacts.sets import ArtifactSet, all_in, locate
from hatch_os402.config.pyproject import build_command, is_project, project_above, read_pyproject
from hatch_os402.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Sequence

METAVAR = "[ARTIFACT|PROJECT|FOLDER]"


@dataclass(frozen=True)
class Choice:
    """What was named: a project, a folder of artifacts, or artifacts."""

    path: Path
    """As it was named; the project's folder when nothing was."""
    root: Path | None
    """The folder of the project, when it is one."""
    artifacts: ArtifactSet | None
    """The artifacts, when it is these; unchecked."""

    def all(self) -> tuple[ArtifactSet, ...]:
        """Return every set of artifacts that is meant: of a project, those of its newest build; one for each offer.

        Raises `ArtifactError` if there is none, and for one that is not of one build.
        """
        return tuple(one.check() for build in self._builds() for one in build.expanded())

    def build(self, *, checked: bool = True) -> ArtifactSet:
        """Return the one build that is meant, whatever offers it has.

        Raises as `all`, and for several builds; without `checked` it may be one that is not whole.
        """
        found = self._builds()
        if len(found) > 1:
            raise self._several("builds", found)
        return found[0].check() if checked else found[0]

    def offers(self, *, checked: bool = True) -> tuple[ArtifactSet, ...]:
        """Return the set of artifacts of each offer of the one build that is meant. Raises as `build`."""
        return self.build(checked=checked).expanded()

    def one(self, *, checked: bool = True, tool: str | None = None, option: str = "") -> ArtifactSet:
        """Return the one set of artifacts that is meant, of a build with several tools that of `tool`.

        `option` is the one that names a tool, for messages. Raises as `build`, and if it has several offers or no such
        tool.
        """
        found = self.offers(checked=checked)
        if tool is not None:
            named = [one for one in found if tool in (one.tool, _name(one))]
            if not named:
                listed = ", ".join(one.tool for one in found if one.tool) or "none: it has one offer"
                raise ArtifactError(f"{self.path} has no tool {tool!r}; its tools: {listed}")
            return named[0]
        if len(found) > 1:
            raise self._several("tools", found, option)
        return found[0]

    def _builds(self) -> tuple[ArtifactSet, ...]:
        if self.artifacts is not None:
            return (self.artifacts,)
        if self.root is not None:
            return (_newest(self.root),)
        found = all_in(self.path)
        if not found:
            raise ArtifactError(f"there are no artifacts in {self.path}, and no pyproject.toml.\n{_build(self.path)}.")
        return found

    def _several(self, what: str, found: Sequence[ArtifactSet], option: str = "") -> ArtifactError:
        listed = "\n".join(f"  {option} {one.tool}" if option else f"  {one.folder / one.name}" for one in found)
        return ArtifactError(f"there are several {what} in {self.path}; name one of them:\n{listed}")


def choose(what: Path | None) -> Choice:
    """Return what `what` means; None: the project of the current folder or of one above it.

    Raises `ArtifactError` if there is no such thing.
    """
    if what is None:
        root = project_above(Path())
        if root is None:
            raise ArtifactError(
                f"there is no pyproject.toml in {Path.cwd()} or above it.\n"
                "Name an artifact (any file of a build), a project's folder or a folder of artifacts."
            )
        return Choice(root, root, None)
    if what.is_dir():
        return Choice(what, what if is_project(what) else None, None)
    if found := locate(what):
        return Choice(what, None, found)
    if what.is_file():
        raise ArtifactError(
            f"{what} is no artifact of a build: these end with {', '.join((*SUFFIXES, SIGNED_SUFFIX))}.\n"
            "Name one, a project's folder or a folder of artifacts."
        )
    raise ArtifactError(f"there is no artifact {what}, nor a project or a folder of that name.\n{_build(Path())}.")


def _newest(root: Path) -> ArtifactSet:
    project = read_pyproject(root)
    found = [one for one in all_in(project.directory) if one.name.startswith(project.stem)]
    if not found:
        where = "" if Path.cwd().is_relative_to(root.resolve()) else f" in {root}"
        raise ArtifactError(f"there is no build of {root.resolve()} in {project.directory}.\n{_build(root)}{where}.")
    return max(found, key=_built)


def _build(path: Path) -> str:
    return f"Build with `{build_command(path)}`"


def _built(artifacts: ArtifactSet) -> int:
    """Return when the artifacts were built, in nanoseconds; an interrupted build has no record that says it."""
    suffixes = (RECORD,) if artifacts.has(RECORD) else (*SUFFIXES, SIGNED_SUFFIX)
    times = [artifacts.path(suffix).stat().st_mtime_ns for suffix in suffixes if artifacts.has(suffix)]
    return max(times, default=0)


def _name(artifacts: ArtifactSet) -> str | None:
    """Return the name in the offer of a build that has one offer, which its only tool is called by."""
    return artifacts.offer.read.offer.name if not artifacts.tool and artifacts.offer is not None else None
