"""The files of an archive against the RECORD of each distribution, and bytecode against its source."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402 import launcher
from hatch_os402.archive.assemble import MAIN, OWNER, is_launcher
from hatch_os402.archive.entries import Entry
from hatch_os402.archive.modules import compile_modules
from hatch_os402.archive.patterns import NAME as PATTERNS
from hatch_os402.archive.patterns import count_entries, underived
from hatch_os402.errors import RecordError
from hatch_os402.runtime.interpreters import MAGIC
from hatch_os402.wheels import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_os402.runtime.interpreters import Interpreter

_HEADER = 16
_UNCHECKED = b"\x01\x00\x00\x00"  # PEP 552: a hash of the source, which nobody compares when it is imported


def listing_faults(paths: frozenset[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield which files are not as a RECORD says, and which no RECORD lists. It lists none of the launcher's."""
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
) -> tuple[int, int, tuple[str, ...]]:
    """Compile every source anew, and the prepared patterns; return the numbers of modules and patterns, and faults.

    `interpreter` is one of the very release that compiled the archive, `docstrings` whether the project's modules have
    kept theirs. Only modules that have bytecode count. Raises `BytecodeError` and `PatternsError` when it fails.
    """
    settings = launcher.settings_of(read(MAIN))
    sources = sorted(path for path in paths if path.endswith(".py") and path != MAIN)
    entries = [
        Entry(path, len(source := read(path)), hashlib.sha256(source).hexdigest(), OWNER if is_launcher(path) else "")
        for path in sources
    ]
    with tempfile.TemporaryDirectory(prefix="hatch-os402-verify-") as folder:
        compiled = compile_modules(
            entries,
            lambda entry: read(entry.path),
            root=launcher.ROOT,
            interpreter=interpreter,
            cache=Path(folder),
            docstrings=docstrings,
            smallest=lambda entry: is_launcher(entry.path),
            lazy=() if settings is None else settings.lazy_imports,
        )
        made = {pyc.entry.path: pyc.entry.sha256 for pyc in compiled.pycs}
        there = [path for path in (f"{source}c" for source in sources) if path in paths]
        faults = [path for path in there if hashlib.sha256(read(path)).hexdigest() != made.get(path)]
        table = read(PATTERNS) if PATTERNS in paths else b""
        if table and underived(table, interpreter=interpreter, cache=Path(folder)):
            faults.append(PATTERNS)
    return len(there), count_entries(table), tuple(faults)


def header_faults(paths: frozenset[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """Yield which bytecode does not begin as that of CPython 3.12 with a hash that is not compared."""
    for path in sorted(path for path in paths if path.endswith(".pyc")):
        head = read(path)[:_HEADER]
        if len(head) < _HEADER or head[:4] != MAGIC or head[4:8] != _UNCHECKED:
            yield f"{path} is no bytecode of CPython 3.12 as a build writes it"
