"""The target: `hatch build -t os402`."""

from __future__ import annotations

import atexit
import gc
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.constants import BuildEnvVars

from hatch_os402.build.hatch_project import HatchProject, check_options
from hatch_os402.config.expiry import source_date_epoch
from hatch_os402.environment import CALLER, UNLISTED
from hatch_os402.plugin.bridge import abort_on_error, build_artifacts

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from hatch_os402.artifacts.writing import Artifact


class Os402Builder(HatchProject):
    """Builds the four artifacts of the project."""

    _artifacts: tuple[Artifact, ...] = ()

    def build(self, **keywords: Any) -> Generator[str, None, None]:
        """Yield the path of every artifact, which the frontend prints.

        What is expected to go wrong ends in one message and exit status 1.
        """
        with abort_on_error(self.app), _collecting_rarely():
            self.check_metadata(keywords.get("versions") or [])
            check_options(self.root, self.metadata)
            source_date_epoch(os.environ)  # hatchling asks for it, too, and would fail with a traceback
            from hatch_os402.files import remove_if_created  # noqa: PLC0415 - Hatch imports this for every build

            chosen = keywords.get("directory") or os.environ.get(BuildEnvVars.LOCATION, self.config.directory)
            with remove_if_created(Path(self.root, chosen)):
                for _ in super().build(**keywords):
                    if UNLISTED in os.environ:
                        continue
                    yield from (_for_caller(artifact.path) for artifact in self._artifacts)

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


def _for_caller(path: Path) -> str:
    """Return `path` for the frontend, which prints it: from the project's folder, or from the folder of the caller.

    `hatch-os402 run` and `serve` build in a process whose current folder is the project's.
    """
    try:
        return os.path.relpath(path, os.environ[CALLER])
    except (KeyError, ValueError):  # nobody called, or from another drive
        return str(path)


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let Python look for garbage less often: what a build imports and reads stays, and searching it takes time.

    Nor is it looked through when the process ends, all of whose memory is freed then.
    """
    before = gc.get_threshold()
    atexit.unregister(gc.freeze)  # of an earlier build of this process
    atexit.register(gc.freeze)
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
