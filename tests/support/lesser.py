"""Run a command as on a kernel that has less: `python lesser.py CALL[:ARGUMENT]… -- COMMAND`.

Each CALL, a name below, fails with ENOSYS, or only where its first argument is ARGUMENT: a filter of seccomp, which
what is started inherits. A program that is not the sandbox's own could not tell it from an older kernel.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hatch_os402.sandbox import linux

_LD, _JEQ, _RET = 0x20, 0x15, 0x06
_CALLS = {
    "landlock": {"x86_64": 444, "aarch64": 444},
    "mount": {"x86_64": 165, "aarch64": 40},
    "mount_setattr": {"x86_64": 442, "aarch64": 442},
    "unshare": {"x86_64": 272, "aarch64": 97},
    "prctl": {"x86_64": 157, "aarch64": 167},
}


def code(test, value, if_so=0, if_not=0):
    return struct.pack("=HBBI", test, if_so, if_not, value)


def main():
    at = sys.argv.index("--")
    program = []
    for item in sys.argv[1:at]:
        name, _, argument = item.partition(":")
        then = [code(_RET, 0x00050000 | errno.ENOSYS)]
        if argument:
            then = [code(_LD, 16), code(_JEQ, int(argument), 0, 1), *then, code(_RET, 0x7FFF0000)]
        program += [code(_LD, 0), code(_JEQ, _CALLS[name][os.uname().machine], 0, len(then)), *then]
    linux.no_new_privileges()
    linux.filter_calls(b"".join([*program, code(_RET, 0x7FFF0000)]))
    os.execvp(sys.argv[at + 1], sys.argv[at + 1 :])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
