"""Compile: modules become bytecode of the target, in one fresh CPython 3.12, or out of the cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.archive import _compile_worker, _references
from hatch_os402.cache import cache_errors
from hatch_os402.environment import chosen
from hatch_os402.errors import BytecodeError
from hatch_os402.files import write_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from hatch_os402.runtime.interpreters import Interpreter


@dataclass(frozen=True)
class Bytecode:
    """A .pyc (PEP 552, unchecked hash), which lies in the cache."""

    path: Path
    size: int
    sha256: str
    """Lowercase hex."""


@dataclass(frozen=True)
class Uncompilable:
    """Why a module has no bytecode: it is no valid Python 3.12, or more than the compiler can bear."""

    reason: str


class Compiler:
    """Compiles module after module; the process starts with the first one that is not in the cache.

    `cache` is a folder that can be written. A .pyc depends on the source, its virtual file name, the interpreter's
    build, what is kept of it and the worker's own text; these are its key. Its file is named by its own SHA256,
    so that a damaged one is made anew.
    """

    def __init__(self, interpreter: Interpreter, cache: Path) -> None:
        worker = b"".join(Path(str(part.__file__)).read_bytes() for part in (_compile_worker, _references))
        build = hashlib.sha256(worker + interpreter.build.encode()).hexdigest()[:16]
        self._folder = cache / f"{interpreter.version}-{build}"
        self._interpreter = interpreter
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

    def compile(
        self, name: str, sha256: str, read: Callable[[], bytes], *, docstrings: bool = True, assertions: bool = True
    ) -> Bytecode | Uncompilable:
        """Return the bytecode of the module with virtual file name `name`, or why it cannot be compiled.

        `sha256` (hex) is that of the source which `read` returns; it is read only when the cache does not know it.
        Without `assertions` it has no docstrings either, as with `python -OO`.
        """
        keep = b"2" if not assertions else b"0" if docstrings else b"0d"
        key = hashlib.sha256(f"{sha256} {keep.decode()} {name}".encode()).hexdigest()
        folder = self._folder / key[:2] / key[2:]
        if (known := _load(folder)) is not None:
            return known
        answer = self._patiently(name.encode(), keep, read())
        if answer[:1] == b"-":
            return Uncompilable(answer[1:].decode())
        return _keep(folder, answer[1:])

    def _patiently(self, name: bytes, keep: bytes, source: bytes) -> bytes:
        """Return the answer of a compiler that may die of a module.

        Deep nesting ends some releases with SIGSEGV. What came before in the process must not decide, so that a fresh
        one tries again, after it has shown that it compiles at all.
        """
        try:
            return self._ask(name, keep, source)
        except BytecodeError:
            self._process = None
            self._ask(name, keep, b"pass")
        try:
            return self._ask(name, keep, source)
        except BytecodeError:
            assert self._process is not None  # noqa: S101 - it has just ended
            status, self._process = self._process.returncode, None
            how = f"is ended by signal {-status}" if status < 0 else f"ends with status {status}"
            return f"-CPython {self._interpreter.version} {how} when it compiles it".encode()

    def _ask(self, name: bytes, keep: bytes, source: bytes) -> bytes:
        if self._process is None:
            # Isolated, without `site`: nothing of this machine's configuration takes part.
            self._process = subprocess.Popen(
                [self._interpreter.path, "-I", "-S", "-B", "-W", "ignore", _compile_worker.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=chosen(os.environ),
            )
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None  # noqa: S101 - both are pipes, see above
        assert answers is not None  # noqa: S101
        try:
            for part in (name, keep, source):
                requests.write(len(part).to_bytes(8, "big") + part)
            requests.flush()
            size = int.from_bytes(answers.read(8), "big")
            answer = answers.read(size)
        except OSError:
            answer = b""
        if not answer or len(answer) != size:
            with self._process:  # what is left of a request cannot be flushed
                status = self._process.wait()
            raise BytecodeError(
                f"{self._interpreter.path} (CPython {self._interpreter.version}) ended with status {status} while it "
                f"compiled {name.decode()}.\n"
                "Use another CPython 3.12, leave the file out with `exclude`, or set `bytecode = false`."
            )
        return answer


def _load(folder: Path) -> Bytecode | None:
    """Return the one file of `folder`, when it is what its name says."""
    try:
        for path in folder.iterdir():
            pyc = path.read_bytes()
            if hashlib.sha256(pyc).hexdigest() == path.stem:
                return Bytecode(path, len(pyc), path.stem)
    except OSError:
        pass
    return None


def _keep(folder: Path, pyc: bytes) -> Bytecode:
    sha256 = hashlib.sha256(pyc).hexdigest()
    path = folder / f"{sha256}.pyc"
    with cache_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_file(path, pyc)
    return Bytecode(path, len(pyc), sha256)
