"""A build, from the project's wheel to the artifacts, a line a step.

A requirement, a wheel, an entry of the tree and an artifact each pass once through the room that knows it. Each step is
a function of its room; what joins options, rooms and messages is in `analysis` and `assembly`.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.archive.assemble import assemble
from hatch_os402.archive.folder import check_replaceable, replacing_folder
from hatch_os402.archive.staging import stage
from hatch_os402.artifacts.writing import staged
from hatch_os402.build import analysis, assembly, context, proofs, resolving
from hatch_os402.build.imported import imported_modules
from hatch_os402.build.reports import KeepingReporter
from hatch_os402.config.expiry import decide_expiry
from hatch_os402.tools.describing import describe_tools, functions_read

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.archive.entries import Entry
    from hatch_os402.archive.modules import Compiled
    from hatch_os402.artifacts.writing import Artifact
    from hatch_os402.build.analysis import Analysis
    from hatch_os402.build.context import Context
    from hatch_os402.build.unchanged import BuildMemory
    from hatch_os402.config.expiry import Expiry
    from hatch_os402.config.options import Options
    from hatch_os402.config.project import Project
    from hatch_os402.config.run_profile import RunProfile
    from hatch_os402.reporting import Reporter


def analyze(build: Context, *, remedies: int | None = None) -> Analysis:
    """Return what the project needs and whether it can work on os402.

    What cannot work is a finding, not an exception. `remedies`, in seconds, overrules the option. Raises `Os402Error`.
    """
    request = analysis.read_request(build)
    resolved = resolving.resolve(request, build)  # with pip, and checked without it
    resolution = resolving.drop(resolved, build)
    wheels = analysis.fetch(resolution, build)
    vetted = analysis.vet(request, resolution, wheels, build)
    scanned = analysis.scan(request, vetted, resolution, build)
    assessment = analysis.assess(vetted, scanned, resolution, build)
    assessment = analysis.search_fixes(assessment, request, resolution, build, seconds=remedies)
    return analysis.Analysis(request, resolved, resolution, vetted, assessment, scanned.quiet)


@dataclass(frozen=True)
class Assembled:
    """The files of an archive, and what was found out on the way to them."""

    analyzed: Analysis
    compiled: Compiled
    contents: tuple[Entry, ...]
    """In the order of the archive."""
    imported: frozenset[str]
    """The modules that a start imports, as far as that is known; empty when it is not."""
    bill: bytes | None
    """The software bill of materials, which is in the archive as well."""


def assembled(build: Context, *, describes: bool = False) -> Assembled:
    """Return the files of the archive. Raises `Os402Error`, also for what cannot work on os402.

    `describes`: `describe_tools` follows, and reports the functions that are not there.
    """
    profile = assembly.saved_profile(build)
    analyzed = analyze(build)
    analysis.raise_for_errors(analyzed.assessment)
    analysis.report_findings(analyzed, build.reporter)
    return lay_out(analyzed, profile, build, describes=describes)


def lay_out(analyzed: Analysis, profile: RunProfile | None, build: Context, *, describes: bool = False) -> Assembled:
    """Return the files of the archive of an analyzed project without errors. Raises `Os402Error`."""
    bill = proofs.bill(analyzed, build)
    tree = proofs.with_bill(stage(analyzed.vetted, exclude=build.options.exclude), bill, analyzed, build)
    reported = functions_read(analyzed.request.entry_point, build.options) if describes else ()
    assembly.check_tree(tree, analyzed.request, build, reported=reported)
    launcher = assembly.launcher_files(analyzed.request, tree, build)
    compiled = assembly.compile_all((*launcher, *tree.entries), profile, build)
    assembly.check_compiled(compiled, analyzed.request, build)
    contents = assemble(launcher, tree, compiled, sources=build.options.sources)
    imported = imported_modules(tree, compiled, profile, analyzed.request, build)
    return Assembled(analyzed, compiled, contents, imported, bill)


def build(
    project: Project,
    options: Options,
    directory: Path,
    reporter: Reporter,
    memory: BuildMemory | None = None,
    *,
    expiry: Expiry | None = None,
    own_cache: Path | None = None,
) -> tuple[Artifact, ...]:
    """Build the artifacts of `project` into `directory` and return them; `memory` keeps what the next build can use.

    They replace those of an earlier build together; when anything fails, those stay. `expiry` is the end of the offer
    when it is not for the options to decide; `own_cache` as in `context.opened`. Raises `Os402Error`.
    """
    if options.staging is not None:
        check_replaceable(options.staging)
    kept = KeepingReporter(reporter)
    with context.opened(project, options, kept, own_cache=own_cache) as build:
        expiry = expiry or decide_expiry(options.offer, project.root, os.environ, int(time.time()))
        found = assembled(build, describes=True)
        analyzed, contents = found.analyzed, found.contents
        tools = describe_tools(analyzed.request.entry_point, options, contents, build.executables, build.reader, kept)
        with (
            replacing_folder(options.staging, contents, build.reader, reporter.warning),
            staged(
                directory,
                project.id,
                build.cache / "locks",
                [str(tool.name) for tool in options.tools],
                proofs.extras(options),
            ) as files,
        ):
            zipapp = assembly.write_zipapp(contents, found.imported, files, build)
            frame = assembly.write_frame(zipapp, files)
            with kept.passing():
                offers = assembly.write_offers(frame, tools, expiry, files, build)
            made = (zipapp, frame, *offers)
            made += proofs.write_proofs(made, found.bill, analyzed, found.compiled, expiry, files, build)
            record = assembly.write_record(made, analyzed, found.compiled, expiry, files, build)
        artifacts = (*made, record)
        if memory is not None:
            memory.keep(analyzed.resolved, artifacts, expiry, kept.kept, owned=bool(options.offer.owner))
    return artifacts
