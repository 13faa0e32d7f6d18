"""Tables for any width: columns that can be missed go first, then each row becomes lines. Nothing is ever cut.

Only the standard library: a build's report has a table, too, where rich is not installed.
"""

from __future__ import annotations

import os
import shutil
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.formatting import escaped
from hatch_os402.terminal.colors import styled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

_GAP = "  "
_LEAST_FOLDED = 24
"""Columns of text that a folded column keeps."""
_LEAST_FACT = 30
"""Columns that what a fact says needs beside its name."""
_INVISIBLE = frozenset({"Mn", "Me", "Cf"})


@dataclass(frozen=True)
class Column:
    """A column: `rank` 0 stays, others go when the room is short, the highest first. A `folded` one may be wrapped."""

    head: str
    right: bool = False
    rank: int = 0
    folded: bool = False


@dataclass(frozen=True)
class StyledText:
    """Text of others, which cannot command a terminal, and what it means (`colors`)."""

    text: str
    meaning: str = ""

    @property
    def shown(self) -> str:
        """The text as it is printed, without its colour."""
        return escaped(self.text)


Row = tuple["StyledText | str", ...]


def stream_width(stream: TextIO) -> int | None:
    """Return the columns of the terminal `stream`, else those that COLUMNS says; None where nothing bounds them."""
    if stream.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return None


def text_width(text: str) -> int:
    """Return how many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(character) in _INVISIBLE else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def table_lines(
    columns: Sequence[Column], rows: Sequence[Row], width: int | None, *, color: bool = False, rule: bool = True
) -> Iterator[str]:
    """Yield the lines of a table that is at most `width` columns wide (None: any).

    With `rule` a line is drawn under the heads. Where not even the columns of rank 0 fit, each row is its first cell,
    and below it a line for each other cell that is not empty.
    """
    cells = [[item if isinstance(item, StyledText) else StyledText(item) for item in row] for row in rows]
    widths = [
        max([text_width(column.head), *(text_width(row[at].shown) for row in cells)])
        for at, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    while (over := _excess(shown, columns, widths, width)) > 0:
        ranked = max(shown, key=lambda at: columns[at].rank)
        if not columns[ranked].rank:
            yield from _as_lines(columns, cells, color=color)
            return
        shown.remove(ranked)
    over = _excess(shown, columns, widths, width, folding=False)
    for at in shown:
        if columns[at].folded and over > 0:
            less = min(over, max(0, widths[at] - max(_LEAST_FOLDED, text_width(columns[at].head))))
            widths[at] -= less
            over -= less
    heads = [StyledText(column.head, "heading") for column in columns]
    yield from _line(heads, shown, columns, widths, color=color)
    if rule:
        yield "─" * (sum(widths[at] for at in shown) + len(_GAP) * (len(shown) - 1))
    for row in cells:
        yield from _line(row, shown, columns, widths, color=color)


def fact_lines(rows: Sequence[tuple[str, str]], width: int | None, *, color: bool = False) -> Iterator[str]:
    """Yield a line for each of `rows`, a name and what it says; what is long is wrapped, at spaces alone."""
    first = max(len(name) for name, _ in rows)
    beside = width is None or width - first - len(_GAP) >= _LEAST_FACT
    indent = first + len(_GAP) if beside else len(_GAP)
    for name, stated in rows:
        lines = [
            line
            for part in stated.split("\n")
            for line in wrapped(escaped(part), None if width is None else width - indent)
        ]
        head = styled(name, "heading", color=color)
        if beside:
            yield f"{head}{' ' * (indent - len(name))}{lines.pop(0)}".rstrip()
        else:
            yield head
        yield from (" " * indent + line for line in lines)


def wrapped(text: str, width: int | None) -> list[str]:
    """Return `text` as lines of at most `width` columns, broken at spaces alone: a hash or a name stays whole."""
    if width is None or text_width(text) <= width:
        return [text]
    return textwrap.wrap(text, max(1, width), break_long_words=False, break_on_hyphens=False) or [""]


def _excess(
    shown: Sequence[int], columns: Sequence[Column], widths: Sequence[int], width: int | None, *, folding: bool = True
) -> int:
    """Return by how much the columns `shown` are wider than `width`; with `folding`, when folded as far as can be."""
    if width is None:
        return 0
    least = (
        min(widths[at], max(_LEAST_FOLDED, text_width(columns[at].head)))
        if folding and columns[at].folded
        else widths[at]
        for at in shown
    )
    return sum(least) + len(_GAP) * (len(shown) - 1) - width


def _line(
    row: Sequence[StyledText], shown: Sequence[int], columns: Sequence[Column], widths: Sequence[int], *, color: bool
) -> Iterator[str]:
    parts = {at: wrapped(row[at].shown, widths[at]) if columns[at].folded else [row[at].shown] for at in shown}
    for number in range(max(map(len, parts.values()))):
        line = []
        for at in shown:
            text = parts[at][number] if number < len(parts[at]) else ""
            blank = " " * (widths[at] - text_width(text))
            text = styled(text, row[at].meaning, color=color)
            line.append(blank + text if columns[at].right else text + blank)
        yield _GAP.join(line).rstrip()


def _as_lines(columns: Sequence[Column], cells: Sequence[Sequence[StyledText]], *, color: bool) -> Iterator[str]:
    first = max(text_width(column.head) for column in columns[1:]) if len(columns) > 1 else 0
    for row in cells:
        yield styled(row[0].shown, row[0].meaning or "heading", color=color)
        for column, cell in zip(columns[1:], row[1:], strict=True):
            if cell.text:
                blank = " " * (first - text_width(column.head))
                yield f"{_GAP}{column.head}{blank}{_GAP}{styled(cell.shown, cell.meaning, color=color)}"
