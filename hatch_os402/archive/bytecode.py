"""Compile: modules become bytecode of the target, in one fresh CPython 3.12, or out of the cache."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.archive import _compile_worker, _references
from hatch_os402.cache import told
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
    """Why a module is no valid Python 3.12."""

    reason: str


class Compiler:
    """Compiles module after module; the process starts with the first one that is not in the cache.

    `cache` is a folder that can be written. A .pyc depends on the source, its virtual file name, the interpreter's
    build, the level of optimization and the worker's own text; these are its key. Its file is named by its own SHA256,
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
        self, name: str, sha256: str, read: Callable[[], bytes], *, docstrings: bool = True
    ) -> Bytecode | Uncompilable:
        """Return the bytecode of the module with virtual file name `name`, or why it cannot be compiled.

        `sha256` (hex) is that of the source which `read` returns; it is read only when the cache does not know it.
        Without `docstrings` it has no assertions either, as with `python -OO`.
        """
        level = b"0" if docstrings else b"2"
        key = hashlib.sha256(f"{sha256} {level.decode()} {name}".encode()).hexdigest()
        folder = self._folder / key[:2] / key[2:]
        if (known := _load(folder)) is not None:
            return known
        answer = self._ask(name.encode(), level, read())
        if answer[:1] == b"-":
            return Uncompilable(answer[1:].decode())
        return _keep(folder, answer[1:])

    def _ask(self, name: bytes, level: bytes, source: bytes) -> bytes:
        if self._process is None:
            # Isolated, without `site`: nothing of this machine's configuration takes part.
            self._process = subprocess.Popen(
                [self._interpreter.path, "-I", "-S", "-B", "-W", "ignore", _compile_worker.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None  # noqa: S101 - both are pipes, see above
        assert answers is not None  # noqa: S101
        try:
            for part in (name, level, source):
                requests.write(len(part).to_bytes(8, "big") + part)
            requests.flush()
            size = int.from_bytes(answers.read(8), "big")
            answer = answers.read(size)
        except OSError:
            answer = b""
        if not answer or len(answer) != size:
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
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_file(path, pyc)
    return Bytecode(path, len(pyc), sha256)
