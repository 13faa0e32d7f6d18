"""Calls of programs: from a request to a task, and from its output to the answer that the client gets."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hatch_os402.calls import cgi
from hatch_os402.calls.explain import explain
from hatch_os402.errors import NoResponseError, SandboxError, StoppingError
from hatch_os402.gateway import answers
from hatch_os402.gateway.answers import RefusalError
from hatch_os402.gateway.bodies import Body
from hatch_os402.gateway.guard import check_worker
from hatch_os402.gateway.protocol import close

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from hatch_os402.gateway.bounds import Account
    from hatch_os402.gateway.core import Gateway
    from hatch_os402.gateway.tasks import Task
    from hatch_os402.sandbox.execute import Outcome
    from hatch_os402.sandbox.program import Program

_OURS = frozenset({"content-length", "transfer-encoding", "x-os402-task", "service-worker-allowed"})
"""Headers of a program that are not passed on as they are. The last would let its service worker have the whole gateway
(`check_worker`); the first is `Delivery.length`."""


class Calls:
    """The calls that run or wait in a gateway. `bodies` is the account of what they receive."""

    def __init__(self, gateway: Gateway, bodies: Account) -> None:
        self._gateway, self._bounds = gateway, gateway.bounds
        self._bodies = bodies
        self._number = 0

    async def answer(self, request: Request, key: str, path_info: str) -> Response:
        """Answer a call of the program `key`. Raises `RefusalError` and `ClientDisconnect`."""
        check_worker(request.headers, path_info)
        program = program_of(self._gateway, key)
        if request.method == "OPTIONS":
            return answers.preflight()
        if self._number >= self._bounds.calls:
            raise RefusalError(503, f"{self._bounds.calls} calls run or wait here already", retry=True)
        self._number += 1
        try:
            with Body(self._bounds, self._bodies) as body:
                called = cgi.CgiRequest(
                    method=request.method,
                    script=key,
                    path_info=path_info,
                    query=request.scope["query_string"].decode("latin-1"),
                    headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
                    body=await body.receive(request),
                )
                task, outcome = await self._until_gone(request, program, called)
        except StoppingError as error:
            raise RefusalError(503, error.message) from error
        except SandboxError as error:
            self._gateway.reporter.warning(f"{request.method} {called.path}: {error.message}")
            raise RefusalError(500, error.message) from error
        finally:
            self._number -= 1
        return self._response(program, called, task, outcome)

    async def _until_gone(self, request: Request, program: Program, called: cgi.CgiRequest) -> tuple[Task, Outcome]:
        """Run a call for as long as its client waits."""
        call = asyncio.ensure_future(self._gateway.call(program, called))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait((call, gone), return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                self._gateway.reporter.info(f"{called.method} {called.path}: the client went away, its task was killed")
                raise ClientDisconnect
            return call.result()
        finally:
            gone.cancel()
            call.cancel()
            await asyncio.gather(call, gone, return_exceptions=True)

    def _response(self, program: Program, called: cgi.CgiRequest, task: Task, outcome: Outcome) -> Response:
        found: cgi.Response | NoResponseError
        answer: Response
        try:
            found = cgi.parse(outcome.stdout)
        except NoResponseError as problem:
            found = problem
            why = explain(outcome, program.limits, found)
            headers = {"x-os402-task": f"id={task.id}"} if task.retain else {}  # os402 says no more here
            answer = answers.no_response(problem.title, problem.message, why, outcome.stderr, headers)
        else:
            why = explain(outcome, program.limits, found, called.method)
            # No server sends an informational status as an answer.
            answer = (
                _PassedOn(found, called.method, task) if found.status >= HTTPStatus.OK else Response(status_code=500)
            )
        self._log(called, answer.status_code, outcome, why)
        return answer

    def _log(self, called: cgi.CgiRequest, status: int, outcome: Outcome, why: str) -> None:
        query = f"?{called.query}" if called.query else ""
        self._gateway.reporter.info(
            f"{called.method} {called.path}{query} {status}, exit {outcome.exit}, {outcome.wall:.3f} s, "
            f"{outcome.maxrss / 1024:.0f} MiB, {len(outcome.stdout):,} bytes"
        )
        for line in outcome.stderr.decode(errors="replace").splitlines():
            self._gateway.reporter.info(f"  | {line}")
        if why:
            self._gateway.reporter.warning(why)


def program_of(gateway: Gateway, key: str) -> Program:
    """Return the program that `key`, a name or a SHA256, means. Raises `RefusalError`."""
    program = gateway.get(key)
    if program is None:
        raise RefusalError(404, "Offer not found or expired")
    return program


class _PassedOn(Response):
    """A program's response as it goes to the client: what is wrong with its framing shows there, as on os402."""

    def __init__(self, response: cgi.Response, method: str, task: Task) -> None:
        self._delivery = cgi.delivery(response, method)
        super().__init__(self._delivery.body, response.status)
        length = self._delivery.length
        self.raw_headers = [
            *((name.encode(), value) for name, value in response.headers if name not in _OURS),
            (b"content-length", length if length is not None else str(len(self._delivery.body)).encode()),
            (b"x-os402-task", task.header().encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._delivery.complete:
            await super().__call__(scope, receive, send)
            return
        if self._delivery.answered:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
        # os402 leaves its client waiting for what never comes. Here the connection ends.
        close(scope)
        while (await receive())["type"] != "http.disconnect":
            pass


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
