"""stdin, stdout and stderr as a CGI program needs them: UTF-8, newlines untouched, and stdin ending with the body."""

import atexit
import sys
from io import BytesIO, TextIOWrapper
from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def prepare() -> None:
    """Set up sys.stdin, sys.stdout and sys.stderr. Streams that are missing or of another kind are left alone."""
    sys.stdin = _body(sys.stdin)
    _set(sys.stdin, "strict")
    _set(sys.stdout, "strict")
    _set(sys.stderr, "backslashreplace")
    atexit.register(_flush)  # the last to be called, for it is the first to be registered


def _flush() -> None:
    """Flush stdout. If nobody reads it any more, what it holds is given up, so that nothing complains later."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        try:  # noqa: SIM105 - contextlib is slow to import
            sys.stdout.close()
        except BrokenPipeError:  # it has tried once more, and is closed all the same
            pass
    except ValueError:  # the program has closed it
        pass


def has_no_reader(stream: "TextIO | None") -> bool:
    """Whether a stream is a pipe whose other end is closed."""
    try:
        from select import POLLERR, poll  # noqa: PLC0415 - needed only when all is lost

        poller = poll()
        poller.register(stream.fileno(), POLLERR)  # type: ignore[union-attr]  # see the errors that are expected
        return bool(poller.poll(0))
    except (AttributeError, ImportError, OSError, ValueError):
        return False


def _body(stdin: "TextIO") -> "TextIO":
    """Return a stdin that ends where the body ends (RFC 3875, 4.2). The pipe itself need never end."""
    buffer = getattr(stdin, "buffer", None)
    if buffer is None or isinstance(buffer, BytesIO):
        return stdin
    length = environ.get("CONTENT_LENGTH", "")
    if length.isascii() and length.isdigit():
        return TextIOWrapper(BytesIO(buffer.read(int(length))), encoding="utf-8")
    if "GATEWAY_INTERFACE" in environ:  # without a length there is no body
        return TextIOWrapper(BytesIO(), encoding="utf-8")
    return stdin


def _set(stream: "TextIO", errors: str) -> None:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")
