"""What is known of distributions, with evidence: `curated.json`.

It cannot be inferred: `import lxml` succeeds without its extensions, and then nothing works. So every entry has its
evidence written beside it, and a test.
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
class _Known:
    """One entry of the file."""

    name: str
    """Canonical (PEP 503)."""
    versions: SpecifierSet
    """The versions that the evidence is about."""
    evidence: str
    """Which code of it, and what was run."""

    def covers(self, version: Version) -> bool:
        """Whether the evidence is about `version`."""
        return self.versions.contains(version, prereleases=True)


@dataclass(frozen=True)
class OptionalExtension(_Known):
    """A distribution whose compiled files only make it faster."""

    files: tuple[str, ...]
    """Patterns (`fnmatch`) of the native files that may be left out."""
    fallback: str
    """What is used instead, as the end of "… left out, …"."""

    def covers_file(self, path: str, version: Version) -> bool:
        """Whether the evidence says that the native file at `path` of this `version` may be left out."""
        return self.covers(version) and any(fnmatchcase(path, glob) for glob in self.files)


@dataclass(frozen=True)
class Droppable:
    """A distribution that cannot work on os402, and that some of those that require it do without."""

    name: str
    """Canonical (PEP 503)."""
    requirers: Mapping[str, SpecifierSet]
    """Canonical name → the versions that do without it, by evidence."""
    through: Mapping[str, frozenset[str]]
    """Of some of `requirers`: the canonical names of those that may require it in turn, and nobody else."""
    instead: str
    """What happens without it, as a sentence without a capital and a full stop."""
    evidence: str
    """Which code of the requirers, and what was run."""


@dataclass(frozen=True)
class Incompatibility(_Known):
    """A distribution that is pure Python and yet cannot do on os402 what it is for."""

    needs: str
    """ "threads", "processes", "ctypes" or "disk"."""
    message: str
    """Why, as a sentence without a capital and a full stop, about "it"."""
    advice: str
    """What to do instead; a sentence."""


@dataclass(frozen=True)
class EnvironmentHint(_Known):
    """A distribution that works better on os402 when an environment variable is set."""

    environment: Mapping[str, str]
    message: str
    """What happens without it, as a sentence without a capital and a full stop, about "it"."""


@dataclass(frozen=True)
class Replacement:
    """What to use instead of a distribution that needs its compiled code."""

    name: str
    """Canonical (PEP 503)."""
    sentence: str
    require: tuple[str, ...]
    """Requirements, each of which alone would do, whose releases are pure."""
    library: tuple[str, ...]
    """Modules of the standard library that serve the same purpose."""
    parents: tuple[str, ...]
    """Requirements of what commonly requires it, by which it is not needed."""
    evidence: str
    never_pure: bool
    """Whether no release of it has a pure wheel, so that none needs to be looked for."""
    hopeless: bool
    """Whether nothing that requires it but `parents` has a release that does without it: nothing is looked for."""


@cache
def optional_extensions() -> Mapping[str, OptionalExtension]:
    """Return the distributions with optional extensions by canonical name."""
    return MappingProxyType(
        {
            name: OptionalExtension(**_common(name, entry), files=tuple(entry["files"]), fallback=entry["fallback"])
            for name, entry in _curated()["optional-extensions"].items()
        }
    )


@cache
def droppable() -> Mapping[str, Droppable]:
    """Return the distributions that some others do without, by canonical name."""
    return MappingProxyType(
        {
            name: Droppable(
                name,
                MappingProxyType({key: SpecifierSet(text) for key, text in entry["requirers"].items()}),
                MappingProxyType({key: frozenset(names) for key, names in entry.get("through", {}).items()}),
                entry["instead"],
                entry["evidence"],
            )
            for name, entry in _curated()["droppable"].items()
        }
    )


@cache
def incompatibilities() -> Mapping[str, Incompatibility]:
    """Return, by canonical name, the pure distributions that are known not to work."""
    return MappingProxyType(
        {
            name: Incompatibility(
                **_common(name, entry), needs=entry["needs"], message=entry["message"], advice=entry["advice"]
            )
            for name, entry in _curated()["incompatibilities"].items()
        }
    )


@cache
def environment_hints() -> Mapping[str, EnvironmentHint]:
    """Return, by canonical name, the distributions that heed an environment variable."""
    return MappingProxyType(
        {
            name: EnvironmentHint(**_common(name, entry), environment=entry["environment"], message=entry["message"])
            for name, entry in _curated()["environment-hints"].items()
        }
    )


@cache
def replacements() -> Mapping[str, Replacement]:
    """Return, by canonical name, what to use instead of a distribution that needs its compiled code."""
    return MappingProxyType(
        {
            name: Replacement(
                name,
                entry["sentence"],
                tuple(entry.get("require", ())),
                tuple(entry.get("library", ())),
                tuple(entry.get("parents", ())),
                entry["evidence"],
                never_pure=bool(entry.get("never-pure")),
                hopeless=bool(entry.get("hopeless")),
            )
            for name, entry in _curated()["replacements"].items()
        }
    )


def _common(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "versions": SpecifierSet(entry["versions"]), "evidence": entry["evidence"]}


@cache
def _curated() -> dict[str, Any]:
    curated: dict[str, Any] = json.loads(files(__package__).joinpath("curated.json").read_text(encoding="utf-8"))
    return curated
