"""The lock of a file: one holds it, until it lets go or its process ends, however it ends.

It is `flock` where the system has that, asked directly: a build in which nothing changed would spend a tenth of its
time on the import of the library, which makes the same call. The library is for other systems.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK})
_NONE_HERE = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})


def try_lock(path: Path) -> Callable[[], None] | None:
    """Lock the file `path`, which is there, and return what unlocks it; None when somebody else holds the lock.

    Raises `OSError` when the file cannot be opened, or `has_no_locks` what it is on.
    """
    return _lock(path, wait=False)


def wait_for_lock(path: Path) -> Callable[[], None]:
    """Lock the file `path`, which is there, as soon as nobody else does, and return what unlocks it.

    Raises `OSError` as `try_lock`.
    """
    while True:
        if (unlock := _lock(path, wait=True)) is not None:
            return unlock


def has_no_locks(error: OSError) -> bool:
    """Whether `error` says that the file system knows no locks, as some of a network do not."""
    return error.errno in _NONE_HERE


def _lock(path: Path, *, wait: bool) -> Callable[[], None] | None:
    if fcntl is None:
        return _lock_by_library(path, wait=wait)
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        os.close(descriptor)
        if error.errno not in _HELD:
            raise
        return None
    except BaseException:  # an interruption
        os.close(descriptor)
        raise
    return lambda: os.close(descriptor)


def _lock_by_library(path: Path, *, wait: bool) -> Callable[[], None] | None:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - what this module is for

    lock = FileLock(path)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        return None
    return lock.release
