"""The gateway's addresses, those of os402's `webapp/router.rs`, as an ASGI application."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from hatch_os402.calls import cgi
from hatch_os402.calls.explain import explain
from hatch_os402.errors import SandboxError
from hatch_os402.gateway import answers
from hatch_os402.gateway.answers import RefusedError
from hatch_os402.gateway.core import StoppingError
from hatch_os402.gateway.page import page
from hatch_os402.gateway.upload import accept, read_parts
from hatch_os402.offer.payload import UPLOAD_LIMIT
from hatch_os402.runtime.discovery import architecture

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Receive, Scope, Send

    from hatch_os402.gateway.core import Gateway
    from hatch_os402.gateway.tasks import Task
    from hatch_os402.sandbox.execute import Outcome
    from hatch_os402.sandbox.program import Program

_FRAMING = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers about the connection, which is ours; a program that sends them would break it."""

_BODILESS = frozenset({204, 304})
"""What is answered without a body (RFC 9110, 6.4.1), whatever the program wrote."""

_NOT_FOUND = "Offer not found or expired"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def application(gateway: Gateway, *, limit: int = UPLOAD_LIMIT) -> Starlette:
    """Return the application. `limit` is how many bytes a body may have, of an upload or a call."""
    return Starlette(routes=[Mount("/", app=_Router(gateway, limit))])


class _Router:
    def __init__(self, gateway: Gateway, limit: int) -> None:
        self._gateway, self._limit = gateway, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RefusedError as refusal:
            response = refusal.response()
        except (ClientDisconnect, _GoneError):
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        # As the address came: os402 decodes nothing, and looks at endings before it looks for an offer.
        path = request.scope["raw_path"].decode("latin-1").removeprefix("/")
        if request.method in {"GET", "HEAD"} and (found := await self._read(request, path)):
            return found
        if ".cgi" in path:
            return await self._call(request, *path.split(".cgi", 1))
        if path and "/" not in path and request.method == "PUT":
            return await self._put(request, path)
        if path and "/" not in path and request.method == "GET":
            return self._offer(path)
        raise RefusedError(404, "Route not found")

    async def _read(self, request: Request, path: str) -> Response | None:
        """Answer what is asked of the gateway itself; None if it is something else."""
        if not path:
            return self._index(request)
        if path == "offers":
            return self._offers(list(self._gateway.programs.values()))
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

    def _offers(self, programs: list[Program], **more: str) -> Response:
        now = time.time()
        valid = {program.sha256: dict(program.read.payload) for program in programs if program.offer.valid_until > now}
        return JSONResponse({"offers": valid, "count": len(valid), **more})

    def _offer(self, key: str) -> Response:
        read = self._program(key).read
        signature = {} if read.k256 is None else {"k256": read.k256}
        return JSONResponse({**signature, "sha256": read.sha256, "payload": dict(read.payload)})

    def _executable(self, sha256: str, method: str) -> Response:
        there = self._gateway.has_executable(sha256)
        if method == "HEAD":
            return Response(status_code=200 if there else 404)
        if not there:
            raise RefusedError(404, "Executable not found")
        users = [program for program in self._gateway.programs.values() if program.executable == sha256]
        return self._offers(users, architecture=architecture())

    async def _task(self, path: str) -> Response:
        identity, _, stream = path.partition("/")
        task = self._gateway.tasks.get(identity)
        if task is None or stream not in {"", "stdout", "stderr"}:
            raise RefusedError(404, "Task not found" if task is None else "Route not found")
        if not stream:
            return JSONResponse(task.to_json(self._gateway.key.address))
        if task.outcome is None:
            raise RefusedError(400, "Task output not ready yet")
        # Signing is slow in pure Python: when it is asked for, and beside what else is served.
        return JSONResponse(await asyncio.to_thread(task.stream, stream, task.outcome, self._gateway.key))

    async def _put(self, request: Request, path: str) -> Response:
        if request.headers.get("host", "").rpartition(":")[0] not in _LOOPBACK:
            # Else a page of the Web could, by a name of its own that leads here, bring programs to this machine.
            raise RefusedError(403, "Uploads are taken at this machine's own names alone: localhost, 127.0.0.1")
        parts = await read_parts(request.headers, self._body(request))
        program = await asyncio.to_thread(accept, parts, self._gateway)
        self._gateway.reporter.info(f"published: {program.id} (sha256 {program.sha256})")
        answer = {"status": "accepted", "offer_hash": path, "expires_at": program.offer.valid_until}
        return JSONResponse(answer, 201)

    async def _call(self, request: Request, key: str, path_info: str) -> Response:
        program = self._program(key)
        if request.method == "OPTIONS":
            return answers.preflight()
        body = b"".join([chunk async for chunk in self._body(request)])
        called = cgi.Request(
            method=request.method,
            script=key,
            path_info=path_info,
            query=request.scope["query_string"].decode("latin-1"),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
            body=body,
        )
        try:
            task, outcome = await self._until_gone(request, program, called)
        except StoppingError as error:
            raise RefusedError(503, error.message) from error
        except SandboxError as error:
            self._gateway.reporter.warning(f"{request.method} {called.path}: {error.message}")
            raise RefusedError(500, error.message) from error
        return self._response(program, called, task, outcome)

    async def _until_gone(self, request: Request, program: Program, called: cgi.Request) -> tuple[Task, Outcome]:
        """Run a call for as long as its client waits."""
        call = asyncio.ensure_future(self._gateway.call(program, called))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait((call, gone), return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                self._gateway.reporter.info(f"{called.method} {called.path}: the client went away, its task was killed")
                raise _GoneError
            return call.result()
        finally:
            gone.cancel()
            call.cancel()
            await asyncio.gather(call, gone, return_exceptions=True)

    def _response(self, program: Program, called: cgi.Request, task: Task, outcome: Outcome) -> Response:
        try:
            response = cgi.parse(outcome.stdout)
        except cgi.NoResponseError as problem:
            why = explain(outcome, program.limits, problem)
            headers = {"x-os402-task": f"id={task.id}"}  # os402 says no more here
            answer = answers.no_response(problem.title, problem.message, why, outcome.stderr, headers)
        else:
            why = explain(outcome, program.limits, None)
            answer = _passed_on(response, task)
        self._log(called, answer.status_code, outcome, why)
        return answer

    def _log(self, called: cgi.Request, status: int, outcome: Outcome, why: str) -> None:
        query = f"?{called.query}" if called.query else ""
        self._gateway.reporter.info(
            f"{called.method} {called.path}{query} {status}, exit {outcome.exit}, {outcome.wall:.3f} s, "
            f"{outcome.maxrss / 1024:.0f} MiB, {len(outcome.stdout):,} bytes"
        )
        for line in outcome.stderr.decode(errors="replace").splitlines():
            self._gateway.reporter.info(f"  | {line}")
        if why:
            self._gateway.reporter.warning(why)

    def _program(self, key: str) -> Program:
        program = self._gateway.get(key)
        if program is None:
            raise RefusedError(404, _NOT_FOUND)
        return program

    async def _body(self, request: Request) -> AsyncGenerator[bytes, None]:
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > self._limit:
                raise RefusedError(413, f"The body is larger than {self._limit:,} bytes, the limit of this gateway")
            yield chunk


def _passed_on(response: cgi.Response, task: Task) -> Response:
    """Return a program's response as it goes to the client."""
    if response.status < 200:  # noqa: PLR2004 - informational: no server sends that as an answer
        return Response(status_code=500)
    answer = Response(b"" if response.status in _BODILESS else response.body, response.status)
    kept = [(name.encode(), value) for name, value in response.headers if name not in _FRAMING]
    length = [item for item in answer.raw_headers if item[0] == b"content-length"]
    answer.raw_headers = [*kept, *length, (b"x-os402-task", task.header().encode())]
    return answer


class _GoneError(Exception):
    """The client went away."""


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
