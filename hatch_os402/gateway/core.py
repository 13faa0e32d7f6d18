"""The gateway without HTTP: offers by hash and name, what runs them, and their calls."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.cache import cache_folder
from hatch_os402.errors import Os402Error
from hatch_os402.gateway.tasks import Task, Tasks, task_id
from hatch_os402.offer.keys import Key
from hatch_os402.runtime import pins
from hatch_os402.runtime.discovery import discover
from hatch_os402.sandbox.execute import Command, new_spawner
from hatch_os402.sandbox.runtime_files import needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_os402.calls.cgi import Request
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.configured import Executable
    from hatch_os402.runtime.discovery import Runtime
    from hatch_os402.sandbox.execute import Outcome, Spawner
    from hatch_os402.sandbox.plain import UnsandboxedSpawner
    from hatch_os402.sandbox.program import Program
    from hatch_os402.sandbox.runtime_files import Needs


class StoppingError(Os402Error):
    """The gateway is going down, and runs nothing any more."""


class Gateway:
    """Offers and their calls. An asynchronous context manager: when it is left, no process of it is.

    `named` is the runtime that the user names for everything, `isolated` whether programs run in the sandbox and
    `required` whether only there, `jobs` how many at once; `key` signs outputs, a new one if there is none. `owner`, if
    there is one, is whose offers are accepted.
    """

    def __init__(
        self,
        *,
        reporter: Reporter,
        named: Path | None = None,
        isolated: bool = True,
        required: bool = False,
        jobs: int | None = None,
        key: Key | None = None,
        owner: str | None = None,
    ) -> None:
        self.reporter, self.key, self.owner = reporter, key or Key(os.urandom(32)), owner
        self.jobs = jobs or cores()
        self.programs: dict[str, Program] = {}
        self.names: dict[str, str] = {}
        self.tasks = Tasks()
        self._named, self._isolated, self._required = named, isolated, required
        self._room = asyncio.Semaphore(self.jobs)
        self._runtimes: dict[str | None, Runtime] = {}
        self._spawners: dict[str, Spawner | UnsandboxedSpawner] = {}
        self._choosing = asyncio.Lock()
        self._executables: dict[str, Path] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._calls: set[asyncio.Task[tuple[Task, Outcome]]] = set()
        self._stopping = False

    async def __aenter__(self) -> Gateway:  # noqa: PYI034 - Self is for Python 3.11
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.stop()
        for spawner in self._spawners.values():
            await spawner.__aexit__()
        if self._folder is not None:
            self._folder.cleanup()

    def stop(self) -> None:
        """Kill what runs; whoever waits for it, or calls later, gets a `StoppingError`."""
        self._stopping = True
        for call in self._calls:
            call.cancel()

    # Offers and executables.

    def add(self, program: Program) -> None:
        """Take an offer; its name means it from now on. Raises `OfferError` for one that could not work."""
        name = program.offer.name
        self.programs[program.sha256] = program
        if name is not None:
            self.names[name] = program.sha256

    def replace(self, old: Iterable[Program], new: Iterable[Program]) -> None:
        """Put the offers `new` in the place of `old`, at once. Calls that run are not disturbed."""
        for program in old:
            self.programs.pop(program.sha256, None)
            if program.offer.name and self.names.get(program.offer.name) == program.sha256:
                del self.names[program.offer.name]
        for program in new:
            self.add(program)

    def get(self, key: str) -> Program | None:
        """Return the offer of this hash or name, unless it has expired."""
        program = self.programs.get(key) or self.programs.get(self.names.get(key, ""))
        if program is None or program.offer.valid_until < time.time():
            return None
        return program

    def add_executable(self, sha256: str, content: bytes) -> None:
        """Keep an executable that was uploaded, whole or not at all. Raises `OSError`."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="hatch-os402-gateway-")
        place = Path(self._folder.name, sha256)
        part = place.with_suffix(".part")
        try:
            part.write_bytes(content)
            part.chmod(0o755)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)
        self._executables[sha256] = place
        self._runtimes.pop(sha256, None)

    def configure(self, executables: Iterable[Executable]) -> None:
        """Take what a project names as its runtime, where it lies on this machine."""
        for item in executables:
            if item.path is not None and self._executables.get(item.sha256) != item.path:
                self._executables[item.sha256] = item.path
                self._runtimes.pop(item.sha256, None)

    def has_executable(self, sha256: str) -> bool:
        """Whether an offer that runs this executable needs no upload of it: it is here, or something stands in."""
        known = {item.sha256 for one in self.programs.values() for item in one.offer.exec.executables.values()}
        return (
            self._named is not None
            or sha256 in self._executables
            or sha256 in pins.ASSIMILATED_SHA256.values()
            or sha256 in known
        )

    # Calls.

    async def runtime(self, program: Program) -> Runtime:
        """Return what runs the program here, chosen at its first use, when a warning is told. Raises `SandboxError`."""
        wanted = program.executable
        async with self._choosing:
            if wanted not in self._runtimes:
                named = self._named or self._executables.get(wanted or "")
                found = partial(discover, wanted, python=program.is_python, named=named, environ=os.environ)
                chosen = await asyncio.to_thread(found, cache=cache_folder(os.environ))
                if chosen.warning:
                    self.reporter.warning(chosen.warning)
                self._runtimes[wanted] = chosen
            chosen = self._runtimes[wanted]
            if chosen.path not in self._spawners:
                await self._spawn(chosen, await asyncio.to_thread(needs, chosen.path))
        return chosen

    async def _spawn(self, runtime: Runtime, wanted: Needs) -> None:
        spawner = new_spawner(wanted, isolated=self._isolated, required=self._required)
        await spawner.__aenter__()
        self._spawners[runtime.path] = spawner
        for what in spawner.missing:
            self.reporter.warning(f"without a part of os402's isolation: {what}")

    async def call(self, program: Program, request: Request) -> tuple[Task, Outcome]:
        """Run a call to its end, as soon as there is room. Cancelling it kills the program.

        Raises `SandboxError`, and `StoppingError` when the gateway is stopped meanwhile.
        """
        call = asyncio.ensure_future(self._call(program, request))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        try:
            if self._stopping:
                call.cancel()
            return await call
        except asyncio.CancelledError:
            if self._stopping:
                raise StoppingError("The gateway is stopping") from None
            raise

    async def _call(self, program: Program, request: Request) -> tuple[Task, Outcome]:
        async with self._room:
            runtime = await self.runtime(program)
            inputs = program.inputs(request)
            hashes = inputs.hashes()
            now = int(time.time())
            task = Task(
                id=task_id(program.sha256, hashes),
                offer_sha256=program.sha256,
                owner=self.owner or program.read.owner,
                input_hashes=hashes,
                started_at=now,
                expires_at=now + program.offer.min_duration_seconds,
                retain=program.offer.limits.retain,
            )
            self.tasks.begin(task)
            spawner = self._spawners[runtime.path]
            command = Command(spawner.needs.argv(inputs.args), inputs.env, inputs.stdin, program.limits)
            try:
                outcome = await spawner.run(command)
            except BaseException:
                self.tasks.forget(task.id)
                raise
            self.tasks.end(task, outcome)
            return task, outcome


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
