"""Signals that ask a process to end: they unwind it as Ctrl-C does, so that nothing is left half-done."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))


class Interrupted(BaseException):
    """A signal asked the process to end. Not an `Exception`, which a build hook or a library might catch."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def status(self) -> int:
        """The exit status: 128 and the signal's number, as a shell writes it."""
        return 128 + self.number

    def __str__(self) -> str:
        return f"interrupted ({signal.Signals(self.number).name})"


class _State:
    """What the handler knows of this process."""

    interrupted: int | None = None
    """The signal that ends this process, once it came."""
    killers: ClassVar[set[Callable[[], None]]] = set()
    """What kills a subprocess that some thread waits for."""

    deferred = 0
    """How many bodies of `uninterrupted` run."""
    pending: int | None = None


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the body for SIGINT, SIGTERM and SIGHUP.

    A signal that is ignored (`nohup`), or for which somebody else cares, stays as it is. Outside the main thread, where
    Python handles no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = {signal.SIG_DFL, signal.default_int_handler}
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler in usual:
            signal.signal(number, _handle)
    try:
        yield
    except Exception as error:
        # Python may lose what a handler raises (in a destructor); then what was killed with this process is an error.
        if _State.interrupted is not None:
            raise Interrupted(_State.interrupted) from error
        raise
    finally:
        _State.interrupted = None
        for number, handler in before.items():
            if handler in usual:
                signal.signal(number, handler)


@contextmanager
def killed_with_this(kill: Callable[[], None]) -> Iterator[None]:
    """Have `kill` called when this process is interrupted during the body, in whatever thread that runs.

    Raises `Interrupted` when it was before: what unwinds starts nothing new.
    """
    if _State.interrupted is not None:
        kill()
        raise Interrupted(_State.interrupted)
    _State.killers.add(kill)
    try:
        yield
    finally:
        _State.killers.discard(kill)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off what `interruptible` raises until the end of the body, which must be short."""
    _State.deferred += 1
    try:
        yield
    finally:
        _State.deferred -= 1
        if not _State.deferred and (pending := _State.pending) is not None:
            _State.pending = None
            _end(pending)


def _handle(number: int, _frame: FrameType | None) -> None:
    if _State.deferred:
        _State.pending = number
    else:
        _end(number)


def _end(number: int) -> NoReturn:
    """Kill what threads wait for, and unwind; that is not interrupted again, except by SIGKILL."""
    _State.interrupted = number
    for kill in tuple(_State.killers):
        kill()
    for other in _SIGNALS:
        if signal.getsignal(other) is _handle:
            signal.signal(other, _forget)
    raise Interrupted(number)


def _forget(_number: int, _frame: FrameType | None) -> None:
    """Ignore the signal: an interruption that is under way is not interrupted itself."""
