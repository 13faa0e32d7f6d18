"""Which lock a build takes, whether it is of the project as it is, and what it has.

What reads and compares locks is imported where there is one: most builds have none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_os402.errors import LockError, LockMisfitError
from hatch_os402.resolution.graph import Root
from hatch_os402.resolution.lock.place import lock_place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from hatch_os402.build.context import Context
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.lock.fetching import LockedFiles
    from hatch_os402.resolution.lock.model import Lock, MadeFor
    from hatch_os402.resolution.resolve import Resolution
    from hatch_os402.wheels.reading import Wheel


def root_of(own: Wheel, groups: Sequence[Requirement], build: Context) -> Root:
    """Return the project as the graph sees it. `own` is its wheel, `groups` are the requirements of its groups."""
    return Root(own.name, own.metadata.requires_dist, build.options.features, tuple(groups))


def lock_path(build: Context) -> Path:
    """Return where the lock of the project is, or would be written."""
    return lock_place(build.options.lock, build.project.root)


def find_lock(own: Wheel, groups: Sequence[Requirement], build: Context) -> Lock | None:
    """Return the lock to build from; None where there is none and none is required.

    Raises `LockError` when one is missing, cannot be read, or is not of the project as it is.
    """
    option, path = build.options.lock, lock_path(build)
    if option is False:
        if build.locked:
            raise LockError("a lock is required (--locked, or HATCH_OS402_LOCKED), and the option `lock` is false.")
        return None
    present = path.exists()  # what is there and no file is for the reader to say
    if not present and option is None and not build.locked:
        return None
    from hatch_os402.resolution.lock.reading import how_to_write, read_lock  # noqa: PLC0415 - see above

    if not present:
        what = "`lock` names it" if option not in {None, True} else "a lock is required"
        raise LockError(f"there is no {path}, and {what}.\n{how_to_write(path)}")
    lock = read_lock(path, build.project.root, build.project.name)
    if found := check_lock(lock, own, groups, build):
        raise LockMisfitError(stale(lock, found), tuple(found))
    return lock


def stale(lock: Lock, found: Sequence[str]) -> str:
    """Return the message for a `lock` that is not of the project as it is, for the reasons `found`."""
    listed = "\n".join(f"  {sentence}" for sentence in found)
    return f"{lock.name} is not of the project as it is:\n{listed}\n{lock.update}"


def check_lock(lock: Lock, own: Wheel, groups: Sequence[Requirement], build: Context) -> list[str]:
    """Return a sentence for each point in which `lock` is not of the project as it is."""
    from hatch_os402.resolution.lock.agreement import disagreements  # noqa: PLC0415 - see above

    root = root_of(own, groups, build)
    try:
        pyproject = (build.project.root / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        pyproject = ""
    return disagreements(lock, wanted(root, build), root, build.options.groups, pyproject)


def wanted(root: Root, build: Context) -> MadeFor:
    """Return what a lock of the project is made for."""
    from hatch_os402.resolution.lock.agreement import made_for  # noqa: PLC0415 - see above

    return made_for(
        root,
        groups=build.options.groups,
        architectures=build.architectures,
        build_from_source=build.options.build_from_source,
        folder=build.project.root,
    )


def files_of(lock: Lock, root: Root, build: Context) -> LockedFiles:
    """Return what gets the wheels of `lock` into the cache."""
    from hatch_os402.resolution.lock.fetching import LockedFiles, local_folders  # noqa: PLC0415 - see above
    from hatch_os402.resolution.lock.resolve import own_addresses  # noqa: PLC0415 - see above
    from hatch_os402.resolution.pip_process import Host  # noqa: PLC0415 - see above

    return LockedFiles(
        lock.name,
        cache=build.cache / "wheels",
        choices=build.cache / "locked",
        workdir=build.workdir,
        find_links=build.find_links,
        host=Host(build.project.root, build.reporter.info),
        addresses=own_addresses(root),
        folders=local_folders(os.environ, build.project.root),
    )


def resolve(
    lock: Lock, own: Wheel, groups: Sequence[Requirement], built: Mapping[str, Pin], build: Context
) -> Resolution:
    """Return what `lock` has for the project. `built` are the sdists and folders whose wheels were built by now."""
    from hatch_os402.resolution.lock.resolve import LockResolver  # noqa: PLC0415 - see above

    root = root_of(own, groups, build)
    resolver = LockResolver(
        lock,
        files_of(lock, root, build),
        build.architectures,
        build.options.groups,
        build.options.build_from_source,
        built,
    )
    return resolver.resolve(own, root)
