"""Making a lock: resolve anew, with the versions of the last lock where they still fit, and write what was found."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.version import Version

from hatch_os402.build import resolving
from hatch_os402.build.locking import files_of, root_of, wanted
from hatch_os402.errors import LockError, OptionValueError, ResolutionError
from hatch_os402.files import copy_file
from hatch_os402.resolution.graph import walk
from hatch_os402.resolution.lock.pylock import PylockFile
from hatch_os402.resolution.lock.reading import read_lock
from hatch_os402.resolution.lock.writing import LockContent, only_on, read_listing
from hatch_os402.resolution.pip_job import CandidateFilter
from hatch_os402.resolution.target import Target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.build.analysis import BuildRequest
    from hatch_os402.build.context import Context
    from hatch_os402.resolution.lock.model import Lock, Locked

_KNOWS_UPLOAD_TIMES = Version("26.0")
"""The first pip with `--uploaded-prior-to`."""


@dataclass(frozen=True)
class LockSettings:
    """How a lock is made."""

    upgrade: Collection[str] | None = None
    """Canonical names whose locked version does not count; None for all."""
    before: str = ""
    """Only files that were uploaded before this time (RFC 3339, UTC); empty for all."""
    urls: bool = False
    """Whether the addresses of files are written."""


def make_lock(
    request: BuildRequest, build: Context, path: Path, last: Mapping[str, str], settings: LockSettings
) -> LockContent:
    """Return the content of a new lock at `path`; `last` is name → version of the last one (see `last_versions`).

    Raises `LockError` when something has no wheel, and `ResolutionError`.
    """
    if settings.before and (pip := Version(metadata.version("pip"))) < _KNOWS_UPLOAD_TIMES:
        raise LockError(
            f"pip {pip} does not know when files were uploaded (--exclude-newer): 26.0 is the first that does."
        )
    listing = build.workdir / "listing"
    choice = CandidateFilter(
        prefer=tuple(_preferred(path, last, settings.upgrade)), uploaded_before=settings.before, listing=str(listing)
    )
    try:
        resolution = resolving.resolve(request, build, choice)
    except ResolutionError as error:
        if settings.before and "upload-time" in error.message:
            raise LockError(
                "the index does not say when its files were uploaded (PEP 700), and --exclude-newer asks for that.\n"
                "Leave the option out, or name an index that says it with PIP_INDEX_URL.",
                error.details,
            ) from error
        raise
    if source := [pin for pin in resolution.pins if pin.is_sdist]:
        listed = "\n".join(f"  {pin.name} {pin.version}: {pin.filename}" for pin in source)
        names = ", ".join(f'"{pin.name}"' for pin in source)
        raise LockError(
            f"these have no wheel for the target, only source:\n{listed}\nRequire releases that have one, or let them "
            f"be built here, which runs their code: build-from-source = [{names}]. `hatch-os402 check` looks for more."
        )
    root = root_of(request.own, request.groups, build)
    pins = {pin.name: pin for pin in resolution.pins}
    needed = {machine: walk(root, pins, Target(machine))[0].required_by for machine in build.architectures}
    return LockContent(
        resolution,
        wanted(root, build),
        read_listing(listing),
        path.parent,
        urls=settings.urls,
        before=settings.before,
        only_on=only_on(needed, build.architectures),
    )


def last_versions(path: Path, build: Context) -> dict[str, str]:
    """Return canonical name → version of the lock at `path`; nothing where there is none that can be read."""
    if not path.is_file():
        return {}
    try:
        lock = read_lock(path, build.project.root, build.project.name)
    except LockError as error:
        reason, _, _ = error.message.partition("\n")
        build.reporter.warning(f"{reason} It is written anew")
        return {}
    return lock.versions() if isinstance(lock, PylockFile) else {}


def _preferred(path: Path, last: Mapping[str, str], upgrade: Collection[str] | None) -> Iterator[tuple[str, str]]:
    """Yield the versions of the last lock that count."""
    if upgrade is None:
        return
    if unknown := sorted(set(upgrade) - last.keys()):
        known = ", ".join(sorted(last)) or "nothing"
        raise OptionValueError(f"--upgrade names {', '.join(unknown)}, which {path.name} does not have; it has {known}")
    yield from sorted((name, version) for name, version in last.items() if name not in upgrade)


def fetch_wheels(lock: Lock, request: BuildRequest, folder: Path, build: Context) -> tuple[list[Path], list[str]]:
    """Put every wheel that `lock` has for the target into `folder`, each by its hash.

    Return where they are, and the names of what is to be built from source, which is not among them.
    """
    root = root_of(request.own, request.groups, build)
    files = files_of(lock, root, build)
    written: set[Path] = set()
    left: set[str] = set()
    folder.mkdir(parents=True, exist_ok=True)
    for machine in build.architectures:
        target = Target(machine)
        locked = lock.select(target, root.extras, build.options.groups).locked
        left |= {name for name, one in locked.items() if one.kind != "wheel"}
        for wheels in _rounds(lock, [one for one in locked.values() if one.kind == "wheel"], target):
            for path in files.get(wheels, target).values():
                written.add(folder / path.name)
                copy_file(path, folder / path.name)
    return sorted(written), sorted(left)


def _rounds(lock: Lock, chosen: Sequence[Locked], target: Target) -> Iterator[list[Locked]]:
    """Yield what pip can get in one run, which is one wheel of each distribution."""
    listed = [lock.wheels(one, target) if isinstance(lock, PylockFile) else [one] for one in chosen]
    for wheels in itertools.zip_longest(*listed):
        yield [wheel for wheel in wheels if wheel is not None]
