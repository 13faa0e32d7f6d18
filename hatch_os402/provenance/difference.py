"""One difference between an artifact and its rebuild, and how two texts or bytes are shown side by side."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "bytecode", "distribution", "file", "launcher", "line endings", "metadata", "offer", "option", "order", "packing",
    "record", "release", "requirements", "source",
]  # fmt: skip

_MAX_LINES = 40
_MAX_TEXT = 1 << 20
"""Bytes of a file up to which lines are compared."""
_AROUND = 8


@dataclass(frozen=True)
class RebuildDifference:
    """What differs, and why that is likely."""

    kind: Kind
    where: str
    """The path in the archive, the field of an offer or of a record, or the distribution."""
    detail: str
    """One sentence without its end."""
    cause: str
    """The likely cause, as a clause."""
    diff: tuple[str, ...] = ()
    """Lines of a unified diff, from the artifact to the rebuild."""


def text_diff(path: str, theirs: bytes, ours: bytes) -> tuple[str, ...]:
    """Return the lines of a unified diff; of what is no text, where the bytes begin to differ."""
    try:
        if max(len(theirs), len(ours)) > _MAX_TEXT or b"\0" in theirs + ours:
            return _byte_diff(theirs, ours)
        one, other = (content.decode().split("\n") for content in (theirs, ours))
    except UnicodeDecodeError:
        return _byte_diff(theirs, ours)
    lines = difflib.unified_diff(one, other, f"artifact/{path}", f"rebuild/{path}", lineterm="", n=2)
    return _cut([line.replace("\r", "\\r") for line in lines])


def _cut(lines: list[str]) -> tuple[str, ...]:
    more = [f"… and {len(lines) - _MAX_LINES} more lines"] if len(lines) > _MAX_LINES else []
    return (*lines[:_MAX_LINES], *more)


def _byte_diff(theirs: bytes, ours: bytes) -> tuple[str, ...]:
    shorter = min(len(theirs), len(ours))
    at = next((place for place in range(shorter) if theirs[place] != ours[place]), shorter)
    start = max(0, at - _AROUND)
    return (
        f"first at byte {at} of {len(theirs)} (artifact) and {len(ours)} (rebuild):",
        f"- {theirs[start : at + _AROUND].hex(' ')}",
        f"+ {ours[start : at + _AROUND].hex(' ')}",
    )
