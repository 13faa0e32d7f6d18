"""Subprocesses that end with this process, however it ends, and everything that they have started with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.processes import _bound_worker
from hatch_os402.processes.interruption import killed_with_this

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def run_python(
    python: str,
    options: Sequence[str],
    script: str,
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float | None = None,
) -> tuple[str, int]:
    """Run `python OPTIONS SCRIPT ARGUMENTS`, with an empty standard input.

    Returns what it wrote to stdout and stderr together (text; what is no UTF-8 is replaced) and its exit status. When
    `timeout` seconds are over, or something is raised here, it is killed together with what it has started; when this
    process is killed, it kills itself and those. Raises `subprocess.TimeoutExpired` and `OSError`.
    """
    reading, writing = os.pipe()  # nobody writes: its end is that of this process
    try:
        process = subprocess.Popen(
            [python, *options, _bound_worker.__file__, script, *arguments],
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
    try:
        with process:
            try:
                with killed_with_this(partial(kill_group, process)):
                    output, _ = process.communicate(timeout=timeout)
            except BaseException:
                kill_group(process)
                raise
    finally:
        os.close(writing)
    return output, process.returncode


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill `process`, which leads a session of its own, with all that it has started."""
    if process.returncode is not None:  # its number may be another's by now
        return
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
