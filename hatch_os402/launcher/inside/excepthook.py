"""What happens after an uncaught exception. Imported when there is one."""

from __future__ import annotations

import sys
from contextlib import suppress
from traceback import TracebackException
from typing import TYPE_CHECKING

from .index import ROOT

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, NoReturn, TextIO

MACHINERY = (f"{ROOT}/_os402/", f"{ROOT}/__main__.py", "<frozen importlib")


def handle(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, launcher: dict[str, Any]
) -> None:
    """Do what `sys.excepthook` does, as it is right for a CGI program. For `launcher` see `show`."""
    if isinstance(error, BrokenPipeError) and has_no_reader(sys.stdout):
        return  # whoever asked has gone
    ends = _is_uncaught(trace, launcher)
    if ends:
        take_back_headers()
    show(kind, error, trace, launcher)
    if ends and kind is KeyboardInterrupt:
        # CPython ends as the signal asks when the text that it ran last ended so (pythonrun.c), and we have run others.
        with suppress(KeyboardInterrupt):
            eval("interrupt()", {"interrupt": _interrupt})  # noqa: S307 - a text of ours


def _is_uncaught(trace: TracebackType | None, launcher: dict[str, Any]) -> bool:
    """Whether the exception has gone through the launcher: the program is over. Else somebody calls the hook."""
    while trace is not None and trace.tb_frame.f_globals is not launcher:
        trace = trace.tb_next
    return trace is not None


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def take_back_headers() -> None:
    """Drop the headers that a program printed before it failed, when no body follows them and nothing has left yet.

    The server then has no response, and answers 500; headers would make it a success without content.
    """
    from . import streams  # noqa: PLC0415 - loaded by then

    raw: Any = streams.unused  # as the kernel has it
    if not raw or raw != getattr(getattr(sys.stdout, "buffer", None), "raw", None):
        return  # something has left, or the program has put another stdout there
    first_write = raw.write
    parts: list[bytes] = []

    def hold(data: memoryview) -> int:
        parts.append(bytes(data))
        return len(data)

    raw.write = hold
    sys.stdout.flush()
    raw.write = first_write
    held = b"".join(parts)
    ends = [at + len(end) for end in (b"\r\n\r\n", b"\n\n") if (at := held.find(end)) >= 0]
    if not ends or held[min(ends) :]:
        sys.stdout.buffer.write(held)


def has_no_reader(stream: TextIO | None) -> bool:
    """Whether a stream is a pipe whose other end is closed."""
    try:
        from select import POLLERR, poll  # noqa: PLC0415 - needed only when all is lost

        poller = poll()
        poller.register(stream.fileno(), POLLERR)  # type: ignore[union-attr]  # see the errors that are expected
        return bool(poller.poll(0))
    except (AttributeError, ImportError, OSError, ValueError):
        return False


def show(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, launcher: dict[str, Any]
) -> None:
    """Print an exception with its traceback and source lines to stderr, without the frames of start-up and import.

    `launcher`: the global names of the last frame of the start-up. Whatever called it is left out too.
    """
    first = trace
    while first is not None and first.tb_frame.f_globals is not launcher:
        first = first.tb_next
    if first is not None:  # not so for an exception that somebody else hands to the hook
        trace = first
    while trace is not None and trace.tb_frame.f_globals is launcher:
        trace = trace.tb_next
    report = TracebackException(kind, error, trace, compact=True)
    pending = [report]
    for part in pending:
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(MACHINERY)]
        causes = (part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ()))
        pending += [cause for cause in causes if cause is not None]
    stderr = getattr(sys, "stderr", None)
    if stderr is not None:
        for line in report.format():
            stderr.write(line)  # the only method that the interpreter counts on
