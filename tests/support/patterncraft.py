"""Tables of prepared patterns for tests, and what is in one."""

from __future__ import annotations

import marshal
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_os402.archive.entries import Entry
from hatch_os402.archive.patterns import Prepared, prepare

if TYPE_CHECKING:
    from hatch_os402.runtime.interpreters import Interpreter


def prepared(interpreter: Interpreter, sources: dict[str, str | bytes], cache: Path | None = None, **more) -> Prepared:
    """Return what a build prepares for the modules `sources`, by archive path."""
    entries = [
        Entry.of(path, source.encode() if isinstance(source, str) else source, "app")
        for path, source in sources.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        return prepare(
            entries, lambda entry: entry.content, interpreter=interpreter, cache=cache or Path(folder), **more
        )


def contents(table: bytes) -> list[tuple[str | bytes, int]]:
    """Return pattern and flags of each entry, by the format that archive/patterns.py documents."""
    (count,) = struct.unpack_from("<I", table, 12)
    slots = struct.unpack_from(f"<{count}I", table, 16)
    found = [marshal.loads(table[at:])[:2] for at in slots if at]  # noqa: S302 - made here
    return sorted(found, key=repr)
