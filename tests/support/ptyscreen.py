"""A terminal for programs, and what its user sees: text, carriage returns, moving up, erasing."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT = 120
"""Seconds that a program may take."""
_PARTS = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r|\n|\b)|([^\x1b\r\n\b]+)")


def run_on_terminal(
    command: Sequence[str], *, env: Mapping[str, str], columns: int = 100, cwd: str | None = None
) -> tuple[str, int]:
    """Run `command` with a terminal of its own; return all that it wrote there, and its status."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=cwd)
    os.close(theirs)
    written, end = b"", time.monotonic() + LIMIT
    while time.monotonic() < end:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:  # the last one that had it open is gone
            break
        written += data
    os.close(ours)
    return written.decode(), process.wait(10)


def screen(written: str) -> list[str]:
    """Return the lines that are to be seen after `written`, without those that are empty at the end."""
    lines, row, column = [""], 0, 0
    for numbers, control, move, text in _PARTS.findall(written):
        if text:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
        elif move == "\r":
            column = 0
        elif move == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif control == "A":
            row = max(0, row - int(numbers or 1))
        elif control == "K":
            lines[row] = "" if numbers == "2" else lines[row][:column]
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]
