"""Values as a person reads them: sizes, counts, dates, and texts of others, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_USER = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")
_QUERY = re.compile(r"(?<=[:/])(//[^\s\"'<>?#]+)\?[^\s\"'<>#]+")
"""User and password in an address, and its query, in which signed addresses have their key."""

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, formats (directions of writing among them), surrogates, separators of lines."""


def escaped(text: str, *, keep: str = "") -> str:
    r"""Return `text` with control and format characters as `\x1b` and the like, but for those in `keep`.

    What distributions, indexes, offers and programs say is not to move the cursor of a terminal.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        ascii(character)[1:-1] if character not in keep and unicodedata.category(character) in _OBEYED else character
        for character in text
    )


def escaped_lines(text: str) -> str:
    """Return `text` as `escaped` does, with its lines and tabulators."""
    return escaped(text.replace("\r\n", "\n"), keep="\n\t")


def cut_lines(text: str, most: int = 500) -> str:
    """Return `text` with each line cut to `most` characters: a requirement with thousands of extras is one of them."""
    return "\n".join(line if len(line) <= most else f"{line[:most]}..." for line in text.splitlines())


def utc_time(seconds: int) -> str:
    """Return unix `seconds` as a date and a time of day in UTC; as a number where no calendar reaches."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds after 1970"


def human_size(size: int) -> str:
    """Return `size` bytes as a person reads it, in powers of ten."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def first_of(items: Sequence[str], most: int) -> Iterator[str]:
    """Yield the first `most` of `items`, and how many more there are."""
    yield from items[:most]
    if len(items) > most:
        yield f"and {len(items) - most} more"


def counted(number: int, what: str) -> str:
    """Return how many there are of `what`, a noun in the singular: `1 file`, `2,125 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Return `names` as a sentence has them: `a`, `a and b`, `a, b and c`; "" for none."""
    *first, last = names or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def without_passwords(text: str) -> str:
    """Return `text` with `****` for user and password, and for the query, in every address of it."""
    return _QUERY.sub(r"\1?****", _USER.sub("****@", text))
