"""A folder that is removed with its process, however that ends: a small process of its own waits for that."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from hatch_os402.runtime.interpreters import EMPTY_ENVIRONMENT

_KEEPER = "import shutil, sys; sys.stdin.buffer.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"
_TIMEOUT = 10


class KeptFolder:
    """A folder in the system's temporary one, and the process that removes it when this one is gone. Raises `OSError`.

    The sandbox needs a path for what it runs, so that a file without a name cannot stand in for it.
    """

    def __init__(self, prefix: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _KEEPER, str(self.path)],
            stdin=subprocess.PIPE,  # its end is that of this process: nobody inherits it
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends the process group does not end it
            env=EMPTY_ENVIRONMENT,
        )

    def remove(self) -> None:
        """Remove the folder; return when it is gone, and the process with it."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._keeper.communicate(timeout=_TIMEOUT)
