"""The first half of a build: what the project needs, and whether it can work on os402."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hatch_os402.archive.entries import EntryReader
from hatch_os402.archive.staging import exclusion
from hatch_os402.compatibility import render
from hatch_os402.compatibility.assess import assess
from hatch_os402.compatibility.findings import Finding, in_order, merged
from hatch_os402.compatibility.imports.reach import Library
from hatch_os402.compatibility.imports.scan import scan
from hatch_os402.compatibility.remedies.search import with_remedies
from hatch_os402.compatibility.remedies.trials import SearchContext
from hatch_os402.compatibility.vet import VettedWheel, vet
from hatch_os402.errors import NativeCodeError
from hatch_os402.project import check_features, entry_point, requirements_of_groups
from hatch_os402.resolution.fetch import fetch
from hatch_os402.resolution.pip_process import CandidateFilter
from hatch_os402.resolution.resolve import Resolution, ResolveOptions, resolve_with_source
from hatch_os402.resolution.sdists import build_sdist
from hatch_os402.resolution.target import ARCHITECTURES, PYTHON
from hatch_os402.runtime import pins as runtime_pins
from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.runtime.modules import facts
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from hatch_os402.compatibility.findings import Assessment
    from hatch_os402.options import Options
    from hatch_os402.project import Project
    from hatch_os402.reporting import Reporter
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.runtime.configured import Executable
    from hatch_os402.wheels.reading import Wheel


@dataclass(frozen=True)
class Examination:
    """What is known of the project's dependencies before anything is staged."""

    entry: str
    """Where the project starts; empty when it has MCP tools, which `entries` names."""
    entries: tuple[str, ...]
    """Everything that may be started."""
    architectures: tuple[str, ...]
    resolution: Resolution
    vetted_wheels: tuple[VettedWheel, ...]
    """The project's first, then those of the wheels in the order of the pins; sdists have none."""
    assessment: Assessment
    quiet: tuple[Finding, ...]
    """Hints for those who ask."""


def examine(
    project: Project,
    options: Options,
    runs_on: Sequence[Executable],
    *,
    workdir: Path,
    cache: Path,
    reporter: Reporter,
    remedies: int | None = None,
) -> Examination:
    """Resolve, fetch and judge everything that `project` needs. Raises `Os402Error`; what cannot work is no exception.

    `workdir` is a private folder, `cache` the one that builds share. `remedies`, in seconds, overrules the
    option.
    """
    architectures = tuple(
        arch for arch in ARCHITECTURES if not options.runtime or arch in {item.arch for item in runs_on}
    )
    own = read_wheel(project.wheel)
    entry = "" if options.tools else entry_point(project, options, {file.path for file in own.files})
    entries = tuple(tool.function for tool in options.tools) or (entry,)
    groups = requirements_of_groups(project, options.groups)
    resolve_options = ResolveOptions(
        architectures, CandidateFilter(source=options.build_from_source), workdir / "shelf"
    )
    resolution = _resolve(
        project, options, own, groups, resolve_options, workdir=workdir, cache=cache, reporter=reporter
    )
    wheels = fetch(
        [pin for pin in resolution.pins if not pin.is_sdist],
        cache=cache / "wheels",
        workdir=workdir,
        machine=architectures[0],
        find_links=resolve_options.find_links,
    )
    classify = _classifier(options, (own, *wheels), reporter)
    vetted_wheels = tuple(classify(wheel) for wheel in (own, *wheels))
    assessment = assess(vetted_wheels[0], vetted_wheels[1:], resolution, options.offer.env)
    with EntryReader() as reader:
        scanned = scan(
            entries,
            vetted_wheels,
            resolution.graph,
            Library(*(frozenset(facts()[key]) for key in ("modules", "missing", "undecided"))),
            excluded=exclusion(options.exclude),
            lazy=options.lazy_imports,
            reader=reader,
            memory=cache / "scanned",
        )
    assessment = replace(
        assessment, findings=in_order(merged((*assessment.findings, *_of_the_offer(options, own)), scanned.findings))
    )
    incompatible = frozenset(finding.subject for finding in assessment.errors) - {own.name}
    seconds = options.remedies if remedies is None else remedies
    if incompatible and seconds:
        reporter.info(f"looking for ways out, for at most {seconds} seconds (`remedies = false` does without)")
        context = SearchContext(
            project=own,
            extras=options.features,
            groups=groups,
            base=resolution,
            incompatible=incompatible,
            resolve_options=resolve_options,
            classify=classify,
            cache=cache / "wheels",
            workdir=workdir / "trials",
            seconds=seconds,
            deadline=time.monotonic() + seconds,
        )
        assessment = with_remedies(assessment, context, cache / "remedies")
    return Examination(entry, entries, architectures, resolution, vetted_wheels, assessment, scanned.quiet)


def raise_for_errors(assessment: Assessment) -> None:
    """Raise `NativeCodeError` when there is an error, naming all, who requires them and what to do."""
    if assessment.errors:
        raise NativeCodeError(render.errors(assessment), render.details(assessment))


def report_findings(found: Examination, reporter: Reporter) -> None:
    """Tell what was left out, and every warning and hint."""
    for verdict in found.vetted_wheels:
        if verdict.verdict == "stripped":
            reporter.info(verdict.summary)
        for file, reason in verdict.dropped:
            reporter.debug(f"{verdict.wheel.name}: left out {file.path}: {reason}")
    for finding in found.assessment.of("warning"):
        reporter.warning(render.note(finding))
    for finding in found.assessment.of("hint"):
        reporter.info(f"hint: {render.note(finding)}")
    for finding in found.quiet if reporter.verbose else ():
        reporter.debug(f"perhaps: {render.note(finding)}")


def _of_the_offer(options: Options, own: Wheel) -> Iterator[Finding]:
    """Yield what the offer asks for and os402 does not give."""
    if options.offer.net:
        message = "`net = true` is recorded in the offer, and os402 gives no program a network"
        advice = "Have callers send what the program needs, or put it into the archive."
        yield Finding("hint", "network", own.name, message, str(own.version), advice=advice)


def _classifier(options: Options, wheels: Sequence[Wheel], reporter: Reporter) -> Callable[[Wheel], VettedWheel]:
    """Return what judges a wheel as `options` say, and warn of names in them that none of `wheels` has."""
    strip, allow = options.strip_extensions, options.allow_native_files
    known = {wheel.name for wheel in wheels}
    for option, chosen in (("strip-extensions", strip), ("allow-native-files", allow)):
        for name in sorted(chosen - known):
            reporter.warning(f"`{option}` names {name}, which is not vendored")
    return partial(vet, strip=strip, allow=allow, excluded=exclusion(options.exclude))


def _resolve(
    project: Project,
    options: Options,
    own: Wheel,
    groups: tuple[Requirement, ...],
    resolve_options: ResolveOptions,
    *,
    workdir: Path,
    cache: Path,
    reporter: Reporter,
) -> Resolution:
    """Resolve the project's requirements, extras and groups included, and build what may be built."""
    check_features(project, options)
    built: dict[str, Pin] = {}
    while True:  # the wheel of an sdist may require more than the sdist said
        resolution = resolve_with_source(
            own, extras=options.features, groups=groups, workdir=workdir, resolve_options=resolve_options
        )
        wanted = [
            pin
            for pin in resolution.pins
            if pin.is_sdist and pin.name in options.build_from_source and pin.name not in built
        ]
        if not wanted:
            break
        for pin in wanted:
            _build(pin, workdir=workdir, cache=cache, reporter=reporter)
            built[pin.name] = pin
    for name in sorted(options.build_from_source - built.keys()):
        reporter.warning(f"`build-from-source` names {name}, which {_why_not_built(name, resolution)}")
    _tell_resolution(own.metadata.requires_dist, resolution, resolve_options.architectures, reporter)
    return replace(resolution, built={name: built[name] for name in sorted(built)})


def _build(pin: Pin, *, workdir: Path, cache: Path, reporter: Reporter) -> None:
    """Build the wheel of an sdist, and put it where the resolver and `fetch` find it."""
    compiler = find_compiler(None, os.environ)
    python = compiler.path if compiler else sys.executable
    reporter.info(f"building {pin.name} {pin.version} from {pin.filename}, without compilers")
    build_sdist(pin, find_links=workdir / "shelf", cache=cache / "built", workdir=workdir, python=str(python))


def _why_not_built(name: str, resolution: Resolution) -> str:
    return "has a wheel" if any(pin.name == name for pin in resolution.pins) else "is not vendored"


def _tell_resolution(
    requirements: Sequence[Requirement], resolution: Resolution, architectures: Sequence[str], reporter: Reporter
) -> None:
    count = len(resolution.pins)
    reporter.info(
        f"resolved {count} distribution{'' if count == 1 else 's'} for {runtime_pins.NAME} {PYTHON} "
        f"({', '.join(architectures)})"
    )
    for requirement in requirements:
        address = urlsplit(requirement.url or "")
        if address.scheme == "file" or "@" in address.netloc:
            what = "a password" if "@" in address.netloc else "a folder of this machine"
            reporter.warning(
                f"the requirement of {requirement.name} has {what} in its address, which is in METADATA and so in the "
                "archive: require a version instead, and let PIP_FIND_LINKS or PIP_INDEX_URL say where it is"
            )
    for pin in resolution.pins:
        parents = ", ".join(sorted(resolution.graph.required_by[pin.name]))
        reporter.debug(f"{pin.name} {pin.version} ({pin.filename}), required by {parents}")
        if pin.yanked:
            reporter.warning(f"{pin.name} {pin.version} was yanked from the index; require another release")
