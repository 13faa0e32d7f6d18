"""Namespaces of the program's own, as os402's server makes them."""

from __future__ import annotations

import os

from hatch_os402.errors import KernelRefusedError
from hatch_os402.sandbox import linux

# linux/sched.h
_PID, _NET, _IPC, _UTS, _CGROUP = 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000

_LEAST_ID, _GREATEST_ID = 0x10000, 0x7FFFFFFE
"""The uid and gid inside are random, as the server's (`src/os/sandbox.rs`); they mean nothing outside."""


def own_process() -> int:
    """Return a descriptor of this process's folder in /proc, for `separate`, wherever its root will be then."""
    return os.open("/proc/self/", os.O_PATH)


def separate(process: int) -> None:
    """Enter new namespaces: user, PID, network, IPC, UTS, cgroup.

    No fork follows the new PID namespace, as on the server: the kernel then starts no thread (clone(2), EINVAL), and
    one child only, whose end is the namespace's. Raises `KernelRefusedError`.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        linux.unshare(linux.NEWUSER)
        # Without the first an ordinary user may map no group.
        for name, content in (("setgroups", "deny"), ("uid_map", f"{_id()} {uid} 1"), ("gid_map", f"{_id()} {gid} 1")):
            file = os.open(name, os.O_WRONLY, dir_fd=process)
            os.write(file, content.encode())
            os.close(file)
        try:
            os.stat("ns/cgroup", dir_fd=process)
            cgroup = _CGROUP
        except OSError:
            cgroup = 0
        linux.unshare(_PID | _NET | _IPC | _UTS | cgroup)
    except OSError as error:
        raise KernelRefusedError(f"namespaces are restricted ({error.strerror}); {linux.ADVICE}") from None


def possible() -> bool:
    """Whether this machine allows a user namespace at all."""
    if (pid := os.fork()) == 0:
        try:
            linux.unshare(linux.NEWUSER)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def _id() -> int:
    return _LEAST_ID + linux.random_below(_GREATEST_ID - _LEAST_ID + 1)
