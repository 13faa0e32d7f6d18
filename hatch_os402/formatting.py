"""Text of others, made fit to be shown: what a terminal would obey is written as escapes."""

from __future__ import annotations

import unicodedata

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, formats (directions of writing among them), surrogates, separators of lines."""


def escaped(text: str, *, keep: str = "") -> str:
    r"""Return `text` with control and format characters as `\x1b` and the like, but for those in `keep`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        ascii(character)[1:-1] if character not in keep and unicodedata.category(character) in _OBEYED else character
        for character in text
    )


def escaped_lines(text: str) -> str:
    """Return `text` as `escaped` does, with its lines and tabulators."""
    return escaped(text.replace("\r\n", "\n"), keep="\n\t")


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
