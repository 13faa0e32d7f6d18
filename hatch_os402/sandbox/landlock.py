"""Landlock: no access to files but what is named. linux/landlock.h; documented in landlock(7)."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from typing import TYPE_CHECKING

from hatch_os402.errors import KernelRefusedError
from hatch_os402.sandbox import linux

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The numbers of the system calls are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI_QUERY, _PATH_BENEATH, _NET_PORT = 1, 1, 2
_EXECUTE, _READ_FILE, _READ_DIR = 1, 4, 8
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABI_OF_PORTS, _ABI_OF_SCOPES = 4, 6

_OWN = (("/proc/self/fd", _READ_FILE | _READ_DIR), ("/proc/self/stat", _READ_FILE))
"""What each process may read of itself. It is looked up by the process that is confined: it is another one for each."""


class Landlock:
    """Forbids every access that this kernel's Landlock knows of, but reading and executing what is `readable`, files or
    whole folders, and listing what is `listable`, with all folders below. What is not there is passed over.

    Paths are looked up from the folder that `root` is a descriptor of, if it is given. With `network`, the program has
    a network of its own, in which os402 restricts TCP only where ports are named.

    Raises `KernelRefusedError` where there is no Landlock.
    """  # noqa: D205 - one sentence

    def __init__(
        self, readable: Iterable[str], listable: Iterable[str], *, root: int | None = None, network: bool = False
    ) -> None:
        try:
            self._abi = linux.syscall(_CREATE_RULESET, None, 0, _ABI_QUERY)
        except OSError as error:
            raise KernelRefusedError(
                f"Landlock is not available ({error.strerror}); "
                "it needs Linux 5.13 and `landlock` among the kernel's `lsm=`"
            ) from None
        self._network = network
        # Opened once, for all that are confined.
        self._rules = [rule for path in readable if (rule := _rule(path, _EXECUTE | _READ_FILE | _READ_DIR, root))]
        self._rules += [rule for path in listable if (rule := _rule(path, _READ_DIR, root))]

    @property
    def keeps_signals(self) -> bool:
        """Whether it keeps a program from signalling others."""
        return self._abi >= _ABI_OF_SCOPES

    def confine(self, bind: Sequence[int] = (), connect: Sequence[int] = ()) -> None:
        """Put the rules in force for this process and all that it starts; of TCP ports, these two are allowed.

        Raises `OSError`.
        """
        ports = [(_BIND_TCP, port) for port in bind] + [(_CONNECT_TCP, port) for port in connect]
        handled = sum({access for access, _ in ports}) if self._network else _BIND_TCP | _CONNECT_TCP
        # Access to files: 13 rights, then one each of ABI 2, 3 and 5. TCP, ABI 4. Scopes: abstract sockets and signals.
        files = (1 << 13 + (self._abi >= 2) + (self._abi >= 3) + (self._abi >= 5)) - 1  # noqa: PLR2004 - the ABI's own
        words = [files, *[handled] * (self._abi >= _ABI_OF_PORTS), *[3] * (self._abi >= _ABI_OF_SCOPES)]
        attributes = struct.pack(f"={len(words)}Q", *words)
        ruleset = linux.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
        own = [rule for path, access in _OWN if (rule := _rule(path, access))]
        for rule in (*self._rules, *own):
            linux.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        for access, port in ports if self._abi >= _ABI_OF_PORTS else ():
            linux.syscall(_ADD_RULE, ruleset, _NET_PORT, struct.pack("=2Q", access, port), 0)
        linux.no_new_privileges()
        linux.syscall(_RESTRICT_SELF, ruleset, 0)


def _rule(path: str, access: int, root: int | None = None) -> bytes | None:
    """Return the rule that allows `access` to `path`, which stays open for it; None if `path` is not there."""
    with contextlib.suppress(OSError):
        flags = os.O_PATH | os.O_CLOEXEC
        opened = os.open(path, flags) if root is None else linux.open_within(root, path, flags)
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= ~_READ_DIR
        return struct.pack("=Qi", access, opened)
    return None
