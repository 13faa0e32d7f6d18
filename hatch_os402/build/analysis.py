"""The first half of a build: what the project needs, and whether it can work on os402.

Each function is a step of `pipeline.analyze`: it gives its room what the options say, and the user what is worth a
message.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hatch_os402.archive.staging import exclusion
from hatch_os402.build import locking
from hatch_os402.build.context import step
from hatch_os402.build.unchanged import age
from hatch_os402.compatibility import assess as assessing
from hatch_os402.compatibility import render
from hatch_os402.compatibility import vet as vetting
from hatch_os402.compatibility.dropping import examined, without_droppable
from hatch_os402.compatibility.findings import Finding, in_order, merged
from hatch_os402.compatibility.imports import scan as scanning
from hatch_os402.compatibility.imports.reach import Library
from hatch_os402.config.project import check_features, entry_point, requirements_of_groups
from hatch_os402.errors import FolderError, Os402Error
from hatch_os402.formatting import counted
from hatch_os402.incremental.resolutions import FRESH, is_fresh
from hatch_os402.launcher import STAND_INS
from hatch_os402.resolution.pip_process import CandidateFilter, Host
from hatch_os402.resolution.resolve import ResolveOptions
from hatch_os402.resolution.sdists import build_folder, build_sdist, built_addresses
from hatch_os402.resolution.target import PYTHON
from hatch_os402.runtime import pins as runtime_pins
from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.runtime.modules import facts
from hatch_os402.terminal.layout import stream_width
from hatch_os402.wheels.reading import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.requirements import Requirement

    from hatch_os402.build.context import Context
    from hatch_os402.compatibility.findings import Assessment
    from hatch_os402.compatibility.imports.scan import Scanned
    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.reporting import Reporter
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.lock.model import Lock
    from hatch_os402.resolution.resolve import Resolution
    from hatch_os402.wheels.reading import Wheel

_UV_SETTINGS = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
_PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE")


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


@step("resolving", in_bytes=True)
def resolve(request: BuildRequest, build: Context, choice: CandidateFilter | None = None) -> Resolution:
    """Return what the lock has for the project's requirements, extras and groups included; without a lock resolve them.

    What may be built from source is built. With `choice` no lock is read, and it says what pip may take.
    """
    options, own = build.options, request.own
    lock = locking.find_lock(own, request.groups, build) if choice is None else None
    if lock is None and (own.metadata.requires_dist or request.groups):
        _report_uv_settings(build)
    reusable = lock is None and choice is None and not is_fresh(os.environ)
    if reusable and (known := build.resolutions.recall()):
        resolution, seconds = known
        _report_resolution(own.metadata.requires_dist, resolution, build, seconds=seconds)
        return resolution
    built: dict[str, Pin] = {}
    while True:  # the wheel of an sdist may require more than the sdist said
        try:
            if lock is not None:
                resolution = locking.resolve(lock, own, request.groups, built, build)
            else:
                resolution = build.resolver.resolve(
                    own,
                    extras=options.features,
                    groups=request.groups,
                    workdir=build.workdir,
                    resolve_options=_resolve_options(build, built, choice),
                )
        except FolderError as error:
            pin = _build_folder(error, build)
            built[pin.name] = pin
            continue
        wanted = [
            pin
            for pin in resolution.pins
            if pin.is_sdist and pin.name in options.build_from_source and pin.name not in built
        ]
        if not wanted:
            break
        for pin in wanted:
            _build_from_source(pin, build)
            built[pin.name] = pin
    for name in sorted(options.build_from_source - built.keys()):
        why = "has a wheel" if any(pin.name == name for pin in resolution.pins) else "is not vendored"
        build.reporter.warning(f"`build-from-source` names {name}, which {why}")
    _report_resolution(own.metadata.requires_dist, resolution, build, lock)
    resolution = replace(resolution, built={name: built[name] for name in sorted(built)})
    if lock is None and choice is None:
        build.resolutions.remember(resolution)
    return resolution


def drop(resolution: Resolution, build: Context) -> Resolution:
    """Return `resolution` without what everything that requires it is known to do without, and report that."""
    kept = without_droppable(resolution)
    for pin in kept.dropped:
        build.reporter.info(assessing.drop_summary(pin))
    return kept


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
        host=_host(build),
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

    build.reporter.info(f"searching for fixes (up to {seconds} s; `remedies = false` disables it)")
    search = SearchContext(
        project=request.own,
        extras=build.options.features,
        groups=request.groups,
        base=resolution,
        incompatible=incompatible,
        resolve_options=_resolve_options(build, resolution.built),
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


def _host(build: Context) -> Host:
    return Host(build.project.root, build.reporter.info, build.update)


def _resolve_options(build: Context, built: Mapping[str, Pin], choice: CandidateFilter | None = None) -> ResolveOptions:
    chosen, addresses = build.options.build_from_source, built_addresses(built.values(), build.find_links)
    source = replace(choice or CandidateFilter(), source=chosen, newest=chosen, built=addresses)
    return ResolveOptions(build.architectures, source, build.find_links, host=_host(build))


def _classifier(build: Context) -> Callable[[Wheel], VettedWheel]:
    options = build.options
    return partial(
        vetting.vet,
        strip=options.strip_extensions,
        allow=options.allow_native_files,
        substitute=options.substitutes,
        excluded=exclusion(options.exclude),
    )


def _build_from_source(pin: Pin, build: Context) -> None:
    """Build the wheel of an sdist, and put it where the resolver and `fetch` find it."""
    compiler = find_compiler(None, os.environ)
    build.reporter.info(f"building {pin.name} {pin.version} from {pin.filename}, without compilers")
    build_sdist(
        pin,
        find_links=build.find_links,
        cache=build.cache / "built",
        workdir=build.workdir,
        python=str(compiler.path if compiler else sys.executable),
        host=_host(build),
    )


def _build_folder(error: FolderError, build: Context) -> Pin:
    """Build the wheel of a folder that a requirement names, and put it where the resolver and `fetch` find it."""
    compiler = find_compiler(None, os.environ)
    build.reporter.info(f"building {error.name} from its folder, {error.url}, without compilers")
    pin, _ = build_folder(
        error.name,
        error.url,
        find_links=build.find_links,
        workdir=build.workdir,
        python=str(compiler.path if compiler else sys.executable),
        host=_host(build),
    )
    return pin


def _report_uv_settings(build: Context) -> None:
    """Report that settings of uv's are not read, when no setting of pip's stands beside them."""
    named = [name for name in _UV_SETTINGS if os.environ.get(name)] + ["[tool.uv]"] * build.project.uv_indexes
    if named and not any(os.environ.get(name) for name in _PIP_SETTINGS):
        build.reporter.warning(
            f"{', '.join(named)} names where uv finds packages; pip resolves here and does not read it. "
            "Set PIP_INDEX_URL or PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, or pip.conf"
        )


def _report_resolution(
    requirements: Sequence[Requirement],
    resolution: Resolution,
    build: Context,
    lock: Lock | None = None,
    seconds: float | None = None,
) -> None:
    reporter, what = build.reporter, counted(len(resolution.pins), "distribution")
    target = f"{runtime_pins.NAME} {PYTHON} ({', '.join(build.architectures)})"
    if lock is None:
        before = "" if seconds is None else f", {age(seconds)} (`{FRESH}=1` resolves again)"
        reporter.info(f"resolved {what} for {target}{before}")
    else:
        reporter.info(f"{lock.name} has {what} for {target}: nothing was resolved")
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
        if newer := resolution.passed_over.get(pin.name):
            reporter.warning(
                f"{pin.name} {pin.version} is taken, for of {newer}, which is newer, there is only source: "
                f'build-from-source = ["{pin.name}"] takes that and builds it here, which runs its code; '
                f"to keep the older one, require {pin.name}<={pin.version}"
            )
        if pin.yanked:
            reporter.warning(f"{pin.name} {pin.version} was yanked from the index; require another release")
