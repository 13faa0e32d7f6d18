"""What is known of compiled distributions: which work without their compiled part, and what to use instead of others.

It cannot be inferred: `import lxml` succeeds without its extensions, and then nothing works. So each speed-up that may
be left out has its evidence written beside it, in `curated.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version


@dataclass(frozen=True)
class Speedup:
    """A distribution whose compiled files only make it faster."""

    name: str
    """Canonical (PEP 503)."""
    versions: SpecifierSet
    """The versions that the evidence is about."""
    files: tuple[str, ...]
    """Patterns (`fnmatch`) of the native files that may be left out."""
    fallback: str
    """What is used instead, as the end of "… left out, …"."""
    evidence: str
    """Which import is guarded, where, and what was run without the files."""

    def covers(self, path: str, version: Version) -> bool:
        """Whether the evidence says that the native file at `path` of this `version` may be left out."""
        return self.versions.contains(version, prereleases=True) and any(fnmatchcase(path, glob) for glob in self.files)


@cache
def speedups() -> Mapping[str, Speedup]:
    """Return the known speed-ups by canonical name."""
    return MappingProxyType(
        {
            name: Speedup(
                name, SpecifierSet(entry["versions"]), tuple(entry["files"]), entry["fallback"], entry["evidence"]
            )
            for name, entry in _curated()["speedups"].items()
        }
    )


@cache
def replacements() -> Mapping[str, str]:
    """Return, by canonical name, a sentence on what to use instead of a distribution that needs its compiled code."""
    return MappingProxyType(dict(_curated()["replacements"]))


@cache
def _curated() -> dict[str, Any]:
    curated: dict[str, Any] = json.loads(files(__package__).joinpath("curated.json").read_text(encoding="utf-8"))
    return curated
