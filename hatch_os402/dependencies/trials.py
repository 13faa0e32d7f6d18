"""Trials: the project's requirements, changed, resolved for the target, and judged. Nothing is claimed without one."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hatch_os402.dependencies.curated import speedups
from hatch_os402.dependencies.fetch import fetch
from hatch_os402.dependencies.pip_process import OutOfTimeError
from hatch_os402.dependencies.resolve import Resolution, resolve
from hatch_os402.errors import ResolutionError, WheelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from hatch_os402.dependencies.graph import Pin
    from hatch_os402.dependencies.pip_process import Choice
    from hatch_os402.dependencies.resolve import Conditions
    from hatch_os402.dependencies.vet import Verdict
    from hatch_os402.dependencies.wheels import Wheel


@dataclass(frozen=True)
class Setting:
    """What all trials of one build share: the project, and how it was resolved and judged."""

    project: Wheel
    extras: frozenset[str]
    groups: tuple[Requirement, ...]
    base: Resolution
    offenders: frozenset[str]
    """Canonical names of everything that cannot work as the project is."""
    conditions: Conditions
    judge: Callable[[Wheel], Verdict]
    cache: Path
    """The folder of fetched wheels."""
    workdir: Path
    """Private; each trial has a folder of its own below it."""
    seconds: int
    """That all trials together may take."""
    deadline: float
    """When they are over, on `time.monotonic()`: no trial begins after it, and one that runs is ended."""
    numbers: Iterator[int] = field(default_factory=itertools.count, compare=False)


@dataclass(frozen=True)
class Change:
    """What a trial changes in the project."""

    replaced: Mapping[Requirement, Requirement] = field(default_factory=dict)
    """Requirements of the project, each with what stands in its place."""
    added: tuple[Requirement, ...] = ()
    without_feature: str = ""

    def requirements(self, setting: Setting) -> tuple[Requirement, ...]:
        """Return the requirements of the project's wheel, changed, without `added`."""
        return tuple(self._replace(setting.project.metadata.requires_dist))

    def groups(self, setting: Setting) -> tuple[Requirement, ...]:
        """Return the requirements of the groups, changed, and `added`."""
        return (*self._replace(setting.groups), *self.added)

    def extras(self, setting: Setting) -> frozenset[str]:
        """Return the extras of the project that stay."""
        return setting.extras - {self.without_feature}

    def _replace(self, requirements: Sequence[Requirement]) -> Iterator[Requirement]:
        return (self.replaced.get(requirement, requirement) for requirement in requirements)


def discover(setting: Setting, requirements: Sequence[Requirement], choice: Choice) -> Resolution | None:
    """Return what pip finds for `requirements`, when it may choose only what `choice` says; None when it finds nothing.

    Raises `OutOfTimeError`.
    """
    metadata = replace(setting.project.metadata, requires_dist=tuple(requirements))
    conditions = replace(setting.conditions, architectures=setting.conditions.architectures[:1], choice=choice)
    return _resolve(setting, replace(setting.project, metadata=metadata), setting.extras, (), conditions)


def verify(setting: Setting, change: Change, offenders: frozenset[str]) -> Resolution | None:
    """Return what `change` gives when nothing else is unusual and it helps, else None.

    It helps when everything resolves for every architecture, none of `offenders` is left as something that cannot
    work, and nothing that cannot work was added. What is new is fetched and vetted for that. Raises `OutOfTimeError`.
    """
    choice = setting.conditions.choice
    still = setting.offenders - offenders  # these may stay what they are, an sdist included
    conditions = replace(setting.conditions, choice=replace(choice, source=choice.source | still))
    project = replace(
        setting.project, metadata=replace(setting.project.metadata, requires_dist=change.requirements(setting))
    )
    resolution = _resolve(setting, project, change.extras(setting), change.groups(setting), conditions)
    if resolution is None:
        return None
    known = {(pin.name, pin.filename, pin.sha256) for pin in setting.base.pins}
    bad = [pin.name for pin in resolution.pins if pin.name in setting.offenders and _key(pin) in known]
    new = [pin for pin in resolution.pins if _key(pin) not in known]
    if offenders & set(bad) or any(pin.is_sdist and pin.name not in still for pin in new):
        return None
    if any(_hopeless(pin) for pin in new if pin.name in offenders):
        return None
    wheels = [pin for pin in new if not pin.is_sdist]
    try:
        verdicts = [setting.judge(wheel) for wheel in _fetch(setting, wheels)]
    except (ResolutionError, WheelError) as error:
        if isinstance(error, OutOfTimeError):
            raise
        return None
    return None if any(verdict.native and verdict.wheel.name not in still for verdict in verdicts) else resolution


def _key(pin: Pin) -> tuple[str, str, str]:
    return pin.name, pin.filename, pin.sha256


def _hopeless(pin: Pin) -> bool:
    """Whether another compiled release of an offender is not worth fetching."""
    return not pin.filename.endswith("-none-any.whl") and pin.name not in speedups()


def _resolve(
    setting: Setting,
    project: Wheel,
    extras: frozenset[str],
    groups: Sequence[Requirement],
    conditions: Conditions,
) -> Resolution | None:
    conditions = replace(conditions, timeout=_left(setting))
    try:
        return resolve(project, extras=extras, groups=groups, workdir=_folder(setting), conditions=conditions)
    except OutOfTimeError:
        raise
    except ResolutionError:
        return None


def _fetch(setting: Setting, pins: Sequence[Pin]) -> Sequence[Wheel]:
    return fetch(
        pins,
        cache=setting.cache,
        workdir=_folder(setting),
        machine=setting.conditions.architectures[0],
        shelf=setting.conditions.shelf,
        timeout=_left(setting),
    )


def _folder(setting: Setting) -> Path:
    folder = setting.workdir / f"trial-{next(setting.numbers)}"
    folder.mkdir(parents=True)
    return folder


def _left(setting: Setting) -> float:
    left = setting.deadline - time.monotonic()
    if left <= 0:
        raise OutOfTimeError("there is no time left.")
    return left
