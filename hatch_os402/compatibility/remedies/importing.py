"""Whether what a suggested fix leads to can be imported: a release for an older Python resolves, and then crashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.archive.entries import EntryReader
from hatch_os402.compatibility.imports.reach import reach
from hatch_os402.compatibility.imports.scan import archive_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from hatch_os402.compatibility.imports.reach import Archive, Library
    from hatch_os402.compatibility.vet import VettedWheel

_ASIDE = frozenset({"benchmarks", "conftest", "docs", "examples", "setup", "test", "tests"})
"""Modules beside the package, in wheels that were packed with too much; nobody imports them."""


_GONE = frozenset({
    "asynchat", "asyncore", "binhex", "distutils", "dummy_threading", "formatter", "imp", "macpath", "parser", "smtpd",
    "symbol",
})  # fmt: skip
"""What the standard library had once, and 3.12 has not ("What's New in Python" 3.7 to 3.12, "Removed")."""


def unimportable(
    name: str,
    vetted_wheels: Sequence[VettedWheel],
    library: Library,
    *,
    new: Collection[str],
    whole: bool,
    memory: Path,
) -> str:
    """Return the module that the import of the distribution `name` looks for in vain; "" when there is none.

    `vetted_wheels` are those of the resolution, and `whole` says that nothing of it is missing among them. `new` are
    the canonical names of those that are to blame: what another one imports was there before. What is guarded (in a
    `try`, an `if`) does not count, and in a function only what Python itself had once. Of several modules at the top
    the one named like the distribution counts, else all have to fail. `memory` is a folder that remembers modules.
    """
    (own,) = (wheel for wheel in vetted_wheels if wheel.wheel.name == name)
    with EntryReader() as reader:
        archive, entries = archive_of(vetted_wheels, lambda _: False, reader, memory)
        owners = {path: item.owner for path, item in entries.items()}
        missing = [_missing(top, archive, library, owners, new, whole=whole) for top in _tops(name, own, archive)]
    return missing[0] if missing and all(missing) else ""


def _tops(name: str, own: VettedWheel, archive: Archive) -> Sequence[str]:
    """Return the modules that stand for the distribution: the one of its name, or all at the top."""
    tops = {file.path.partition("/")[0].removesuffix(".py") for file in own.kept if file.path.endswith(".py")}
    found = sorted(top for top in tops - _ASIDE if top in archive.paths and not top.startswith("_"))
    named = [top for top in found if top.lower() == name.replace("-", "_")]
    return named or found


def _missing(
    top: str, archive: Archive, library: Library, owners: dict[str, str], new: Collection[str], *, whole: bool
) -> str:
    """Return what is missing for certain when `top` is imported, or ""."""
    for item in reach([f"{top}:"], archive, library).missing:
        left_out = any(item.wanted == module or item.wanted.startswith(f"{module}.") for module in archive.left_out)
        gone = item.wanted.partition(".")[0] in _GONE
        fails = item.certain and (whole or gone or library.lacks(item.wanted))
        # A function that needs what Python lost may well be called at once: hy 0.20 reads its variables so.
        if owners[item.path] in new and not left_out and (fails or (gone and not item.guarded)):
            return item.wanted
    return ""
