"""Which modules a start imports, as far as a saved profile or the sources say: the others may be deflated."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from hatch_os402.archive.target_process import TargetProcess
from hatch_os402.compatibility.imports import _reading_worker
from hatch_os402.compatibility.imports.facts import ModuleFacts
from hatch_os402.compatibility.imports.likely import imported_at_start
from hatch_os402.compatibility.imports.memory import facts_of
from hatch_os402.compatibility.imports.reach import Archive, module_names
from hatch_os402.errors import CompilerProcessError
from hatch_os402.launcher import RESERVED, SCRIPT
from hatch_os402.runtime.interpreters import find_compiler

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from hatch_os402.archive.modules import Compiled
    from hatch_os402.archive.staging import Tree
    from hatch_os402.build.analysis import BuildRequest
    from hatch_os402.build.context import Context
    from hatch_os402.config.options import Options
    from hatch_os402.config.run_profile import RunProfile
    from hatch_os402.runtime.interpreters import Interpreter

_LAUNCHER = RESERVED.replace("/", ".")
_LEAD_TO_THREADS = frozenset({"asyncio", "concurrent.futures", "multiprocess.pool", "multiprocessing.pool"})
"""With these the launcher loads its `stdlib/threads.py` (`launcher/inside/stdlib_patches.py`)."""


def compiler(build: Context) -> Interpreter | None:
    """Return the CPython 3.12 that compiles for this build, None when there is none."""
    local = next((item.path for item in build.executables if item.path is not None), None)
    return find_compiler(local, os.environ)


def imported_modules(
    tree: Tree, compiled: Compiled, profile: RunProfile | None, request: BuildRequest, build: Context
) -> frozenset[str]:
    """Return the dotted names of the modules that a start imports: those of `profile`, else what the sources lead to.

    Modules of the standard library and of the launcher are among them. Empty where it is not known, and where nothing
    depends on it. What the sources say is what a CPython 3.12 reads in them, whatever Python this is: a module that
    does not compile imports nothing, and one that this Python cannot parse is given to that one.
    """
    if compiled.python is None or build.options.compression != "auto":
        return frozenset()
    starts = [entry.removesuffix("()") for entry in request.starts]
    if profile and profile.modules:
        modules = {entry.partition(":")[0] for entry in starts}
        found = frozenset(profile.modules).union(*((name, f"{name}.__main__") for name in modules))
    else:
        found = _likely(starts, tree, compiled, build)
    return found.union(_of_launcher(found, build.options, request)) if found else found


def _of_launcher(imported: frozenset[str], options: Options, request: BuildRequest) -> Iterator[str]:
    """Yield the modules of the launcher that few programs load, and this one does, which imports `imported`."""
    if not imported.isdisjoint(_LEAD_TO_THREADS):
        yield f"{_LAUNCHER}stdlib.threads"
    if options.lazy_imports:
        yield f"{_LAUNCHER}lazy"
    if options.interface in {None, SCRIPT} and ":" not in request.entry_point:
        yield f"{_LAUNCHER}entry"


def _likely(starts: Sequence[str], tree: Tree, compiled: Compiled, build: Context) -> frozenset[str]:
    """Return what the sources lead to."""
    entries = {entry.path: entry for entry in tree.entries}
    failed = {path for path, _ in compiled.failures}
    paths = {name: path for name, path in module_names(entries).items() if path not in failed}
    with _TargetReader(build) as reader:

        def facts(module: str) -> ModuleFacts | None:
            entry = entries[paths[module]]
            return facts_of(entry.sha256, lambda: build.reader.read(entry), build.cache / "scanned", reader.read)

        archive = Archive(paths, frozenset(), frozenset(), {}, facts)
        return imported_at_start(starts, archive, build.options.lazy_imports)


class _TargetReader:
    """Has a CPython 3.12 read sources; it is looked for with the first one."""

    def __init__(self, build: Context) -> None:
        self._build = build
        self._process: TargetProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.__exit__(kind, error, traceback)

    def read(self, source: bytes) -> ModuleFacts | None:
        """Return what a module says, None for one that cannot be read there either."""
        if self._process is None:
            interpreter = compiler(self._build)
            if interpreter is None or not source:
                return None
            self._process = TargetProcess(interpreter, str(_reading_worker.__file__))
        try:
            found = json.loads(self._process.ask(source))
        except CompilerProcessError:  # nested too deeply, for example
            return None
        return None if found is None else ModuleFacts.from_json(found)
