"""Offers of this machine: artifacts and projects, run here under os402's conditions, without a gateway."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from hatch_os402.cache import cache_folder
from hatch_os402.calls.cgi import CgiRequest, parse
from hatch_os402.calls.explain import explain
from hatch_os402.errors import CallError, NoResponseError, Os402Error
from hatch_os402.mcpserver.offers import Answer, Offered
from hatch_os402.runtime.discovery import discover
from hatch_os402.sandbox.execute import Command, new_spawner
from hatch_os402.sandbox.runtime_files import needs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hatch_os402.gateway.reload import WatchedSource as Built
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.discovery import Runtime
    from hatch_os402.sandbox.execute import Outcome, Spawner
    from hatch_os402.sandbox.plain import UnsandboxedSpawner
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
        self, built: Sequence[Built], reporter: Reporter, *, named: Path | None, isolated: bool, required: bool
    ) -> None:
        self._built, self._reporter = built, reporter
        self._named, self._isolated, self._required = named, isolated, required
        self._programs: dict[str, tuple[Program, Built]] = {}
        self._runtimes: dict[str | None, Runtime] = {}
        self._spawners: dict[str, Spawner | UnsandboxedSpawner] = {}
        self._one_at_a_time = asyncio.Lock()
        self._room = asyncio.Semaphore(os.cpu_count() or 1)
        self._loaded = False

    async def __aenter__(self) -> LocalOffers:  # noqa: PYI034 - Self is for Python 3.11
        return self

    async def __aexit__(self, *_exception: object) -> None:
        for spawner in self._spawners.values():
            await spawner.__aexit__()

    async def offers(self) -> Sequence[Offered]:
        """Return the offers, after building and reading again what changed. Raises `Os402Error` the first time."""
        async with self._one_at_a_time:
            for source in self._built:
                try:
                    if not self._loaded or await asyncio.to_thread(source.changed):
                        source.programs = await asyncio.to_thread(source.load)
                        await asyncio.to_thread(source.settle)
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
                spawner = await self._spawner(program, source)
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

    async def _spawner(self, program: Program, source: Built) -> Spawner | UnsandboxedSpawner:
        """Return what starts the program: one for each runtime."""
        async with self._one_at_a_time:
            wanted = program.executable
            if wanted not in self._runtimes:
                self._runtimes[wanted] = await asyncio.to_thread(self._discover, program, source)
                if warning := self._runtimes[wanted].warning:
                    self._reporter.warning(warning)
            path = self._runtimes[wanted].path
            if path not in self._spawners:
                spawner = new_spawner(
                    await asyncio.to_thread(needs, path), isolated=self._isolated, required=self._required
                )
                await spawner.__aenter__()
                self._spawners[path] = spawner
                for what in spawner.missing:
                    self._reporter.warning(f"sandbox incomplete: {what}")
            return self._spawners[path]

    def _discover(self, program: Program, source: Built) -> Runtime:
        return discover(
            program.executable,
            python=program.is_python,
            named=self._named,
            configured=source.configured,
            cache=cache_folder(os.environ),
            environ=os.environ,
        )
