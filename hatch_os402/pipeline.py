"""The story of a build, from the project's wheel to the four artifacts, a line a step."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402 import steps
from hatch_os402.archive.assemble import assemble, launcher_entries
from hatch_os402.artifacts import staged
from hatch_os402.cache import usable_cache
from hatch_os402.dependencies.entries import EntryReader
from hatch_os402.dependencies.fetch import fetch
from hatch_os402.dependencies.stage import stage
from hatch_os402.dependencies.target import ARCHITECTURES
from hatch_os402.dependencies.wheels import read_wheel
from hatch_os402.project import entry_point
from hatch_os402.record import Facts
from hatch_os402.runtime.configured import executables
from hatch_os402.validity import decide

if TYPE_CHECKING:
    from hatch_os402.artifacts import Artifact
    from hatch_os402.options import Options
    from hatch_os402.project import Project
    from hatch_os402.tell import Tell


def build(project: Project, options: Options, directory: Path, tell: Tell) -> tuple[Artifact, ...]:
    """Build the four artifacts of `project` into `directory` and return them.

    They replace those of an earlier build together; when anything fails, those stay. Raises `Os402Error`.
    """
    runs_on = executables(options.runtime, project.root)
    architectures = tuple(
        arch for arch in ARCHITECTURES if not options.runtime or arch in {item.arch for item in runs_on}
    )
    validity = decide(options.offer, project.root, os.environ, int(time.time()))
    with tempfile.TemporaryDirectory(prefix="hatch-os402-") as temporary, EntryReader() as reader:
        workdir = Path(temporary)
        cache = usable_cache(os.environ, workdir / "cache")
        own = read_wheel(project.wheel)
        entry = entry_point(project, options, {file.path for file in own.files})
        resolution = steps.resolve_all(project, options, own, architectures, workdir, tell)
        wheels = fetch(resolution.pins, cache=cache / "wheels", workdir=workdir, machine=architectures[0])
        verdicts = steps.judge(options, own, wheels, resolution, tell)
        tree = stage(verdicts, exclude=options.exclude)
        steps.check_tree(tree, entry, options, reader, tell)
        launch = launcher_entries(entry, virtual_files=options.virtual_files, lazy_imports=options.lazy_imports)
        compiled = steps.compile_all((*launch, *tree.entries), options, runs_on, cache / "bytecode", reader, tell)
        contents = assemble(launch, tree, compiled, sources=options.sources)
        with staged(directory, project.id) as files:
            zipapp = steps.pack_zipapp(contents, options, reader, files)
            frame = steps.frame_zipapp(zipapp, files)
            offer = steps.write_offer(project, options, runs_on, validity, frame, files, tell)
            facts = Facts(project, entry, architectures, runs_on, resolution, verdicts, compiled, validity)
            record = files.measured(".build.json", facts.record((zipapp, frame, offer)))
    return zipapp, frame, offer, record
