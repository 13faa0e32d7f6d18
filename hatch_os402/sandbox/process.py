"""The spawner's process, from the side of its client: started, ordered, listened to, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.errors import SandboxError
from hatch_os402.sandbox.protocol import ORDER, REPORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.sandbox.runtime_files import Needs

_ROOT = str(Path(__file__).parents[2])
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from hatch_os402.sandbox.spawner import main; main()"

Report = tuple[int, ...]
"""What `REPORT` has after the number of the task."""


def not_linux(*, isolated: bool) -> tuple[str, ...]:
    """Say what is missing of the isolation that is asked for, where there is none at all."""
    return (f"it needs Linux, and this is {sys.platform}",) if isolated and sys.platform != "linux" else ()


class SpawnerProcess:
    """A spawner that has answered. `missing` says what of the sandbox this machine does not have, and why.

    `folder` is where programs start; None: an empty one, which goes with the process, however its client ends.

    It must be started within an event loop, and stopped. Raises `SandboxError`.
    """

    def __init__(self, needs: Needs, *, isolated: bool, folder: str | None) -> None:
        self._empty = f"{tempfile.gettempdir()}/hatch-os402-empty-{secrets.token_hex(8)}"
        ours, theirs = socket.socketpair()
        reported_read, reported_write = os.pipe()
        config = {
            "executable": needs.executable,
            "readable": needs.readable,
            "listable": needs.listable,
            "hidden": needs.hidden,
            "isolated": isolated,
            "folder": folder,
            "spare": self._empty,
            "stands_in": not needs.static,
        }
        with theirs, open(reported_read, "rb") as reported:  # noqa: PTH123 - a descriptor
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", "-X", "utf8", "-c", _PROGRAM, _ROOT),
                    *(str(theirs.fileno()), str(reported_write), json.dumps(config)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), reported_write],
                start_new_session=True,  # what a terminal sends is for us: we end what runs
                env={},
            )
            os.close(reported_write)
            first_words = reported.read()
        self._control = ours
        self._reports: dict[int, asyncio.Future[Report]] = {}
        self._received = b""
        self._number = 0
        ours.setblocking(False)  # noqa: FBT003 - its only argument
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(ours, self._on_readable)
        if not first_words:
            self.stop()
            raise SandboxError(f"the process that starts programs ended at once. It is run by {sys.executable}.")
        self.missing: tuple[str, ...] = (*not_linux(isolated=isolated), *json.loads(first_words))

    @property
    def alive(self) -> bool:
        """Whether it can take orders."""
        return self._process.poll() is None

    def new_task(self) -> tuple[int, asyncio.Future[Report]]:
        """Return the number of a new task, and what will be its report (or a `SandboxError`)."""
        self._number += 1
        self._reports[self._number] = report = self._loop.create_future()
        return self._number, report

    def order(self, what: bytes, number: int, length: int = 0, descriptors: Sequence[int] = ()) -> None:
        """Give an order. Raises `SandboxError` when nobody listens."""
        try:
            socket.send_fds(self._control, [ORDER.pack(what, number, length)], descriptors)
        except OSError as error:
            raise SandboxError(f"the process that starts programs was ended ({error.strerror or error}).") from error

    def stop(self) -> None:
        """End it, and with it everything that it started; return when nothing is left."""
        self._loop.remove_reader(self._control)
        self._control.close()
        self._process.wait()
        with contextlib.suppress(OSError):  # it is gone, but where the process was killed
            os.rmdir(self._empty)  # noqa: PTH106 - where something could be written into it, it stays
        self._lost()

    def _on_readable(self) -> None:
        try:
            part = self._control.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self._loop.remove_reader(self._control)
            self._lost()
            return
        self._received += part
        while len(self._received) >= REPORT.size:
            number, *content = REPORT.unpack_from(self._received)
            self._received = self._received[REPORT.size :]
            report = self._reports.pop(number)
            if not report.done():
                report.set_result(tuple(content))

    def _lost(self) -> None:
        for report in self._reports.values():
            if not report.done():
                report.set_exception(SandboxError("the process that starts programs was killed, and they with it."))
                report.exception()  # it counts as seen: perhaps nobody asks any more
        self._reports.clear()
