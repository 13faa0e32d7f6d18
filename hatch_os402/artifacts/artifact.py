"""One file of a build, and where builds write first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WORK = ".os402-"
"""What the names of folders begin with in which builds write first."""


@dataclass(frozen=True)
class Artifact:
    """One file that was written."""

    path: Path
    size: int
    sha256: str
    """Lowercase hex, of the file."""
    offer: str | None = None
    """For the offer's file: the SHA256 of the offer itself, which is what a caller pays for."""
