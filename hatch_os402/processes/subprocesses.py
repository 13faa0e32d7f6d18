"""Subprocesses that end with this process, however it ends, and everything that they have started with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.processes import _bound_worker
from hatch_os402.processes.interruption import killed_with_this

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any


def start_python(
    python: str, options: Sequence[str], arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path
) -> tuple[subprocess.Popen[str], int]:
    """Start `python OPTIONS _bound_worker.py ARGUMENTS`, which ends when this process does, however that ends.

    Return the process, whose stdout and stderr are one pipe (text; what is no UTF-8 is replaced), and the descriptor of
    the pipe that it watches, which the caller closes once the process has ended. Raises `OSError`.
    """
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [python, *options, _bound_worker.__file__, *arguments],
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except BaseException:
        os.close(writing)
        raise
    finally:
        os.close(reading)
    return process, writing


def run_python(
    python: str,
    options: Sequence[str],
    script: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float | None = None,
    progress: Callable[[float], None] | None = None,
    progress_after: float = 5,
) -> tuple[str, int]:
    """Run `python OPTIONS SCRIPT ARGUMENTS`, with an empty standard input.

    `progress` is called every `progress_after` seconds, with the seconds since the start.

    Returns what it wrote to stdout and stderr together (text; what is no UTF-8 is replaced) and its exit status. When
    `timeout` seconds are over, or something is raised here, it is killed together with what it has started; when this
    process is killed, it kills itself and those. Raises `subprocess.TimeoutExpired` and `OSError`.
    """
    process, writing = start_python(python, options, [script, *arguments], env=env, cwd=cwd)  # nobody writes
    try:
        with process:
            try:
                with killed_with_this(partial(kill_group, process)):
                    output = _wait(process, timeout, progress, progress_after)
            except BaseException:
                kill_group(process)
                raise
    finally:
        os.close(writing)
    return output, process.returncode


def _wait(
    process: subprocess.Popen[str],
    timeout: float | None,
    progress: Callable[[float], None] | None,
    progress_after: float,
) -> str:
    """Return what `process` printed when it is over."""
    begun = time.monotonic()
    while True:
        left = float("inf") if timeout is None else begun + timeout - time.monotonic()
        step = min(left, progress_after) if progress else left
        try:
            return process.communicate(timeout=None if step == float("inf") else max(0.0, step))[0]
        except subprocess.TimeoutExpired:
            if progress is None or left <= progress_after:
                raise
        progress(time.monotonic() - begun)


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill `process`, which leads a session of its own, with all that it has started."""
    if process.returncode is not None:  # its number may be another's by now
        return
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
