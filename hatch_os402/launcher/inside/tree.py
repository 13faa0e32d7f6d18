"""The archive as a file system would show it: paths, kinds, sizes, and files that are open.

A *name* is the archive path of something that exists, or `HOME_NAME` for the folder that `ROOT` lies in.
"""

from __future__ import annotations

import errno
import os
from io import RawIOBase, UnsupportedOperation

from .index import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .index import Index

HOME, _, TOP = ROOT.rpartition("/")
HOME_NAME = ".."
MODIFIED = 315_532_800
"""When everything in the archive was modified: 1980-01-01, the earliest that a zip archive can say, in Unix time."""
DEVICE = 0x402
FILE_MODE = 0o100444
FOLDER_MODE = 0o040555


def find(index: Index, path: str | bytes) -> str | None:  # noqa: C901 - one walk, read from top to bottom
    """Return the name of what lies at a path that starts with `HOME`, `None` when the path leads elsewhere.

    Raises `OSError` as a file system does: ENOENT for what does not exist, ENOTDIR for a path that goes through a file.
    """
    text = os.fsdecode(path)
    if text.startswith(ROOT + "/") and (name := text[len(ROOT) + 1 :]) in index.files:
        return name
    if "\0" in text:
        raise ValueError("embedded null byte")
    first, *rest = text[len(HOME) :].split("/")
    if first:
        return None
    parts: list[str] = []
    for part in rest:
        # Whatever comes next, even nothing: what came before has to be a folder.
        name = _name(parts)
        if name not in index.folders and name != HOME_NAME:
            raise error(errno.ENOTDIR if name in index.files else errno.ENOENT, path)
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
            if parts[0] != TOP:
                return None
    name = _name(parts)
    if name not in index.files and name not in index.folders and name != HOME_NAME:
        raise error(errno.ENOENT, path)
    return name


def error(number: int, path: str | bytes, why: str = "") -> OSError:
    """Return the `OSError` with that number (so of the subclass that belongs to it)."""
    return OSError(number, why or os.strerror(number), path)


def children(index: Index, name: str) -> list[str]:
    """Return the names in a folder."""
    return [TOP] if name == HOME_NAME else index.children(name)


def status(index: Index, name: str) -> os.stat_result:
    """Return what `os.stat` returns."""
    file = name in index.files
    size = index.size(name) if file else 0
    mode = FILE_MODE if file else FOLDER_MODE
    times = {f"st_{which}time_ns": MODIFIED * 10**9 for which in "amc"}
    if os.name == "posix":
        times |= {"st_blksize": 4096, "st_blocks": -(-size // 512), "st_rdev": 0}
    # The inode need only differ from path to path, for os.path.samefile.
    inode = hash(name) & 0x7FFF_FFFF_FFFF_FFFF
    return os.stat_result((mode, inode, DEVICE, 1, 0, 0, size, MODIFIED, MODIFIED, MODIFIED), times)


class Entry:
    """What `os.scandir` yields: the public face of `os.DirEntry`, which cannot be made from Python."""

    __slots__ = ("_index", "_where", "name", "path")

    def __init__(self, index: Index, where: str, name: str | bytes, path: str | bytes) -> None:
        """Take the name in the archive, and name and path as the program sees them, text or bytes."""
        self._index = index
        self._where = where
        self.name = name
        self.path = path

    def __fspath__(self) -> str | bytes:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def is_file(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - there are no links
        """Tell whether it is a file."""
        return self._where in self._index.files

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - there are no links
        """Tell whether it is a folder."""
        return self._where not in self._index.files

    def is_symlink(self) -> bool:
        """Return false."""
        return False

    def is_junction(self) -> bool:
        """Return false."""
        return False

    def inode(self) -> int:
        """Return the inode, as `stat` has it."""
        return self.stat().st_ino

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002 - there are no links
        """Return what `os.stat` returns."""
        return status(self._index, self._where)


class Listing:
    """What `os.scandir` returns: an iterator to be closed."""

    def __init__(self, index: Index, folder: str, path: str | bytes) -> None:
        """Take the folder's name in the archive, and its path as the program gave it."""
        self._entries: Iterator[Entry] = _entries(index, folder, path)

    def __iter__(self) -> Listing:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> Listing:  # noqa: PYI034 - Self is not in the standard library of 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration."""
        self._entries = iter(())


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


def _name(parts: list[str]) -> str:
    """Return the name of the path below `HOME`."""
    return "/".join(parts[1:]) if parts else HOME_NAME


def _entries(index: Index, folder: str, path: str | bytes) -> Iterator[Entry]:
    prefix = folder + "/" if folder and folder != HOME_NAME else ""
    for name in children(index, folder):
        where = "" if folder == HOME_NAME else prefix + name
        shown = os.fsencode(name) if isinstance(path, bytes) else name
        yield Entry(index, where, shown, os.path.join(path, shown))  # type: ignore[arg-type]  # noqa: PTH118 - pathlib is slow to import
