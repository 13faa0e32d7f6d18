"""What is in the archive, by the index that the build has prepared: only the folders that are asked for are read.

Archive paths are relative, with `/` (`greeter/cgi.py`, folders without a trailing slash, `""` is the whole archive).
Virtual paths are what the program sees: `ROOT`, or `ROOT + "/" + archive path`.

The format is that of `hatch_os402/archive/index.py`, which writes it.
"""

import marshal
import sys
from zlib import crc32, decompress, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Entry: TypeAlias = tuple[int, ...]
    Folder: TypeAlias = tuple[dict[str, Entry], dict[str, Entry]]

ROOT = "/os402/app"
"""The virtual folder that all modules and resources of the archive appear to lie in."""
PREFIX = "/os402"
"""The folder that `ROOT` is in, and nothing else."""
TMP = "/tmp"  # noqa: S108 - the program's own, in memory
"""The folder for temporary files, when it is in memory."""
MODIFIED = 315_532_800
"""When everything in the archive was modified: 1980-01-01, the earliest that a zip archive can say, in Unix time."""

MARK = b"402\1"
_END_OF_INDEX = 16
_END_OF_ARCHIVE = 22  # APPNOTE 4.3.16, without a comment
_STORED = 3


def inside(path: str) -> "str | None":
    """Return the archive path of a virtual path, whether it exists or not, or `None` for a path outside `ROOT`."""
    if sys.platform == "win32":
        path = path.replace("\\", "/")  # os.path.join puts them in
    if "/." in path or "//" in path or path.endswith("/"):
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                del parts[-1:]
            elif part and part != ".":
                parts.append(part)
        path = ("/" if path.startswith("/") else "") + "/".join(parts)
    if path.startswith(ROOT + "/"):
        return path[len(ROOT) + 1 :]
    return "" if path == ROOT else None


def join(folder: str, name: str) -> str:
    """Return the archive path of what has that name in a folder."""
    return f"{folder}/{name}" if folder else name


def damaged(why: str) -> SystemExit:
    """Say in one line what is wrong with the archive; return what to raise. No `except Exception` stops it."""
    print("os402: damaged archive:", why, file=sys.stderr)  # noqa: T201 - nobody else could say it
    return SystemExit(70)


class Index:
    """The files and folders of one archive, given as bytes. Threads can share it.

    Whatever is read is compared with its CRC-32. What does not fit ends the program (see `damaged`).
    """

    def __init__(self, data: bytes) -> None:
        self.archive = memoryview(data)
        """The whole archive."""
        end = len(data) - _END_OF_ARCHIVE
        if end < _END_OF_INDEX or data[end : end + 4] != b"PK\5\6":
            raise damaged("its end is missing")
        directory = end - int.from_bytes(data[end + 12 : end + 16], "little")
        # Offsets count from where the archive began before anything was written in front of it.
        self._shift = data.find(b"PK\3\4")
        mark, *numbers = (data[at : at + 4] for at in range(directory - _END_OF_INDEX, directory, 4))
        size, root, crc = (int.from_bytes(number, "little") for number in numbers)
        self._start = directory - _END_OF_INDEX - size
        if directory < _END_OF_INDEX or mark != MARK or self._start < 0:
            raise damaged("its index is missing")
        self._folders: dict[str, Folder] = {}
        self._root = self._folders[""] = self._read("", root, size - root, crc)

    def __deepcopy__(self, _: object) -> "Index":
        return self  # loaders hold it, and are copied

    def folder(self, path: str) -> "Folder | None":
        """Return what the index has on a folder: its files and its folders, by name; `None` when there is none."""
        found = self._folders.get(path)
        if found is None:
            above, slash, name = path.rpartition("/")
            if (above or not slash) and (folder := self._folders.get(above)) is not None:
                if (place := folder[1].get(name)) is not None:
                    found = self._folders[path] = self._read(path, *place)
                return found
            found, at = self._root, ""
            for name in path.split("/"):
                if (place := found[1].get(name)) is None:
                    return None
                at = f"{at}/{name}" if at else name
                found = self._folders.get(at)
                if found is None:
                    found = self._folders[at] = self._read(at, *place)
        return found

    def is_file(self, path: str) -> bool:
        """Whether there is a file with that archive path."""
        folder, _, name = path.rpartition("/")
        found = self.folder(folder)
        return found is not None and name in found[0]

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder with that archive path."""
        return self.folder(path) is not None

    def view(self, path: str) -> memoryview:
        """Return the content of a file by its archive path, uncopied when it is stored.

        Raises `KeyError` when there is no such file.
        """
        start, size, crc, *packed = self._entry(path)
        start += self._shift
        view = self.archive[start : start + (packed[0] if packed else size)]
        if packed:
            try:
                view = memoryview(decompress(view, -15, size))
            except error:
                raise damaged(f"{path} cannot be unpacked") from None
        if crc32(view) != crc:
            raise damaged(f"{path} has another checksum")
        return view

    def size(self, path: str) -> int:
        """Return the size of a file in bytes, by its archive path. Raises `KeyError` when there is no such file."""
        return self._entry(path)[1]

    def children(self, path: str) -> list[str]:
        """Return the sorted names of the files and folders in a folder, none when there is no such folder.

        Without the bytecode that the build has put beside sources: a folder of sources does not show any.
        """
        found = self.folder(path)
        if found is None:
            return []
        files, folders = found
        return sorted({*folders, *(name for name in files if not name.endswith(".pyc") or name[:-1] not in files)})

    def _entry(self, path: str) -> "Entry":
        folder, _, name = path.rpartition("/")
        found = self.folder(folder)
        if found is None:
            raise KeyError(path)
        return found[0][name]

    def _read(self, path: str, start: int, size: int, crc: int) -> "Folder":
        start += self._start
        entry = self.archive[start : start + size]
        if crc32(entry) != crc:
            raise damaged(f"the index of {path or 'its root'} has another checksum")
        folder: Folder = marshal.loads(entry)  # noqa: S302 - as trustworthy as the modules
        return folder
