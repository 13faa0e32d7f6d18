"""A lock as a build uses it, whichever tool wrote it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from hatch_os402.resolution.target import Target


@dataclass(frozen=True)
class Locked:
    """What a lock has for one distribution on one architecture."""

    name: str
    """Canonical (PEP 503)."""
    version: str
    """Empty when the lock names none: the file's name says it then."""
    kind: Literal["wheel", "sdist", "folder"]
    filename: str = ""
    """Empty when the lock names hashes alone (a file of requirements): any of them may be taken."""
    sha256s: tuple[str, ...] = ()
    """Lowercase hex; those of the files that may be taken."""
    url: str = ""
    """The address that the lock gives, if it gives one."""
    path: Path | None = None
    """The file or folder on this machine that the lock names, whether it is there or not."""
    direct: bool = False
    """Whether a requirement gave the address."""


@dataclass(frozen=True)
class Selection:
    """What a lock has for one architecture."""

    locked: Mapping[str, Locked] = field(default_factory=dict)
    """By canonical name."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Canonical name → why what the lock has of it is of no use, as the end of "NAME …"."""


@dataclass(frozen=True)
class MadeFor:
    """What a lock of hatch-os402 was made for; the project must still ask for the same."""

    python: str
    architectures: tuple[str, ...]
    requirements: tuple[str, ...]
    """Those that hold on the target, without names and passwords in addresses; sorted."""
    features: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    build_from_source: tuple[str, ...] = ()

    def digest(self) -> str:
        """Return the SHA256 (lowercase hex) of all that, in a canonical form."""
        facts = [
            self.python, self.architectures, self.requirements, self.features, self.groups, self.build_from_source
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class Lock(Protocol):
    """A lock that was read."""

    @property
    def name(self) -> str:
        """How messages name it: its path, from the project's folder where it is in there."""

    @property
    def made_for(self) -> MadeFor | None:
        """What it was made for; None when another tool made it."""

    @property
    def update(self) -> str:
        """What to do to bring it up to date, as a whole sentence."""

    def select(self, target: Target, extras: Collection[str], groups: Collection[str]) -> Selection:
        """Return what it has for `target`. `extras` and `groups` are those that the project vendors."""
