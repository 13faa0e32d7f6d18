"""The one way of the plugin and of `hatch-os402 build` to artifacts: those of the last build, or a new one's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.build.unchanged import BuildMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from hatch_os402.artifacts.artifact import Artifact
    from hatch_os402.config.options import Options
    from hatch_os402.config.project import Project
    from hatch_os402.reporting import Reporter


def make(
    project: Project, table: Mapping[str, Any], options: Callable[[], Options], directory: Path, reporter: Reporter
) -> tuple[Artifact, ...]:
    """Return the artifacts of `project` in `directory`, built or found there, and report them.

    `table` is the target's, as it is written and already validated; `options` reads it. Raises `Os402Error`.
    """
    memory = BuildMemory(project, table, directory)
    artifacts = memory.answer(reporter)
    if artifacts is None:
        # A build in which nothing changed needs none of these.
        from hatch_os402.build.pipeline import build  # noqa: PLC0415
        from hatch_os402.build.prices import prices  # noqa: PLC0415

        read = options()
        memory.prices = prices(read.offer)
        artifacts = build(project, read, directory, reporter, memory)
    _report(artifacts, memory, reporter)
    return artifacts


def _report(artifacts: tuple[Artifact, ...], memory: BuildMemory, reporter: Reporter) -> None:
    """Report name, size and hash of what was built, and what a call of it costs."""
    from hatch_os402.formatting import human_size  # noqa: PLC0415 - as above

    width = max(len(artifact.path.name) for artifact in artifacts)
    for artifact in artifacts:
        size = "offer" if artifact.offer else human_size(artifact.size)
        reporter.info(f"{artifact.path.name:<{width}}  {size:>8}  sha256 {artifact.offer or artifact.sha256}")
    for level, message in memory.prices:
        (reporter.hint if level == "hint" else reporter.info)(message)
