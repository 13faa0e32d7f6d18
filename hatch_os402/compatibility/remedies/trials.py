"""Trials: the project's requirements, changed, resolved for the target, and vetted. Every fix that is shown had one."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_os402.compatibility.curated import optional_extensions
from hatch_os402.compatibility.dropping import examined, hopeless, without_droppable
from hatch_os402.compatibility.remedies.importing import unimportable
from hatch_os402.compatibility.vet import vet
from hatch_os402.errors import OutOfTimeError, ResolutionError, WheelError
from hatch_os402.resolution.fetch import fetch
from hatch_os402.resolution.resolve import Resolution, resolve
from hatch_os402.substitutes import substitutes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from hatch_os402.compatibility.imports.reach import Library
    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.pip_job import CandidateFilter
    from hatch_os402.resolution.resolve import ResolveOptions
    from hatch_os402.wheels.reading import Wheel


@dataclass(frozen=True)
class SearchContext:
    """What all trials of one build share: the project, and how it was resolved and classified."""

    project: Wheel
    extras: frozenset[str]
    groups: tuple[Requirement, ...]
    base: Resolution
    incompatible: frozenset[str]
    """Canonical names of everything that cannot work as the project is."""
    resolve_options: ResolveOptions
    classify: Callable[[Wheel], VettedWheel]
    cache: Path
    """The folder of fetched wheels; beside it is that of scanned modules."""
    workdir: Path
    """Private; each trial has a folder of its own below it."""
    seconds: int
    """That all trials together may take."""
    deadline: float
    """When they are over, on `time.monotonic()`: no trial begins after it, and one that runs is ended."""
    library: Library
    """What the runtime can import."""
    substitutes: frozenset[str] = frozenset()
    """What the option `substitutes` names already."""
    numbers: Iterator[int] = field(default_factory=itertools.count, compare=False)
    classified: dict[tuple[str, str, str], VettedWheel] = field(default_factory=dict, compare=False)
    """The verdict on each wheel that was read, by name, file name and SHA256 of its pin."""


@dataclass(frozen=True)
class Change:
    """What a trial changes in the project."""

    replaced: Mapping[Requirement, Requirement] = field(default_factory=dict)
    """Requirements of the project, each with what stands in its place."""
    added: tuple[Requirement, ...] = ()
    without_feature: str = ""

    def requirements(self, context: SearchContext) -> tuple[Requirement, ...]:
        """Return the requirements of the project's wheel, changed, without `added`."""
        return tuple(self._replace(context.project.metadata.requires_dist))

    def groups(self, context: SearchContext) -> tuple[Requirement, ...]:
        """Return the requirements of the groups, changed, and `added`."""
        return (*self._replace(context.groups), *self.added)

    def extras(self, context: SearchContext) -> frozenset[str]:
        """Return the extras of the project that stay."""
        return context.extras - {self.without_feature}

    def _replace(self, requirements: Sequence[Requirement]) -> Iterator[Requirement]:
        return (self.replaced.get(requirement, requirement) for requirement in requirements)


def discover(context: SearchContext, requirements: Sequence[Requirement], choice: CandidateFilter) -> Resolution | None:
    """Return what pip finds for `requirements`, when it may choose only what `choice` says; None when it finds nothing.

    Raises `OutOfTimeError`.
    """
    metadata = replace(context.project.metadata, requires_dist=tuple(requirements))
    resolve_options = replace(
        context.resolve_options, architectures=context.resolve_options.architectures[:1], choice=choice
    )
    return _resolve(context, replace(context.project, metadata=metadata), context.extras, (), resolve_options)


def verify(context: SearchContext, change: Change, incompatible: frozenset[str]) -> Resolution | None:
    """Return what `change` gives when nothing else is unusual and it helps, else None.

    It helps when everything resolves for every architecture, none of `incompatible` is left as something that cannot
    work, and nothing that cannot work was added. What is new is fetched and vetted for that, and what was asked for
    can be imported. Raises `OutOfTimeError`.
    """
    choice = context.resolve_options.choice
    still = context.incompatible - incompatible  # these may stay what they are, an sdist included
    resolve_options = replace(context.resolve_options, choice=replace(choice, source=choice.source | still))
    project = replace(
        context.project, metadata=replace(context.project.metadata, requires_dist=change.requirements(context))
    )
    resolution = _resolve(context, project, change.extras(context), change.groups(context), resolve_options)
    if resolution is None:
        return None
    known = {(pin.name, pin.filename, pin.sha256) for pin in context.base.pins}
    bad = [pin.name for pin in resolution.pins if pin.name in context.incompatible and _key(pin) in known]
    new = [pin for pin in resolution.pins if _key(pin) not in known]
    beyond = hopeless(resolution) - still
    if incompatible & set(bad) or any(
        (pin.is_sdist and pin.name not in still)
        or pin.name in beyond
        or (pin.name in incompatible and _not_worth_fetching(pin))
        or _is_unasked_prerelease(pin, context)
        for pin in new
    ):
        return None
    wheels = [pin for pin in new if not pin.is_sdist]
    try:
        vetted_wheels = _classified(context, wheels)
    except (ResolutionError, WheelError) as error:
        if isinstance(error, OutOfTimeError):
            raise
        return None
    if any(
        (verdict.native and verdict.wheel.name not in still)
        or (verdict.wheel.name in incompatible and not _has_modules(verdict))
        for verdict in vetted_wheels
    ):
        return None
    asked = incompatible | {canonicalize_name(item.name) for item in (*change.replaced.values(), *change.added)}
    return resolution if _can_be_imported(context, resolution, vetted_wheels, asked) else None


def substituted(context: SearchContext, name: str) -> VettedWheel | None:
    """Return the verdict on the release of `name` that was resolved, with its substitute; None where there is none.

    Raises `OutOfTimeError`.
    """
    pins = [pin for pin in context.base.pins if pin.name == name and not pin.is_sdist]
    if name not in substitutes() or not pins:
        return None
    (wheel,) = _fetch(context, pins)
    verdict = vet(wheel, substitute={name})
    return verdict if verdict.verdict == "substituted" else None


def _can_be_imported(
    context: SearchContext, resolution: Resolution, new: Sequence[VettedWheel], asked: frozenset[str]
) -> bool:
    """Whether nothing that is known prevents the import of those of `new` that were `asked` for."""
    names = {verdict.wheel.name for verdict in new}
    if not asked & names:
        return True
    known = examined(resolution) - names
    others = [pin for pin in resolution.pins if pin.name in known and not pin.is_sdist]
    try:
        vetted_wheels = [*new, *_classified(context, others)]
    except (ResolutionError, WheelError) as error:  # one that was there before
        if isinstance(error, OutOfTimeError):
            raise
        return True
    whole = len(vetted_wheels) == len(resolution.pins)
    memory = context.cache.parent / "scanned"
    return not any(
        unimportable(name, vetted_wheels, context.library, new=names, whole=whole, memory=memory)
        for name in sorted(asked & names)
    )


def _key(pin: Pin) -> tuple[str, str, str]:
    return pin.name, pin.filename, pin.sha256


def _is_unasked_prerelease(pin: Pin, context: SearchContext) -> bool:
    """Whether `pin` is a pre-release in place of a release: pip takes one where nothing else is left."""
    before = next((item.version for item in context.base.pins if item.name == pin.name), pin.version)
    return Version(pin.version).is_prerelease and not Version(before).is_prerelease


def _has_modules(verdict: VettedWheel) -> bool:
    """Whether there is something to import: the first release of a name may be a placeholder without a module."""
    return any(file.path.endswith(".py") for file in verdict.kept)


def _not_worth_fetching(pin: Pin) -> bool:
    """Whether another compiled release of an incompatible distribution is not worth fetching."""
    return not pin.filename.endswith("-none-any.whl") and pin.name not in optional_extensions()


def _resolve(
    context: SearchContext,
    project: Wheel,
    extras: frozenset[str],
    groups: Sequence[Requirement],
    resolve_options: ResolveOptions,
) -> Resolution | None:
    resolve_options = replace(resolve_options, timeout=seconds_left(context))
    try:
        return without_droppable(
            resolve(project, extras=extras, groups=groups, workdir=_folder(context), resolve_options=resolve_options)
        )
    except OutOfTimeError:
        raise
    except ResolutionError:
        return None


def _classified(context: SearchContext, pins: Sequence[Pin]) -> list[VettedWheel]:
    """Return the verdicts on the wheels of `pins`, in their order; each is read once in a search."""
    unread = [pin for pin in pins if _key(pin) not in context.classified]
    for pin, wheel in zip(unread, _fetch(context, unread), strict=True):
        context.classified[_key(pin)] = context.classify(wheel)
    return [context.classified[_key(pin)] for pin in pins]


def _fetch(context: SearchContext, pins: Sequence[Pin]) -> Sequence[Wheel]:
    return fetch(
        pins,
        cache=context.cache,
        workdir=_folder(context),
        machine=context.resolve_options.architectures[0],
        find_links=context.resolve_options.find_links,
        timeout=seconds_left(context),
        host=context.resolve_options.host,
    )


def _folder(context: SearchContext) -> Path:
    folder = context.workdir / f"trial-{next(context.numbers)}"
    folder.mkdir(parents=True)
    return folder


def seconds_left(context: SearchContext) -> float:
    """Return the seconds that the search still has. Raises `OutOfTimeError` when there are none."""
    left = context.deadline - time.monotonic()
    if left <= 0:
        raise OutOfTimeError("there is no time left.")
    return left
