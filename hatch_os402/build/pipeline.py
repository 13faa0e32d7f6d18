"""The story of a build, from the project's wheel to the artifacts, a line a step."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from hatch_os402.archive.assemble import assemble
from hatch_os402.archive.entries import EntryReader
from hatch_os402.archive.staging import stage
from hatch_os402.artifacts.facts import Facts
from hatch_os402.artifacts.names import RECORD
from hatch_os402.artifacts.writing import staged
from hatch_os402.build import steps
from hatch_os402.build.analysis import examine, raise_for_errors, report_findings
from hatch_os402.cache import usable_cache
from hatch_os402.files import temporary_folder
from hatch_os402.runtime.configured import executables
from hatch_os402.tools.describing import describe_tools
from hatch_os402.validity import decide

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.artifacts.writing import Artifact
    from hatch_os402.options import Options
    from hatch_os402.project import Project
    from hatch_os402.reporting import Reporter


def build(project: Project, options: Options, directory: Path, reporter: Reporter) -> tuple[Artifact, ...]:
    """Build the artifacts of `project` into `directory` and return them.

    They replace those of an earlier build together; when anything fails, those stay. Raises `Os402Error`.
    """
    runs_on = executables(options.runtime, project.root)
    validity = decide(options.offer, project.root, os.environ, int(time.time()))
    with temporary_folder() as workdir, EntryReader() as reader:
        cache = usable_cache(os.environ, workdir / "cache")
        found = examine(project, options, runs_on, workdir=workdir, cache=cache, reporter=reporter)
        raise_for_errors(found.assessment)
        report_findings(found, reporter)
        entry, vetted_wheels = found.entry, found.vetted_wheels
        tree = stage(vetted_wheels, exclude=options.exclude)
        steps.check_tree(tree, found.entries, options, reader, reporter)
        launch = steps.launch(entry, options)
        compiled = steps.compile_all((*launch, *tree.entries), options, runs_on, cache / "bytecode", reader, reporter)
        contents = assemble(launch, tree, compiled, sources=options.sources)
        tools = describe_tools(entry, options, contents, runs_on, reader, reporter)
        with staged(directory, project.id, cache / "locks", [str(tool.name) for tool in options.tools]) as files:
            zipapp = steps.pack_zipapp(contents, options, reader, files)
            frame = steps.frame_zipapp(zipapp, files)
            offers = steps.write_offers(project, options, tools, runs_on, validity, frame, files, reporter)
            facts = Facts(
                project,
                entry,
                options.tools,
                found.architectures,
                runs_on,
                found.resolution,
                vetted_wheels,
                compiled,
                validity,
            )
            record = files.measured(RECORD, facts.record((zipapp, frame, *offers)))
    return zipapp, frame, *offers, record
