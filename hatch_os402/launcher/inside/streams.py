"""stdin, stdout and stderr as a CGI program needs them: UTF-8, newlines untouched, and stdin ending with the body.

And the end of the process: once threads and atexit handlers have ended and the streams are flushed, it exits, without
the interpreter's finalization, which takes a tenth of a start. docs/reference/what-runs.md says what that leaves out.
"""

import atexit
import gc
import sys
from _io import FileIO
from io import BytesIO, TextIOWrapper
from os import _exit, environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


status: "int | None" = None
"""The exit status, once the program has ended; `None` when the interpreter has to make it."""
finalize = False
"""Whether the interpreter finalizes: as the project says, or since somebody may hold output that only that writes."""
hook: "Any" = None
"""What prints uncaught exceptions, and exits with 1."""
unused: "Any" = None
"""Stdout of a CGI program as the kernel has it, until something is written to it."""
_alone = False
"""Whether all handlers of atexit are called before ours."""
_original: "tuple[Any, ...]" = ()
_references = 0


def prepare() -> "BytesIO | None":
    """Set up sys.stdin, sys.stdout and sys.stderr; return the body that stdin now is, if it is one.

    Streams that are missing or of another kind are left alone.
    """
    global _alone, _original, _references  # noqa: PLW0603 - one process, one end
    stdin, sys.stdin = sys.stdin, _body(sys.stdin)
    body = None
    if sys.stdin is not stdin:
        sys.__stdin__ = sys.stdin  # type: ignore[assignment,misc]  # the pipe itself need never end
        body = sys.stdin.buffer
    _original = (sys.stdout, sys.stderr)
    if type(sys.stdout) is type(sys.stderr) is TextIOWrapper:
        _alone = not atexit._ncallbacks()  # noqa: SLF001 - no other way to know
        _references = _holders()
    if (
        "GATEWAY_INTERFACE" in environ
        and type(raw := getattr(getattr(sys.stdout, "buffer", None), "raw", None)) is FileIO
    ):
        _note_first_write(raw)
    _set(sys.stdin, "strict")
    _set(sys.stdout, "strict")
    _set(sys.stderr, "backslashreplace")
    atexit.register(_end)  # the last to be called, for it is the first to be registered
    return body  # type: ignore[return-value]  # as `_body` makes it


def note_end(problem: BaseException) -> None:
    """Take what the program ended with: the interpreter makes an exit status of it, and of a signal something else."""
    global status  # noqa: PLW0603 - as above
    if isinstance(problem, SystemExit):
        try:
            code = problem.code
        except Exception:  # noqa: BLE001 - a program's own, and the interpreter's to report
            return
        number = 0 if code is None else code if isinstance(code, int) else 1
        status = number if -(1 << 31) <= number < 1 << 31 else None
    elif type(problem) is not KeyboardInterrupt and getattr(sys, "excepthook", None) is hook:
        status = 1  # another hook may exit otherwise


def allow_holder() -> None:
    """Take note of one more who refers to the buffer of stdout, and flushes what it writes."""
    global _references  # noqa: PLW0603 - as above
    _references += 1


def _holders() -> int:
    """Return how many references there are to the buffers of stdout and stderr, and what is below them."""
    buffers = [stream.buffer for stream in _original]
    raws = [getattr(buffer, "raw", None) for buffer in buffers]  # none when stdout is not buffered (`python -u`)
    return sum([sys.getrefcount(part) for part in (*buffers, *raws) if part is not None])


def _end() -> None:
    """Flush the streams, and exit. What goes wrong here is left to the interpreter, which does the same and says so."""
    if _flush() and not finalize and not _is_held():
        if status is not None and _alone:
            _exit(status)
    else:
        gc.unfreeze()  # what start.py has put aside holds the output, or is to be finalized


def _is_held() -> bool:
    """Flush the streams that the process began with, and return whether somebody still holds what is below them."""
    global unused  # noqa: PLW0603 - one process, one stdout
    try:
        for stream in (sys.stderr, *_original):
            if stream is not None and not stream.closed:
                stream.flush()
        if unused is not None:
            del unused.write  # it holds what is counted now
            unused = None
        return _holders() > _references
    except (AttributeError, OSError, ValueError):
        return True


def _flush() -> bool:
    """Flush stdout; return whether that went well.

    If nobody reads it any more, what it holds is given up, so that nothing complains later.
    """
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
    except Exception:  # noqa: BLE001 - of whatever the program has put there
        return False
    return True


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
        content = buffer.read(int(length))
    elif "GATEWAY_INTERFACE" in environ:  # without a length there is no body
        content = b""
    else:
        return stdin
    # With the attributes that the interpreter gives them; a class would take longer.
    body: Any = BytesIO(content)
    body.name, body.mode, body.fileno = "<stdin>", "rb", _stdin
    text = TextIOWrapper(body, encoding="utf-8")
    text.mode = "r"  # type: ignore[misc]  # as above
    return text


def _stdin() -> int:
    """Return the descriptor by which `os.read` and `open` get the body, too (vfs/patches.py)."""
    return 0


def _set(stream: "TextIO", errors: str) -> None:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors=errors, newline="\n")
