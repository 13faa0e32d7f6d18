"""File objects for what lies in memory. Imported when the first one is opened."""

import errno
import os
from _io import FileIO as _FileIO
from io import (
    DEFAULT_BUFFER_SIZE,
    BufferedRandom,
    BufferedReader,
    BufferedWriter,
    RawIOBase,
    TextIOWrapper,
    UnsupportedOperation,
)

from .mount import error
from .writers import note_writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, TypeAlias

    from .inodes import OpenFile
    from .mount import Mount, Path
    from .mount_table import MountTable

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


def open_raw(mount: "Mount", name: str, path: "Path", mode: str) -> RawIOBase:
    """Open a file, unbuffered, as `io.FileIO` does. `path` is how the program spelled it."""
    flags = flags_of(mode)
    duplicate: Any = getattr(mount, "duplicate", None)
    if duplicate is not None and (number := duplicate(name, path, flags)) is not None:
        raw = _FileIO(number, mode.replace("t", ""))
        note_writer(mode)
        raw.name = path
        return raw
    opened = mount.open(name, path, flags)
    if opened is None:
        raise error(errno.EISDIR, path)
    return VirtualFile(opened)


def open_descriptor(
    opened: "OpenFile", descriptor: int, mode: str, buffering: int, text_options: "TextOptions", *, closes: bool
) -> "IO[Any]":
    """Do what `open` does with a descriptor of ours."""
    return wrap(VirtualFile(opened, descriptor, closes=closes), mode, buffering, text_options)


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


class VirtualFile(RawIOBase):
    """A file in memory, unbuffered, as `io.FileIO` is."""

    def __init__(self, opened: "OpenFile", descriptor: "int | None" = None, *, closes: bool = True) -> None:
        """Take the open file, its descriptor if it has one already, and whether to close that, too."""
        self.opened = opened
        self.name: Any = opened.name if descriptor is None else descriptor
        self._descriptor = descriptor
        self._closes = closes
        if opened.flags & os.O_APPEND:
            opened.seek(0, 2)

    def __repr__(self) -> str:
        return f"<file in memory name={self.name!r} mode={self.mode!r}>"

    @property
    def mode(self) -> str:
        """As `io.FileIO` has it."""
        flags = self.opened.flags
        kind = "x" if flags & os.O_EXCL else "a" if flags & os.O_APPEND else ""
        if self.opened.readable and self.opened.writable:
            return f"{kind or 'r'}b+"
        return f"{kind or ('w' if self.opened.writable else 'r')}b"

    def readable(self) -> bool:
        """Whether it may be read."""
        self._check()
        return self.opened.readable

    def writable(self) -> bool:
        """Whether it may be written."""
        self._check()
        return self.opened.writable

    def seekable(self) -> bool:
        """Whether it has a place to go to."""
        self._check()
        return self.opened.seekable

    def readinto(self, buffer: "Any") -> int:
        """Fill the buffer as far as the content goes; return how many bytes that were."""
        self._demand(self.readable(), "reading")
        target = memoryview(buffer).cast("B")
        piece = self.opened.read(len(target))
        target[: len(piece)] = piece
        return len(piece)

    def readall(self) -> bytes:
        """Return all that follows."""
        self._demand(self.readable(), "reading")
        return self.opened.read(-1)

    def write(self, data: "Any", /) -> int:
        """Write bytes; return how many."""
        self._demand(self.writable(), "writing")
        return self.opened.write(memoryview(data).cast("B"))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place counted from the start, from here or from the end; return it, counted from the start."""
        self._check()
        return self.opened.seek(offset, whence)

    def tell(self) -> int:
        """Return the place, counted from the start."""
        self._check()
        return self.opened.seek(0, 1)

    def truncate(self, size: "int | None" = None, /) -> int:
        """Cut the file, or fill it with zeros, to the size (default: the place); return that."""
        self._demand(self.writable(), "writing")
        size = self.opened.at if size is None else size
        self.opened.truncate(size)
        return size

    def fileno(self) -> int:
        """Return a descriptor of the kernel's, where it can keep the file; else raise `UnsupportedOperation`."""
        self._check()
        if self._descriptor is None:
            try:
                self._descriptor = self.opened.descriptor()
            except OSError as problem:
                why = "this runtime has no memfd_create" if problem.errno == errno.ENOSYS else problem.strerror
                raise UnsupportedOperation(
                    f"{self.name!r} is a file in memory, and cannot get a file descriptor: {why}"
                ) from None
        return self._descriptor

    def isatty(self) -> bool:
        """No terminal is in memory."""
        self._check()
        return False

    def close(self) -> None:
        """Close it."""
        number, self._descriptor = self._descriptor, None
        if number is not None and self._closes:
            os.close(number)
        super().close()

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _demand(self, allowed: bool, what: str) -> None:  # noqa: FBT001 - one of two questions
        if not allowed:
            raise UnsupportedOperation(f"File not open for {what}")


class _FileIOType(type(RawIOBase)):  # type: ignore[misc]  # ABCMeta, so that classes of io can be mixed in
    """Makes what `io.FileIO` opens, and what is in memory, instances of the class that stands for both."""

    def __instancecheck__(cls, instance: object) -> bool:
        return super().__instancecheck__(instance) or (cls.stands_in and isinstance(instance, (_FileIO, VirtualFile)))


def file_io(table: "MountTable") -> "Any":
    """Return the class to take the place of `io.FileIO`, which opens paths by itself, in C."""

    class FileIO(_FileIO, metaclass=_FileIOType):
        stands_in = True

        def __new__(cls, file: "Any", mode: str = "r", closefd: bool = True, opener: "Any" = None) -> "Any":  # noqa: FBT001, FBT002 - as the class it stands for
            if not cls.__dict__.get("stands_in"):
                return super().__new__(cls)
            opened = table.open_files.get(file) if type(file) is int else None
            found = None if opened else table.find(file)
            if not opened and (found is None or opener is not None):
                if type(file) is int:
                    note_writer(mode)
                return _FileIO(file, mode, closefd, opener)
            if set(mode) - set("xrwab+"):
                raise ValueError(f"invalid mode: {mode}")
            check(mode.replace("b", "") + "b", 0, (None, None, None), closes=closefd or bool(opened))
            if found is None:
                return VirtualFile(opened, file, closes=closefd)  # type: ignore[arg-type]  # no folder is opened so
            mount, name, path = found
            return open_raw(mount, name, path, mode)

        def __init_subclass__(cls, **more: "Any") -> None:
            super().__init_subclass__(**more)
            cls.stands_in = False

    FileIO.__module__, FileIO.__qualname__ = _FileIO.__module__, _FileIO.__qualname__
    return FileIO
