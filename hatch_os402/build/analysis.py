"""The first half of a build: what the project needs, and whether it can work on os402.

Each function is a step of `pipeline.analyze`: it gives its room what the options say, and the user what is worth a
message.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.archive.staging import exclusion
from hatch_os402.build.context import step
from hatch_os402.build.resolving import host_of, resolve_options
from hatch_os402.compatibility import assess as assessing
from hatch_os402.compatibility import render
from hatch_os402.compatibility import vet as vetting
from hatch_os402.compatibility.dropping import examined, hopeless
from hatch_os402.compatibility.findings import Finding, in_order, merged
from hatch_os402.compatibility.imports import scan as scanning
from hatch_os402.compatibility.imports.reach import Library
from hatch_os402.config.project import check_features, entry_point, requirements_of_groups
from hatch_os402.errors import Os402Error
from hatch_os402.launcher import STAND_INS
from hatch_os402.runtime.modules import facts
from hatch_os402.terminal.layout import stream_width
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packaging.requirements import Requirement

    from hatch_os402.build.context import Context
    from hatch_os402.compatibility.findings import Assessment
    from hatch_os402.compatibility.imports.scan import Scanned
    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.reporting import Reporter
    from hatch_os402.resolution.resolve import Resolution
    from hatch_os402.wheels.reading import Wheel


@dataclass(frozen=True)
class BuildRequest:
    """What is to be vendored and started."""

    own: Wheel
    """The project's own wheel."""
    entry_point: str
    """Where the project starts; empty when it has MCP tools, which `starts` names."""
    starts: tuple[str, ...]
    """Everything that may be started."""
    groups: tuple[Requirement, ...]
    """The requirements of the option `groups`."""


@dataclass(frozen=True)
class Analysis:
    """What is known of the project's dependencies before anything is staged."""

    request: BuildRequest
    resolved: Resolution
    """What pip or the lock has for the project."""
    resolution: Resolution
    """That without what is dropped."""
    vetted: tuple[VettedWheel, ...]
    """The project's first, then those of the wheels in the order of the pins; sdists have none."""
    assessment: Assessment
    quiet: tuple[Finding, ...]
    """Hints for those who ask."""


def read_request(build: Context) -> BuildRequest:
    """Return what the project asks for. Raises `Os402Error` for a damaged wheel or options that name nothing."""
    project, options = build.project, build.options
    check_features(project, options)
    own = read_wheel(project.wheel)
    entry = "" if options.tools else entry_point(project, options, {file.path for file in own.files})
    starts = tuple(tool.function for tool in options.tools) or (entry,)
    return BuildRequest(own, entry, starts, requirements_of_groups(project, options.groups))


@step("fetching wheels", in_bytes=True)
def fetch(resolution: Resolution, build: Context) -> tuple[Wheel, ...]:
    """Return the wheels of `resolution`, in the order of its pins, each checked against its hash and its RECORD.

    Those of distributions about which nothing can be done, and of what only these require, are not fetched.
    """
    options = build.options
    worth = examined(resolution, options.strip_extensions | options.allow_native_files | options.substitutes)
    return build.resolver.fetch(
        [pin for pin in resolution.pins if not pin.is_sdist and pin.name in worth],
        cache=build.cache / "wheels",
        workdir=build.workdir,
        machine=build.architectures[0],
        find_links=build.find_links,
        host=host_of(build),
        accept=build.options.accept_broken_record,
        known=build.verdicts.wheel,
    )


def vet(
    request: BuildRequest, resolution: Resolution, wheels: Sequence[Wheel], build: Context
) -> tuple[VettedWheel, ...]:
    """Return the verdict on the project's own wheel and on each of `wheels`, those of `resolution`."""
    known = {request.own.name, *(wheel.name for wheel in wheels)}
    options = build.options
    for option, named in (
        ("strip-extensions", options.strip_extensions),
        ("allow-native-files", options.allow_native_files),
        ("substitutes", options.substitutes),
    ):
        for name in sorted(named - known):
            build.reporter.warning(f"`{option}` names {name}, which is not vendored")
    classify = _classifier(build)
    verdicts = [classify(request.own)]
    hashes = {pin.name: pin.sha256 for pin in resolution.pins}
    for wheel in wheels:
        verdict = build.verdicts.verdict(wheel)
        if verdict is None:
            verdict = classify(wheel)
            build.verdicts.remember(verdict, hashes[wheel.name])
        verdicts.append(verdict)
    return tuple(verdicts)


@step("following the imports")
def scan(request: BuildRequest, vetted: Sequence[VettedWheel], resolution: Resolution, build: Context) -> Scanned:
    """Follow the imports from everything that may be started, and return what was seen.

    Nothing is followed where a wheel is not there to be read: the build ends in an error anyway.
    """
    names = {verdict.wheel.name for verdict in vetted}
    if any(pin.name not in names and not pin.is_sdist for pin in resolution.pins):
        return scanning.Scanned((), ())
    return scanning.scan(
        request.starts,
        vetted,
        resolution.graph,
        _library(),
        excluded=exclusion(build.options.exclude),
        lazy=build.options.lazy_imports,
        reader=build.reader,
        memory=build.cache / "scanned",
    )


def assess(vetted: Sequence[VettedWheel], scanned: Scanned, resolution: Resolution, build: Context) -> Assessment:
    """Return everything that is known of what cannot work, without suggested fixes."""
    own = vetted[0].wheel
    assessment = assessing.assess(vetted[0], vetted[1:], resolution, build.options.offer.env)
    offer = build.options.offer
    offered = [
        *(Finding("warning", "offer", own.name, text, str(own.version)) for text in offer.warnings()),
        *(Finding("hint", "offer", own.name, text, str(own.version)) for text in offer.hints(build.project.name)),
    ]
    findings = (*merged(assessment.findings, scanned.findings), *scanned.unused, *offered)
    return replace(assessment, findings=in_order(findings))


@step("searching for fixes")
def search_fixes(
    assessment: Assessment, request: BuildRequest, resolution: Resolution, build: Context, *, seconds: int | None = None
) -> Assessment:
    """Return `assessment` with suggested fixes for its errors. `seconds` overrules the option `remedies`."""
    incompatible = frozenset(finding.subject for finding in assessment.errors) - {request.own.name}
    seconds = build.options.remedies if seconds is None else seconds
    if not incompatible or not seconds:
        return assessment
    from hatch_os402.compatibility.remedies.search import with_remedies  # noqa: PLC0415 - for errors alone
    from hatch_os402.compatibility.remedies.trials import SearchContext  # noqa: PLC0415 - as above

    if incompatible - hopeless(resolution):
        build.reporter.info(f"searching for fixes (up to {seconds} s; `remedies = false` disables it)")
    search = SearchContext(
        project=request.own,
        extras=build.options.features,
        groups=request.groups,
        base=resolution,
        incompatible=incompatible,
        resolve_options=resolve_options(build, resolution.built),
        classify=_classifier(build),
        substitutes=build.options.substitutes,
        cache=build.cache / "wheels",
        workdir=build.workdir / "trials",
        seconds=seconds,
        deadline=time.monotonic() + seconds,
        library=_library(),
    )
    return with_remedies(assessment, search, build.cache / "remedies")


def raise_for_errors(assessment: Assessment) -> None:
    """Raise `Os402Error` when there is an error, naming all, who requires them and what to do."""
    if assessment.errors:
        raise Os402Error(render.errors(assessment, stream_width(sys.stderr)), render.details(assessment))


def report_findings(analyzed: Analysis, reporter: Reporter) -> None:
    """Report what was left out, and every warning and hint."""
    for wheel in analyzed.vetted:
        if broken := wheel.wheel.broken_record:
            reporter.warning(f"{wheel.wheel.filename} is taken as `accept-broken-record` asks: {broken}")
        if wheel.verdict in {"stripped", "substituted"}:
            reporter.info(wheel.summary)
        for file, reason in wheel.dropped:
            reporter.debug(f"{wheel.wheel.name}: left out {file.path}: {reason}")
        for sentence in wheel.unseen:
            reporter.debug(sentence)
    for finding in analyzed.assessment.of("warning"):
        reporter.warning(render.note(finding))
    for finding in analyzed.assessment.of("hint"):
        reporter.hint(render.note(finding))
    for finding in analyzed.quiet if reporter.verbose else ():
        reporter.debug(f"perhaps: {render.note(finding)}")


def _library() -> Library:
    modules, missing, undecided = (frozenset(facts()[key]) for key in ("modules", "missing", "undecided"))
    return Library(modules, missing, undecided, STAND_INS)


def _classifier(build: Context) -> Callable[[Wheel], VettedWheel]:
    options = build.options
    return partial(
        vetting.vet,
        strip=options.strip_extensions,
        allow=options.allow_native_files,
        substitute=options.substitutes,
        excluded=exclusion(options.exclude),
    )
