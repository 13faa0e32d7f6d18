"""Run programs under os402's conditions, from the outside: what goes in, what comes out, and which limit ended it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hatch_os402.errors import SandboxError
from hatch_os402.sandbox.limits import ResourceLimits
from hatch_os402.sandbox.pipes import Feeder, Reader
from hatch_os402.sandbox.process import SpawnerProcess
from hatch_os402.sandbox.protocol import COUNTERS, FORGET, KILL, START

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hatch_os402.sandbox.plain import UnsandboxedSpawner
    from hatch_os402.sandbox.process import Report
    from hatch_os402.sandbox.runtime_files import Needs

_SIGKILL = 9
_MICROSECONDS = 1_000_000
_CPU_LIMIT_TOLERANCE = 0.8
"""The kernel enforces the limit by its clock's ticks, and reports what it measured, which can be less."""
_LONGEST_FAILURE = 1 << 16


@dataclass(frozen=True)
class Command:
    """One program: its whole argv, its whole environment, what its stdin holds, and what it may use."""

    args: Sequence[str]
    env: Mapping[str, str]
    stdin: Sequence[bytes] = ()
    """Pieces that are sent one after the other; without a byte in them, stdin is /dev/null, as on os402."""
    limits: ResourceLimits = field(default_factory=ResourceLimits)
    hold_stdin: bool = False
    """Whether the pipe stays open when all is sent, as when another task of the server holds it."""


@dataclass(frozen=True)
class Outcome:
    """How a program ended, and what it wrote."""

    exit: int
    """Its status, or 128 + the number of the signal that ended it."""
    stdout: bytes
    """At most `ResourceLimits.buffer` bytes, as is `stderr`."""
    stderr: bytes
    utime: int
    """User CPU in microseconds, without that of the sandbox's start; as is `stime`, system CPU."""
    stime: int
    maxrss: int
    """Peak memory in KiB, of the program or of the process that became it."""
    wall: float
    """Seconds."""
    ended_by: str | None = None
    """The limit that ended it: "wall", "cpu", "stdout" or "stderr" (the buffer was full); None if none did."""
    failure: str = ""
    """Why the program could not be started, if it could not."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """The `COUNTERS` of getrusage(2), where they are measured."""
    before: int = 0
    """CPU of the sandbox's start, user and system, in microseconds: what clocks of the process count as well."""


def execute(
    needs: Needs, command: Command, *, isolated: bool = True, required: bool = False, folder: str | None = None
) -> tuple[Outcome, tuple[str, ...]]:
    """Run one program. Return its outcome, and what of the sandbox is missing on this machine and why.

    The other arguments are those of `Spawner`, which serves many. Raises `SandboxError`.
    """

    async def run() -> tuple[Outcome, tuple[str, ...]]:
        async with new_spawner(needs, isolated=isolated, required=required, folder=folder) as spawner:
            return await spawner.run(command), spawner.missing

    return asyncio.run(run())


def new_spawner(
    needs: Needs, *, isolated: bool = True, required: bool = False, folder: str | None = None
) -> Spawner | UnsandboxedSpawner:
    """Return a `Spawner`, or what there is on a system without fork. Raises `SandboxError` for what cannot be had."""
    if os.name == "posix":
        return Spawner(needs, isolated=isolated, required=required, folder=folder)
    from hatch_os402.sandbox.plain import UnsandboxedSpawner  # noqa: PLC0415 - it needs this module

    return UnsandboxedSpawner(needs, isolated=isolated, required=required, folder=folder)


class Spawner:
    """Starts programs of one runtime, any number at a time: an asynchronous context manager. POSIX only.

    `isolated`: in namespaces and under Landlock, where the system has them. `missing` then says what it has not, and
    why; with `required`, that is a `SandboxError`. `folder` is where programs start; by default an empty one.
    """

    def __init__(
        self, needs: Needs, *, isolated: bool = True, required: bool = False, folder: str | None = None
    ) -> None:
        self.needs = needs
        self._isolated, self._required, self._folder = isolated, required, folder
        self._process: SpawnerProcess | None = None

    async def __aenter__(self) -> Spawner:  # noqa: PYI034 - Self is for Python 3.11
        """Start the process that forks. Raises `SandboxError`."""
        try:
            self._started()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Kill what still runs, and return when nothing is left."""
        if self._process is not None:
            self._process.stop()

    @property
    def missing(self) -> tuple[str, ...]:
        """What of the sandbox this machine does not have, and why."""
        return self._process.missing if self._process is not None else ()

    async def run(self, command: Command) -> Outcome:
        """Run one program to its end. When this is cancelled, the program is killed. Raises `SandboxError`."""
        return await _Task(self._started(), command).outcome()

    def _started(self) -> SpawnerProcess:
        """Return a process that listens; a new one if the last was killed, with its programs, by whomever."""
        if self._process is None or not self._process.alive:
            if self._process is not None:
                self._process.stop()
            self._process = SpawnerProcess(self.needs, isolated=self._isolated, folder=self._folder)
            if self._required:
                require(self._process.missing)
        return self._process


def require(missing: Sequence[str]) -> None:
    """Raise `SandboxError` if something of the sandbox is missing."""
    if missing:
        raise SandboxError(f"os402's sandbox cannot be reproduced on this machine: {'; '.join(missing)}")


class _Task:
    """One program, from its start until nothing of it is left."""

    def __init__(self, process: SpawnerProcess, command: Command) -> None:
        self._process, self._command = process, command
        self._number, self._report = process.new_task()
        self._ended_by: str | None = None

    async def outcome(self) -> Outcome:
        limits = self._command.limits
        begun = time.monotonic()
        feeder, stdout, stderr, reported = self._start()
        readers = (stdout, stderr, reported)

        def out_of_time() -> None:
            self._end("wall")
            for reader in readers:
                reader.close()

        timer = asyncio.get_running_loop().call_later(limits.wall, out_of_time)
        try:
            report = await asyncio.shield(self._report)
            wall = time.monotonic() - begun
            # A child may hold the pipes. os402 waits for that without an end; here the limit counts for it, too.
            await asyncio.gather(*(reader.ended for reader in readers))
        finally:
            timer.cancel()
            for pipe in (feeder, *readers):
                pipe.close()
            if not self._report.done():
                self._order(KILL)
            self._report.add_done_callback(lambda _: self._order(FORGET))
        return self._finished(report, wall, bytes(stdout.content), bytes(stderr.content), bytes(reported.content))

    def _start(self) -> tuple[Feeder, Reader, Reader, Reader]:
        command, limits = self._command, self._command.limits
        plan = json.dumps(
            {
                "args": list(command.args),
                "env": dict(command.env),
                "empty": not any(command.stdin) and not command.hold_stdin,
                "ram": limits.ram,
                "stack": limits.stack,
                "cpu": limits.cpu,
                "tcp_bind": limits.tcp_bind,
                "tcp_connect": limits.tcp_connect,
            }
        ).encode()
        theirs, ours = [], []
        try:
            for index in range(4):
                read, write = os.pipe()
                theirs.append(read if index == 0 else write)
                ours.append(write if index == 0 else read)
            self._process.order(START, self._number, len(plan), theirs)
        except (OSError, SandboxError):
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        return (
            Feeder(ours[0], (plan, *command.stdin), hold=command.hold_stdin),
            Reader(ours[1], limits.buffer, lambda: self._end("stdout")),
            Reader(ours[2], limits.buffer, lambda: self._end("stderr")),
            Reader(ours[3], _LONGEST_FAILURE, lambda: None),
        )

    def _end(self, why: str) -> None:
        self._ended_by = self._ended_by or why
        self._order(KILL)

    def _order(self, what: bytes) -> None:
        with contextlib.suppress(SandboxError):  # then it was killed, and the program with it
            self._process.order(what, self._number)

    def _finished(self, report: Report, wall: float, stdout: bytes, stderr: bytes, reported: bytes) -> Outcome:
        status, utime, stime, maxrss, *counters = report
        before, _, failure = reported.partition(b"\n")
        if not before.startswith(b"["):
            before, failure = b"[0, 0]", before
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == _SIGKILL
        if (
            killed
            and self._ended_by is None
            and utime + stime >= self._command.limits.cpu * _MICROSECONDS * _CPU_LIMIT_TOLERANCE
        ):
            self._ended_by = "cpu"
        spent = json.loads(before)
        utime, stime = max(0, utime - spent[0]), max(0, stime - spent[1])
        return Outcome(
            exit=128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status),
            stdout=stdout,
            stderr=stderr,
            utime=utime,
            stime=stime,
            maxrss=maxrss,
            wall=wall,
            ended_by=self._ended_by,
            failure=failure.decode(errors="replace"),
            counters=dict(zip(COUNTERS, counters, strict=True)),
            before=sum(spent),
        )
