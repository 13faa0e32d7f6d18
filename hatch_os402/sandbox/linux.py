"""The system calls of Linux that the standard library does not have, and why one was refused."""

from __future__ import annotations

import ctypes
import os

# linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_SIGKILL = 9
_READ_ONLY = 1 | 2 | 4 | 8  # linux/mount.h: and no setuid, no devices, no programs

_libc = ctypes.CDLL(None, use_errno=True)


class RefusedError(OSError):
    """The kernel refuses a part of the sandbox; the text says which, and what would help."""


def unshare(flags: int) -> None:
    """Leave the namespaces of these kinds for new ones (unshare(2)). Raises `OSError`."""
    _checked(_libc.unshare(flags))


def cover(folder: str) -> None:
    """Lay an empty folder over `folder`, for this mount namespace (mount(2)). Raises `OSError`."""
    _checked(_libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(_READ_ONLY), b"mode=755"))


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Return what a system call returns. Raises `OSError`."""
    return _checked(
        _libc.syscall(number, *(ctypes.c_long(item) if isinstance(item, int) else item for item in arguments))
    )


def no_new_privileges() -> None:
    """Give up what setuid programs could give; Landlock asks for it."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent`, which started it, ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0))
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
