"""The gateway's addresses, those of os402's `webapp/router.rs`, as an ASGI application."""

from __future__ import annotations

import asyncio
import re
import time
import traceback
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from hatch_os402.__about__ import __version__
from hatch_os402.errors import bug
from hatch_os402.formatting import escaped
from hatch_os402.gateway import answers
from hatch_os402.gateway.answers import RefusalError
from hatch_os402.gateway.bodies import counted, pieces
from hatch_os402.gateway.bounds import Account
from hatch_os402.gateway.calling import Calls, program_of
from hatch_os402.gateway.guard import check_host, check_origin
from hatch_os402.gateway.page import page
from hatch_os402.gateway.upload import UPLOADS_OFF, accept, read_parts
from hatch_os402.runtime.discovery import architecture

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from hatch_os402.gateway.core import Gateway
    from hatch_os402.sandbox.program import Program

_ABSOLUTE = re.compile(b"http://([^/]*)", re.IGNORECASE)
_LONGEST_PATH = 200
"""Characters of an address in a message."""
_NO_OWNER = "0x" + "0" * 40


def application(gateway: Gateway) -> Starlette:
    """Return the application, with the bounds of the gateway."""
    return Starlette(routes=[Mount("/", app=_Router(gateway))], middleware=[Middleware(_OriginForm)])


class _OriginForm:
    """Takes requests whose target is absolute, of clients that take the gateway for a proxy.

    RFC 9112, 3.2.2: a server accepts that form, and the target's authority replaces `Host`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (absolute := _ABSOLUTE.match(scope["raw_path"])):
            raw = scope["raw_path"][absolute.end() :] or b"/"
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            headers.append((b"host", absolute[1]))
            scope = {**scope, "raw_path": raw, "path": unquote(raw.decode("latin-1")), "headers": headers}
        await self._app(scope, receive, send)


class _Router:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway, self._bounds = gateway, gateway.bounds
        self._bodies = Account(self._bounds.bodies)
        self._calls = Calls(gateway, self._bodies)
        self._started = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RefusalError as refusal:
            if request.method == "PUT" or ".cgi" in request.scope["path"]:
                path = escaped(request.scope["path"][:_LONGEST_PATH])
                self._gateway.reporter.warning(
                    f"{request.method} {path} refused, {refusal.status}: {escaped(refusal.message)}"
                )
            response = answers.as_own(refusal.response())
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - one request must not end the others, and the user must see it
            self._gateway.reporter.warning(bug(error))
            self._gateway.reporter.debug(traceback.format_exc())
            response = answers.as_own(RefusalError(500, bug(error), close=True).response())

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start" and all(name != b"date" for name, _ in message["headers"]):
                message["headers"] = [*message["headers"], (b"date", formatdate(usegmt=True).encode())]
            await send(message)

        await response(scope, receive, send_dated)

    async def _answer(self, request: Request) -> Response:
        # As the address came: os402 decodes nothing, and looks at endings before it looks for an offer.
        path = request.scope["raw_path"].decode("latin-1").removeprefix("/")
        check_host(request.headers)
        if ".cgi" in path and not (request.method in {"GET", "HEAD"} and _is_own(path)):
            return await self._calls.answer(request, *path.split(".cgi", 1))
        check_origin(request.headers)
        return answers.as_own(await self._own(request, path))

    async def _own(self, request: Request, path: str) -> Response:
        """Answer what is no call of a program."""
        if request.method in {"GET", "HEAD"} and (found := await self._read(request, path)):
            return found
        if path and "/" not in path and request.method == "PUT":
            return await self._put(request, path)
        if path and "/" not in path and request.method == "GET":
            return self._offer(path)
        raise RefusalError(404, "Route not found")

    async def _read(self, request: Request, path: str) -> Response | None:
        """Answer what is asked of the gateway itself; None if it is something else."""
        pages = {"": self._index, "health": self._health, "tasks": self._tasks, "offers": self._all_offers}
        if path in pages:
            return pages[path](request)
        if path.startswith("tasks/"):
            return await self._task(path.removeprefix("tasks/"))
        if path.endswith(".exe"):
            return self._executable(path.removesuffix(".exe"), request.method)
        return None

    def _index(self, request: Request) -> Response:
        if answers.prefers_html(request.headers.get("accept", "")):
            return page(self._gateway)
        listed = [
            {
                "hash": sha256,
                **({"name": program.offer.name} if program.offer.name else {}),
                **({"description": program.offer.description} if program.offer.description else {}),
                "price_per_sec": program.offer.price[0].per_second if program.offer.price else 0.0,
                "owner": program.offer.owner,
            }
            for sha256, program in self._gateway.programs.items()
        ]
        return JSONResponse({"offers": listed})

    def _all_offers(self, _request: Request) -> Response:
        return self._offers(list(self._gateway.programs.values()))

    def _offers(self, programs: list[Program], **more: str) -> Response:
        now = time.time()
        valid = {program.sha256: dict(program.read.payload) for program in programs if program.offer.valid_until > now}
        return JSONResponse({"offers": valid, "count": len(valid), **more})

    def _offer(self, key: str) -> Response:
        read = program_of(self._gateway, key).read
        signature = {} if read.k256 is None else {"k256": read.k256}
        return JSONResponse({**signature, "sha256": read.sha256, "payload": dict(read.payload)})

    def _executable(self, sha256: str, method: str) -> Response:
        there = self._gateway.has_executable(sha256)
        if method == "HEAD":
            return Response(status_code=200 if there else 404)
        if not there:
            raise RefusalError(404, "Executable not found")
        users = [program for program in self._gateway.programs.values() if program.executable == sha256]
        return self._offers(users, architecture=architecture())

    def _health(self, request: Request) -> Response:
        """Answer as `webapp/handlers/health.rs`, with what is of use here: nobody pays, and nothing is reserved."""
        headers: dict[str, list[str]] = {}
        for name, value in request.headers.items():
            headers.setdefault(name, []).append(value)
        return JSONResponse(
            {
                "status": "ok",
                "service": ["hatch-os402", __version__],
                "service_uptime_secs": int(time.monotonic() - self._started),
                "signer": self._gateway.key.address,
                "tasks": {"count": len(self._gateway.tasks.running_or_kept())},
                "pools": [],
                "request": {
                    "method": request.method,
                    "path": "/health",
                    "query": request.scope["query_string"].decode("latin-1") or None,
                    "headers": headers,
                },
                "payer": _NO_OWNER,
            }
        )

    def _tasks(self, request: Request) -> Response:
        """Answer with every task by its id. os402 lists those of who signs the request; here nobody does."""
        if request.headers.get("sec-fetch-site", "none") != "none":
            # A program's page is of the gateway's origin, and other programs' answers are none of its business.
            raise RefusalError(403, "Pages cannot list tasks")
        kept = self._gateway.tasks.running_or_kept()
        return JSONResponse({task.id: task.to_json(self._gateway.key.address) for task in kept})

    async def _task(self, path: str) -> Response:
        identity, _, stream = path.partition("/")
        task = self._gateway.tasks.get(identity)
        if task is None or stream not in {"", "stdout", "stderr"}:
            raise RefusalError(404, "Task not found" if task is None else "Route not found")
        if not stream:
            return JSONResponse(task.to_json(self._gateway.key.address))
        if task.outcome is None:
            raise RefusalError(400, "Task output not ready yet")
        # Signing is slow in pure Python: when it is asked for, and beside what else is served.
        return JSONResponse(await asyncio.to_thread(task.stream, stream, task.outcome, self._gateway.key))

    async def _put(self, request: Request, path: str) -> Response:
        taken: list[int] = []
        parts = counted(pieces(request, self._bounds), self._bodies, taken)
        try:
            if not self._gateway.owners:
                async for _ in pieces(request, self._bounds):  # a client that still sends does not read an answer
                    pass
                raise RefusalError(403, UPLOADS_OFF)
            async with read_parts(request.headers, parts) as read:
                program = await asyncio.to_thread(accept, read, self._gateway)
        finally:
            self._bodies.give_back(sum(taken))
        self._gateway.reporter.info(f"published: {escaped(program.id)} (sha256 {program.sha256})")
        answer = {"status": "accepted", "offer_hash": path, "expires_at": program.offer.valid_until}
        return JSONResponse(answer, 201)


def _is_own(path: str) -> bool:
    """Whether a GET of `path` is asked of the gateway itself, whatever stands in it (`webapp/router.rs`)."""
    return path.startswith("tasks/") or path.endswith(".exe")
