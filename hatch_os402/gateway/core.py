"""The gateway without HTTP: offers by hash and name, what runs them, and their calls."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from typing import IO, TYPE_CHECKING

from hatch_os402.calls.spawners import Spawners, cores
from hatch_os402.errors import StoppingError
from hatch_os402.gateway.answers import RefusalError
from hatch_os402.gateway.bounds import DEFAULT, Account, Bounds
from hatch_os402.gateway.keeper import KeptFolder
from hatch_os402.gateway.tasks import Task, Tasks, task_id
from hatch_os402.offer.build import ZERO_ADDRESS
from hatch_os402.offer.keys import Key
from hatch_os402.runtime import pins
from hatch_os402.runtime.configured import ConfiguredRuntime
from hatch_os402.runtime.discovery import architecture
from hatch_os402.sandbox.execute import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from hatch_os402.calls.cgi import CgiRequest
    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.discovery import Runtime
    from hatch_os402.sandbox.execute import Outcome
    from hatch_os402.sandbox.program import Program


class Gateway:
    """Offers and their calls. An asynchronous context manager: when it is left, no process of it is.

    `named` is the runtime that the user names for everything, `isolated` whether programs run in the sandbox and
    `required` whether only there, `jobs` how many at once; `key` signs outputs, a new one if there is none. `owners`
    are addresses (lowercase hex) whose signed offers can be uploaded, beside `project_owners` and the address of `key`.
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
        owners: Sequence[str] = (),
        bounds: Bounds = DEFAULT,
    ) -> None:
        self.reporter, self.key = reporter, key or Key(os.urandom(32))
        self.owner = owners[0] if owners else None
        """The server's owner, whom tasks name; None: each its offer's."""
        self.project_owners: frozenset[str] = frozenset()
        """The owners that the projects name which are served."""
        self._owners = frozenset(owners) | ({key.address} if key is not None else set())
        self.bounds, self.jobs = bounds, jobs or cores()
        self.accepting = threading.Lock()
        """Held while an upload is checked and taken: two could want one name."""
        self.programs: dict[str, Program] = {}
        self.names: dict[str, str] = {}
        self.tasks = Tasks()
        self._named = named
        self._room = asyncio.Semaphore(self.jobs)
        self._spawners = Spawners(reporter, named=named, isolated=isolated, required=required)
        self._executables: dict[str, Path] = {}
        self._folder: KeptFolder | None = None
        self._uploads = Account(bounds.uploads)
        self._uploaded: dict[str, int] = {}
        """Hash of an offer that was uploaded → size of its private parts."""
        self._calls: set[asyncio.Task[tuple[Task, Outcome]]] = set()
        self._stopping = False

    async def __aenter__(self) -> Gateway:  # noqa: PYI034 - Self is for Python 3.11
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.stop()
        await self._spawners.__aexit__()
        if self._folder is not None:
            await asyncio.to_thread(self._folder.remove)

    def stop(self) -> None:
        """Kill what runs; whoever waits for it, or calls later, gets a `StoppingError`."""
        self._stopping = True
        for call in self._calls:
            call.cancel()

    # Offers and executables.

    @property
    def owners(self) -> frozenset[str]:
        """Whose offers can be uploaded; empty: uploads are off."""
        return (self._owners | self.project_owners) - {ZERO_ADDRESS}

    def holder(self, name: str) -> Program | None:
        """Return the offer that is called by this name now."""
        return self.get(self.names.get(name, ""))

    def add(self, program: Program) -> None:
        """Take an offer; its name means it from now on."""
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

    def make_room(self, program: Program, executables: Sequence[int]) -> None:
        """Raise `RefusalError` if there is no room for an upload with executables of these sizes."""
        self._drop_expired()
        if len(self._uploaded) >= self.bounds.programs and program.sha256 not in self._uploaded:
            raise RefusalError(503, f"This gateway keeps {self.bounds.programs} uploaded offers at most: restart it")
        if self._uploads.used + len(program.private_stdin) + sum(executables) > self._uploads.bound:
            raise RefusalError(503, f"This gateway keeps {self._uploads.bound:,} bytes of uploads at most: restart it")

    def add_uploaded(self, program: Program) -> None:
        """Take an offer that was uploaded, after `make_room`."""
        self._uploads.give_back(self._uploaded.pop(program.sha256, 0))
        self._uploaded[program.sha256] = size = len(program.private_stdin)
        self._uploads.take(size)
        self.add(program)

    def _drop_expired(self) -> None:
        for sha256 in list(self._uploaded):
            program = self.programs.get(sha256)
            if program is None or program.offer.valid_until < time.time():
                self._uploads.give_back(self._uploaded.pop(sha256))
                self.replace([program] if program else [], [])

    def add_executable(self, sha256: str, content: IO[bytes]) -> None:
        """Keep an executable that was uploaded, whole or not at all. Raises `OSError`."""
        if self._folder is None:
            self._folder = KeptFolder("hatch-os402-gateway-")
        place = self._folder.path / sha256
        part = place.with_suffix(".part")
        if not place.exists():
            try:
                with part.open("wb") as file:
                    shutil.copyfileobj(content, file)
                    self._uploads.take(file.tell())
                part.chmod(0o755)  # the folder is for this user alone
                part.replace(place)
            finally:
                part.unlink(missing_ok=True)
        self._executables[sha256] = place
        self._spawners.forget(sha256)

    def configure(self, executables: Iterable[ConfiguredRuntime]) -> None:
        """Take what a project names as its runtime, where it lies on this machine."""
        for item in executables:
            if item.path is not None and self._executables.get(item.sha256) != item.path:
                self._executables[item.sha256] = item.path
                self._spawners.forget(item.sha256)

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
        """Return what runs the program here, chosen at its first use, perhaps with a warning. Raises `SandboxError`."""
        runtime, _ = await self._spawners.of(program, self._here(program.executable))
        return runtime

    def _here(self, wanted: str | None) -> tuple[ConfiguredRuntime, ...]:
        """Return the executable of this hash if it was uploaded, or if a project that is served names it."""
        path = self._executables.get(wanted or "")
        return (ConfiguredRuntime(architecture(), wanted, path=path),) if wanted and path else ()

    async def call(self, program: Program, request: CgiRequest) -> tuple[Task, Outcome]:
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
                raise StoppingError("the gateway is stopping") from None
            raise

    async def _call(self, program: Program, request: CgiRequest) -> tuple[Task, Outcome]:
        async with self._room:
            _, spawner = await self._spawners.of(program, self._here(program.executable))
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
            command = Command(spawner.needs.argv(inputs.args), inputs.env, inputs.stdin, program.limits)
            try:
                outcome = await spawner.run(command)
            except BaseException:
                self.tasks.forget(task.id)
                raise
            self.tasks.end(task, outcome)
            return task, outcome
