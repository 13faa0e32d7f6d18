"""Showing an uncaught exception. Imported when there is one."""

from __future__ import annotations

import sys
from traceback import TracebackException
from typing import TYPE_CHECKING

from .index import ROOT

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

MACHINERY = (f"{ROOT}/_os402/", f"{ROOT}/__main__.py", "<frozen importlib")


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
    if sys.stderr is not None:
        sys.stderr.writelines(report.format())
