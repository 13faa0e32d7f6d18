"""Namespaces of the program's own, as os402's server makes them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_os402.sandbox import linux

if TYPE_CHECKING:
    from collections.abc import Sequence

# linux/sched.h
_NEWUSER, _NEWNS = 0x10000000, 0x00020000
_PID, _NET, _IPC, _UTS, _CGROUP = 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000

_INSIDE = 54321
"""The uid and gid inside, which mean nothing outside. The server takes a random one."""

_ADVICE = "see the sysctls user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns"


def separate(hidden: Sequence[str]) -> None:
    """Enter new namespaces: user, PID, network, IPC, UTS, cgroup; and one of mounts, where folders are to be `hidden`.

    No fork follows the new PID namespace, as on the server: the kernel then starts no thread (clone(2), EINVAL), and
    one child only, whose end is the namespace's. Raises `RefusedError`.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        linux.unshare(_NEWUSER)
        # Without the first an ordinary user may map no group.
        for name, content in (
            ("setgroups", "deny"),
            ("uid_map", f"{_INSIDE} {uid} 1"),
            ("gid_map", f"{_INSIDE} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "wb", 0) as file:  # noqa: PTH123 - after a fork, the less the better
                file.write(content.encode())
        cgroup = _CGROUP if os.path.exists("/proc/self/ns/cgroup") else 0  # noqa: PTH110 - as above
        linux.unshare(_PID | _NET | _IPC | _UTS | cgroup | (_NEWNS if hidden else 0))
        for folder in hidden:
            linux.cover(folder)
    except OSError as error:
        raise linux.RefusedError(f"namespaces are restricted ({error.strerror}); {_ADVICE}") from None
