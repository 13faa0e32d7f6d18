"""The target: `hatch build -t os402`."""

from __future__ import annotations

import os
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.constants import BuildEnvVars
from hatchling.builders.plugin.interface import BuilderInterface
from hatchling.builders.wheel import WheelBuilder
from hatchling.plugin.manager import PluginManager

from hatch_os402.errors import Os402Error
from hatch_os402.plugin.bridge import TARGET, abort_on_error, build_artifacts, building_inner_wheel, read_options
from hatch_os402.validity import source_date_epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from hatch_os402.artifacts.writing import Artifact


class Os402BuilderConfig(BuilderConfig):
    """Hatch's own options; ours are read by `hatch_os402.options`."""


class Os402Builder(BuilderInterface[Os402BuilderConfig, PluginManager]):
    """Builds the four artifacts of the project."""

    PLUGIN_NAME = TARGET

    _artifacts: tuple[Artifact, ...] = ()

    def get_version_api(self) -> dict[str, Callable[..., str]]:
        """Return the only version of this target."""
        return {"standard": self.build_standard}

    def build(self, **keywords: Any) -> Generator[str, None, None]:
        """Yield the path of every artifact. What is expected to go wrong ends in one message and exit status 1."""
        with abort_on_error(self.app):
            self.check_metadata(keywords.get("versions") or [])
            read_options(self.root, self.metadata)
            source_date_epoch(os.environ)  # hatchling asks for it, too, and would fail with a traceback
            from hatch_os402.artifacts.writing import remove_if_created  # noqa: PLC0415 - Hatch imports this for every build

            chosen = keywords.get("directory") or os.environ.get(BuildEnvVars.LOCATION, self.config.directory)
            with remove_if_created(Path(self.root, chosen)):
                for _ in super().build(**keywords):
                    yield from (str(artifact.path) for artifact in self._artifacts)

    def build_standard(self, directory: str, **_build_data: Any) -> str:
        """Build into `directory` and return the path of the zipapp."""
        from hatch_os402.files import temporary_folder  # noqa: PLC0415 - as above

        with temporary_folder() as folder:
            self._artifacts = build_artifacts(
                self.build_own_wheel(folder / "own"),
                root=self.root,
                project_id=self.project_id,
                metadata=self.metadata,
                directory=directory,
                app=self.app,
            )
        return str(self._artifacts[0].path)

    def clean(self, directory: str, versions: list[str]) -> None:  # noqa: ARG002 - hatchling's signature
        """Remove the artifacts of this project and version, and nothing else."""
        from hatch_os402.artifacts.writing import clean  # noqa: PLC0415 - as above

        clean(Path(directory), self.project_id)

    @classmethod
    def get_config_class(cls) -> type[Os402BuilderConfig]:
        """Return the class of the target's configuration."""
        return Os402BuilderConfig

    def check_metadata(self, versions: Sequence[str] = ()) -> None:
        """Ask Hatch for all that it checks, whose errors would be tracebacks."""
        if unknown := set(versions) - self.get_version_api().keys():
            raise Os402Error(
                f"the target os402 has no version {', '.join(map(repr, sorted(unknown)))}, only 'standard'"
            )
        try:
            self.metadata.validate_fields()
            self.project_id, self.config.versions, self.config.directory  # noqa: B018 - asking is the point
        except (ValueError, TypeError, OSError) as error:
            raise Os402Error(f"the project's metadata cannot be used: {error}") from error

    def build_own_wheel(self, folder: Path) -> Path:
        """Build the project's own wheel into the new `folder`, with every option and hook of the wheel target.

        Returns its path. Temporary files of hatchling and of hooks are made there, too.
        """
        folder.mkdir()
        builder = WheelBuilder(self.root, plugin_manager=self.plugin_manager, metadata=self.metadata, app=self.app)
        try:
            with building_inner_wheel(), _temporary_files_in(folder):
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


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Let `tempfile` use `folder`: what hatchling leaves there when it is killed is swept with it."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
