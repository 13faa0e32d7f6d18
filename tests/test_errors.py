"""What reaches the user when something fails."""

from __future__ import annotations

import pytest

from hatch_os402.errors import Os402Error, bug
from hatch_os402.formatting import escaped_lines
from hatch_os402.plugin.bridge import HatchReporter, abort_on_error


class App:
    """As much of Hatch's application as is asked for."""

    def __init__(self, verbosity=0):
        self.verbosity = verbosity
        self.lines = []

    def abort(self, text, code=1):
        self.lines.append(text)
        raise SystemExit(code)

    def display_info(self, text):
        self.lines.append(text)

    display_warning = display_error = display_info


def aborted(error, verbosity=0):
    app = App(verbosity)
    with pytest.raises(SystemExit), abort_on_error(app):
        raise error
    return app.lines


ESCAPES = "\x1b]0;owned\x07 \x1b[2J \u202e \x9b31m"


def test_what_a_terminal_would_obey_is_shown():
    assert escaped_lines(f"a\n\tb {ESCAPES}") == "a\n\tb \\x1b]0;owned\\x07 \\x1b[2J \\u202e \\x9b31m"


@pytest.mark.parametrize("error", [Os402Error(ESCAPES, ESCAPES), OSError(5, ESCAPES, ESCAPES), RuntimeError(ESCAPES)])
def test_no_message_moves_the_cursor(error):
    text = "".join(aborted(error, verbosity=1))
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "owned" in text


def test_no_remark_moves_the_cursor():
    app = App(1)
    reporter = HatchReporter(app)
    for report in (reporter.info, reporter.warning, reporter.debug):
        report(ESCAPES)
    assert len(app.lines) == 3
    assert all(line.isprintable() for line in app.lines)


def test_an_exception_that_is_not_ours_is_one_line_that_asks_for_a_report():
    (line,) = aborted(RuntimeError("two\nlines"))
    assert line.startswith("os402: this is a bug in hatch-os402 ")
    assert "RuntimeError: two lines" in line
    assert "report" in line
    assert "\n" not in line


def test_its_traceback_is_for_those_who_ask():
    details, line = aborted(RuntimeError("surprise"), verbosity=1)
    assert details.startswith("Traceback")
    assert "this is a bug" in line


def test_the_place_is_named_where_it_is_ours():
    with pytest.raises(AttributeError) as caught:
        escaped_lines(None)
    assert ", at formatting.py:" in bug(caught.value)
