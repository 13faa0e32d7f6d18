"""Offers of this machine: artifacts and projects, run here under os402's conditions, without a gateway."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hatch_os402.calls.cgi import CgiRequest, parse
from hatch_os402.calls.explain import explain
from hatch_os402.calls.spawners import Spawners, cores
from hatch_os402.errors import CallError, NoResponseError, Os402Error
from hatch_os402.mcpserver.offers import Answer, Offered
from hatch_os402.sandbox.execute import Command

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_os402.gateway.reload import WatchedSource
    from hatch_os402.reporting import Reporter
    from hatch_os402.sandbox.execute import Outcome
    from hatch_os402.sandbox.program import Program

_HEADERS = (("Host", "localhost"), ("Content-Type", "application/json"), ("Accept", "application/json"))
_NO_ANSWER = 500


def _as_os402_error(error: Os402Error | OSError) -> Os402Error:
    if isinstance(error, Os402Error):
        return error
    return Os402Error(f"{error.filename or 'a file'} cannot be read: {error.strerror or error}")


class LocalOffers:
    """The offers of what the user named. An asynchronous context manager: when it is left, nothing runs any more.

    A project is built again when something in it changed. `named` is the runtime that the user names, `isolated` and
    `required` say whether programs run in the sandbox, and whether only there.
    """

    def __init__(
        self, built: Sequence[WatchedSource], reporter: Reporter, *, named: Path | None, isolated: bool, required: bool
    ) -> None:
        self._built, self._reporter = built, reporter
        self._programs: dict[str, tuple[Program, WatchedSource]] = {}
        self._spawners = Spawners(reporter, named=named, isolated=isolated, required=required)
        self._one_at_a_time = asyncio.Lock()
        self._room = asyncio.Semaphore(cores())
        self._loaded = False

    async def __aenter__(self) -> LocalOffers:  # noqa: PYI034 - Self is for Python 3.11
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._spawners.__aexit__()

    async def offers(self) -> Sequence[Offered]:
        """Return the offers, after building and reading again what changed. Raises `Os402Error` the first time."""
        async with self._one_at_a_time:
            for source in self._built:
                try:
                    if not self._loaded or await asyncio.to_thread(source.changed):
                        source.programs = await asyncio.to_thread(source.load)
                        await asyncio.to_thread(source.mark_loaded)
                except (Os402Error, OSError) as error:
                    reported = _as_os402_error(error)
                    if not self._loaded:
                        raise reported from error
                    self._reporter.warning(f"{reported.message}\nWhat was there before is there still.")
            self._loaded = True
            self._programs = {one.sha256: (one, source) for source in self._built for one in source.programs}
        return [Offered(self, one.sha256, dict(one.read.payload)) for one, _ in self._programs.values()]

    async def call(self, offered: Offered, body: bytes) -> Answer:
        """Run one call. Cancelling it kills the program. Raises `CallError`."""
        found = self._programs.get(offered.sha256)
        if found is None:
            raise CallError("the offer is not there any more: list the tools again")
        program, source = found
        inputs = program.inputs(CgiRequest("POST", program.id, headers=_HEADERS, body=body))
        try:
            async with self._room:
                _, spawner = await self._spawners.of(program, source.configured)
                command = Command(spawner.needs.argv(inputs.args), inputs.env, inputs.stdin, program.limits)
                outcome = await spawner.run(command)
        except CallError:
            raise
        except Os402Error as error:
            raise CallError(error.message) from error
        return self._answer(program, outcome)

    def _answer(self, program: Program, outcome: Outcome) -> Answer:
        if log := outcome.stderr.decode(errors="replace").rstrip():
            self._reporter.info(f"{program.id} wrote to stderr:\n{log}")
        try:
            response = parse(outcome.stdout)
        except NoResponseError as error:
            return Answer(_NO_ANSWER, explain(outcome, program.limits, error).encode())
        if outcome.ended_by:
            return Answer(_NO_ANSWER, explain(outcome, program.limits, response).encode())
        return Answer(response.status, response.body)
