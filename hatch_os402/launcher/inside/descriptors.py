"""Descriptors of files in memory: the kernel's where it can keep the file, else numbers that `os` understands here.

The functions of `os` that take descriptors are replaced when the first number of ours is given out. To C code these
numbers mean nothing: it fails with EBADF. Imported with the first file that is opened by `os.open`.
"""

import errno
import os

from .scratch import File, Folder, Scratch, status
from .store import Handle
from .tree import Archive, Volume

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FIRST = 1 << 20
"""Our numbers are above all of the kernel's: NOFILE is 256 in os402's sandbox."""

handles: "dict[int, Handle | Folder]" = {}
"""What is open by number."""


def open_scratch(volume: Volume, name: str, path: "str | bytes", flags: int, mode: int) -> "Handle | None":
    """Open a file for temporary use, with the flags of `os.open`; return `None` for a folder."""
    assert isinstance(volume, Scratch)  # noqa: S101 - there is no other that can be written
    node = volume.open(name, path, flags, mode)
    return Handle(node, flags, path) if isinstance(node, File) else None


def open_number(volume: Volume, name: str, path: "str | bytes", flags: int, mode: int) -> int:
    """Do what `os.open` does."""
    what: Handle | Folder
    if not volume.readonly:
        what = open_scratch(volume, name, path, flags, mode) or Folder()
    else:
        volume.demand_reading(name, path, flags)
        if volume.is_folder(name):
            what = Folder()
        else:
            assert isinstance(volume, Archive)  # noqa: S101 - no other has files
            # A copy, so that what is done to it, by whatever way, leaves the archive alone.
            what = Handle(File(0o444, bytes(volume.index.view(name))), flags, path)
    if isinstance(what, Handle):
        try:
            return what.descriptor()
        except OSError:
            pass  # then one of ours
    return _number(what)


def _number(what: "Handle | Folder") -> int:
    """Give out a number of ours."""
    if not handles:
        _install()
    number = FIRST
    while number in handles:
        number += 1
    handles[number] = what
    return number


def _install() -> None:
    """Teach the functions of `os` about our numbers, once."""
    for name, new in _FUNCTIONS.items():
        real = getattr(os, name, None)
        if real is not None and not hasattr(real, "__wrapped__"):
            setattr(os, name, _taught(real, new))


def _taught(real: "Callable[..., Any]", new: "Callable[..., Any]") -> "Callable[..., Any]":
    def function(number: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        if type(number) is not int or number not in handles:
            return real(number, *args, **kwargs)
        return new(number, *args, **kwargs)

    function.__name__ = function.__qualname__ = real.__name__
    function.__wrapped__ = real  # type: ignore[attr-defined]  # as functools.wraps leaves it
    return function


def _file(number: int, *, access: str = "") -> Handle:
    what = handles[number]
    if isinstance(what, Folder):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if access and not getattr(what, access):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return what


def _read(number: int, size: int, /) -> bytes:
    return _file(number, access="readable").read(size)


def _write(number: int, data: "Any", /) -> int:
    return _file(number, access="writable").write(memoryview(data).cast("B"))


def _pread(number: int, size: int, offset: int, /) -> bytes:
    return _file(number, access="readable").file.content.read(offset, size)


def _pwrite(number: int, data: "Any", offset: int, /) -> int:
    handle, view = _file(number, access="writable"), memoryview(data).cast("B")
    handle.file.content.write(offset, view)
    handle.touch()
    return len(view)


def _close(number: int) -> None:
    del handles[number]


def _lseek(number: int, position: int, whence: int, /) -> int:
    return _file(number).seek(position, whence)


def _fstat(number: int) -> os.stat_result:
    what = handles[number]
    return status(what.file if isinstance(what, Handle) else what)


def _ftruncate(number: int, length: int, /) -> None:
    _file(number, access="writable").truncate(length)


def _dup(number: int, /) -> int:
    return _number(handles[number])


def _nothing(*_: "Any", **__: "Any") -> None:
    """Do nothing: there is no disk to wait for, and no other process to inherit."""


def _false(*_: "Any", **__: "Any") -> bool:
    return False


_FUNCTIONS: "dict[str, Callable[..., Any]]" = {
    "close": _close,
    "dup": _dup,
    "fchmod": _nothing,
    "fchown": _nothing,
    "fdatasync": _nothing,
    "fstat": _fstat,
    "fsync": _nothing,
    "ftruncate": _ftruncate,
    "get_inheritable": _false,
    "isatty": _false,
    "lseek": _lseek,
    "posix_fadvise": _nothing,
    "pread": _pread,
    "pwrite": _pwrite,
    "read": _read,
    "set_inheritable": _nothing,
    "write": _write,
}
"""The functions whose first argument is a descriptor."""
