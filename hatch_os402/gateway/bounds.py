"""What one gateway takes, all together: beyond each bound a client gets one clear answer, and the others go on."""

from __future__ import annotations

from dataclasses import dataclass

from hatch_os402.offer.upload import UPLOAD_LIMIT

_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Bounds:
    """Sizes in bytes and times in seconds. The status in brackets is the answer beyond."""

    body: int = UPLOAD_LIMIT
    """One body, of an upload or a call (413)."""
    in_memory: int = _MEBIBYTE
    """What is held of a body in memory; a larger one is in a file without a name."""
    bodies: int = 1024 * _MEBIBYTE
    """All bodies that are received or used at a time (503)."""
    header_time: float = 30
    """From a request's first byte, or a connection's start, to the end of its headers (408)."""
    idle_time: float = 30
    """From one piece of a body to the next (408)."""
    connections: int = 400
    """Connections that are open at a time (503). With what calls need, these are fewer than 1024 descriptors."""
    calls: int = 128
    """Calls that run or wait for their turn (503)."""
    programs: int = 1000
    """Offers that were uploaded (503)."""
    uploads: int = 1024 * _MEBIBYTE
    """Executables and private parts that were uploaded (503)."""


DEFAULT = Bounds()


class Account:
    """Bytes that are in use, of at most `bound`."""

    def __init__(self, bound: int) -> None:
        self.bound, self.used = bound, 0

    def take(self, count: int) -> bool:
        """Use `count` bytes more, if there is room for them; return whether there is."""
        if self.used + count > self.bound:
            return False
        self.used += count
        return True

    def give_back(self, count: int) -> None:
        """Use `count` bytes less."""
        self.used -= count
