"""Frames that a project's build would have with other options: resolved once, packed as often as asked, in memory."""

from __future__ import annotations

import io
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hatch_os402.archive import frame as framing
from hatch_os402.archive.pack import pack
from hatch_os402.build import analysis, assembly, context
from hatch_os402.build.pipeline import analyze, lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from hatch_os402.build.analysis import Analysis
    from hatch_os402.build.context import Context
    from hatch_os402.config.options import Options
    from hatch_os402.config.project import Project
    from hatch_os402.config.run_profile import RunProfile
    from hatch_os402.reporting import Update


@dataclass(frozen=True)
class Variants:
    """A project that was analyzed, and the profile that its builds read."""

    _build: Context
    _analyzed: Analysis
    profile: RunProfile | None

    def frame(self, changes: Mapping[str, Any], profile: RunProfile | None = None) -> bytes:
        """Return the frame of a build whose options have the values `changes`. Raises `Os402Error`.

        `profile`: the one to read; None: the project's own.
        """
        build = replace(self._build, options=self._build.options.changed(**changes).validate())
        known = self.profile if profile is None else profile
        found = lay_out(self._analyzed, known, build)
        archive, whole = io.BytesIO(), io.BytesIO()
        size, _ = pack(assembly.members(found.contents, found.imported, build), archive)
        archive.seek(0)
        framing.write_frame(archive, size, whole)
        return whole.getvalue()


@contextmanager
def opened(project: Project, options: Options) -> Iterator[Variants]:
    """Yield what makes the frames of `project`, without a report: it is that of a build before.

    Raises `Os402Error` where no build is possible.
    """
    with context.opened(project, options, _Silent()) as build:
        profile = assembly.saved_profile(build)
        analyzed = analyze(build)
        analysis.raise_for_errors(analyzed.assessment)
        yield Variants(build, analyzed, profile)


class _Silent:
    """Reports nothing."""

    verbose = False
    variables: Mapping[str, str] = {}

    def info(self, message: str) -> None:
        """Report nothing."""

    warning = hint = debug = info

    def progress(self, what: str, *, in_bytes: bool = False) -> AbstractContextManager[Update | None]:  # noqa: ARG002
        """Show nothing."""
        return nullcontext()
