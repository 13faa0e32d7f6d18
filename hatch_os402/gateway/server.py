"""The gateway as a process: its port, its signals, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from hatch_os402.errors import Os402Error
from hatch_os402.gateway.app import application
from hatch_os402.gateway.protocol import protocol
from hatch_os402.gateway.reload import watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.gateway.core import Gateway
    from hatch_os402.gateway.reload import WatchedSource

HOST = "127.0.0.1"
_WAITING = 2048
_TIMEOUT = 5
"""Seconds that answers may take to leave when the gateway stops."""


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback, at any free port for 0. Raises `Os402Error`."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it an answer can wait 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with contextlib.ExitStack() as stack:
        stack.callback(listening.close)
        if hasattr(signal, "SIGKILL"):  # POSIX: a port of a process that has ended is free at once
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen(_WAITING)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Os402Error(
                f"{HOST}:{port} cannot be used: {reason}. Perhaps another gateway runs there: choose another with "
                "--port, or --port 0 for any that is free."
            ) from error
        stack.pop_all()
    return listening


async def serve(gateway: Gateway, listening: socket.socket, sources: list[WatchedSource], *, reload: bool) -> None:
    """Serve until SIGINT or SIGTERM. Sources are watched if `reload`."""
    server = _GatewayServer(
        uvicorn.Config(
            application(gateway),
            lifespan="off",
            http=protocol(gateway.bounds),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # a program may say its own
            ws="none",
            timeout_graceful_shutdown=_TIMEOUT,
        )
    )

    def end() -> None:
        server.should_exit = True
        gateway.stop()

    watching = asyncio.ensure_future(watch(sources, gateway)) if reload else None
    with _signals(end):
        try:
            await server.serve(sockets=[listening])
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)


class _GatewayServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to us: uvicorn would raise them again once it has ended."""
        yield


@contextlib.contextmanager
def _signals(end: object) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
