"""A Python subprocess that stops at a mark, and goes on with what is written to it."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.processes import _bound_worker
from hatch_os402.processes.interruption import killed_with_this
from hatch_os402.processes.subprocesses import kill_group, start_python

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class Dialogue:
    """One run of `python OPTIONS SCRIPT ARGUMENTS`, whose standard input is what `say` writes.

    It ends when this process does, however that ends. Whoever makes one calls `close`. Raises `OSError` when it cannot
    be started.
    """

    def __init__(
        self,
        python: str,
        options: Sequence[str],
        script: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
    ) -> None:
        given = [_bound_worker.INPUT, script, *arguments]
        self._process, self._writing = start_python(python, options, given, env=env, cwd=cwd)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._printed: list[str] = []
        self._closed = False
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def output(self) -> str:
        """What it wrote to stdout and stderr until now, as far as `wait` has seen it, without marks."""
        return "".join(self._printed)

    def wait(
        self,
        mark: str | None = None,
        *,
        timeout: float | None = None,
        progress: Callable[[float], None] | None = None,
        progress_after: float = 5,
    ) -> int | None:
        """Wait until it prints the line `mark`, and return None, or until it ends, and return its exit status.

        `progress` is called every `progress_after` seconds, with the seconds since the call. When `timeout` seconds are
        over, or something is raised here, it is killed with all that it has started. Raises
        `subprocess.TimeoutExpired`.
        """
        begun = time.monotonic()
        try:
            with killed_with_this(partial(kill_group, self._process)):
                while True:
                    left = float("inf") if timeout is None else begun + timeout - time.monotonic()
                    try:
                        line = self._lines.get(timeout=max(0.0, min(left, progress_after)))
                    except queue.Empty:
                        if left <= progress_after:
                            raise subprocess.TimeoutExpired(self._process.args, timeout or 0) from None
                        if progress is not None:
                            progress(time.monotonic() - begun)
                        continue
                    if line is None:
                        return self._process.wait()
                    if mark is not None and line.rstrip("\r\n") == mark:
                        return None
                    self._printed.append(line)
        except BaseException:
            self.close()
            raise

    def say(self, line: str) -> None:
        """Write one line to its standard input; where it has ended, `wait` tells."""
        with suppress(BrokenPipeError):
            os.write(self._writing, f"{line}\n".encode())

    def close(self) -> None:
        """Kill it, with all that it has started, if it still runs."""
        if self._closed:
            return
        self._closed = True
        kill_group(self._process)
        self._process.wait()
        os.close(self._writing)

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - it is a pipe, see above
        with stream, suppress(ValueError, OSError):
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)
