"""stdin, stdout and stderr as a CGI program needs them: UTF-8, newlines untouched, and stdin ending with the body."""

import atexit
import sys
from _io import FileIO
from io import BytesIO, TextIOWrapper
from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


unused: "Any" = None
"""Stdout of a CGI program as the kernel has it, until something is written to it."""


def prepare() -> None:
    """Set up sys.stdin, sys.stdout and sys.stderr. Streams that are missing or of another kind are left alone."""
    sys.stdin = _body(sys.stdin)
    if (
        "GATEWAY_INTERFACE" in environ
        and type(raw := getattr(getattr(sys.stdout, "buffer", None), "raw", None)) is FileIO
    ):
        _note_first_write(raw)
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


def _note_first_write(raw: "Any") -> None:
    global unused  # noqa: PLW0603 - one process, one stdout
    unused = raw

    def write(data: "Any") -> "Any":
        global unused  # noqa: PLW0603 - as above
        unused = None
        del raw.write  # which was this function, in front of that of the class
        return raw.write(data)

    raw.write = write


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
