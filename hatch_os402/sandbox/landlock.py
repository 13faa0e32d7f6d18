"""Landlock: no access to files but what is named. linux/landlock.h; documented in landlock(7)."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from typing import TYPE_CHECKING

from hatch_os402.sandbox import linux

if TYPE_CHECKING:
    from collections.abc import Iterable

# The numbers of the system calls are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI_QUERY, _PATH_BENEATH = 1, 1
_EXECUTE, _READ_FILE, _READ_DIR = 1, 4, 8

_OWN = (("/proc/self/fd", _READ_FILE | _READ_DIR), ("/proc/self/stat", _READ_FILE))
"""What each process may read of itself. It is looked up by the process that is confined: it is another one for each."""


class Landlock:
    """Forbids every access that this kernel's Landlock knows of, but reading and executing what is `readable`, files or
    whole folders, and listing what is `listable`, with all folders below. What is not there is passed over.

    Raises `RefusedError` where there is no Landlock.
    """  # noqa: D205 - one sentence

    def __init__(self, readable: Iterable[str], listable: Iterable[str]) -> None:
        try:
            abi = linux.syscall(_CREATE_RULESET, None, 0, _ABI_QUERY)
        except OSError as error:
            raise linux.RefusedError(
                f"Landlock is not available ({error.strerror}); "
                "it needs Linux 5.13 and `landlock` among the kernel's `lsm=`"
            ) from None
        # Access to files: 13 rights, then one each of ABI 2, 3 and 5. Network: bind and connect, ABI 4. Scopes:
        # abstract sockets and signals, ABI 6.
        files = (1 << 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)) - 1  # noqa: PLR2004 - the ABI's own numbers
        words = [files] + [3] * ((abi >= 4) + (abi >= 6))  # noqa: PLR2004 - as above
        self._attributes = struct.pack(f"={len(words)}Q", *words)
        # Opened once, for all that are confined.
        self._rules = [rule for path in readable if (rule := _rule(path, _EXECUTE | _READ_FILE | _READ_DIR))]
        self._rules += [rule for path in listable if (rule := _rule(path, _READ_DIR))]

    def confine(self) -> None:
        """Put the rules in force for this process and all that it starts. Raises `OSError`."""
        ruleset = linux.syscall(_CREATE_RULESET, self._attributes, len(self._attributes), 0)
        own = [rule for path, access in _OWN if (rule := _rule(path, access))]
        for rule in (*self._rules, *own):
            linux.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        linux.no_new_privileges()
        linux.syscall(_RESTRICT_SELF, ruleset, 0)


def _rule(path: str, access: int) -> bytes | None:
    """Return the rule that allows `access` to `path`, which stays open for it; None if `path` is not there."""
    with contextlib.suppress(OSError):
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= ~_READ_DIR
        return struct.pack("=Qi", access, opened)
    return None
