"""stdin, stdout and stderr as a CGI program needs them: UTF-8, newlines untouched, and stdin ending with the body."""

import atexit
import sys
from _io import BufferedWriter, FileIO
from io import BytesIO, TextIOWrapper
from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


class _Output(FileIO):
    """Stdout of a CGI program, as the kernel has it, which knows whether anything was written to it."""

    name = "<stdout>"
    used = False
    held: "list[bytes] | None" = None
    """What is written instead of being passed on, if that is wanted."""

    def write(self, data: "Any") -> "Any":
        """Write, and note it."""
        if self.held is not None:
            self.held.append(bytes(data))
            return len(data)
        self.used = True
        return super().write(data)


def prepare() -> None:
    """Set up sys.stdin, sys.stdout and sys.stderr. Streams that are missing or of another kind are left alone."""
    sys.stdin = _body(sys.stdin)
    if "GATEWAY_INTERFACE" in environ and type(sys.stdout) is TextIOWrapper and sys.stdout is sys.__stdout__:
        _count_output()
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


def _count_output() -> None:
    """Put a stdout in the place of the interpreter's that knows whether anything left it."""
    old: Any = sys.stdout
    try:
        raw = _Output(old.fileno(), "wb", closefd=False)
    except (OSError, ValueError):
        return
    new: Any = TextIOWrapper(BufferedWriter(raw), line_buffering=old.line_buffering)
    new.mode = "w"
    sys.stdout = sys.__stdout__ = new  # type: ignore[misc]  # Python itself flushes the latter at the end


def take_back_headers() -> None:
    """Drop headers that a program printed before it failed, when no body has followed and nothing has left yet.

    The server then has no response, and answers 500; headers would make it a success without content.
    """
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, _Output) or raw.used:
        return
    raw.held = []
    sys.stdout.flush()
    held, raw.held = b"".join(raw.held), None
    ends = [at + len(end) for end in (b"\r\n\r\n", b"\n\n") if (at := held.find(end)) >= 0]
    if ends and held[min(ends) :]:
        sys.stdout.buffer.write(held)


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
