"""Bodies of requests: in memory while they are small, else in files without a name, and never without a bound."""

from __future__ import annotations

import asyncio
import mmap
import tempfile
from typing import TYPE_CHECKING, cast

from starlette.requests import ClientDisconnect

from hatch_os402.gateway.answers import RefusalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

    from hatch_os402.gateway.bounds import Account, Bounds


async def pieces(request: Request, bounds: Bounds) -> AsyncGenerator[bytes, None]:
    """Yield the body of a request as it comes.

    Raises `RefusalError` for one that is larger than the bound or stops coming, and `ClientDisconnect`.
    """
    declared = request.headers.get("content-length", "0")
    received = int(declared) if declared.isdecimal() else 0
    if received > bounds.body:
        raise too_large(bounds)
    received, more = 0, True
    while more:
        try:
            message = await asyncio.wait_for(request.receive(), bounds.idle_time)
        except asyncio.TimeoutError:
            raise RefusalError(408, f"Nothing came of the body for {bounds.idle_time:g} seconds", close=True) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece, more = message.get("body", b""), message.get("more_body", False)
        received += len(piece)
        if received > bounds.body:
            raise too_large(bounds)
        if piece:
            yield piece


def too_large(bounds: Bounds) -> RefusalError:
    """Return the refusal of a body that is too large."""
    return RefusalError(413, f"The body is larger than {bounds.body:,} bytes, the limit of this gateway")


async def counted(
    parts: AsyncGenerator[bytes, None], account: Account, taken: list[int]
) -> AsyncGenerator[bytes, None]:
    """Yield `parts`, each taken from the account and noted in `taken`. Raises `RefusalError` when there is no room."""
    async for piece in parts:
        if not account.take(len(piece)):
            full = f"The bodies of all requests here are larger than {account.bound:,} bytes together"
            raise RefusalError(503, full, retry=True)
        taken.append(len(piece))
        yield piece


class Body:
    """One body, received whole: a context manager. What it uses of the account is given back at its end."""

    def __init__(self, bounds: Bounds, account: Account) -> None:
        self._bounds, self._account = bounds, account
        self._taken: list[int] = []
        self._file = tempfile.SpooledTemporaryFile(bounds.in_memory)  # noqa: SIM115 - closed in `__exit__`

    def __enter__(self) -> Body:  # noqa: PYI034 - Self is for Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()
        self._account.give_back(sum(self._taken))

    async def receive(self, request: Request) -> bytes:
        """Return the content; when it is large, a view of a file that is mapped into memory.

        Raises as `pieces` and `counted`.
        """
        size = 0
        try:
            async for piece in counted(pieces(request, self._bounds), self._account, self._taken):
                size += len(piece)
                if size > self._bounds.in_memory:
                    await asyncio.to_thread(self._file.write, piece)
                else:
                    self._file.write(piece)
            if size <= self._bounds.in_memory:
                self._file.seek(0)
                return self._file.read()
            self._file.flush()
            return cast("bytes", memoryview(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)))
        except OSError as error:
            raise no_room(error) from error


def no_room(error: OSError) -> RefusalError:
    """Return the refusal of a body that could not be kept."""
    return RefusalError(503, f"The body cannot be kept: {error.strerror or error}")
