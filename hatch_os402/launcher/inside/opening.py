"""Opening a file of the archive. Imported when the first one is opened."""

from __future__ import annotations

import errno
import os
from io import DEFAULT_BUFFER_SIZE, BufferedReader, RawIOBase, TextIOWrapper, UnsupportedOperation

from .files import located
from .tree import error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from .index import Index


def open_file(
    index: Index,
    file: Any,
    mode: str,
    buffering: int,
    encoding: str | None,
    errors: str | None,
    newline: str | None,
    closefd: bool,  # noqa: FBT001 - as open() has it
) -> IO[Any] | None:
    """Do what `open` does with these arguments; return `None` when the path turns out to lead out of the archive."""
    kinds = set(mode)
    _check(mode, buffering, closefd, text_options=(encoding, errors, newline))
    try:
        path, name = located(file)
    except FileNotFoundError:
        if "r" in kinds:
            raise
        raise error(errno.EROFS, os.fspath(file)) from None
    if path is None or name is None:
        return None
    if "x" in kinds:
        raise error(errno.EEXIST, path)
    if name not in index.files:
        raise error(errno.EISDIR, path)
    if "r" not in kinds or "+" in kinds:
        raise error(errno.EROFS, path)
    raw = File(index.view(name), path)
    if buffering == 0:
        return raw  # type: ignore[return-value]  # as far as anybody can tell
    buffered = BufferedReader(raw, buffering if buffering > 1 else DEFAULT_BUFFER_SIZE)
    if "b" in kinds:
        return buffered
    text = TextIOWrapper(buffered, encoding, errors, newline, line_buffering=buffering == 1)
    text.mode = mode  # type: ignore[misc]  # as open() does
    return text


def _check(mode: str, buffering: int, closefd: bool, text_options: tuple[str | None, ...]) -> None:  # noqa: FBT001
    """Raise what `open` raises for arguments that do not go together."""
    kinds = set(mode)
    binary = "b" in kinds
    wrong = (
        (bool(kinds - set("axrwb+t")) or len(kinds) < len(mode), f"invalid mode: {mode!r}"),
        (binary and "t" in kinds, "can't have text and binary mode at once"),
        (len(kinds & set("axrw")) != 1, "must have exactly one of create/read/write/append mode"),
        (binary and text_options != (None, None, None), "binary mode doesn't take encoding, errors or newline"),
        (not closefd, "Cannot use closefd=False with file name"),
        (buffering == 0 and not binary, "can't have unbuffered text I/O"),
    )
    for happened, message in wrong:
        if happened:
            raise ValueError(message)


class File(RawIOBase):
    """A file of the archive, open for reading: unbuffered and uncopied, as `io.FileIO` is."""

    mode = "rb"

    def __init__(self, content: memoryview, name: str | bytes) -> None:
        """Take the file's content and the path it was opened by."""
        self._content = content
        self._at = 0
        self.name = name

    def __repr__(self) -> str:
        return f"<file of the archive name={self.name!r} mode='rb'>"

    def readable(self) -> bool:
        """Return true."""
        self._check()
        return True

    def seekable(self) -> bool:
        """Return true."""
        self._check()
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the content goes; return how many bytes that were."""
        self._check()
        target = memoryview(buffer).cast("B")
        piece = self._content[self._at : self._at + len(target)]
        target[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def readall(self) -> bytes:
        """Return all that follows."""
        self._check()
        piece = bytes(self._content[self._at :])
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place counted from the start, from here or from the end; return it, counted from the start."""
        self._check()
        if whence not in (0, 1, 2):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        at = (0, self._at, len(self._content))[whence] + offset
        if at < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = at
        return at

    def tell(self) -> int:
        """Return the place, counted from the start."""
        self._check()
        return self._at

    def fileno(self) -> int:
        """Raise `UnsupportedOperation`: nothing in the kernel knows this file."""
        raise UnsupportedOperation(f"{self.name!r} is a file of the archive, in memory: it has no file descriptor")

    def write(self, _: Any, /) -> int:
        """Raise `UnsupportedOperation`."""
        raise UnsupportedOperation("File not open for writing")

    def truncate(self, _: int | None = None, /) -> int:
        """Raise `UnsupportedOperation`."""
        raise UnsupportedOperation("File not open for writing")

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")
