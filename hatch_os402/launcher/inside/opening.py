"""Opening a file of the archive, or one in memory. Imported when the first one is opened."""

import errno
import os
from io import (
    DEFAULT_BUFFER_SIZE,
    BufferedRandom,
    BufferedReader,
    BufferedWriter,
    RawIOBase,
    TextIOWrapper,
    UnsupportedOperation,
)

from .tree import Archive, Volume, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, TypeAlias

    from .store import Handle

    TextOptions: TypeAlias = tuple[str | None, str | None, str | None]

_KINDS = {
    "r": os.O_RDONLY,
    "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
    "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
}


def flags_of(mode: str) -> int:
    """Return the flags of `os.open` that belong to a mode of `open`, which was checked."""
    flags = next(flags for kind, flags in _KINDS.items() if kind in mode) | getattr(os, "O_CLOEXEC", 0)
    return flags & ~os.O_WRONLY | os.O_RDWR if "+" in mode else flags


def check(mode: str, buffering: int, text_options: "TextOptions", *, closes: bool = True) -> None:
    """Raise what `open` raises for arguments that do not go together."""
    kinds = set(mode)
    binary = "b" in kinds
    wrong = (
        (bool(kinds - set("axrwb+t")) or len(kinds) < len(mode), f"invalid mode: {mode!r}"),
        (binary and "t" in kinds, "can't have text and binary mode at once"),
        (len(kinds & set("axrw")) != 1, "must have exactly one of create/read/write/append mode"),
        (binary and text_options != (None, None, None), "binary mode doesn't take encoding, errors or newline"),
        (not closes, "Cannot use closefd=False with file name"),
        (buffering == 0 and not binary, "can't have unbuffered text I/O"),
    )
    for happened, message in wrong:
        if happened:
            raise ValueError(message)


def open_raw(volume: Volume, name: str, path: "str | bytes", mode: str) -> RawIOBase:
    """Open a file, unbuffered, as `io.FileIO` does. `path` is how the program spelled it."""
    flags = flags_of(mode)
    if volume.readonly:
        volume.demand_reading(name, path, flags)
        if not isinstance(volume, Archive) or not volume.is_file(name):
            raise error(errno.EISDIR, path)
        return ArchiveFile(volume.index.view(name), path)
    from .descriptors import open_scratch  # noqa: PLC0415 - not every program makes files

    handle = open_scratch(volume, name, path, flags, 0o666)
    if handle is None:
        raise error(errno.EISDIR, path)
    return ScratchFile(handle)


def open_handle(
    handle: "Handle", descriptor: int, mode: str, buffering: int, text_options: "TextOptions", *, closes: bool
) -> "IO[Any]":
    """Do what `open` does with a descriptor of ours."""
    return wrap(ScratchFile(handle, descriptor, closes=closes), mode, buffering, text_options)


def wrap(raw: RawIOBase, mode: str, buffering: int, text_options: "TextOptions") -> "IO[Any]":
    """Return the file that `open` makes of an unbuffered one."""
    if buffering == 0:
        return raw  # type: ignore[return-value]  # as far as anybody can tell
    kind = BufferedRandom if "+" in mode else BufferedReader if "r" in mode else BufferedWriter
    buffered = kind(raw, buffering if buffering > 1 else DEFAULT_BUFFER_SIZE)
    if "b" in mode:
        return buffered
    encoding, errors, newline = text_options
    text = TextIOWrapper(buffered, encoding, errors, newline, line_buffering=buffering == 1)
    text.mode = mode  # type: ignore[misc]  # as open() does
    return text


class _File(RawIOBase):
    """What both kinds of files have in common."""

    name: "Any"
    mode: str

    def __repr__(self) -> str:
        return f"<file in memory name={self.name!r} mode={self.mode!r}>"

    def seekable(self) -> bool:
        """Return true."""
        self._check()
        return True

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


class ArchiveFile(_File):
    """A file of the archive, open for reading: unbuffered and uncopied, as `io.FileIO` is."""

    mode = "rb"

    def __init__(self, content: memoryview, name: "str | bytes") -> None:
        """Take the file's content and the path it was opened by."""
        self._content = content
        self._at = 0
        self.name = name

    def readable(self) -> bool:
        """Return true."""
        self._check()
        return True

    def readinto(self, buffer: "Any") -> int:
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
        at = (0, self._at, len(self._content))[whence] + offset if whence in (0, 1, 2) else -1
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
        raise UnsupportedOperation(
            f"{self.name!r} is a file of the archive, in memory: it has no file descriptor (os.open gives one)"
        )

    def write(self, _: "Any", /) -> int:
        """Raise `UnsupportedOperation`."""
        raise UnsupportedOperation("File not open for writing")

    def truncate(self, _: "int | None" = None, /) -> int:
        """Raise `UnsupportedOperation`."""
        raise UnsupportedOperation("File not open for writing")


class ScratchFile(_File):
    """A file in memory, unbuffered."""

    def __init__(self, handle: "Handle", descriptor: "int | None" = None, *, closes: bool = True) -> None:
        """Take the open file, its descriptor if it has one already, and whether to close that, too."""
        self.handle = handle
        self.name: Any = handle.name if descriptor is None else descriptor
        self._descriptor = descriptor
        self._closes = closes
        if handle.flags & os.O_APPEND:
            handle.seek(0, 2)

    @property
    def mode(self) -> str:  # type: ignore[override]  # as io.FileIO has it
        """As `io.FileIO` has it."""
        flags = self.handle.flags
        kind = "x" if flags & os.O_EXCL else "a" if flags & os.O_APPEND else ""
        if self.handle.readable and self.handle.writable:
            return f"{kind or 'r'}b+"
        return f"{kind or ('w' if self.handle.writable else 'r')}b"

    def readable(self) -> bool:
        """Tell whether it may be read."""
        self._check()
        return self.handle.readable

    def writable(self) -> bool:
        """Tell whether it may be written."""
        self._check()
        return self.handle.writable

    def readinto(self, buffer: "Any") -> int:
        """Fill the buffer as far as the content goes; return how many bytes that were."""
        self._demand(self.readable(), "reading")
        target = memoryview(buffer).cast("B")
        piece = self.handle.read(len(target))
        target[: len(piece)] = piece
        return len(piece)

    def readall(self) -> bytes:
        """Return all that follows."""
        self._demand(self.readable(), "reading")
        return self.handle.read(-1)

    def write(self, data: "Any", /) -> int:
        """Write bytes; return how many."""
        self._demand(self.writable(), "writing")
        return self.handle.write(memoryview(data).cast("B"))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place counted from the start, from here or from the end; return it, counted from the start."""
        self._check()
        return self.handle.seek(offset, whence)

    def tell(self) -> int:
        """Return the place, counted from the start."""
        self._check()
        return self.handle.at

    def truncate(self, size: "int | None" = None, /) -> int:
        """Cut the file, or fill it with zeros, to the size (default: the place); return that."""
        self._demand(self.writable(), "writing")
        size = self.handle.at if size is None else size
        self.handle.truncate(size)
        return size

    def fileno(self) -> int:
        """Return a descriptor of the kernel's, where it can keep the file; else raise `UnsupportedOperation`."""
        self._check()
        if self._descriptor is None:
            try:
                self._descriptor = self.handle.descriptor()
            except OSError as problem:
                why = "this runtime has no memfd_create" if problem.errno == errno.ENOSYS else problem.strerror
                raise UnsupportedOperation(
                    f"{self.name!r} is a file in memory, and cannot get a file descriptor: {why}"
                ) from None
        return self._descriptor

    def isatty(self) -> bool:
        """Return false."""
        self._check()
        return False

    def close(self) -> None:
        """Close it."""
        number, self._descriptor = self._descriptor, None
        if number is not None and self._closes:
            os.close(number)
        super().close()

    def _demand(self, allowed: bool, what: str) -> None:  # noqa: FBT001 - one of two questions
        if not allowed:
            raise UnsupportedOperation(f"File not open for {what}")
