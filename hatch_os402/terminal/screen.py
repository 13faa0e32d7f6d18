"""Where reports for a person are printed: as wide as the terminal, with its colours, in its encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.formatting import escaped, escaped_lines
from hatch_os402.terminal.colors import styled
from hatch_os402.terminal.layout import Column, Row, fact_lines, table_lines, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

_PLAIN = str.maketrans({"─": "-", "│": "|", "├": "|", "└": "`", "…": "...", "–": "-", "✓": "ok", "✗": "BROKEN"})  # noqa: RUF001
"""What an encoding may lack of the characters that reports are drawn with."""


@dataclass(frozen=True)
class Screen:
    """A stream; `width` in columns (None: any), `color` whether there are colours."""

    stream: TextIO
    width: int | None = None
    color: bool = False

    def line(self, text: str = "", meaning: str = "", *, whole: bool = False) -> None:
        """Print `text` of others, wrapped; with `whole`, in one line, so that it can be copied."""
        for line in [escaped(text)] if whole else wrapped(escaped(text), self.width):
            self._write(styled(line, meaning, color=self.color))

    def paragraph(self, text: str) -> None:
        """Print `text` of others with the lines that it has."""
        for line in escaped_lines(text).split("\n"):
            self._write(line)

    def labelled(self, label: str, text: str) -> None:
        """Print a `warning` or a `hint`, as `reporting.Reporter` does."""
        self._write(f"{styled(f'{label}:', label, color=self.color)} {escaped_lines(text)}")

    def table(self, columns: Sequence[Column], rows: Sequence[Row], *, rule: bool = True) -> None:
        """Print a table."""
        for line in table_lines(columns, rows, self.width, color=self.color, rule=rule):
            self._write(line)

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Print names and what they say."""
        for line in fact_lines(rows, self.width, color=self.color):
            self._write(line)

    def _write(self, line: str) -> None:
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        try:
            line.encode(encoding)
        except UnicodeEncodeError:
            line = line.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
        self.stream.write(f"{line}\n")
