"""An ASGI application (ASGI 3.0, https://asgi.readthedocs.io/en/latest/specs) as a CGI program of os402."""

import asyncio
import sys

from ._cgi import HOP_BY_HOP, failed, prepare, received, scheme, server, unquote

__all__ = ["Exchange", "Lifespan", "prepare", "respond", "run", "scope"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any, BinaryIO, TextIO, TypeAlias

    from ._cgi import Response

    Message: TypeAlias = MutableMapping[str, Any]
    Application: TypeAlias = Callable[..., Awaitable[None]]

CHUNK = 1 << 16
"""The most bytes of a body in one message."""
_CONTENT = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}
_SPECIFICATION = "2.4"  # from here on `send` raises OSError when the client has gone
_NOT_HERE = "os402 has no WebSockets: a call is one request and one answer\n"


def scope(request: "dict[str, str]", state: "dict[str, Any] | None") -> "dict[str, Any]":
    """Return the scope of `request` (`_cgi.variables`). `state` is what lifespan left, `None` when there is none."""
    root, path = (unquote(request.get(name, "")) for name in ("SCRIPT_NAME", "PATH_INFO"))
    raw = request.get("REQUEST_URI") or request.get("SCRIPT_NAME", "") + request.get("PATH_INFO", "")
    host, port = server(request)
    headers = [
        (variable[5:].replace("_", "-").lower().encode("latin-1"), value.encode("latin-1"))
        for variable, value in request.items()
        if variable.startswith("HTTP_")
    ]
    headers += [
        (name, request[variable].encode("latin-1")) for variable, name in _CONTENT.items() if request.get(variable)
    ]
    made = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": _SPECIFICATION},
        "http_version": request.get("SERVER_PROTOCOL", "HTTP/1.1").partition("/")[2] or "1.1",
        "method": request.get("REQUEST_METHOD", "GET").upper(),
        "scheme": scheme(request),
        "path": (root + path).encode("latin-1").decode(errors="replace"),  # it includes root_path
        "raw_path": raw.partition("?")[0].encode("latin-1"),
        "query_string": request.get("QUERY_STRING", "").encode("latin-1"),
        "root_path": root.encode("latin-1").decode(errors="replace"),
        "headers": headers,
        "client": None,  # os402 does not say it
        "server": (host, int(port)),
    }
    if state is not None:
        made["state"] = state.copy()
    return made


class Exchange:
    """One request and its answer: what the application gets as `receive` and `send`."""

    def __init__(self, body: bytes, response: "Response") -> None:
        self._body = memoryview(body)
        self._at: int | None = 0
        self._response = response
        self._started = False
        self._over = asyncio.Event()

    @property
    def complete(self) -> bool:
        """Whether the answer is."""
        return self._over.is_set()

    def end(self) -> None:
        """Take no more of an answer, and let whoever waits for the end know."""
        self._over.set()

    async def receive(self) -> "Message":
        """Give the body, in chunks; after it, when the answer is complete, `http.disconnect`."""
        if self._at is None or self.complete:
            await self._over.wait()
            return {"type": "http.disconnect"}
        chunk = bytes(self._body[self._at : self._at + CHUNK])
        self._at += CHUNK
        more = self._at < len(self._body)
        if not more:
            self._at = None
        return {"type": "http.request", "body": chunk, "more_body": more}

    async def send(self, message: "Message") -> None:
        """Take a message of the answer. Raises what is wrong with it, and `OSError` when nobody reads any more."""
        kind = message["type"]
        if self.complete:
            return  # "any further messages on the channel will be ignored"
        if kind == "http.response.start":
            if self._started:
                raise RuntimeError("http.response.start was sent before")
            if message.get("trailers"):
                raise RuntimeError("the scope offers no http.response.trailers, and os402 sends none")
            self._response.start(*_head(message))
            self._started = True
        elif kind == "http.response.body":
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        elif kind.startswith("http.response."):
            raise RuntimeError(f"the scope offers no extension {kind}")
        else:
            raise RuntimeError(f"{kind!r} is no message of an answer")

    def _send_body(self, body: "Any", *, more: bool) -> None:
        if not self._started:
            raise RuntimeError("http.response.start must be sent before http.response.body")
        if not isinstance(body, (bytes, bytearray, memoryview)):
            raise TypeError(f"the body must be bytes, not {type(body).__name__}")
        try:
            self._response.write(body)
        except OSError:
            self.end()
            raise
        if not more:
            self._response.finish()
            self.end()


def _head(message: "Message") -> "tuple[str, list[tuple[str, str]]]":
    """Return status and headers of `http.response.start`, as text. Raises what is wrong with them."""
    status = message["status"]
    if not isinstance(status, int):
        raise TypeError(f"the status must be an int, not {type(status).__name__}")
    headers = []
    for name, value in message.get("headers") or ():
        if not (isinstance(name, bytes) and isinstance(value, bytes)):
            raise TypeError(f"a header must be a pair of bytes, not ({name!r}, {value!r})")
        text = name.decode("latin-1")
        if text.lower() not in HOP_BY_HOP:  # the server's own affair, as with any ASGI server
            headers.append((text, value.decode("latin-1")))
    return f"{int(status):03}", headers


class Lifespan:
    """The application's start-up and shutdown (https://asgi.readthedocs.io/en/latest/specs/lifespan.html)."""

    def __init__(self, app: "Application") -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None
        self._asked = 0
        self._started, self._stopping, self._stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._supported = False
        self.failure: str | None = None
        """Why the application could not start, or stop."""
        self.state: dict[str, Any] = {}
        """What the application keeps for its requests."""

    async def start(self) -> None:
        """Start the application up; return when it has done so, or does not know how."""
        self._task = asyncio.ensure_future(self._run())
        await self._started.wait()

    async def stop(self) -> None:
        """Shut the application down, if it was started."""
        if self._supported and self._task is not None:
            self._stopping.set()
            await self._stopped.wait()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        described = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(described, self._receive, self._send)
        except BaseException as error:
            # The specification: the server must continue, but not send any lifespan events.
            if self.failure is None and self._asked and isinstance(error, Exception):
                sys.excepthook(type(error), error, error.__traceback__)
            if not isinstance(error, Exception):
                raise
        finally:
            self._started.set()
            self._stopped.set()

    async def _receive(self) -> "Message":
        self._asked += 1
        if self._asked == 1:
            return {"type": "lifespan.startup"}
        await self._stopping.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: "Message") -> None:
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._supported = True
            self._started.set()
        elif kind == "lifespan.shutdown.complete":
            self._stopped.set()
        elif kind in ("lifespan.startup.failed", "lifespan.shutdown.failed"):
            self.failure = message.get("message") or "the application gives no reason"
            self._started.set()
            self._stopped.set()
        else:
            raise RuntimeError(f"{kind!r} is no message of lifespan")


async def respond(
    app: "Application", request: "dict[str, str]", body: "BinaryIO", errors: "TextIO", response: "Response"
) -> "BaseException | None":
    """Start the application, give it its one request, and end it. Return what the application raised."""
    if request.get("HTTP_UPGRADE", "").lower() == "websocket":
        response.start("501 Not Implemented", [("Content-Type", "text/plain; charset=utf-8")])
        response.write(_NOT_HERE.encode())
        return None
    lifespan = Lifespan(app)
    await lifespan.start()
    if lifespan.failure is not None:
        errors.write(f"os402: the application did not start: {lifespan.failure.rstrip()}\n")
        return SystemExit(1)
    exchange = Exchange(body.read(), response)
    before = asyncio.all_tasks()
    raised: BaseException | None = None
    try:
        await app(scope(request, lifespan.state), exchange.receive, exchange.send)
    except BaseException as error:  # noqa: BLE001 - it is returned
        raised = error
    if raised is None and not exchange.complete:
        raised = RuntimeError("the ASGI application has returned, and its answer is not complete")
    exchange.end()
    while pending := asyncio.all_tasks() - before:  # what the request has begun: nobody waits for it later
        await asyncio.wait(pending)
    await lifespan.stop()
    if lifespan.failure is not None:
        errors.write(f"os402: the application did not stop: {lifespan.failure.rstrip()}\n")
    return raised


def run(target: "Any", *, cookies: str = "packed", factory: bool = False) -> int:
    """Answer the one request of this process; return the exit code. `factory`: the target makes the application."""
    request, body, response = received(cookies)
    try:
        app = target() if factory else target
        raised = asyncio.run(respond(app, request, body, sys.stderr, response))
    except BaseException as error:  # noqa: BLE001 - as above
        raised = error
    if raised is None:
        return response.exit
    outcome = failed(raised, response)
    if isinstance(outcome, int):
        return outcome
    raise outcome
