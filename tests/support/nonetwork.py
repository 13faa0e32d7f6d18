"""Runs a command in a network namespace that has no interface but a loopback that is down.

As a script: `python nonetwork.py COMMAND...`. The user keeps his ids, and so the access to his files.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

WITHOUT_NETWORK = [sys.executable, __file__]
"""What goes before a command."""

_NEWNET = 0x40000000


def main(command: list[str]) -> None:
    from hatch_os402.sandbox import linux

    uid, gid = os.getuid(), os.getgid()
    linux.unshare(linux.NEWUSER | _NEWNET)
    for name, content in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path("/proc/self", name).write_text(content)
    os.execvp(command[0], command)  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main(sys.argv[1:])
