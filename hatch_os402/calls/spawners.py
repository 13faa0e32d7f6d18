"""What runs programs on this machine: a runtime for each executable that offers name, and what starts its processes."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.cache import cache_folder
from hatch_os402.runtime.discovery import discover
from hatch_os402.sandbox.execute import new_spawner
from hatch_os402.sandbox.runtime_files import needs_of

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_os402.reporting import Reporter
    from hatch_os402.runtime.configured import ConfiguredRuntime
    from hatch_os402.runtime.discovery import Runtime
    from hatch_os402.sandbox.execute import Spawner
    from hatch_os402.sandbox.plain import UnsandboxedSpawner
    from hatch_os402.sandbox.program import Program


class Spawners:
    """The spawners of several programs. An asynchronous context manager: when it is left, nothing of them runs.

    `named` is the runtime that the user names for everything, `isolated` says whether programs run in the sandbox, and
    `required` whether only there.
    """

    def __init__(self, reporter: Reporter, *, named: Path | None, isolated: bool, required: bool) -> None:
        self._reporter = reporter
        self._named, self._isolated, self._required = named, isolated, required
        self._runtimes: dict[str | None, Runtime] = {}
        self._spawners: dict[str, Spawner | UnsandboxedSpawner] = {}
        self._choosing = asyncio.Lock()

    async def __aenter__(self) -> Spawners:  # noqa: PYI034 - Self is for Python 3.11
        return self

    async def __aexit__(self, *_exception: object) -> None:
        for spawner in self._spawners.values():
            await spawner.__aexit__()

    def forget(self, sha256: str) -> None:
        """Choose the runtime anew for programs of the executable `sha256`."""
        self._runtimes.pop(sha256, None)

    async def of(
        self, program: Program, configured: tuple[ConfiguredRuntime, ...]
    ) -> tuple[Runtime, Spawner | UnsandboxedSpawner]:
        """Return what runs `program`, and what starts it, chosen at its first use, perhaps with a warning.

        `configured` are the runtimes that projects name. Raises `SandboxError`.
        """
        wanted = program.executable
        async with self._choosing:
            if wanted not in self._runtimes:
                found = partial(
                    discover,
                    wanted,
                    python=program.is_python,
                    named=self._named,
                    configured=configured,
                    cache=cache_folder(os.environ),
                    environ=os.environ,
                )
                self._runtimes[wanted] = await asyncio.to_thread(found)
                if warning := self._runtimes[wanted].warning:
                    self._reporter.warning(warning)
            runtime = self._runtimes[wanted]
            if runtime.path not in self._spawners:
                needs = await asyncio.to_thread(needs_of, runtime)
                spawner = new_spawner(needs, isolated=self._isolated, required=self._required)
                await spawner.__aenter__()
                self._spawners[runtime.path] = spawner
                for what in spawner.missing:
                    self._reporter.warning(f"sandbox incomplete: {what}")
            return runtime, self._spawners[runtime.path]


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
