"""Values as a person reads them: sizes, counts, dates, and texts of others, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_USER = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")
"""User and password in an address."""
_WORD = re.compile(r"[^\s\"'<>#]+")
_HOST = re.compile(r"[:/]//[^?]")
"""How an address goes on behind its scheme, in a word. Behind its `?` is the query, in which signed ones have a key."""

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, formats (directions of writing among them), surrogates, separators of lines."""

_LONGEST_LINE = 500


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


def cut_lines(text: str) -> str:
    """Return `text` with each line cut to 500 characters: a requirement with thousands of extras is one of them."""
    return "\n".join(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..." for line in text.splitlines())


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
    return _WORD.sub(lambda found: _without_query(found[0]), _USER.sub("****@", text))


def _without_query(word: str) -> str:
    """Return `word` with `****` for the query; by steps, since one expression for it would try every slash anew."""
    host = _HOST.search(word)
    before, mark, query = word[host.end() :].partition("?") if host else ("", "", "")
    return f"{word[: host.end()]}{before}?****" if host and mark and query else word
