"""The files of an archive against the RECORD of each distribution, and bytecode against its source."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402 import launcher
from hatch_os402.archive.assemble import is_launcher
from hatch_os402.archive.bytecode import Compiler, Uncompilable
from hatch_os402.errors import RecordError
from hatch_os402.runtime.interpreters import MAGIC
from hatch_os402.wheels import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_os402.runtime.interpreters import Interpreter

_HEADER = 16
_UNCHECKED = b"\x01\x00\x00\x00"  # PEP 552: a hash of the source, which nobody compares when it is imported


def listing_faults(paths: frozenset[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield which files are not as a RECORD says, and which no RECORD lists; the launcher's are nobody's."""
    listed: set[str] = set()
    for listing in sorted(path for path in paths if path.endswith(".dist-info/RECORD") and path.count("/") == 1):
        try:
            rows = record.parse(read(listing))
        except RecordError as error:
            yield f"{listing} {error}"
            continue
        for path, row in rows.items():
            listed.add(path)
            if path == listing:
                continue
            if path not in paths:
                yield f"{listing} lists {path}, which is not there"
                continue
            content = read(path)
            try:
                row.check(hashlib.new(row.algorithm, content).digest(), len(content))
            except RecordError as error:
                yield f"{listing} {error} ({path})"
    for path in sorted(paths - listed):
        if not is_launcher(path):
            yield f"no RECORD lists {path}"


def recompiled(
    paths: frozenset[str], read: Callable[[str], bytes], interpreter: Interpreter, *, docstrings: bool
) -> tuple[int, tuple[str, ...]]:
    """Compile every source that has bytecode anew, and return how many these are and which bytecode is another.

    `interpreter` is one of the very release that compiled the archive, `docstrings` whether the project's modules have
    kept theirs. Raises `BytecodeError` when it fails.
    """
    different = []
    compiled = sorted(path for path in paths if path.endswith(".pyc") and path[:-1] in paths)
    with tempfile.TemporaryDirectory(prefix="hatch-os402-verify-") as folder, Compiler(interpreter, Path(folder)) as it:
        for path in compiled:
            source = read(path[:-1])
            outcome = it.compile(
                f"{launcher.ROOT}/{path[:-1]}",
                hashlib.sha256(source).hexdigest(),
                lambda source=source: source,  # type: ignore[misc]
                docstrings=docstrings,
                assertions=not is_launcher(path),
            )
            if isinstance(outcome, Uncompilable) or outcome.path.read_bytes() != read(path):
                different.append(path)
    return len(compiled), tuple(different)


def header_faults(paths: frozenset[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield which bytecode does not begin as that of CPython 3.12 with a hash that is not compared."""
    for path in sorted(path for path in paths if path.endswith(".pyc")):
        head = read(path)[:_HEADER]
        if len(head) < _HEADER or head[:4] != MAGIC or head[4:8] != _UNCHECKED:
            yield f"{path} is no bytecode of CPython 3.12 as a build writes it"
