"""What the builder and the build hook share: one build of the artifacts, its reports and errors in Hatch's words."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hatch_os402.build.hatch_project import TARGET, read_options, read_project
from hatch_os402.errors import Os402Error, bug
from hatch_os402.formatting import escaped_lines
from hatch_os402.processes.interruption import Interrupted, interruptible
from hatch_os402.terminal.colors import has_color, styled
from hatch_os402.terminal.progress import off_the_terminal, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from hatchling.bridge.app import Application
    from hatchling.metadata.core import ProjectMetadata

    from hatch_os402.artifacts.writing import Artifact
    from hatch_os402.reporting import Update


@contextmanager
def abort_on_error(app: Application) -> Iterator[None]:
    """Turn what is expected to fail, or the system refuses, into one message and exit status 1; `-v` shows details."""
    try:
        with interruptible():
            yield
    except Os402Error as error:
        if error.details and app.verbosity > 0:
            app.display_error(escaped_lines(error.details.rstrip()))
        app.abort(escaped_lines(f"os402: {error.message}"))
    except Interrupted as interrupted:
        app.abort(f"os402: {interrupted}; no artifact is half-written", code=interrupted.status)
    except OSError as error:
        if app.verbosity > 0:
            app.display_error(escaped_lines(traceback.format_exc().rstrip()))
        where = f": {error.filename}" if error.filename else ""
        app.abort(
            escaped_lines(f"os402: {error.strerror or error}{where}\n")
            + "Nothing was written, and previous artifacts are as they were."
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours
        if app.verbosity > 0:
            app.display_error(escaped_lines(traceback.format_exc().rstrip()))
        app.abort(escaped_lines(f"os402: {bug(error)} (`-v` shows where it is)"))


class HatchReporter:
    """Speaks through Hatch's application, whose output is stderr.

    A build's application is hatchling's, which has no colours: warnings and hints are coloured here, with `color`.
    Hatch's own, which publishes, colours a message itself.
    """

    variables: Mapping[str, str] = MappingProxyType({})

    def __init__(self, app: Application, *, color: bool = False) -> None:
        self._app = app
        self._color = color and has_color(sys.stderr, os.environ)

    @property
    def verbose(self) -> bool:
        """Whether Hatch was asked for more (`hatch -v`)."""
        return self._app.verbosity > 0

    def info(self, message: str) -> None:
        """Report a step that was done."""
        with off_the_terminal():
            self._app.display_info(escaped_lines(f"os402: {message}"))

    def warning(self, message: str) -> None:
        """Report what the user should know."""
        with off_the_terminal():
            self._app.display_warning(self._labelled("warning", message))

    def hint(self, message: str) -> None:
        """Report what the user may want to do."""
        with off_the_terminal():
            self._app.display_info(self._labelled("hint", message))

    def debug(self, message: str) -> None:
        """Report details, with `hatch -v` only."""
        if self.verbose:
            self.info(message)

    def progress(self, what: str, *, in_bytes: bool = False) -> AbstractContextManager[Update | None]:
        """Show that `what` is being done while the context lasts; None where nothing can be shown."""
        if self._app.verbosity < 0:
            return nullcontext()
        return shown(what, sys.stderr, color=has_color(sys.stderr, os.environ), in_bytes=in_bytes)

    def _labelled(self, label: str, message: str) -> str:
        return f"os402: {styled(f'{label}:', label, color=self._color)} {escaped_lines(message)}"


def build_artifacts(
    wheel: Path, *, root: str, project_id: str, metadata: ProjectMetadata[Any], directory: str, app: Application
) -> tuple[Artifact, ...]:
    """Return the artifacts of the project's `wheel` in `directory`: built, or found there. Raises `Os402Error`."""
    from hatch_os402.build.making import make  # noqa: PLC0415 - Hatch imports every plugin for every build

    project = read_project(wheel, root=root, project_id=project_id, metadata=metadata)
    reporter = HatchReporter(app, color=True)
    place = Path(os.path.abspath(directory))  # noqa: PTH100
    table = metadata.hatch.build_targets.get(TARGET, {})
    return make(project, table, lambda: read_options(root, metadata), place, reporter)
