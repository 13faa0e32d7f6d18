"""What takes long is shown on a terminal while it lasts, leaves nothing there, and shares no line with a message."""

from __future__ import annotations

import io
import os
import sys

import pytest
from support.ptyscreen import run_on_terminal, screen

from hatch_os402.terminal import progress

pytestmark = pytest.mark.once

CHILD = """
import sys, time
import click
from hatch_os402.cli.shared.group import adapted
from hatch_os402.cli.shared.reporter import ClickReporter
from hatch_os402.terminal import progress

progress.DELAY = 0.05

@click.command()
def command():
    reporter = ClickReporter()
    with reporter.progress("fetching wheels", in_bytes=True) as update:
        if update is None:
            reporter.info("nothing is shown")
            return
        for number in range(6):
            update(number * 1_000_000, 5_000_000, "a\\x1b[2J-1.0-py3-none-any.whl")
            time.sleep(0.2)
            if number == 3:
                reporter.info("a message")
                print("of another", file=sys.stderr)
    reporter.warning("done")

adapted(command)()
"""


def run(*options, **variables):
    env = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return run_on_terminal([sys.executable, "-c", CHILD, *options], env={**env, "TERM": "xterm", **variables})


def test_it_is_shown_and_leaves_nothing():
    written, status = run()
    assert status == 0
    assert "fetching wheels: a\\x1b[2J-1.0-py3-none-any.whl" in written
    assert "3.0 MB of 5.0 MB" in written
    assert screen(written) == ["hatch-os402: a message", "of another", "hatch-os402: warning: done"]
    assert "\x1b[?25h" in written.rpartition("\x1b[?25l")[2]  # the cursor is there again


@pytest.mark.parametrize(
    ("options", "variables"), [(["-q"], {}), ([], {"TERM": "dumb"})], ids=["quiet", "no cursor to move"]
)
def test_where_it_is_not_shown(options, variables):
    written, status = run(*options, **variables)
    assert status == 0
    assert "fetching" not in written
    assert screen(written) == ([] if options else ["hatch-os402: nothing is shown"])


def test_no_colors_in_it_when_they_are_not_wanted():
    assert "\x1b[3" in run()[0].partition("a message")[0]
    assert "\x1b[3" not in run("--color", "never")[0]


def test_nothing_without_a_terminal_or_without_rich(monkeypatch):
    with progress.shown("x", io.StringIO(), color=True) as update:
        assert update is None
    monkeypatch.setitem(sys.modules, "rich.console", None)
    stream = io.StringIO()
    stream.isatty = lambda: True
    with progress.shown("x", stream, color=True) as update:
        assert update is None
    assert not stream.getvalue()


def test_one_at_a_time(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    stream.isatty = lambda: True
    with progress.shown("x", stream, color=True) as outer, progress.shown("y", stream, color=True) as inner:
        assert outer is not None
        assert inner is None
    with progress.shown("z", stream, color=True) as next_one:
        assert next_one is not None
    assert not stream.getvalue()  # none of them took a second
