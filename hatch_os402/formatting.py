"""Sizes, counts, dates and texts as a person reads them."""

from __future__ import annotations


def human_size(size: int) -> str:
    """Return `size` bytes as a person reads it, in powers of ten."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def counted(number: int, what: str) -> str:
    """Return how many there are of `what`, a noun in the singular: `1 file`, `2,125 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Return `text` with what a terminal would obey, or cannot show, written as escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
