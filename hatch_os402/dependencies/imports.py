"""Notes on modules that import, at their top, what the runtime does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_os402.dependencies.wheels import open_members

if TYPE_CHECKING:
    from collections.abc import Collection

    from hatch_os402.dependencies.vet import Verdict

MISSING = frozenset({"ctypes", "cffi", "_cffi_backend"})
"""What would load machine code at run time: the runtime has no `_ctypes` and cannot load libraries."""

_IMPORT = re.compile(rb"^(?:from[ \t]+(\w+)[\w.]*[ \t]+import\b|import[ \t]+([^#;\r\n]+))", re.MULTILINE)


def missing_imports(verdict: Verdict, missing: Collection[str] = MISSING) -> tuple[str, ...]:
    """Return a sentence for each module of `verdict` that imports one of `missing` (top-level names) at its top.

    Not an error: many such modules are for another platform and never imported. Imports inside a function, a `try` or
    an `if` are guarded and not counted; a line of a docstring that reads like an import is.
    """
    title = f"{verdict.wheel.name} {verdict.wheel.version}"
    notes = []
    with open_members(verdict.wheel) as read:
        for file in verdict.kept:
            if not file.path.endswith(".py"):
                continue
            found = sorted(_imported(read(file)) & set(missing))
            if found:
                notes.append(f"{title}: importing {file.path} will fail, for it needs {' and '.join(found)}.")
    return tuple(notes)


def _imported(source: bytes) -> set[str]:
    """Return the top-level names that unindented import statements of `source` mention."""
    names = set()
    for module, listed in _IMPORT.findall(source):
        for name in (module or listed).split(b","):
            names.update(name.split(b".")[0].split()[:1])
    return {name.decode("utf-8", "replace") for name in names}
