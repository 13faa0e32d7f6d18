"""A table, Markdown and highlighted code as text and as SVG, and a traceback with the lines around it."""

import io

from rich.console import Console
from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.table import Table
from rich.traceback import Traceback


def fail():
    answer = 0
    return 42 / answer  # this very line


def facts():
    table = Table(title="Fish", row_styles=["dim", ""])
    table.add_column("name", style="cyan")
    table.add_column("kg", justify="right")
    table.add_row("cod", "1.5")
    table.add_row("鯨", "9000")
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system="truecolor", record=True)
    console.print(table)
    console.print(Markdown("# Title\n\n- *one*\n- `two`\n"))
    console.print(Syntax("x = 1", "python", line_numbers=True))
    coloured = console.file.getvalue()
    plain = Console(file=io.StringIO(), width=100)
    try:
        fail()
    except ZeroDivisionError:
        plain.print(Traceback(show_locals=True))
    shown = plain.file.getvalue()
    return {
        "table": [line.rstrip() for line in console.export_text(clear=False).splitlines()[:7]],
        "colours": "\x1b[" in coloured,
        "svg": console.export_svg().startswith("<svg"),
        "the line": "return 42 / answer  # this very line" in shown,
        "locals": "answer = 0" in shown,
    }
