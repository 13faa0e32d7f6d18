"""Both ends of a program's pipes, as the event loop serves them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WRITE = 1 << 18
PIECE = 8192
"""What os402's server reads at a time (`spawn_pipe_reader`); a piece that does not fit is dropped whole."""


class Feeder:
    """Writes `parts` into a pipe, then closes it unless it is to be held. Nobody needs to read them."""

    def __init__(self, descriptor: int, parts: Sequence[bytes], *, hold: bool = False) -> None:
        self._descriptor, self._hold = descriptor, hold
        self._parts = [memoryview(part) for part in reversed(parts) if part]
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_writer(descriptor, self._write)

    def _write(self) -> None:
        while self._parts:
            part = self._parts[-1]
            try:
                written = os.write(self._descriptor, part[:_WRITE])
            except BlockingIOError:
                return
            except OSError:  # nobody reads any more
                self.close()
                return
            self._parts[-1] = part[written:]
            if written == len(part):
                self._parts.pop()
        self._loop.remove_writer(self._descriptor)
        if not self._hold:
            self.close()

    def close(self) -> None:
        """Close the pipe, whatever is left."""
        if self._descriptor >= 0:
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


class Reader:
    """Reads a pipe to its end into `content`, of at most `limit` bytes; what does not fit ends it and calls `full`.

    os402 keeps whole pieces (`os/sluice.rs`): a piece that does not fit is dropped with all that follows.
    """

    def __init__(self, descriptor: int, limit: int, full: Callable[[], None]) -> None:
        self.content = bytearray()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._descriptor, self._limit, self._full = descriptor, limit, full
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def _read(self) -> None:
        try:
            part = os.read(self._descriptor, PIECE)
        except BlockingIOError:
            return
        if part and len(self.content) + len(part) <= self._limit:
            self.content += part
            return
        if not part:
            self.close()
            return
        # Still open: a program that is about to be killed must not see a broken pipe before.
        self._loop.remove_reader(self._descriptor)
        self.ended.set_result(None)
        self._full()

    def close(self) -> None:
        """Stop reading and close the descriptor; whoever waits for the end goes on."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
        if not self.ended.done():
            self.ended.set_result(None)
