"""Put a page together: all of it inline and escaped, nothing fetched, for the eye, keyboard and screen reader."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from itertools import groupby
from textwrap import dedent
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Nothing may be fetched from anywhere, whatever an artifact has for names (Content Security Policy Level 3).
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'"


@dataclass(frozen=True)
class ChartNode:
    """A part of the chart."""

    name: str
    value: int
    """What its area or width stands for, its children's included."""
    stated: str
    """The text that is shown when it is pointed at."""
    kind: str = ""
    """One of the chart's kinds: its colour. Empty for what only holds others."""
    children: Sequence[ChartNode] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as `chart.js` takes it."""
        created: dict[str, Any] = {"n": self.name, "v": self.value, "t": self.stated}
        if self.kind:
            created["k"] = self.kind
        if self.children:
            created["c"] = [child.to_json() for child in self.children]
        return created


@dataclass(frozen=True)
class Chart:
    """The chart of a page."""

    layout: str
    """ "treemap" or "icicle"."""
    title: str
    explained: str
    """A sentence or two on how to read it."""
    kinds: Mapping[str, str]
    """Each kind of node (one of the CSS classes `k-…`) and what the legend calls it."""
    root: ChartNode


@dataclass(frozen=True)
class Cell:
    """A cell of a table that sorts by another value than its text, or is more than text."""

    text: str
    by: float | None = None
    """The number that it sorts by; it is then aligned right."""
    kind: str = ""
    """A kind of the chart, whose colour it shows."""
    bar: float = 0
    """From 0 to 1: how much of the cell is filled."""


@dataclass(frozen=True)
class Table:
    """A table, sorted by any of its columns at a click."""

    title: str
    heads: Sequence[str]
    rows: Iterable[Sequence[str | Cell]]
    caption: str = ""
    search: bool = False
    """Whether it can be searched."""
    numeric: frozenset[int] = field(default_factory=frozenset)
    """The columns of numbers."""


def render(
    title: str,
    subtitle: str,
    facts: Iterable[tuple[str, str]],
    chart: Chart,
    tables: Iterable[Table],
    notes: Iterable[str],
    advice: str = "",
) -> str:
    """Return the page as HTML text.

    `facts` are names and what they say; `notes` are sentences to be seen first; `advice` is what to do, lines of text
    of which the indented ones are to be typed.
    """
    own = files(__name__.rpartition(".")[0])
    style, script = (own.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(stated)}</dd></div>" for name, stated in facts)
    note_boxes = "".join(f'<p class="note" role="note">{escape(note)}</p>' for note in notes)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n'
        '<a class="skip" href="#tables">Skip the chart</a>\n'
        f"<header><div><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></div>"
        '<button type="button" id="theme">Light or dark</button></header>\n'
        f'<main>\n{note_boxes}<dl class="facts">{rows}</dl>\n{_chart(chart)}{_advice(advice)}<div id="tables">\n'
        f"{''.join(_table(table) for table in tables)}</div>\n</main>\n"
        f'<script type="application/json" id="data">{_data(chart)}</script>\n<script>\n{script}</script>\n'
        "</body>\n</html>\n"
    )


def _advice(advice: str) -> str:
    if not advice:
        return ""
    blocks = [list(lines) for _, lines in groupby(advice.splitlines(), key=lambda line: line[:4] == "    ")]
    created = [
        f"<pre>{escape(dedent(chr(10).join(lines)))}</pre>"
        if lines[0].startswith("    ")
        else "".join(f"<p>{escape(line)}</p>" for line in lines if line)
        for lines in blocks
    ]
    return f'<section class="advice"><h2>What to do</h2>{"".join(created)}</section>\n'


def _data(chart: Chart) -> str:
    """Return the chart as JSON that ends no script element (HTML, 4.12.1.3)."""
    text = json.dumps({"layout": chart.layout, "root": chart.root.to_json()}, ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _chart(chart: Chart) -> str:
    keys = "".join(
        f'<li><span class="swatch k-{escape(kind)}"></span>{escape(name)}</li>' for kind, name in chart.kinds.items()
    )
    return (
        f'<section aria-labelledby="chart-title"><h2 id="chart-title">{escape(chart.title)}</h2>\n'
        f'<p class="explained">{escape(chart.explained)} Click a part to look into it; with the keyboard, arrows move, '
        "Enter looks in, Escape goes back. The tables below say the same in figures.</p>\n"
        f'<div class="above"><nav id="crumbs" aria-label="Where the chart is"></nav>'
        f'<ul class="legend">{keys}</ul></div>\n'
        f'<div id="chart" class="{escape(chart.layout)}" role="tree" aria-labelledby="chart-title"></div>\n'
        '<p id="detail" role="status">&nbsp;</p>\n'
        "<noscript><p>The chart needs JavaScript; the tables do not.</p></noscript>"
        "</section>\n"
    )


def _table(table: Table) -> str:
    heads = "".join(
        f'<th scope="col"{_right(index, table)}><button type="button">{escape(head)}</button></th>'
        for index, head in enumerate(table.heads)
    )
    rows = "\n".join(
        "<tr>" + "".join(_cell(cell, index) for index, cell in enumerate(row)) + "</tr>" for row in table.rows
    )
    search = (
        '<label class="search">Search <input type="search" autocomplete="off" spellcheck="false"></label>'
        if table.search
        else ""
    )
    caption = f"<p>{escape(table.caption)}</p>" if table.caption else ""
    return (
        f"<section><h2>{escape(table.title)}</h2>{caption}{search}\n"
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(table.title)}"><table>'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div></section>\n"
    )


def _right(index: int, table: Table) -> str:
    return ' class="number"' if index in table.numeric else ""


def _cell(cell: str | Cell, index: int) -> str:
    created = cell if isinstance(cell, Cell) else Cell(cell)
    attributes = "" if created.by is None else f' class="number" data-by="{created.by:.12g}"'
    if created.bar:
        attributes += f' style="--bar:{100 * min(created.bar, 1):.2f}%"'
    swatch = f'<span class="swatch k-{escape(created.kind)}"></span>' if created.kind else ""
    name = "th" if index == 0 else "td"
    scope = ' scope="row"' if index == 0 else ""
    return f"<{name}{scope}{attributes}>{swatch}{escape(created.text)}</{name}>"
