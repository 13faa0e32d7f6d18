"""A part of the tree of paths that is not the kernel's, and what is the same for all of them.

Within a mount, a file or folder is known by its *name*: the rest of its path, without slashes at either end.
"""

import errno
import os
from zlib import crc32

from ..index import MODIFIED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from .inodes import OpenFile

    Path: TypeAlias = str | bytes

DEVICE = 0x402
FILE_MODE = 0o100444
FOLDER_MODE = 0o040555
WRITING = os.O_WRONLY | os.O_RDWR | os.O_TRUNC

_OWNER = (os.getuid(), os.getgid()) if hasattr(os, "getuid") else (0, 0)


def error(number: int, path: "Path", why: str = "") -> OSError:
    """Return the `OSError` with that number (so of the subclass that belongs to it)."""
    return OSError(number, why or os.strerror(number), path)


class Mount:
    """A part of the tree of paths that cannot be changed. Names that do not exist are asked for, too."""

    path = ""
    """The path that all names are below."""
    readonly = True

    def is_file(self, name: str) -> bool:
        """Whether it is a regular file."""
        raise NotImplementedError

    def is_folder(self, name: str) -> bool:
        """Whether it is a folder."""
        raise NotImplementedError

    def exists(self, name: str) -> bool:
        """Whether it is anything."""
        return self.is_file(name) or self.is_folder(name)

    def children(self, name: str) -> "list[str]":
        """Return what a listing of a folder shows."""
        raise NotImplementedError

    def size(self, name: str) -> int:
        """Return the size of a file, in bytes."""
        raise NotImplementedError

    def open_file(self, name: str, path: "Path", flags: int) -> "OpenFile":
        """Open what exists and is no folder, with flags that `demand_reading` has let through."""
        raise NotImplementedError

    def open(self, name: str, path: "Path", flags: int, mode: int = 0o666) -> "OpenFile | None":  # noqa: ARG002
        """Open a file with the flags of `os.open`; return `None` for a folder. `path` is how the program spelled it."""
        self.demand_reading(name, path, flags)
        return None if self.is_folder(name) else self.open_file(name, path, flags)

    def demand(self, name: str, path: "Path") -> None:
        """Raise, as a file system does, when nothing has that name.

        ENOENT for what does not exist, ENOTDIR for what would lie in a file.
        """
        if not self.exists(name):
            while name:
                name = name.rpartition("/")[0]
                if self.is_folder(name):
                    break
                if self.exists(name):
                    raise error(errno.ENOTDIR, path)
            raise error(errno.ENOENT, path)

    def refusal(self, name: str, path: "Path", *, creates: bool, exclusive: bool) -> OSError:
        """Return the error of a change to what cannot be changed.

        `creates`: nothing need have that name, `exclusive`: nothing may. ENOENT or EEXIST where that does not hold,
        else EROFS. Raises ENOTDIR.
        """
        try:
            self.demand(name, path)
        except FileNotFoundError as missing:
            if not creates or not self.is_folder(name.rpartition("/")[0]):
                return missing
        else:
            if exclusive:
                return error(errno.EEXIST, path)
        return error(errno.EROFS, path)

    def demand_reading(self, name: str, path: "Path", flags: int) -> None:
        """Raise what opening it with the flags of `os.open` raises where nothing can be changed."""
        writes = flags & WRITING
        creates = bool(flags & os.O_CREAT)
        if self.is_folder(name) and not flags & os.O_EXCL and (writes or creates):
            raise error(errno.EISDIR, path)
        if writes or (creates and (flags & os.O_EXCL or not self.exists(name))):
            raise self.refusal(name, path, creates=creates, exclusive=creates and bool(flags & os.O_EXCL))
        self.demand(name, path)
        if flags & getattr(os, "O_DIRECTORY", 0) and not self.is_folder(name):
            raise error(errno.ENOTDIR, path)

    def status(self, name: str) -> os.stat_result:
        """Return what `os.stat` returns, for a name that exists."""
        file = self.is_file(name)
        mode, size = (FILE_MODE, self.size(name)) if file else (FOLDER_MODE, 0)
        return stat_result(mode, self.inode(name), size, MODIFIED * 10**9)

    def inode(self, name: str) -> int:
        """Return a number that differs from path to path, for `os.path.samefile`.

        It is the same in every call: web frameworks put it into the ETag of a file.
        """
        path = (self.path + "/" + name).rstrip("/").encode("utf-8", "surrogatepass")
        return (crc32(path) << 31) ^ crc32(path[::-1])


def stat_result(
    mode: int, inode: int, size: int, modified: int, device: int = 0, *, accessed: "int | None" = None
) -> os.stat_result:
    """Return what `os.stat` returns, for something of this process modified at that time (in nanoseconds)."""
    accessed = modified if accessed is None else accessed
    time = modified / 10**9
    more = {
        "st_atime": accessed / 10**9,
        "st_atime_ns": accessed,
        "st_mtime": time,
        "st_mtime_ns": modified,
        "st_ctime": time,
        "st_ctime_ns": modified,
    }
    if os.name == "posix":
        more["st_blksize"], more["st_blocks"], more["st_rdev"] = 4096, -(-size // 512), device
    seconds = modified // 10**9
    return os.stat_result((mode, inode, DEVICE, 1, *_OWNER, size, accessed // 10**9, seconds, seconds), more)


class DirEntry:
    """What `os.scandir` yields: the public face of `os.DirEntry`, which cannot be made from Python."""

    __slots__ = ("_mount", "_where", "name", "path")

    def __init__(self, mount: Mount, where: str, name: "Path", path: "Path") -> None:
        """Take the name in the mount, and name and path as the program sees them, text or bytes."""
        self._mount = mount
        self._where = where
        self.name = name
        self.path = path

    def __fspath__(self) -> "Path":
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def is_file(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - there are no links
        """Whether it is a file."""
        return self._mount.is_file(self._where)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - there are no links
        """Whether it is a folder."""
        return self._mount.is_folder(self._where)

    def is_symlink(self) -> bool:
        """There are no links."""
        return False

    def is_junction(self) -> bool:
        """There are no links."""
        return False

    def inode(self) -> int:
        """Return the inode, as `stat` has it."""
        return self.stat().st_ino

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002 - there are no links
        """Return what `os.stat` returns."""
        self._mount.demand(self._where, self.path)
        return self._mount.status(self._where)


class ScandirIterator:
    """What `os.scandir` returns: an iterator to be closed."""

    def __init__(self, mount: Mount, folder: str, path: "Any") -> None:
        """Take the folder's name in its mount, and its path as the program gave it, or its descriptor."""
        self._entries: Iterator[DirEntry] = _entries(mount, folder, path)

    def __iter__(self) -> "ScandirIterator":
        return self

    def __next__(self) -> DirEntry:
        return next(self._entries)

    def __enter__(self) -> "ScandirIterator":  # noqa: PYI034 - Self is not in the standard library of 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration."""
        self._entries = iter(())


def _entries(mount: Mount, folder: str, path: "Any") -> "Iterator[DirEntry]":
    for name in mount.children(folder):
        shown = os.fsencode(name) if isinstance(path, bytes) else name
        where = f"{folder}/{name}" if folder else name
        # Of a folder that was given by its descriptor, os.scandir knows no path.
        whole = shown if isinstance(path, int) else os.path.join(path, shown)  # noqa: PTH118 - pathlib is slow to import
        yield DirEntry(mount, where, shown, whole)
