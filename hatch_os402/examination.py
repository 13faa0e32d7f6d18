"""The first half of a build: what the project needs, and whether it can work on os402."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hatch_os402.dependencies import render
from hatch_os402.dependencies.assess import assess
from hatch_os402.dependencies.entries import EntryReader
from hatch_os402.dependencies.fetch import fetch
from hatch_os402.dependencies.findings import in_order, merged
from hatch_os402.dependencies.pip_process import Choice
from hatch_os402.dependencies.resolve import Conditions, Resolution, resolve_with_source
from hatch_os402.dependencies.sources import build_sdist
from hatch_os402.dependencies.stage import exclusion
from hatch_os402.dependencies.target import ARCHITECTURES, PYTHON
from hatch_os402.dependencies.trials import Setting
from hatch_os402.dependencies.vet import Verdict, vet
from hatch_os402.dependencies.way_out import with_remedies
from hatch_os402.dependencies.wheels import read_wheel
from hatch_os402.errors import NativeCodeError
from hatch_os402.project import check_features, entry_point, requirements_of_groups
from hatch_os402.runtime import pins as runtime_pins
from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.runtime.modules import facts
from hatch_os402.scanning.reach import Library
from hatch_os402.scanning.scan import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from hatch_os402.dependencies.findings import Assessment, Finding
    from hatch_os402.dependencies.graph import Pin
    from hatch_os402.dependencies.wheels import Wheel
    from hatch_os402.options import Options
    from hatch_os402.project import Project
    from hatch_os402.runtime.configured import Executable
    from hatch_os402.tell import Tell


@dataclass(frozen=True)
class Examination:
    """What is known of the project's dependencies before anything is staged."""

    entry: str
    architectures: tuple[str, ...]
    resolution: Resolution
    verdicts: tuple[Verdict, ...]
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
    tell: Tell,
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
    entry = entry_point(project, options, {file.path for file in own.files})
    groups = requirements_of_groups(project, options.groups)
    conditions = Conditions(architectures, Choice(source=options.build_from_source), workdir / "shelf")
    resolution = _resolve(project, options, own, groups, conditions, workdir=workdir, cache=cache, tell=tell)
    wheels = fetch(
        [pin for pin in resolution.pins if not pin.is_sdist],
        cache=cache / "wheels",
        workdir=workdir,
        machine=architectures[0],
        shelf=conditions.shelf,
    )
    judge = _judge(options, (own, *wheels), tell)
    verdicts = tuple(judge(wheel) for wheel in (own, *wheels))
    assessment = assess(verdicts[0], verdicts[1:], resolution, options.offer.env)
    with EntryReader() as reader:
        scanned = scan(
            entry,
            verdicts,
            resolution.graph,
            Library(*(frozenset(facts()[key]) for key in ("modules", "missing", "undecided"))),
            excluded=exclusion(options.exclude),
            net=options.offer.net,
            lazy=options.lazy_imports,
            reader=reader,
            memory=cache / "scanned",
        )
    assessment = replace(assessment, findings=in_order(merged(assessment.findings, scanned.findings)))
    offenders = frozenset(finding.subject for finding in assessment.errors) - {own.name}
    seconds = options.remedies if remedies is None else remedies
    if offenders and seconds:
        tell.info(f"looking for ways out, for at most {seconds} seconds (`remedies = false` does without)")
        setting = Setting(
            project=own,
            extras=options.features,
            groups=groups,
            base=resolution,
            offenders=offenders,
            conditions=conditions,
            judge=judge,
            cache=cache / "wheels",
            workdir=workdir / "trials",
            seconds=seconds,
            deadline=time.monotonic() + seconds,
        )
        assessment = with_remedies(assessment, setting, cache / "remedies")
    return Examination(entry, architectures, resolution, verdicts, assessment, scanned.quiet)


def refuse(assessment: Assessment) -> None:
    """Raise `NativeCodeError` when there is an error, naming all, who requires them and what to do."""
    if assessment.errors:
        raise NativeCodeError(render.errors(assessment), render.details(assessment))


def remark(found: Examination, tell: Tell) -> None:
    """Tell what was left out, and every warning and hint."""
    for verdict in found.verdicts:
        if verdict.outcome == "stripped":
            tell.info(verdict.summary)
        for file, reason in verdict.dropped:
            tell.debug(f"{verdict.wheel.name}: left out {file.path}: {reason}")
    for finding in found.assessment.of("warning"):
        tell.warning(render.note(finding))
    for finding in found.assessment.of("hint"):
        tell.info(f"hint: {render.note(finding)}")
    for finding in found.quiet if tell.verbose else ():
        tell.debug(f"perhaps: {render.note(finding)}")


def _judge(options: Options, wheels: Sequence[Wheel], tell: Tell) -> Callable[[Wheel], Verdict]:
    """Return what judges a wheel as `options` say, and warn of names in them that none of `wheels` has."""
    strip, allow = options.strip_extensions, options.allow_native_files
    known = {wheel.name for wheel in wheels}
    for option, chosen in (("strip-extensions", strip), ("allow-native-files", allow)):
        for name in sorted(chosen - known):
            tell.warning(f"`{option}` names {name}, which is not vendored")
    return partial(vet, strip=strip, allow=allow, excluded=exclusion(options.exclude))


def _resolve(
    project: Project,
    options: Options,
    own: Wheel,
    groups: tuple[Requirement, ...],
    conditions: Conditions,
    *,
    workdir: Path,
    cache: Path,
    tell: Tell,
) -> Resolution:
    """Resolve the project's requirements, extras and groups included, and build what may be built."""
    check_features(project, options)
    built: dict[str, Pin] = {}
    while True:  # the wheel of an sdist may require more than the sdist said
        resolution = resolve_with_source(
            own, extras=options.features, groups=groups, workdir=workdir, conditions=conditions
        )
        wanted = [
            pin
            for pin in resolution.pins
            if pin.is_sdist and pin.name in options.build_from_source and pin.name not in built
        ]
        if not wanted:
            break
        for pin in wanted:
            _build(pin, workdir=workdir, cache=cache, tell=tell)
            built[pin.name] = pin
    for name in sorted(options.build_from_source - built.keys()):
        tell.warning(f"`build-from-source` names {name}, which {_why_not_built(name, resolution)}")
    _tell_resolution(own.metadata.requires_dist, resolution, conditions.architectures, tell)
    return replace(resolution, built={name: built[name] for name in sorted(built)})


def _build(pin: Pin, *, workdir: Path, cache: Path, tell: Tell) -> None:
    """Build the wheel of an sdist, and put it where the resolver and `fetch` find it."""
    compiler = find_compiler(None, os.environ)
    python = compiler.path if compiler else sys.executable
    tell.info(f"building {pin.name} {pin.version} from {pin.filename}, without compilers")
    build_sdist(pin, shelf=workdir / "shelf", cache=cache / "built", workdir=workdir, python=str(python))


def _why_not_built(name: str, resolution: Resolution) -> str:
    return "has a wheel" if any(pin.name == name for pin in resolution.pins) else "is not vendored"


def _tell_resolution(
    requirements: Sequence[Requirement], resolution: Resolution, architectures: Sequence[str], tell: Tell
) -> None:
    count = len(resolution.pins)
    tell.info(
        f"resolved {count} distribution{'' if count == 1 else 's'} for {runtime_pins.NAME} {PYTHON} "
        f"({', '.join(architectures)})"
    )
    for requirement in requirements:
        address = urlsplit(requirement.url or "")
        if address.scheme == "file" or "@" in address.netloc:
            what = "a password" if "@" in address.netloc else "a folder of this machine"
            tell.warning(
                f"the requirement of {requirement.name} has {what} in its address, which is in METADATA and so in the "
                "archive: require a version instead, and let PIP_FIND_LINKS or PIP_INDEX_URL say where it is"
            )
    for pin in resolution.pins:
        parents = ", ".join(sorted(resolution.graph.required_by[pin.name]))
        tell.debug(f"{pin.name} {pin.version} ({pin.filename}), required by {parents}")
        if pin.yanked:
            tell.warning(f"{pin.name} {pin.version} was yanked from the index; require another release")
