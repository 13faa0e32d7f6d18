"""Run programs where there is no fork (Windows): the same input, buffers and time, without limits and isolation."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from typing import TYPE_CHECKING

from hatch_os402.sandbox.execute import Outcome, require
from hatch_os402.sandbox.pipes import PIECE
from hatch_os402.sandbox.process import not_linux
from hatch_os402.sandbox.stand_in import concealed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hatch_os402.sandbox.execute import Command
    from hatch_os402.sandbox.runtime_files import Needs

_KILLED = 128 + 9


class UnsandboxedSpawner:
    """Starts programs as `Spawner` does, with the same arguments; CPU and memory are not measured."""

    def __init__(
        self, needs: Needs, *, isolated: bool = True, required: bool = False, folder: str | None = None
    ) -> None:
        self.needs = needs
        self.missing = not_linux(isolated=isolated)
        if required:
            require(self.missing)
        self._folder, self._own_folder = folder, folder is None

    async def __aenter__(self) -> UnsandboxedSpawner:  # noqa: PYI034 - Self is for Python 3.11
        """Make the folder that programs start in."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="hatch-os402-empty-")
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Remove the folder, if nothing was written into it."""
        if self._own_folder and self._folder is not None:
            with contextlib.suppress(OSError):
                os.rmdir(self._folder)  # noqa: PTH106 - as `Spawner`

    async def run(self, command: Command) -> Outcome:
        """Run one program to its end. When this is cancelled, the program is killed."""
        system = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}  # Python needs it there
        begun = time.monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                self.needs.executable,
                *(command.args[1:] if self.needs.static else concealed(command.args[1:])),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**system, **command.env},
                cwd=self._folder,
            )
        except (OSError, ValueError) as error:
            return Outcome(126, b"", b"", 0, 0, 0, 0.0, failure=f"{type(error).__name__}: {error}")
        ended_by: list[str] = []

        def kill(why: str) -> None:
            ended_by.append(why)
            with contextlib.suppress(ProcessLookupError):
                process.kill()

        timer = asyncio.get_running_loop().call_later(command.limits.wall, kill, "wall")
        feeding = asyncio.ensure_future(_feed(process.stdin, command.stdin, hold=command.hold_stdin))
        reading = [
            asyncio.ensure_future(_read(stream, command.limits.buffer, name, kill))
            for name, stream in (("stdout", process.stdout), ("stderr", process.stderr))
        ]
        try:
            code = await process.wait()
            stdout, stderr = await asyncio.gather(*reading)
        finally:
            timer.cancel()
            feeding.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()
            await asyncio.gather(feeding, *reading, return_exceptions=True)
        exit_status = _KILLED if ended_by else code if code >= 0 else 128 - code
        wall = time.monotonic() - begun
        return Outcome(exit_status, stdout, stderr, 0, 0, 0, wall, ended_by=ended_by[0] if ended_by else None)


async def _feed(pipe: asyncio.StreamWriter | None, parts: Sequence[bytes], *, hold: bool) -> None:
    assert pipe is not None  # noqa: S101 - a pipe was asked for
    with contextlib.suppress(ConnectionError):
        for part in parts:
            pipe.write(part)
            await pipe.drain()
        if not hold:
            pipe.close()


async def _read(pipe: asyncio.StreamReader | None, limit: int, name: str, kill: Callable[[str], None]) -> bytes:
    assert pipe is not None  # noqa: S101 - a pipe was asked for
    content, full = bytearray(), False
    while part := await pipe.read(PIECE):  # to its end: asyncio sees no end of a process before
        if full or len(content) + len(part) > limit:
            full = True
            kill(name)
        else:
            content += part
    return bytes(content)
