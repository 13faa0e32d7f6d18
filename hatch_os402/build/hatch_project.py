"""The project as Hatch describes it: its metadata, checked; the target's options; its own wheel."""

from __future__ import annotations

import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.plugin.interface import BuilderInterface
from hatchling.builders.wheel import WheelBuilder
from hatchling.plugin.manager import PluginManager
from packaging.utils import canonicalize_name

from hatch_os402.environment import without_keys
from hatch_os402.errors import Os402Error
from hatch_os402.formatting import cut_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hatchling.metadata.core import ProjectMetadata

    from hatch_os402.config.options import Options
    from hatch_os402.config.project import Project

TARGET = "os402"
_building_own_wheel = False


class HatchProject(BuilderInterface[BuilderConfig, PluginManager]):
    """A builder of the target that builds no artifacts: it reads the project, and builds the project's own wheel."""

    PLUGIN_NAME = TARGET

    def get_version_api(self) -> dict[str, Callable[..., str]]:
        """Return the only version of this target."""
        return {"standard": self.build_standard}

    def build_standard(self, directory: str, **build_data: Any) -> str:
        """Build the artifacts into `directory`: the part of the target that Hatch loads (`hatch_os402.plugin`)."""
        raise NotImplementedError

    def check_metadata(self, versions: Sequence[str] = ()) -> None:
        """Read all that Hatch checks, whose errors would be tracebacks. Raises `Os402Error`."""
        if unknown := set(versions) - self.get_version_api().keys():
            raise Os402Error(
                f"the target os402 has no version {', '.join(map(repr, sorted(unknown)))}, only 'standard'"
            )
        try:
            self.metadata.validate_fields()
            self.project_id, self.config.versions, self.config.directory  # noqa: B018 - asking is the point
        except (ValueError, TypeError, OSError) as error:
            raise Os402Error(f"the project's metadata cannot be used: {cut_lines(str(error))}") from error

    def build_own_wheel(self, folder: Path) -> Path:
        """Build the project's own wheel into the new `folder`, with every option and hook of the wheel target.

        Returns its path. Temporary files of hatchling and of hooks are created there, too.
        """
        folder.mkdir()
        builder = WheelBuilder(self.root, plugin_manager=self.plugin_manager, metadata=self.metadata, app=self.app)
        try:
            with _building_inner_wheel(), _temporary_files_in(folder), without_keys():
                (artifact,) = builder.build(directory=str(folder), versions=["standard"], hooks_only=False, clean=False)
        except ModuleNotFoundError as error:
            raise Os402Error(
                f"the project's own wheel needs the module {error.name!r}, perhaps for one of its build hooks.\n"
                "Run `hatch build -t wheel -t os402`, which installs what the wheel target's hooks require.",
                traceback.format_exc(),
            ) from error
        except Exception as error:
            raise Os402Error(
                f"the project's own wheel could not be built: {error}\n`hatch build -t wheel` fails the same way.",
                traceback.format_exc(),
            ) from error
        return Path(artifact)


def is_building_inner_wheel() -> bool:
    """Whether a wheel is being built by `HatchProject.build_own_wheel`: the hook, which it may have, does nothing."""
    return _building_own_wheel


@contextmanager
def _building_inner_wheel() -> Iterator[None]:
    global _building_own_wheel  # noqa: PLW0603 - hatchling offers no other way to reach a hook
    before, _building_own_wheel = _building_own_wheel, True
    try:
        yield
    finally:
        _building_own_wheel = before


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Let `tempfile` use `folder`: what hatchling leaves there when it is killed is swept with it."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def read_options(root: str, metadata: ProjectMetadata[Any]) -> Options:
    """Return the validated options of the target's table, which the hook reads too. Raises `Os402Error`."""
    from hatch_os402.config.options import Options  # noqa: PLC0415 - Hatch imports every plugin for every build

    return Options(metadata.hatch.build_targets.get(TARGET, {}), Path(root)).validate()


def check_options(root: str, metadata: ProjectMetadata[Any]) -> None:
    """Raise `Os402Error` when an option of the target's table is wrong; a table that was right before is not read."""
    from hatch_os402.build.validated import is_validated, validated  # noqa: PLC0415 - Hatch imports this for every build

    table = metadata.hatch.build_targets.get(TARGET, {})
    if not is_validated(Path(root), table):
        read_options(root, metadata)
        validated(Path(root), table)


def read_project(wheel: Path, *, root: str, project_id: str, metadata: ProjectMetadata[Any]) -> Project:
    """Return the project that Hatch describes, whose own wheel is `wheel`."""
    from hatch_os402.config.project import Project  # noqa: PLC0415 - as above
    from hatch_os402.config.pyproject import Pyproject  # noqa: PLC0415 - as above

    core = metadata.core
    return Project(
        root=Path(root),
        id=project_id,
        name=canonicalize_name(core.name),
        version=metadata.version,
        description=core.description or None,
        scripts=core.scripts,
        extras=[canonicalize_name(extra) for extra in core.optional_dependencies],
        groups=metadata.config.get("dependency-groups", {}),
        wheel=wheel,
        uv_indexes=Pyproject(Path(root), metadata.hatch, metadata.config).uv_indexes,
    )
