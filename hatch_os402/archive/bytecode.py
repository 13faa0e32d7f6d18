"""Compile: modules become bytecode of the target, in one fresh CPython 3.12, or out of the cache."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.archive import _compile_worker, _references
from hatch_os402.archive.kept import folder_of, keep, load
from hatch_os402.archive.rewriting import lazy_names, parsing
from hatch_os402.archive.target_process import TargetProcess
from hatch_os402.errors import BytecodeError, CompilerProcessError

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
        parts = (_compile_worker, lazy_names, _references, parsing)
        worker = b"".join(Path(str(part.__file__)).read_bytes() for part in parts)
        build = hashlib.sha256(worker + interpreter.build.encode()).hexdigest()[:16]
        self._folder = cache / f"{interpreter.version}-{build}"
        self._interpreter = interpreter
        self._process = TargetProcess(interpreter, str(_compile_worker.__file__))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, traceback)

    def compile(
        self,
        name: str,
        sha256: str,
        read: Callable[[], bytes],
        *,
        docstrings: bool = True,
        assertions: bool = True,
        lazily: tuple[str, ...] = (),
    ) -> Bytecode | Uncompilable:
        """Return the bytecode of the module with virtual file name `name`, or why it cannot be compiled.

        `sha256` (hex) is that of the source which `read` returns; it is read only when the cache does not know it.
        Without `assertions` it has no docstrings either, as with `python -OO`. `lazily`: the module's dotted name,
        with a `.` at the end if it is a package, and then those of which names are imported on first use.
        """
        kept = b"2" if not assertions else b"0" if docstrings else b"0d"
        if lazily:
            kept += " ".join(("", *lazily)).encode()
        folder = folder_of(self._folder, f"{sha256} {kept.decode()} {name}")
        if (known := load(folder)) is not None:
            return _described(*known)
        answer = self._patiently(name.encode(), kept, read())
        if answer[:1] == b"-":
            return Uncompilable(answer[1:].decode())
        return _described(keep(folder, answer[1:], ".pyc"), answer[1:])

    def _patiently(self, name: bytes, kept: bytes, source: bytes) -> bytes:
        """Return the answer of a compiler that may die of a module.

        Deep nesting ends some releases with SIGSEGV. What came before in the process must not decide, so that a fresh
        one tries again, after it has shown that it compiles at all.
        """
        try:
            return self._process.ask(name, kept, source)
        except CompilerProcessError:
            pass
        try:
            self._process.ask(name, kept, b"pass")
        except CompilerProcessError as error:
            raise BytecodeError(
                f"{error} while it compiled {name.decode()}.\n"
                "Use another CPython 3.12, leave the file out with `exclude`, or set `bytecode = false`."
            ) from error
        try:
            return self._process.ask(name, kept, source)
        except CompilerProcessError as error:
            return f"-CPython {self._interpreter.version} {error.how} when it compiles it".encode()


def _described(path: Path, pyc: bytes) -> Bytecode:
    return Bytecode(path, len(pyc), path.stem)
