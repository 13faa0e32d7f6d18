"""One fresh process of the target's Python that answers requests: what compiles bytecode and regular expressions."""

from __future__ import annotations

import os
import subprocess
from threading import Timer
from typing import TYPE_CHECKING

from hatch_os402.environment import chosen
from hatch_os402.errors import CompilerProcessError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from hatch_os402.runtime.interpreters import Interpreter


class TargetProcess:
    """Runs `script`, which reads and writes frames of a length (8 bytes, big-endian) and that many bytes.

    The process starts with the first request, and again with the first one after it has ended. `timeout`: the seconds
    after which a request that has no answer ends it, None for never.
    """

    def __init__(self, interpreter: Interpreter, script: str, *, timeout: float | None = None) -> None:
        self._interpreter = interpreter
        self._script = script
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            if kind is not None:
                self._process.kill()
            with self._process:
                pass

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def ask(self, *parts: bytes) -> bytes:
        """Return the answer to a request of these frames. Raises `CompilerProcessError` when the process ends."""
        if self._process is None:
            # Isolated, without `site`: nothing of this machine's configuration takes part.
            self._process = subprocess.Popen(
                [self._interpreter.path, "-I", "-S", "-B", "-W", "ignore", self._script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=chosen(os.environ),
            )
        process, late = self._process, False

        def end() -> None:
            nonlocal late
            late = True
            process.kill()

        timer = None if self._timeout is None else Timer(self._timeout, end)
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            answer = _exchange(process, parts)
        finally:
            if timer is not None:
                timer.cancel()
        if answer is None:
            self._process = None
            with process:  # what is left of a request cannot be flushed
                status = process.wait()
            raise CompilerProcessError(self._interpreter.path, self._interpreter.version, status, late=late)
        return answer


def _exchange(process: subprocess.Popen[bytes], parts: tuple[bytes, ...]) -> bytes | None:
    """Write the frames and return the answer, or None when the process ends before it is complete."""
    requests, answers = process.stdin, process.stdout
    assert requests is not None  # noqa: S101 - both are pipes
    assert answers is not None  # noqa: S101
    try:
        for part in parts:
            requests.write(len(part).to_bytes(8, "big") + part)
        requests.flush()
        size = int.from_bytes(answers.read(8), "big")
        answer = answers.read(size)
    except OSError:
        return None
    return answer if answer and len(answer) == size else None
