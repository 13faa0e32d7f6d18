"""The archive as a file system would show it: paths, kinds, sizes.

A *name* is the archive path of something that exists, or `HOME_NAME` for the folder that `ROOT` lies in.
"""

from __future__ import annotations

import errno
import os

from .index import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

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
    more: dict[str, float] = {}
    for time in ("st_atime", "st_mtime", "st_ctime"):
        more[time] = float(MODIFIED)
        more[time + "_ns"] = MODIFIED * 10**9
    if os.name == "posix":
        more |= {"st_blksize": 4096, "st_blocks": -(-size // 512), "st_rdev": 0}
    # The inode need only differ from path to path, for os.path.samefile.
    inode = hash(name) & 0x7FFF_FFFF_FFFF_FFFF
    return os.stat_result((mode, inode, DEVICE, 1, 0, 0, size, MODIFIED, MODIFIED, MODIFIED), more)


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


def _name(parts: list[str]) -> str:
    """Return the name of the path below `HOME`."""
    return "/".join(parts[1:]) if parts else HOME_NAME


def _entries(index: Index, folder: str, path: str | bytes) -> Iterator[Entry]:
    prefix = folder + "/" if folder and folder != HOME_NAME else ""
    for name in children(index, folder):
        where = "" if folder == HOME_NAME else prefix + name
        shown = os.fsencode(name) if isinstance(path, bytes) else name
        yield Entry(index, where, shown, os.path.join(path, shown))  # type: ignore[arg-type]  # noqa: PTH118 - pathlib is slow to import
