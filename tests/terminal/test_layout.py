"""Tables at every width: nothing is cut; columns go before a table becomes lines."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.terminal.colors import styled
from hatch_os402.terminal.layout import Column, StyledText, fact_lines, stream_width, table_lines, text_width, wrapped
from hatch_os402.terminal.screen import Screen

WIDTHS = [40, 80, 100, 200]
SHA256 = "f1d2" * 16
COLUMNS = (
    Column("artifact"),
    Column("bytes", right=True),
    Column("made of", rank=2),
    Column("required by", rank=1, folded=True),
    Column("sha256"),
)
ROWS = [
    ("greeter-0.1.0.pyz", "1,234,567", "wheels", "greeter -> jinja2 -> markupsafe and others still", SHA256),
    ("x", "1", "", "", SHA256[::-1]),
]


def test_at_200_everything_is_beside_everything():
    head, rule, *rows = table_lines(COLUMNS, ROWS, 200)
    assert head.split("  ")[0] == "artifact"
    assert set(rule) == {"─"}
    assert rows[0] == f"greeter-0.1.0.pyz  1,234,567  wheels   {ROWS[0][3]}  {SHA256}"
    assert rows[1].startswith("x                          1  ")
    assert [head, rule, *rows] == list(table_lines(COLUMNS, ROWS, None))


def test_at_100_columns_go():
    head, rule, *rows = table_lines(COLUMNS, ROWS, 100)
    assert head.split() == ["artifact", "bytes", "sha256"]
    assert len(rule) == 17 + 2 + 9 + 2 + 64
    assert rows[0] == f"greeter-0.1.0.pyz  1,234,567  {SHA256}"


@pytest.mark.parametrize("width", [40, 80])
def test_at_80_rows_are_lines(width):
    assert list(table_lines(COLUMNS, ROWS, width)) == [
        "greeter-0.1.0.pyz",
        "  bytes        1,234,567",
        "  made of      wheels",
        f"  required by  {ROWS[0][3]}",
        f"  sha256       {SHA256}",
        "x",
        "  bytes        1",
        f"  sha256       {SHA256[::-1]}",
    ]


def test_a_folded_column_wraps_before_it_goes():
    columns = (Column("name"), Column("required by", rank=1, folded=True))
    rows = [("pydantic-core", "api -> fastapi -> pydantic -> pydantic-settings")]
    assert list(table_lines(columns, rows, 40, rule=False)) == [
        "name           required by",
        "pydantic-core  api -> fastapi ->",
        "               pydantic ->",
        "               pydantic-settings",
    ]
    assert list(table_lines(columns, rows, 30, rule=False)) == ["name", "pydantic-core"]


words = st.text(
    st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"]), min_size=1, max_size=70
)


@given(st.lists(st.tuples(words, words, words, words), min_size=1, max_size=4), st.sampled_from([*WIDTHS, 1, 0]))
def test_nothing_is_cut(rows, width):
    columns = (Column("a"), Column("b", right=True), Column("c", rank=1), Column("d"))
    lines = list(table_lines(columns, rows, width, rule=False))
    text = "\n".join(lines)
    for row in rows:
        assert all(row[at] in text for at in (0, 1, 3))
    if lines[0].split()[:1] == ["a"] and len(lines) == 1 + len(rows):
        assert max(map(text_width, lines)) <= width


@given(st.lists(words, min_size=1, max_size=9), st.integers(1, 60))
def test_wrapping_breaks_at_spaces_alone(parts, width):
    lines = wrapped(" ".join(parts), width)
    assert [word for line in lines for word in line.split()] == " ".join(parts).split()


@pytest.mark.parametrize("width", [*WIDTHS, 20])
def test_facts(width):
    stated = f"greeter  sha256 {SHA256}, and then a number of words that do not fit anywhere"
    lines = list(fact_lines([("offer", stated), ("signed", "no")], width))
    assert SHA256 in "\n".join(lines)
    assert " ".join(" ".join(lines).split()) == f"offer {' '.join(stated.split())} signed no"
    if width == 20:
        assert lines[0] == "offer"
        assert lines[-1] == "  no"


def test_colors_take_no_room_and_others_text_commands_nothing():
    columns, rows = (Column("a"), Column("b", right=True)), [(StyledText("x\x1b[2J", "bad"), "1")]
    plain = list(table_lines(columns, rows, 80, color=False))
    colored = list(table_lines(columns, rows, 80, color=True))
    assert plain[2] == "x\\x1b[2J  1"
    assert colored[2] == styled("x\\x1b[2J", "bad", color=True) + "  1"
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in colored] == plain


def test_wide_characters_are_aligned():
    lines = list(table_lines((Column("n"), Column("v", right=True)), [("日本語", "1"), ("abc", "22")], 80, rule=False))
    assert lines == ["n        v", "日本語   1", "abc     22"]


def test_the_width_of_a_stream(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert stream_width(io.StringIO()) is None
    monkeypatch.setenv("COLUMNS", "77")
    assert stream_width(io.StringIO()) == 77


def test_an_encoding_that_lacks_a_character():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    screen = Screen(stream)
    screen.table((Column("é"),), [("└ x",)])
    stream.flush()
    assert stream.buffer.getvalue().decode() == "\\xe9\n---\n` x\n"
