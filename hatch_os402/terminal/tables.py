"""Tables and trees on a terminal, through rich (the extra "cli"). What artifacts say is text there, never markup."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hatch_os402.formatting import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

_PIPE_WIDTH = 140
"""Columns where there is no terminal that has a width of its own."""


def console(file: TextIO | None = None) -> Console:
    """Return a console on `file` (default: stdout) that takes text as it is."""
    file = file or sys.stdout
    width = None if file.isatty() else _PIPE_WIDTH
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False)


def cell(text: str, style: str = "") -> Text:
    """Return `text` for a table."""
    return Text(escaped(text), style=style)


def table(heads: Sequence[str], right: Sequence[str] = (), *, fold: str = "") -> Table:
    """Return an empty table; the columns in `right` are aligned right, `fold` is the one that may wrap."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for head in heads:
        made.add_column(head, justify="right" if head in right else "left", overflow="fold", no_wrap=head != fold)
    return made


def facts(rows: Sequence[tuple[str, str | Text]]) -> Table:
    """Return a table without lines: what each row is called, and what it says."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, stated in rows:
        made.add_row(name, cell(stated) if isinstance(stated, str) else stated)
    return made


def wrapped_list(items: Sequence[str], most: int) -> Iterator[str]:
    """Yield the first `most` of `items`, and how many more there are."""
    yield from items[:most]
    if len(items) > most:
        yield f"and {len(items) - most} more"
