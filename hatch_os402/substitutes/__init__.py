"""Modules of plain Python in the place of compiled ones: by the option `substitutes` alone, and recorded.

`substitutes.json` names them. Each module here has the interface and the errors of what it stands in for, written from
its documentation and from what it does, and tests hold it against the original.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version


@dataclass(frozen=True)
class Substitute:
    """What stands in for the compiled code of a distribution."""

    name: str
    """Canonical (PEP 503)."""
    versions: SpecifierSet
    """Those whose interface it has."""
    native: tuple[str, ...]
    """Patterns (`fnmatch`) of the native files that it replaces."""
    modules: Mapping[str, str]
    """Path in the archive → the file of this folder that is put there."""
    differences: str
    """What it does not do, a sentence."""
    evidence: str
    """What it was held against."""

    def replaces(self, path: str, version: Version) -> bool:
        """Whether the native file at `path` of this `version` is one of those that it stands in for."""
        return self.versions.contains(version, prereleases=True) and any(fnmatchcase(path, one) for one in self.native)

    def contents(self) -> dict[str, bytes]:
        r"""Return what is put into the archive: paths and sources, newlines as `\n`."""
        folder = files(__package__)
        return {path: folder.joinpath(file).read_bytes().replace(b"\r\n", b"\n") for path, file in self.modules.items()}


@cache
def substitutes() -> Mapping[str, Substitute]:
    """Return every substitute by the canonical name of the distribution."""
    entries = json.loads(files(__package__).joinpath("substitutes.json").read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: Substitute(
                name,
                SpecifierSet(entry["versions"]),
                tuple(entry["native"]),
                entry["modules"],
                entry["differences"],
                entry["evidence"],
            )
            for name, entry in entries.items()
        }
    )
