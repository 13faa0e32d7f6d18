"""The archive, as a mount."""

import os

from ..index import MODIFIED, ROOT
from .mount import FILE_MODE, FOLDER_MODE, Mount, stat_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..index import Index
    from .inodes import OpenFile


class ArchiveMount(Mount):
    """The files and folders of the archive."""

    path = ROOT

    def __init__(self, index: "Index") -> None:
        self._index = index
        self.is_file = index.is_file  # type: ignore[method-assign,assignment]  # one call less
        self.is_folder = index.is_folder  # type: ignore[method-assign,assignment]
        self.children = index.children  # type: ignore[method-assign,assignment]
        self.size = index.size  # type: ignore[method-assign,assignment]

    def demand(self, name: str, path: "str | bytes") -> None:
        """Raise what `Mount.demand` raises."""
        folder, _, last = name.rpartition("/")
        found = self._index.folder(folder)
        if found is None or (last not in found[0] and last not in found[1] and name):
            super().demand(name, path)

    def status(self, name: str) -> os.stat_result:
        """Return what `os.stat` returns, for a name that exists."""
        folder, _, last = name.rpartition("/")
        found = self._index.folder(folder)
        entry = None if found is None else found[0].get(last)
        mode, size = (FOLDER_MODE, 0) if entry is None else (FILE_MODE, entry[1])
        return stat_result(mode, self.inode(name), size, MODIFIED * 10**9)

    def open_file(self, name: str, path: "str | bytes", flags: int) -> "OpenFile":
        """Open a file, whose content is not copied."""
        from .inodes import File, OpenFile, View  # noqa: PLC0415 - not every program opens a file

        status = self.status(name)
        file = File(status.st_mode, View(self._index.view(name)))
        file.number, file.accessed, file.modified = status.st_ino, status.st_atime_ns, status.st_mtime_ns
        return OpenFile(file, flags, path)
