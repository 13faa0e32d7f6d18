"""The folder for temporary files, in memory: gone when the program ends. Imported on first use.

What a POSIX file system does, but for links, owners and other processes. Times are of the last change, or were set.
"""

import errno
import os
from time import time_ns

from .inodes import Directory, File, Inode, OpenFile
from .mount import Mount, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .mount import Path


class TmpFS(Mount):
    """The folder for temporary files."""

    readonly = False

    def __init__(self, path: str) -> None:
        self.path = path
        self._root = Directory(0o1777)

    def inode_of(self, name: str) -> "Inode | None":
        """Return what has that name."""
        node: Inode | None = self._root
        for part in name.split("/") if name else ():
            node = node.children.get(part) if isinstance(node, Directory) else None
        return node

    def is_file(self, name: str) -> bool:
        """Whether it is a file."""
        return isinstance(self.inode_of(name), File)

    def is_folder(self, name: str) -> bool:
        """Whether it is a folder."""
        return isinstance(self.inode_of(name), Directory)

    def children(self, name: str) -> "list[str]":
        """Return what is in a folder."""
        node = self.inode_of(name)
        return list(node.children) if isinstance(node, Directory) else []

    def status(self, name: str) -> os.stat_result:
        """Return what `os.stat` returns, for a name that exists."""
        return self.inode_of(name).status()  # type: ignore[union-attr]  # it exists

    def parent(self, name: str, path: "Path") -> "tuple[Directory, str]":
        """Return the folder that a file of that name is, or would be, in, and its last part. Raises as `demand`."""
        above, _, last = name.rpartition("/")
        folder = self.inode_of(above)
        if not isinstance(folder, Directory):
            self.demand(above, path)
            raise error(errno.ENOTDIR, path)
        return folder, last

    def open(self, name: str, path: "Path", flags: int, mode: int = 0o666) -> "OpenFile | None":
        """Open a file with the flags of `os.open`, made or emptied as they say; return `None` for a folder."""
        node = self._opened(name, path, flags, mode)
        return OpenFile(node, flags, path) if isinstance(node, File) else None

    def _opened(self, name: str, path: "Path", flags: int, mode: int) -> Inode:
        if getattr(os, "O_TMPFILE", 0) and flags & os.O_TMPFILE == os.O_TMPFILE:
            self.demand(name, path)
            return File(mode)
        node = self.inode_of(name)
        writing = flags & (os.O_WRONLY | os.O_RDWR)
        if node is None:
            if not flags & os.O_CREAT:
                self.demand(name, path)
            folder, last = self.parent(name, path)
            node = folder.children[last] = File(mode)
            folder.modified = time_ns()
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise error(errno.EEXIST, path)
        elif isinstance(node, Directory):
            if writing or flags & os.O_CREAT:
                raise error(errno.EISDIR, path)
        elif flags & getattr(os, "O_DIRECTORY", 0):
            raise error(errno.ENOTDIR, path)
        elif flags & os.O_TRUNC and writing and isinstance(node, File):
            node.content.truncate(0)
            node.modified = time_ns()
        return node

    def mkdir(self, name: str, path: "Path", mode: int = 0o777, **_: "Any") -> None:
        """Do what `os.mkdir` does."""
        if self.inode_of(name) is not None:
            raise error(errno.EEXIST, path)
        folder, last = self.parent(name, path)
        folder.children[last] = Directory(mode)
        folder.modified = time_ns()

    def remove(self, name: str, path: "Path", **_: "Any") -> None:
        """Do what `os.remove` does."""
        self.demand(name, path)
        if self.is_folder(name):
            raise error(errno.EISDIR, path)
        self._unlink(name, path)

    unlink = remove

    def rmdir(self, name: str, path: "Path", **_: "Any") -> None:
        """Do what `os.rmdir` does."""
        self.demand(name, path)
        self._demand_empty(self.inode_of(name), path)
        if not name:
            raise error(errno.EBUSY, path)
        self._unlink(name, path)

    def rename(self, name: str, path: "Path", new: str, new_path: "Path") -> None:
        """Do what `os.rename` does, on POSIX: what is there is replaced."""
        if not name or not new:
            raise _of_two(errno.EBUSY, path, new_path)
        node, there = self.inode_of(name), self.inode_of(new)
        try:
            self.demand(name, path)
            folder, last = self.parent(new, new_path)
        except OSError as problem:
            raise _of_two(problem.errno or 0, path, new_path) from None
        if node is there:
            return
        if isinstance(node, Directory):
            if (new + "/").startswith(name + "/"):
                raise _of_two(errno.EINVAL, path, new_path)
            if isinstance(there, File):
                raise _of_two(errno.ENOTDIR, path, new_path)
            if isinstance(there, Directory) and there.children:
                raise _of_two(errno.ENOTEMPTY, path, new_path)
        elif isinstance(there, Directory):
            raise _of_two(errno.EISDIR, path, new_path)
        self._unlink(name, path)
        folder.children[last] = node  # type: ignore[assignment]  # it exists
        folder.modified = time_ns()

    replace = rename

    def truncate(self, name: str, path: "Path", length: int) -> None:
        """Do what `os.truncate` does."""
        if length < 0:
            raise error(errno.EINVAL, path)
        opened = self.open(name, path, os.O_WRONLY)
        opened.truncate(length)  # type: ignore[union-attr]  # a folder cannot be opened so

    def chmod(self, name: str, path: "Path", mode: int, **_: "Any") -> None:
        """Do what `os.chmod` does. Permissions are kept and shown; they do not bind the program."""
        self.demand(name, path)
        self.inode_of(name).set_mode(mode)  # type: ignore[union-attr]  # it exists

    lchmod = chmod

    def chown(self, name: str, path: "Path", *_: "Any", **__: "Any") -> None:
        """Do nothing to what exists: all is the program's."""
        self.demand(name, path)

    lchown = chown

    def utime(
        self,
        name: str,
        path: "Path",
        times: "tuple[float, float] | None" = None,
        *,
        ns: "tuple[int, int] | None" = None,
        **_: "Any",
    ) -> None:
        """Do what `os.utime` does."""
        self.demand(name, path)
        self.inode_of(name).set_times(*times_of(times, ns))  # type: ignore[union-attr]  # it exists

    def _demand_empty(self, node: "Inode | None", path: "Path") -> None:
        if not isinstance(node, Directory):
            raise error(errno.ENOTDIR, path)
        if node.children:
            raise error(errno.ENOTEMPTY, path)

    def _unlink(self, name: str, path: "Path") -> None:
        folder, last = self.parent(name, path)
        del folder.children[last]
        folder.modified = time_ns()


def times_of(times: "tuple[float, float] | None" = None, ns: "tuple[int, int] | None" = None) -> "tuple[int, int]":
    """Return the times that `os.utime` is given, in nanoseconds; the current one without any."""
    if ns is not None:
        return ns
    return (time_ns(),) * 2 if times is None else (int(times[0] * 10**9), int(times[1] * 10**9))


def _of_two(number: int, path: "Path", other: "Path") -> OSError:
    return OSError(number, os.strerror(number), path, None, other)
