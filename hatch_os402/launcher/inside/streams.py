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
    atexit.register(stdout_is_broken)  # the last to be called, for it is the first to be registered


def stdout_is_broken() -> bool:
    """Flush stdout; tell whether nobody reads it any more, and then leave it alone, so that nothing complains."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = sys.__stdout__ = None  # type: ignore[misc]  # as where there is no console
        return True
    except ValueError:  # the program has closed it
        pass
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
