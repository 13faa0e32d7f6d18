"""Start the frame as os402 does, plainly or with the instrument in front of the bootstrap, and read what it saw."""

from __future__ import annotations
import __future__

import ast
import asyncio
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hatch_os402.errors import ProfileError
from hatch_os402.offer.payload import MAX_ARGUMENT
from hatch_os402.sandbox.execute import Command, new_spawner
from hatch_os402.sandbox.limits import MEBIBYTE, ResourceLimits
from hatch_os402.sandbox.runtime_files import needs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hatch_os402.runtime.discovery import Runtime
    from hatch_os402.sandbox.execute import Spawner
    from hatch_os402.sandbox.plain import UnsandboxedSpawner

_TIMEOUT = 120
"""Seconds that one run may take."""
_HEADER = 2
"""Numbers in front of a report: its size in bytes, and the clock when it was ready."""
_OUTPUT_SHOWN = 2000
"""Characters of a program's stderr that a message shows."""
_SIGNAL = 128
"""What is added to the number of a signal, as shells do."""
_REPORT = 64 * MEBIBYTE
"""Room for an instrument: bytes of memory, and of its report on stderr."""


@dataclass(frozen=True)
class ProfiledProgram:
    """What is run: a command line, an environment and what stdin holds."""

    arguments: tuple[str, ...]
    """Without the first, the name of the interpreter."""
    environment: Mapping[str, str]
    stdin: bytes
    """The frame and the body of the request."""
    entry: str
    """The module that is the entry point; empty if that is not known."""
    lazy: tuple[str, ...] = ()
    """The `lazy-imports` that the archive was built with."""
    limits: ResourceLimits = field(default_factory=ResourceLimits)
    """The offer's; memory and stack are those of a run."""


@dataclass(frozen=True)
class Run:
    """What one process did."""

    status: int
    """Its exit status, or 128 + the number of the signal that ended it."""
    out: bytes
    err: bytes
    """Without the instrument's report."""
    wall: float
    """Seconds."""
    cpu: float | None
    """Seconds of user and system time, of the whole process; None where the system does not say."""
    seen: dict[str, Any] | None = None
    """The instrument's report, in its own words."""


def instrumented(
    program: ProfiledProgram, *, use: bool = False, lazy: Sequence[str] = ()
) -> tuple[tuple[str, ...], bytes]:
    """Return the arguments of `program` with the instrument in front of its bootstrap, and the mark of its report.

    `use`: note which modules are used, which takes time. `lazy`: packages to load on first use. Raises `ProfileError`
    if the program does not start Python with `-c`.
    """
    arguments = list(program.arguments)
    try:
        at = arguments.index("-c") + 1
        bootstrap = arguments[at]
    except (ValueError, IndexError):
        raise ProfileError(
            "the offer does not start Python with `-c`, so that nothing can be put in front of its program."
        ) from None
    text = files(__name__.rpartition(".")[0]).joinpath("_instrument.py").read_text(encoding="utf-8")
    text = text.replace("from __future__ import annotations\n", "")  # it would be imported into the program
    flag = __future__.annotations.compiler_flag
    mark = secrets.token_hex(16)
    options = {"use": use, "lazy": list(lazy), "entry": program.entry, "mark": mark}
    # The thread's clock: where RLIMIT_CPU is set, as on os402, Linux moves the process's on by whole ticks only.
    arguments[at] = (
        "import time as _;_={'__name__':'_os402_instrument','STARTED':_.thread_time_ns(),'CLOCK':_.thread_time_ns,"
        f"'OPTIONS':{options!r},'PROGRAM':globals()}};exec(compile({text!r},'<instrument>','exec',{flag}),_);del _\n"
        f"{bootstrap}"
    )
    if len(arguments[at].encode()) > MAX_ARGUMENT:
        raise ProfileError("the bootstrap of the offer is too long to put anything in front of it.")
    return tuple(arguments), mark.encode()


def spawner(python: Runtime, sandbox: bool | None = None) -> Spawner | UnsandboxedSpawner:  # noqa: FBT001 - of three
    """Return what starts programs for `run_once`, an asynchronous context manager; its `missing` is what is missing.

    `sandbox`: True requires the isolation of `hatch-os402 run`, False does without, None takes what the system allows.
    Raises `SandboxError`.
    """
    return new_spawner(needs_of(python), isolated=sandbox is not False, required=bool(sandbox))


def run(
    python: Runtime,
    program: ProfiledProgram,
    arguments: Sequence[str] | None = None,
    mark: bytes = b"",
    *,
    sandbox: bool | None = None,
) -> Run:
    """Run `program` once, by a spawner of its own, as `run_once` does. Raises `ProfileError` and `SandboxError`."""

    async def once() -> Run:
        async with spawner(python, sandbox) as started:
            return await run_once(started, program, arguments, mark)

    return asyncio.run(once())


class Runner:
    """Runs one program after the other, by one spawner."""

    def __init__(self, loop: asyncio.AbstractEventLoop, started: Spawner | UnsandboxedSpawner) -> None:
        self._loop, self._started = loop, started

    @property
    def missing(self) -> Sequence[str]:
        """What of the isolation is missing."""
        return self._started.missing

    def __call__(self, program: ProfiledProgram, arguments: Sequence[str] | None = None, mark: bytes = b"") -> Run:
        """Do what `run_once` does."""
        return self._loop.run_until_complete(run_once(self._started, program, arguments, mark))


@contextmanager
def opened_runner(python: Runtime, sandbox: bool | None = None) -> Iterator[Runner]:  # noqa: FBT001 - as `spawner`
    """Yield what runs programs, until the context ends. Raises `SandboxError`."""
    loop = asyncio.new_event_loop()
    try:
        started = spawner(python, sandbox)
        loop.run_until_complete(started.__aenter__())
        try:
            yield Runner(loop, started)
        finally:
            loop.run_until_complete(started.__aexit__(None, None, None))
    finally:
        loop.close()


async def run_once(
    started: Spawner | UnsandboxedSpawner,
    program: ProfiledProgram,
    arguments: Sequence[str] | None = None,
    mark: bytes = b"",
) -> Run:
    """Run `program` once, cold, in an empty folder, and return what it did.

    `arguments` replace the program's; `mark` is that of an instrument among them. Memory and stack are those that the
    program has on os402; time and output have no such limit. Raises `ProfileError` if it does not start or end, or an
    instrument does not report.
    """
    given = program.arguments if arguments is None else arguments
    limits = replace(
        program.limits,
        ram=program.limits.ram + (_REPORT if mark else 0),
        buffer=program.limits.buffer + _REPORT,
        cpu=_TIMEOUT,
        wall=_TIMEOUT,
    )
    command = Command(started.needs.argv(("python", *given)), program.environment, (program.stdin,), limits)
    done = await started.run(command)
    if done.failure:
        raise ProfileError(f"{started.needs.executable} cannot be started: {done.failure}.")
    if done.ended_by in {"wall", "cpu"}:
        raise ProfileError(f"the program did not end within {_TIMEOUT} seconds.")
    if done.ended_by:
        raise ProfileError(f"the program wrote more than {limits.buffer:,} bytes to {done.ended_by}.")
    # Where there are no counters (Windows), CPU is not measured.
    cpu = (done.utime + done.stime) / 1e6 if done.counters else None
    if not mark:
        return Run(done.exit, done.stdout, done.stderr, done.wall, cpu)
    try:
        err, seen = _report(done.stderr, mark, done.exit)
        return Run(done.exit, done.stdout, err, done.wall, cpu, _without_start(seen, done.before * 1000))
    except (ValueError, SyntaxError, LookupError, TypeError, RecursionError, MemoryError):
        raise ProfileError("the program changed what the instrument reports, so nothing was measured.") from None


def _without_start(seen: dict[str, Any], before: int) -> dict[str, Any]:
    """Return an instrument's report with all times counted from the start of the program.

    The clock of the instrument, the thread's, also counts what the process did `before` it became the program
    (nanoseconds): it took on the sandbox. A time of 0 is that of what never ended.
    """

    def moved(number: int) -> int:
        return max(number - before, 1) if number else 0

    return {
        **seen,
        **{name: moved(seen[name]) for name in ("started", "ready", "reported")},
        "phases": [[name, moved(start), moved(end)] for name, start, end in seen["phases"]],
        "nodes": [[name, moved(start), moved(end), outer] for name, start, end, outer in seen["nodes"]],
    }


def _report(err: bytes, mark: bytes, status: int) -> tuple[bytes, dict[str, Any]]:
    """Return stderr without the instrument's report, and the report."""
    own, found, rest = err.partition(b"\n" + mark + b" ")
    sizes, _, text = rest.partition(b"\n")
    numbers = [int(number) for number in sizes.split()] if found else []
    if len(numbers) != _HEADER or len(text) < numbers[0]:
        how = f"was killed by signal {status - 128}" if status > _SIGNAL else f"ended with status {status}"
        output = own.decode("utf-8", "replace").strip()[-_OUTPUT_SHOWN:]
        raise ProfileError(
            f"the program {how} before the instrument could report: it was killed, or it left by `os._exit`."
            + (f" Its stderr ends with:\n{output}" if output else "")
        )
    size, reported = numbers
    seen: dict[str, Any] = ast.literal_eval(text[:size].decode())
    return own + text[size:], {**seen, "reported": reported}
