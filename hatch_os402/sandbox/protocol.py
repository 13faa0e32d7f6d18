"""What a spawner and its client say to each other: records of a fixed size."""

from __future__ import annotations

import struct

ORDER = struct.Struct("=cQQ")
"""What to do, the number of the task, the length of its plan."""
START, KILL, FORGET = b"s", b"k", b"f"

DESCRIPTORS = 4
"""With an order to start come the program's stdin, stdout and stderr, and one on which its start is reported."""

COUNTERS = ("ru_minflt", "ru_majflt", "ru_inblock", "ru_oublock", "ru_nvcsw", "ru_nivcsw")
"""What os402 tells of a task beside its times and its memory (getrusage(2))."""

REPORT = struct.Struct(f"=QiQQQ{len(COUNTERS)}Q")
"""The number of the task, its wait status, user and system CPU in microseconds, peak memory in KiB, the counters."""


def microseconds(seconds: float) -> int:
    """Return seconds as records have them."""
    return round(seconds * 1_000_000)
