"""Making a lock: resolve anew, with the versions of the last lock where they still fit, and write what was found."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.utils import parse_wheel_filename
from packaging.version import Version

from hatch_os402.build import analysis
from hatch_os402.build.locking import root_of, wanted
from hatch_os402.errors import LockError, OptionValueError
from hatch_os402.files import copy_file
from hatch_os402.resolution.graph import walk
from hatch_os402.resolution.lock.fetching import LockedFiles
from hatch_os402.resolution.lock.pylock import PylockFile
from hatch_os402.resolution.lock.reading import read_lock
from hatch_os402.resolution.lock.writing import LockContent, only_on, read_listing
from hatch_os402.resolution.pip_process import CandidateFilter, Host
from hatch_os402.resolution.target import Target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from hatch_os402.build.analysis import BuildRequest
    from hatch_os402.build.context import Context
    from hatch_os402.resolution.lock.model import Locked

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
    resolution = analysis.resolve(request, build, choice)
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


def fetch_wheels(content: LockContent, folder: Path, build: Context) -> list[Path]:
    """Put every file of a lock with `content` into `folder`, each by its hash, and return where they are."""
    files = LockedFiles(
        "the lock",
        cache=build.cache / "wheels",
        choices=build.cache / "locked",
        workdir=build.workdir,
        find_links=build.find_links,
        host=Host(build.project.root, build.reporter.info),
        addresses={},
    )
    written: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    for machine, locked in _rounds(content.wheels(), build.architectures):
        for path in files.get(locked, Target(machine)).values():
            written.append(folder / path.name)
            if not written[-1].is_file() or written[-1].read_bytes() != path.read_bytes():
                copy_file(path, written[-1])
    return sorted(written)


def _rounds(wheels: Mapping[str, list[Locked]], architectures: Collection[str]) -> Iterator[tuple[str, list[Locked]]]:
    """Yield an architecture and what pip can get for it in one run, which is one wheel of a distribution."""
    left = {name: list(files) for name, files in wheels.items()}
    for machine in architectures:
        tags = set(Target(machine).tags)
        while True:
            found = []
            for files in left.values():
                fitting = [one for one in files if not tags.isdisjoint(parse_wheel_filename(one.filename)[3])]
                if fitting:
                    found.append(fitting[0])
                    files.remove(fitting[0])
            if not found:
                break
            yield machine, found
