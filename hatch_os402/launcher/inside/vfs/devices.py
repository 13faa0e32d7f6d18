"""`/dev` and `/proc` as far as programs count on them, in memory: os402 lets a program open nothing of `/dev`.

The devices without hardware (null, zero, full, random, urandom), and the descriptors of this process, which both
folders show. Everything else is absent, from listings as well.
"""

import errno
import os
import sys
from io import BytesIO

from .inodes import Content, File, OpenFile, note_lent, open_again
from .mount import FOLDER_MODE, Mount, error, stat_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .mount import Path

DEV, PROC = "/dev", "/proc"
_DEVICE_MODE = 0o020666
_KIND, _REGULAR = 0o170000, 0o100000
_NUMBERS = {"null": 0x103, "zero": 0x105, "full": 0x107, "random": 0x108, "urandom": 0x109}
"""Devices by what `st_rdev` says (Documentation/admin-guide/devices.txt of Linux)."""
_STANDARD = {"stdin": 0, "stdout": 1, "stderr": 2}
_MOST = 256
"""NOFILE in os402's sandbox: no descriptor is above."""


class DeviceContent(Content):
    """What a device gives and takes. It has no size and no places."""

    def __init__(self, name: str) -> None:
        self._name = name

    def size(self) -> int:
        """Return 0, as `stat` does."""
        return 0

    def read(self, at: int, size: int) -> bytes:  # noqa: ARG002 - no places
        """Return what there is: nothing, zeros, or random bytes."""
        if self._name == "null":
            return b""
        return bytes(size) if self._name in ("zero", "full") else os.urandom(size)

    def write(self, at: int, data: memoryview) -> None:  # noqa: ARG002 - no places
        """Take what is written. Raises ENOSPC when the device is `full`."""
        if self._name == "full" and data:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def truncate(self, size: int) -> None:  # noqa: ARG002 - as above
        """Raise EINVAL."""
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


class DeviceFile(File):
    """A device."""

    def __init__(self, name: str, status: os.stat_result) -> None:
        super().__init__(0o666, DeviceContent(name))
        self._status = status

    def status(self) -> os.stat_result:
        """Return what `os.stat` returns of its path."""
        return self._status


class OpenDevice(OpenFile):
    """A device that is open."""

    lent = False

    def __init__(self, name: str, status: os.stat_result, flags: int, path: "Path") -> None:
        super().__init__(DeviceFile(name, status), flags, path)
        self._device = name

    def read(self, size: int) -> bytes:
        """Read. Raises `MemoryError` where all is asked for and there is no end."""
        if size < 0 and self._device != "null":
            raise MemoryError(f"{self.name!r} has no end")
        return self.file.content.read(0, max(size, 0))

    def write(self, data: memoryview) -> int:
        """Write; return how many bytes."""
        self.file.content.write(0, data)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:  # noqa: ARG002 - there is one place
        """Stay."""
        return 0

    def descriptor(self) -> int:
        """Return a descriptor of the kernel's: of an empty file for `null`, which is as good. Raises `OSError`."""
        if self._device != "null":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        number = OpenFile(File(), self.flags, self.name).descriptor()
        note_lent(number, self.file)
        return number


class OpenBody(OpenFile):
    """The body of the call, which the launcher has read from stdin (streams.py), once more as a file."""

    lent = False

    def __init__(self, body: BytesIO, flags: int, path: "Path") -> None:
        super().__init__(File(), flags, path)
        self._body = body
        self._status: os.stat_result
        try:  # now, as `dup2` may put something else there; and not ours, which asks here
            self._status = sys.modules[os.name].fstat(0)
        except OSError:  # it is closed
            self._status = super().status()

    @property
    def seekable(self) -> bool:
        """It is a pipe."""
        return False

    def read(self, size: int) -> bytes:
        """Read on."""
        return self._body.read(size)

    def status(self) -> os.stat_result:
        """Return what the kernel said of its stdin."""
        return self._status

    def seek(self, offset: int, whence: int) -> int:  # noqa: ARG002 - there is no place
        """Raise ESPIPE."""
        raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE))

    def descriptor(self) -> int:
        """Raise `OSError`: the kernel's stdin is at its end."""
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


class DeviceMount(Mount):
    """`/dev` or `/proc`."""

    def __init__(self, path: str, open_files: "dict[int, Any]") -> None:
        """Take the path, and what is open by numbers of ours (descriptors.py)."""
        self.path = path
        self._open_files = open_files
        self._folders = {"": ["self"], "self": ["fd"]} if path == PROC else {"": sorted([*_NUMBERS, *_STANDARD, "fd"])}
        self._descriptors = "self/fd" if path == PROC else "fd"

    def is_file(self, name: str) -> bool:
        """Whether it is a descriptor of a regular file."""
        number = self.number(name)
        return number is not None and os.fstat(number).st_mode & _KIND == _REGULAR

    def is_folder(self, name: str) -> bool:
        """Whether it is a folder of ours."""
        return name in self._folders or name == self._descriptors

    def exists(self, name: str) -> bool:
        """Whether it is anything."""
        return self.is_folder(name) or self.is_device(name) or self.number(name) is not None

    def is_device(self, name: str) -> bool:
        """Whether it is a device of its own."""
        return self.path == DEV and name in _NUMBERS

    def number(self, name: str) -> "int | None":
        """Return the descriptor that it stands for, when that is open."""
        if self.path == DEV and name in _STANDARD:
            number = _STANDARD[name]
        else:
            folder, _, last = name.rpartition("/")
            if folder != self._descriptors or not (last.isascii() and last.isdigit()) or len(last) > 9:  # noqa: PLR2004
                return None
            number = int(last)
        return number if self._is_open(number) else None

    def children(self, name: str) -> "list[str]":
        """Return what a listing of a folder shows."""
        if name != self._descriptors:
            return self._folders.get(name, [])
        numbers = sorted({*range(_MOST), *self._open_files})
        return [str(number) for number in numbers if self._is_open(number)]

    def status(self, name: str) -> os.stat_result:
        """Return what `os.stat` returns, for a name that exists."""
        number = self.number(name)
        if number is not None:
            return os.fstat(number)
        if self.is_folder(name):
            return stat_result(FOLDER_MODE, self.inode(name), 0, 0)
        return stat_result(_DEVICE_MODE, self.inode(name), 0, 0, _NUMBERS[name])

    def demand_reading(self, name: str, path: "Path", flags: int) -> None:
        """Raise what opening it raises: what exists can be written, and nothing can be made."""
        if not self.exists(name) or self.is_folder(name) or flags & os.O_EXCL:
            super().demand_reading(name, path, flags)

    def open_file(self, name: str, path: "Path", flags: int) -> OpenFile:
        """Open a device, or a descriptor of ours once more. Those of the kernel's are for `duplicate`."""
        if self.is_device(name):
            return OpenDevice(name, self.status(name), flags, path)
        number = self.number(name)
        body = getattr(sys.stdin, "buffer", None)
        if number == 0 and isinstance(body, BytesIO):
            return OpenBody(body, flags, path)
        found = self._open_files.get(-1 if number is None else number)
        if not isinstance(found, OpenFile):
            raise error(errno.ENXIO, path)
        return OpenFile(found.file, flags, path)

    def duplicate(self, name: str, path: "Path", flags: int) -> "int | None":
        """Return a copy of the kernel's descriptor that a name stands for, `None` when it stands for something else.

        A regular file is opened once more: it has a place of its own.
        """
        self.demand_reading(name, path, flags)
        number = self.number(name)
        if number is None or number in self._open_files:
            return None
        if number == 0 and isinstance(getattr(sys.stdin, "buffer", None), BytesIO):
            return None
        if os.fstat(number).st_mode & _KIND == _REGULAR:
            try:
                return open_again(number, flags)
            except OSError:  # the sandbox lets nobody open a file that is not in memory
                pass
        return os.dup(number)

    def _is_open(self, number: int) -> bool:
        try:
            os.fstat(number)
        except (OSError, OverflowError):
            return False
        return True
