"""The limits of a call, and how the kernel enforces them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MEBIBYTE = 1 << 20
PROCESSES = 64
"""How many processes a program may be at a time. os402 lets it fork once, and sets no limit to what that one does."""


@dataclass(frozen=True)
class ResourceLimits:
    """What one call may use. `ram`, `stack` and `buffer` are bytes, `cpu` and `wall` seconds.

    `buffer` bounds standard output and standard error, each by itself.
    """

    ram: int = 512 * MEBIBYTE
    stack: int = MEBIBYTE
    buffer: int = MEBIBYTE
    cpu: int = 60
    wall: float = 60
    tcp_bind: tuple[int, ...] = ()
    """The TCP ports that may be bound; without one, all. As `tcp_connect`, for connections."""
    tcp_connect: tuple[int, ...] = ()


def apply(ram: int, stack: int, cpu: int, processes: int | None = None) -> None:
    """Set this process's limits, soft and hard, as os402's server does (`src/os/sandbox.rs`), and that of `processes`.

    What a system does not have is passed over; on Linux everything must succeed. Raises `OSError` and `ValueError`.
    """
    import resource  # noqa: PLC0415 - POSIX only

    wanted = {
        "AS": ram,
        "DATA": ram,
        "FSIZE": ram,
        "CPU": cpu,
        "STACK": stack,
        "CORE": 0,
        "NOFILE": 256,
        "SIGPENDING": 2,
        "MSGQUEUE": 0,
    }
    if processes is not None:
        wanted["NPROC"] = processes
    for name, value in wanted.items():
        which: Any = getattr(resource, f"RLIMIT_{name}", None)
        if which is not None:
            _, hard = resource.getrlimit(which)  # where the user has less, there is no more
            least = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (least, least))
