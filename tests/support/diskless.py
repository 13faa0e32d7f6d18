"""Run a CPython of this machine as os402's sandbox runs its own: no files, no network, no threads, small limits.

A thin layer over `hatch_os402.sandbox`, which has the rules. Where one of them is missing there is a `HarnessError`,
never a run with fewer rules.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.errors import SandboxError as HarnessError
from hatch_os402.sandbox.execute import Command, execute
from hatch_os402.sandbox.limits import MEBIBYTE, ResourceLimits
from hatch_os402.sandbox.runtime_files import needs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MEBIBYTE", "SERVER_FILE", "HarnessError", "installation", "run_diskless"]

SERVER_FILE = "server.db"
"""A file in the folder that the command starts in: it can be seen, and not be read."""

_TIMEOUT = 120
_ANY_SIZE = 1 << 62


def run_diskless(
    python: str,
    arguments: Sequence[str],
    stdin: bytes,
    env: Mapping[str, str],
    *,
    ram: int = 512 * MEBIBYTE,
    cpu: int = 60,
) -> subprocess.CompletedProcess[bytes]:
    """Run the CPython that `python` is, or is an environment of, with `arguments` and nothing but `env`.

    `stdin` is sent and its pipe stays open, as on a server where another task holds it. `ram` is in bytes, `cpu` in
    seconds. Raises `HarnessError`, and `subprocess.TimeoutExpired` for a command that waits for the end of stdin.
    """
    if sys.platform != "linux":
        raise HarnessError(f"os402's sandbox needs Linux (Landlock, namespaces), and this is {sys.platform}")
    wanted = needs(python)
    command = Command(
        [wanted.executable, *arguments],
        env,
        (stdin,),
        ResourceLimits(ram=ram, buffer=_ANY_SIZE, cpu=cpu, wall=_TIMEOUT),
        hold_stdin=True,
    )
    with tempfile.TemporaryDirectory(prefix="server-") as folder:
        Path(folder).chmod(0o755)  # what root starts is of another user
        Path(folder, SERVER_FILE).write_bytes(b"of the server")
        outcome, _ = execute(wanted, command, required=True, folder=folder)
    if outcome.failure:
        raise HarnessError(f"the command could not be started: {outcome.failure}")
    if outcome.ended_by == "wall":
        raise subprocess.TimeoutExpired(command.args, _TIMEOUT, outcome.stdout, outcome.stderr)
    code = outcome.exit if outcome.exit <= 128 else 128 - outcome.exit
    return subprocess.CompletedProcess(command.args, code, outcome.stdout, outcome.stderr)


@functools.cache
def installation(python: str) -> tuple[str, str]:
    """Return the executable and the prefix of the installation behind `python`, which may be a virtual environment's."""
    question = "import json, sys; print(json.dumps([sys._base_executable, sys.base_prefix]))"
    answer = subprocess.run([python, "-I", "-c", question], capture_output=True, check=True)
    executable, prefix = json.loads(answer.stdout)
    return os.path.realpath(executable), prefix
