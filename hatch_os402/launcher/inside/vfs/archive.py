"""The archive, as a mount."""

from ..index import ROOT
from .mount import Mount

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

    def open_file(self, name: str, path: "str | bytes", flags: int) -> "OpenFile":
        """Open a file, whose content is not copied."""
        from .inodes import File, OpenFile, View  # noqa: PLC0415 - not every program opens a file

        status = self.status(name)
        file = File(status.st_mode, View(self._index.view(name)))
        file.number, file.accessed, file.modified = status.st_ino, status.st_atime_ns, status.st_mtime_ns
        return OpenFile(file, flags, path)
