"""What takes over a second, shown on a terminal while it lasts, by rich where that is installed.

The command has rich (the extra "cli"), and so does Hatch's own environment. A build environment has it only if
something there requires it: hatchling's application has no status of its own, so that nothing is shown there.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hatch_os402.formatting import escaped, human_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from rich.progress import Progress, TaskID

    from hatch_os402.reporting import Update

DELAY = 1.0
"""Seconds that something may take without being shown."""

_LONGEST_DETAIL = 60


class _Display:
    """One step on a terminal, from `DELAY` seconds after its beginning."""

    def __init__(self, what: str, progress: Progress, *, in_bytes: bool) -> None:
        self._what, self._progress, self._in_bytes = escaped(what), progress, in_bytes
        self._task: TaskID = progress.add_task(self._what, total=None, amount="")
        self._lock = threading.Lock()
        self._due = self._paused = self._over = False
        self._timer = threading.Timer(DELAY, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def update(self, done: int, total: int | None, detail: str = "") -> None:
        """Show how much is done of `total`, and what is done now."""
        amount = self._amount(done, total) if total or done else ""
        detail = escaped(detail)
        if len(detail) > _LONGEST_DETAIL:
            detail = f"…{detail[1 - _LONGEST_DETAIL :]}"
        description = f"{self._what}: {detail}" if detail else self._what
        self._progress.update(self._task, completed=done, total=total, description=description, amount=amount)

    def pause(self) -> None:
        """Take it off the terminal, which somebody writes to."""
        with self._lock:
            self._paused = True
            self._settle()

    def resume(self) -> None:
        """Show it again."""
        with self._lock:
            self._paused = False
            self._settle()

    def end(self) -> None:
        """Take it off for good."""
        self._timer.cancel()
        with self._lock:
            self._over = True
            self._settle()

    def _begin(self) -> None:
        with self._lock:
            self._due = True
            self._settle()

    def _settle(self) -> None:
        wanted = self._due and not self._paused and not self._over
        if wanted and not self._progress.live.is_started:
            self._progress.start()
        elif not wanted and self._progress.live.is_started:
            self._progress.stop()

    def _amount(self, done: int, total: int | None) -> str:
        if self._in_bytes:
            return f"{human_size(done)} of {human_size(total)}" if total else human_size(done)
        return f"{done:,} of {total:,}" if total else f"{done:,}"


_shown: list[_Display] = []
"""The displays of this process, the innermost last."""


@contextmanager
def shown(what: str, stream: TextIO, *, color: bool, in_bytes: bool = False) -> Iterator[Update | None]:
    """Show that `what` is being done while the context lasts, on `stream`, and yield what updates it.

    Yields None where nothing is shown: `stream` is no terminal that can move its cursor, rich is not installed, or
    something is shown already. `color`: with colours.
    """
    display = None if _shown else _display(what, stream, color=color, in_bytes=in_bytes)
    if display is None:
        yield None
        return
    _shown.append(display)
    try:
        yield display.update
    finally:
        _shown.remove(display)
        display.end()


@contextmanager
def off_the_terminal() -> Iterator[None]:
    """Take what is shown off the terminal while something is printed there: the two never share a line."""
    for display in _shown:
        display.pause()
    try:
        yield
    finally:
        for display in _shown:
            display.resume()


def _display(what: str, stream: TextIO, *, color: bool, in_bytes: bool) -> _Display | None:
    if not stream.isatty():
        return None
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra, and slow to import
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    except ImportError:
        return None
    console = Console(file=stream, no_color=not color, markup=False, highlight=False, emoji=False)
    if console.is_dumb_terminal:
        return None
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[amount]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    return _Display(what, progress, in_bytes=in_bytes)
