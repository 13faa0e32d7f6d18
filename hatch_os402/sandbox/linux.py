"""The system calls of Linux that the standard library does not have, and why one was refused."""

from __future__ import annotations

import ctypes
import os
import struct

ADVICE = "see the sysctls user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns"
"""What a refused namespace may be due to."""

# linux/sched.h
NEWUSER, NEWNS = 0x10000000, 0x00020000
# linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9
# linux/mount.h
BIND, REC = 4096, 16384
_MNT_DETACH = 2
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_READ_ONLY_NOSUID_NODEV = 1 | 2 | 4
# linux/openat2.h
_OPENAT2, _RESOLVE_IN_ROOT = 437, 0x10

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces of these kinds for new ones (unshare(2)). Raises `OSError`."""
    _checked(_libc.unshare(flags))


def setns(descriptor: int) -> None:
    """Enter the namespace that a descriptor stands for (setns(2)). Raises `OSError`."""
    _checked(_libc.setns(descriptor, 0))


def mount(source: str | None, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """Mount, for this mount namespace (mount(2)). Raises `OSError`."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _checked(_libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]))


def unmount(target: str) -> None:
    """Take away a mount with all below (umount2(2)). Raises `OSError`."""
    _checked(_libc.umount2(os.fsencode(target), _MNT_DETACH))


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root, and move the one before to `old` (pivot_root(2)). Raises `OSError`."""
    _checked(_libc.pivot_root(os.fsencode(new), os.fsencode(old)))


def seal(target: str) -> None:
    """Make a mount and all below it read-only, without setuid programs and devices (mount_setattr(2), Linux 5.12).

    Raises `OSError`.
    """
    attributes = struct.pack("=4Q", _READ_ONLY_NOSUID_NODEV, 0, 0, 0)
    syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(target), _AT_RECURSIVE, attributes, len(attributes))


def open_within(root: int, path: str, flags: int) -> int:
    """Open `path` as one whose root is the folder `root` sees it, its symbolic links included (openat2(2), Linux 5.6).

    Raises `OSError`.
    """
    how = struct.pack("=3Q", flags, 0, _RESOLVE_IN_ROOT)
    return syscall(_OPENAT2, root, os.fsencode(path), how, len(how))


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Return what a system call returns. Raises `OSError`."""
    return _checked(
        _libc.syscall(number, *(ctypes.c_long(item) if isinstance(item, int) else item for item in arguments))
    )


def no_new_privileges() -> None:
    """Give up what setuid programs could give; Landlock and seccomp ask for it."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent`, which started it, ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0))
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def be_dumpable() -> None:
    """Let this process's user see it in /proc, after its user changed (proc(5))."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0))


def filter_calls(program: bytes) -> None:
    """Have a filter in classic BPF decide on the system calls from now on (seccomp(2)). Raises `OSError`."""
    kept = ctypes.create_string_buffer(program, len(program))
    what = struct.pack("@HP", len(program) // 8, ctypes.addressof(kept))  # struct sock_fprog
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, what, 0, 0))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def random_below(limit: int) -> int:
    """Return a number from 0 to `limit`, less than it; `secrets` would import much for a small process."""
    return int.from_bytes(os.urandom(8), "little") % limit


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
