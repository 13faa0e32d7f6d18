"""HTTP/1.1 on one connection: uvicorn's, with a bound on connections and on the time that headers may take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http import h11_impl

from hatch_os402.gateway.bounds import DEFAULT

if TYPE_CHECKING:
    import asyncio

    from hatch_os402.gateway.bounds import Bounds

# os402 passes on what a program says, up to 999 (RFC 9110, 15: "no more than three digits"); uvicorn knows 100 to 599.
for _status in range(600, 1000):
    h11_impl.STATUS_PHRASES.setdefault(_status, b"")


class _Bounded(h11_impl.H11Protocol):
    """A connection. An application finds its transport as `scope["state"]["connection"]`."""

    bounds = DEFAULT
    _timer: asyncio.TimerHandle | None = None
    _begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": transport}
        if len(self.connections) > self.bounds.connections:
            self._refuse(503, f"More than {self.bounds.connections} connections are open here")
        else:
            self._watch(waiting=True)

    def data_received(self, data: bytes) -> None:
        self._begun = True
        super().data_received(data)
        headers = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        # The rest of a body that was answered before it had come.
        rest = self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY
        self._watch(waiting=headers or rest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch(waiting=False)
        super().connection_lost(exc)

    def _watch(self, *, waiting: bool) -> None:
        """End the connection if it goes on to wait; what comes meanwhile gives it no more time."""
        if waiting and self._timer is None:
            self._timer = self.loop.call_later(self.bounds.header_time, self._out_of_time)
        elif not waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _out_of_time(self) -> None:
        self._timer = None
        if self._begun and self.conn.our_state is h11.IDLE:
            self._refuse(408, f"The headers of the request did not come within {self.bounds.header_time:g} seconds")
        else:  # a browser connects before it knows what to ask
            self.transport.close()

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        content = json.dumps({"error": message}).encode()
        head = (
            f"HTTP/1.1 {status} {h11_impl.STATUS_PHRASES[status].decode()}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()


def protocol(bounds: Bounds) -> type[h11_impl.H11Protocol]:
    """Return the class of the connections of a server with these bounds."""
    return type("Bounded", (_Bounded,), {"bounds": bounds})


def close(scope: Any) -> None:
    """Close the connection of a request when what was written has gone, whatever was promised to follow."""
    transport = scope.get("state", {}).get("connection")
    if transport is not None:
        transport.close()
