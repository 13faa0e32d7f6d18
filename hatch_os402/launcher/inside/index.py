"""What is in the archive: its central directory read by hand, since `zipfile` alone would double the start-up time.

Archive paths are relative, with `/` (`greeter/cgi.py`, folders without a trailing slash, `""` is the whole archive).
Virtual paths are what the program sees: `ROOT`, or `ROOT + "/" + archive path`.
"""

from __future__ import annotations

import sys

ROOT = "/os402/app"
"""The virtual folder that all modules and resources of the archive appear to lie in."""


def inside(path: str) -> str | None:
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


class Index:
    """The members of one archive, given as bytes. Nothing changes after `__init__`, so threads can share it.

    Raises `ValueError` for bytes that are no zip archive, or one with a ZIP64 directory.
    Layout of the records: APPNOTE 6.3.10, 4.3.7 (local header), 4.3.12 (directory), 4.3.16 (its end).
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._view = memoryview(data)
        self._children: dict[str, list[str]] = {}
        self.files: dict[str, int] = {}
        """The files' archive paths, and where in the archive the directory tells of them."""
        self.folders: set[str] = {""}
        """The folders' archive paths, whether they have a directory entry of their own or not."""
        end = self._find_end()
        at = end - self._number(end + 12, 4)
        # Offsets count from where the archive began before anything was written in front of it.
        self._shift = at - self._number(end + 16, 4)
        if at < 0 or self._shift < 0:
            raise ValueError("damaged archive: its directory does not fit")
        while at < end:
            if data[at : at + 4] != b"PK\1\2":
                raise ValueError("damaged archive: its directory does not fit")
            lengths = int.from_bytes(data[at + 28 : at + 34], "little")  # of name, extra field and comment
            start = at + 46
            stop = start + (lengths & 0xFFFF)
            raw = data[start:stop]
            # Bit 11 of the flags: UTF-8.
            name = raw.decode() if raw.isascii() or data[at + 9] & 8 else raw.decode("cp437")
            folder = name.rpartition("/")[0]
            while folder not in self.folders:
                self.folders.add(folder)
                folder = folder.rpartition("/")[0]
            if not name.endswith("/"):
                self.files[name] = at
            at = stop + (lengths >> 16 & 0xFFFF) + (lengths >> 32)

    def view(self, name: str) -> memoryview:
        """Return the content of a file by its archive path, uncopied when it is stored.

        Raises `KeyError` when there is no such file, `ValueError` when it cannot be unpacked.
        """
        at = self.files[name]
        method = self._number(at + 10, 2)
        header = self._number(at + 42, 4) + self._shift
        start = header + 30 + self._number(header + 26, 2) + self._number(header + 28, 2)
        packed = self._view[start : start + self._number(at + 20, 4)]
        if method == 0:
            return packed
        if method != 8:  # noqa: PLR2004 - deflated
            raise ValueError(f"{name} is compressed by method {method}, which is not supported")
        from zlib import decompress  # noqa: PLC0415 - few archives need it

        return memoryview(decompress(packed, -15, self._number(at + 24, 4)))

    def size(self, name: str) -> int:
        """Return the size of a file in bytes, by its archive path. Raises `KeyError` when there is no such file."""
        return self._number(self.files[name] + 24, 4)

    def children(self, folder: str) -> list[str]:
        """Return the sorted names of the files and folders in a folder, none when there is no such folder."""
        if not self._children:
            tree: dict[str, list[str]] = {folder: [] for folder in self.folders}
            for path in sorted({*self.files, *self.folders} - {""}):
                parent, _, name = path.rpartition("/")
                tree[parent].append(name)
            self._children = tree
        return self._children.get(folder, [])

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._data[at : at + size], "little")

    def _find_end(self) -> int:
        """Return where the end record starts: 22 bytes and a comment before the end of the archive."""
        at = len(self._data) - 21
        while (at := self._data.rfind(b"PK\5\6", 0, max(at + 3, 0))) >= 0:
            if at + 22 + self._number(at + 20, 2) == len(self._data):
                return at
        raise ValueError("damaged archive: its directory is missing")
