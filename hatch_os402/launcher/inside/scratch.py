"""The folder for temporary files, in memory: gone when the program ends. Imported on first use.

What a POSIX file system does, but for links, owners and other processes. Times are those of the last change.
"""

import errno
import os
from time import time_ns

from .tree import Volume, error, stat_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .store import Store

_FOLDER, _FILE = 0o040000, 0o100000
_UMASK = 0o022


class Node:
    """A file or a folder."""

    _count = 0

    def __init__(self, mode: int) -> None:
        """Take kind and permissions, as `st_mode` has them."""
        Node._count += 1
        self.inode = Node._count
        self.mode = mode
        self.modified = time_ns()


class Folder(Node):
    """A folder."""

    def __init__(self, mode: int = 0o777) -> None:
        super().__init__(_FOLDER | mode & 0o7777 & ~_UMASK)
        self.children: dict[str, Node] = {}


class File(Node):
    """A file, which lives as long as somebody has it open, also without a name."""

    def __init__(self, mode: int = 0o666, content: bytes = b"") -> None:
        from .store import Memory  # noqa: PLC0415 - which knows of us

        super().__init__(_FILE | mode & 0o7777 & ~_UMASK)
        self.content: Store = Memory(content)


class Scratch(Volume):
    """The folder for temporary files."""

    readonly = False

    def __init__(self, top: str) -> None:
        self.top = top
        self._root = Folder(0o1777)

    def node(self, name: str) -> "Node | None":
        """Return what has that name."""
        node: Node | None = self._root
        for part in name.split("/") if name else ():
            node = node.children.get(part) if isinstance(node, Folder) else None
        return node

    def is_file(self, name: str) -> bool:
        """Tell whether it is a file."""
        return isinstance(self.node(name), File)

    def is_folder(self, name: str) -> bool:
        """Tell whether it is a folder."""
        return isinstance(self.node(name), Folder)

    def children(self, name: str) -> "list[str]":
        """Return what is in a folder."""
        node = self.node(name)
        return list(node.children) if isinstance(node, Folder) else []

    def status(self, name: str) -> os.stat_result:
        """Return what `os.stat` returns, for a name that exists."""
        node = self.node(name)
        return status(node)  # type: ignore[arg-type]  # it exists

    def parent(self, name: str, path: "str | bytes") -> "tuple[Folder, str]":
        """Return the folder that a file of that name is, or would be, in, and its last part. Raises as `demand`."""
        above, _, last = name.rpartition("/")
        folder = self.node(above)
        if not isinstance(folder, Folder):
            self.demand(above, path)
            raise error(errno.ENOTDIR, path)
        return folder, last

    def open(self, name: str, path: "str | bytes", flags: int, mode: int = 0o666) -> "File | Folder":
        """Return the file to open with the flags of `os.open`, made or emptied as they say, or the folder to list."""
        if getattr(os, "O_TMPFILE", 0) and flags & os.O_TMPFILE == os.O_TMPFILE:
            self.demand(name, path)
            return File(mode)
        node = self.node(name)
        writing = flags & (os.O_WRONLY | os.O_RDWR)
        if node is None:
            if not flags & os.O_CREAT:
                self.demand(name, path)
            folder, last = self.parent(name, path)
            node = folder.children[last] = File(mode)
            folder.modified = time_ns()
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise error(errno.EEXIST, path)
        elif isinstance(node, Folder):
            if writing or flags & os.O_CREAT:
                raise error(errno.EISDIR, path)
        elif flags & getattr(os, "O_DIRECTORY", 0):
            raise error(errno.ENOTDIR, path)
        elif flags & os.O_TRUNC and writing and isinstance(node, File):
            node.content.truncate(0)
            node.modified = time_ns()
        return node  # type: ignore[return-value]  # there are no other nodes

    def mkdir(self, name: str, path: "str | bytes", mode: int = 0o777, **_: "Any") -> None:
        """Do what `os.mkdir` does."""
        if self.node(name) is not None:
            raise error(errno.EEXIST, path)
        folder, last = self.parent(name, path)
        folder.children[last] = Folder(mode)
        folder.modified = time_ns()

    def remove(self, name: str, path: "str | bytes", **_: "Any") -> None:
        """Do what `os.remove` does."""
        self.demand(name, path)
        if self.is_folder(name):
            raise error(errno.EISDIR, path)
        self._unlink(name, path)

    unlink = remove

    def rmdir(self, name: str, path: "str | bytes", **_: "Any") -> None:
        """Do what `os.rmdir` does."""
        self.demand(name, path)
        self._demand_empty(self.node(name), path)
        if not name:
            raise error(errno.EBUSY, path)
        self._unlink(name, path)

    def rename(self, name: str, path: "str | bytes", new: str, new_path: "str | bytes") -> None:
        """Do what `os.rename` does, on POSIX: what is there is replaced."""
        if not name or not new:
            raise _of_two(errno.EBUSY, path, new_path)
        node, there = self.node(name), self.node(new)
        try:
            self.demand(name, path)
            folder, last = self.parent(new, new_path)
        except OSError as problem:
            raise _of_two(problem.errno or 0, path, new_path) from None
        if node is there:
            return
        if isinstance(node, Folder):
            if (new + "/").startswith(name + "/"):
                raise _of_two(errno.EINVAL, path, new_path)
            if isinstance(there, File):
                raise _of_two(errno.ENOTDIR, path, new_path)
            if isinstance(there, Folder) and there.children:
                raise _of_two(errno.ENOTEMPTY, path, new_path)
        elif isinstance(there, Folder):
            raise _of_two(errno.EISDIR, path, new_path)
        self._unlink(name, path)
        folder.children[last] = node  # type: ignore[assignment]  # it exists
        folder.modified = time_ns()

    replace = rename

    def truncate(self, name: str, path: "str | bytes", length: int) -> None:
        """Do what `os.truncate` does."""
        if length < 0:
            raise error(errno.EINVAL, path)
        node = self.open(name, path, os.O_WRONLY)
        node.content.truncate(length)  # type: ignore[union-attr]  # a folder cannot be opened so
        node.modified = time_ns()

    def chmod(self, name: str, path: "str | bytes", mode: int, **_: "Any") -> None:
        """Do what `os.chmod` does. Permissions are kept and shown; they do not bind the program."""
        self.demand(name, path)
        node = self.node(name)
        node.mode = node.mode & ~0o7777 | mode & 0o7777  # type: ignore[union-attr]  # it exists

    lchmod = chmod

    def chown(self, name: str, path: "str | bytes", *_: "Any", **__: "Any") -> None:
        """Do nothing to what exists: all is the program's."""
        self.demand(name, path)

    lchown = chown

    def utime(
        self,
        name: str,
        path: "str | bytes",
        times: "tuple[float, float] | None" = None,
        *,
        ns: "tuple[int, int] | None" = None,
        **_: "Any",
    ) -> None:
        """Do what `os.utime` does."""
        self.demand(name, path)
        node = self.node(name)
        now = time_ns() if times is None else int(times[1] * 10**9)
        node.modified = now if ns is None else ns[1]  # type: ignore[union-attr]  # it exists

    def _demand_empty(self, node: "Node | None", path: "str | bytes") -> None:
        if not isinstance(node, Folder):
            raise error(errno.ENOTDIR, path)
        if node.children:
            raise error(errno.ENOTEMPTY, path)

    def _unlink(self, name: str, path: "str | bytes") -> None:
        folder, last = self.parent(name, path)
        del folder.children[last]
        folder.modified = time_ns()


def status(node: Node) -> os.stat_result:
    """Return what `os.stat` returns."""
    size = node.content.size() if isinstance(node, File) else 0
    return stat_result(node.mode, node.inode, 1, size, node.modified)


def _of_two(number: int, path: "str | bytes", other: "str | bytes") -> OSError:
    return OSError(number, os.strerror(number), path, None, other)
