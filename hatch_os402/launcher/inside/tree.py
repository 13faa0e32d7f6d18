"""Folders as a file system would show them: those of the archive, and those that lead there.

A *volume* is a part of the tree of paths. Within one, a file or folder is known by its *name*: the rest of its path,
without slashes at either end.
"""

import errno
import os

from .importer import MODIFIED
from .index import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .index import Index

DEVICE = 0x402
FILE_MODE = 0o100444
FOLDER_MODE = 0o040555


def error(number: int, path: "str | bytes", why: str = "") -> OSError:
    """Return the `OSError` with that number (so of the subclass that belongs to it)."""
    return OSError(number, why or os.strerror(number), path)


class Volume:
    """A part of the tree of paths that cannot be changed. Names that do not exist are asked for, too."""

    top = ""
    """The path that all names are below."""
    readonly = True

    def is_file(self, name: str) -> bool:
        """Tell whether it is a file."""
        raise NotImplementedError

    def is_folder(self, name: str) -> bool:
        """Tell whether it is a folder."""
        raise NotImplementedError

    def children(self, name: str) -> "list[str]":
        """Return what is in a folder."""
        raise NotImplementedError

    def size(self, name: str) -> int:
        """Return the size of a file, in bytes."""
        raise NotImplementedError

    def demand(self, name: str, path: "str | bytes") -> None:
        """Raise, as a file system does, when nothing has that name; `path` is how the program spelled it.

        ENOENT for what does not exist, ENOTDIR for what would lie in a file.
        """
        if not self.is_file(name) and not self.is_folder(name):
            while name:
                name = name.rpartition("/")[0]
                if self.is_file(name):
                    raise error(errno.ENOTDIR, path)
            raise error(errno.ENOENT, path)

    def refusal(self, name: str, path: "str | bytes", *, creates: bool, exclusive: bool) -> OSError:
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

    def demand_reading(self, name: str, path: "str | bytes", flags: int) -> None:
        """Raise what opening it with the flags of `os.open` raises where nothing can be changed."""
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC)
        creates = bool(flags & os.O_CREAT)
        if self.is_folder(name) and not flags & os.O_EXCL and (writes or creates):
            raise error(errno.EISDIR, path)
        if writes or (creates and (flags & os.O_EXCL or not self.is_file(name))):
            raise self.refusal(name, path, creates=creates, exclusive=creates and bool(flags & os.O_EXCL))
        self.demand(name, path)

    def status(self, name: str) -> os.stat_result:
        """Return what `os.stat` returns, for a name that exists."""
        file = self.is_file(name)
        mode, size = (FILE_MODE, self.size(name)) if file else (FOLDER_MODE, 0)
        # The inode need only differ from path to path, for os.path.samefile.
        inode = hash((self.top + "/" + name).rstrip("/")) & 0x7FFF_FFFF_FFFF_FFFF
        return stat_result(mode, inode, 1, size, MODIFIED * 10**9)


class Archive(Volume):
    """The archive."""

    top = ROOT

    def __init__(self, index: "Index") -> None:
        self.index = index
        self.is_file = index.is_file  # type: ignore[method-assign,assignment]  # one call less
        self.is_folder = index.is_folder  # type: ignore[method-assign,assignment]
        self.children = index.children  # type: ignore[method-assign,assignment]
        self.size = index.size  # type: ignore[method-assign,assignment]


class Skeleton(Volume):
    """The folders that lead to the places which can be seen, and hold nothing else."""

    def __init__(self, places: "tuple[str, ...]") -> None:
        """Take the paths of those places, which are folders."""
        self._folders: dict[str, set[str]] = {}
        for place in places:
            above, name = place.rpartition("/")[::2]
            while name:
                self._folders.setdefault(above[1:], set()).add(name)
                above, name = above.rpartition("/")[::2]
        self._places = {place[1:] for place in places}

    def is_file(self, name: str) -> bool:  # noqa: ARG002 - as others have it
        """Return false."""
        return False

    def is_folder(self, name: str) -> bool:
        """Tell whether the folder leads to something, or is one of the places, as a listing shows it."""
        return name in self._folders or name in self._places

    def children(self, name: str) -> "list[str]":
        """Return what can be seen in a folder."""
        return sorted(self._folders[name])


def stat_result(mode: int, inode: int, links: int, size: int, modified: int) -> os.stat_result:
    """Return what `os.stat` returns, for something modified at that time (in nanoseconds)."""
    more: dict[str, float] = {}
    for time in ("st_atime", "st_mtime", "st_ctime"):
        more[time] = modified / 10**9
        more[time + "_ns"] = modified
    if os.name == "posix":
        more |= {"st_blksize": 4096, "st_blocks": -(-size // 512), "st_rdev": 0}
    seconds = modified // 10**9
    return os.stat_result((mode, inode, DEVICE, links, 0, 0, size, seconds, seconds, seconds), more)


class Entry:
    """What `os.scandir` yields: the public face of `os.DirEntry`, which cannot be made from Python."""

    __slots__ = ("_volume", "_where", "name", "path")

    def __init__(self, volume: Volume, where: str, name: "str | bytes", path: "str | bytes") -> None:
        """Take the name in the volume, and name and path as the program sees them, text or bytes."""
        self._volume = volume
        self._where = where
        self.name = name
        self.path = path

    def __fspath__(self) -> "str | bytes":
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def is_file(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - there are no links
        """Tell whether it is a file."""
        return self._volume.is_file(self._where)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - there are no links
        """Tell whether it is a folder."""
        return self._volume.is_folder(self._where)

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
        self._volume.demand(self._where, self.path)
        return self._volume.status(self._where)


class Listing:
    """What `os.scandir` returns: an iterator to be closed."""

    def __init__(self, volume: Volume, folder: str, path: "str | bytes") -> None:
        """Take the folder's name in its volume, and its path as the program gave it."""
        self._entries: Iterator[Entry] = _entries(volume, folder, path)

    def __iter__(self) -> "Listing":
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def __enter__(self) -> "Listing":  # noqa: PYI034 - Self is not in the standard library of 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration."""
        self._entries = iter(())


def _entries(volume: Volume, folder: str, path: "str | bytes") -> "Iterator[Entry]":
    for name in volume.children(folder):
        shown = os.fsencode(name) if isinstance(path, bytes) else name
        where = f"{folder}/{name}" if folder else name
        yield Entry(volume, where, shown, os.path.join(path, shown))  # type: ignore[arg-type]  # noqa: PTH118 - pathlib is slow to import
