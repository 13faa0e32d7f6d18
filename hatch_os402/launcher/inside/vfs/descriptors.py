"""Descriptors of files in memory: the kernel's where it can keep the file, else numbers that `os` understands here.

To C code these numbers mean nothing: it fails with EBADF. Imported with the first file that is opened by `os.open`.
"""

import errno
import os
import sys

from .mount_table import OpenDirectory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .inodes import OpenFile
    from .mount import Mount, Path
    from .mount_table import MountTable

FIRST = 1 << 20
"""Our numbers are above all of the kernel's: NOFILE is 256 in os402's sandbox."""


def open_number(table: "MountTable", mount: "Mount", name: str, path: "Path", flags: int, mode: int) -> int:
    """Do what `os.open` does."""
    duplicate: Any = getattr(mount, "duplicate", None)
    if duplicate is not None and (number := duplicate(name, path, flags)) is not None:
        return int(number)
    opened = mount.open(name, path, flags, mode)
    if opened is None:
        return _number(table, OpenDirectory(mount, name))
    if opened.lent:
        try:
            return opened.descriptor()
        except OSError:  # then one of ours
            pass
    return _number(table, opened)


def _number(table: "MountTable", what: "OpenFile | OpenDirectory") -> int:
    """Give out a number of ours."""
    number = FIRST
    while number in table.open_files:
        number += 1
    table.open_files[number] = what
    return number


def _nothing(*_: "Any", **__: "Any") -> None:
    """Do nothing: there is no disk to wait for, and no other process to inherit."""


def _false(*_: "Any", **__: "Any") -> bool:
    return False


class Descriptors:
    """What functions of `os` do with a number of ours, by their names."""

    def __init__(self, table: "MountTable") -> None:
        self._table = table
        self._open = table.open_files

    fdatasync = fsync = fchown = posix_fadvise = set_inheritable = staticmethod(_nothing)
    get_inheritable = isatty = staticmethod(_false)

    def read(self, number: int, size: int, /) -> bytes:
        """Do what `os.read` does."""
        return self._file(number, access="readable").read(size)

    def readv(self, number: int, buffers: "Any", /) -> int:
        """Do what `os.readv` does."""
        views = [memoryview(one).cast("B") for one in buffers]
        found = self.read(number, sum(map(len, views)))
        at = 0
        for view in views:
            part = found[at : at + len(view)]
            view[: len(part)] = part
            at += len(part)
        return at

    def write(self, number: int, data: "Any", /) -> int:
        """Do what `os.write` does."""
        return self._file(number, access="writable").write(memoryview(data).cast("B"))

    def pread(self, number: int, size: int, offset: int, /) -> bytes:
        """Do what `os.pread` does."""
        return self._file(number, access="readable").file.content.read(offset, size)

    def pwrite(self, number: int, data: "Any", offset: int, /) -> int:
        """Do what `os.pwrite` does."""
        opened, view = self._file(number, access="writable"), memoryview(data).cast("B")
        opened.file.content.write(offset, view)
        opened.touch()
        return len(view)

    def fchmod(self, number: int, mode: int) -> None:
        """Do what `os.fchmod` does; a folder keeps its mode."""
        what = self._open[number]
        if not isinstance(what, OpenDirectory):
            what.file.set_mode(mode)

    def utime(self, number: int, *times: "Any", **more: "Any") -> None:
        """Do what `os.utime` does; a folder keeps its times."""
        from .tmpfs import times_of  # noqa: PLC0415 - few programs ask for it

        what = self._open[number]
        if not isinstance(what, OpenDirectory):
            what.file.set_times(*times_of(*times, **more))

    def close(self, number: int) -> None:
        """Do what `os.close` does."""
        del self._open[number]
        if number < FIRST:  # stdin, whose body we have: it is open for the kernel, too
            sys.modules[os.name].close(number)

    def lseek(self, number: int, position: int, whence: int, /) -> int:
        """Do what `os.lseek` does."""
        return self._file(number).seek(position, whence)

    def fstat(self, number: int) -> os.stat_result:
        """Do what `os.fstat` does."""
        what = self._open[number]
        return what.mount.status(what.name) if isinstance(what, OpenDirectory) else what.status()

    def ftruncate(self, number: int, length: int, /) -> None:
        """Do what `os.ftruncate` does."""
        self._file(number, access="writable").truncate(length)

    def dup(self, number: int, /) -> int:
        """Do what `os.dup` does."""
        what = self._open[number]
        return _number(self._table, what if isinstance(what, OpenDirectory) else what.itself)

    def dup2(self, number: int, target: int, inheritable: bool = True) -> int:  # noqa: FBT001, FBT002 - as os.dup2
        """Do what `os.dup2` does; what the kernel cannot keep gets the number here alone. Raises `OSError`."""
        opened = self._file(number)
        if number == target:
            return target
        try:
            lent, alone = opened.descriptor(), False
        except OSError:  # the kernel has the number all the same, and what is read and written there is here
            from .inodes import File, OpenFile  # noqa: PLC0415 - few programs ask for it

            lent, alone = OpenFile(File(), opened.flags, opened.name).descriptor(), True
        try:
            os.dup2(lent, target, inheritable)
        finally:
            os.close(lent)
        if alone:
            self._open[target] = opened
        return target

    def fchdir(self, number: int) -> None:
        """Do what `os.fchdir` does."""
        what = self._open[number]
        if not isinstance(what, OpenDirectory):
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        os.chdir(what.path)

    def _file(self, number: int, *, access: str = "") -> "OpenFile":
        what = self._open[number]
        if isinstance(what, OpenDirectory):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if access and not getattr(what, access):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return what.itself
