"""Where a path leads: into the archive, into the folder for temporary files, to a real file, or nowhere.

Two views of what lies outside the archive. A program that was started from a file (`python X.pyz`) sees the machine as
it is. One that was started from memory, as in the sandbox, sees nothing but the runtime's own files, a few of `/dev`
and `/proc` (devices.py) and the folder for temporary files, which is in memory and where it starts. For os402's sandbox
would let it see that the server's files exist, and then refuse to open them, and no library is prepared for that.
"""

import errno
import os
import sys

from ..index import PREFIX, ROOT, TMP
from .archive import ArchiveMount
from .mount import Mount, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ..index import Index
    from .inodes import OpenFile
    from .mount import Path

    Found: TypeAlias = tuple[Mount, str, str | bytes]

_KIND, _FOLDER = 0o170000, 0o040000  # of st_mode, without the import of stat
_ZIP = "/zip"  # where cosmo-python has its library
_DEVICES = ("/dev", "/proc")
_ARCHIVE = ROOT + "/"


class MountPoints(Mount):
    """The folders that lead to all that can be seen, and hold nothing else."""

    def __init__(self, paths: "tuple[str, ...]") -> None:
        """Take the paths of folders that can be seen."""
        self._folders: dict[str, set[str]] = {"": set()}
        for path in paths:
            above, name = path.rpartition("/")[::2]
            while name:
                self._folders.setdefault(above[1:], set()).add(name)
                above, name = above.rpartition("/")[::2]
        self._ends = {path[1:] for path in paths}

    def is_file(self, name: str) -> bool:  # noqa: ARG002 - as others have it
        """There is none."""
        return False

    def is_folder(self, name: str) -> bool:
        """Whether the folder leads to something, or is one that a listing shows."""
        return name in self._folders or name in self._ends

    def children(self, name: str) -> "list[str]":
        """Return what can be seen in a folder."""
        return sorted(self._folders[name])


class OpenDirectory:
    """A folder that is open by number."""

    def __init__(self, mount: Mount, name: str) -> None:
        self.mount = mount
        self.name = name

    @property
    def path(self) -> str:
        """Its path."""
        return f"{self.mount.path}/{self.name}".rstrip("/") or "/"


class MountTable:
    """All that paths can lead to. A process has one."""

    def __init__(
        self,
        index: "Index",
        *,
        closed: bool,
        status: "Callable[[str], os.stat_result]",
        open_files: "dict[int, OpenFile | OpenDirectory]",
    ) -> None:
        """Take the view, closed or open (see above), the real `os.stat`, and a place for what is open by number."""
        self.archive = ArchiveMount(index)
        self.closed = closed
        self.watched = "" if closed else PREFIX
        """What a text that may lead to a mount begins with."""
        self.folder = TMP
        """The current folder, in the closed view."""
        self.open_files = open_files
        """What is open by numbers of ours (descriptors.py)."""
        self._status = status
        self._mounts: dict[str, Mount] = {}
        self._visible: tuple[str, ...] = ()
        if closed:
            library = [entry for entry in sys.path if not entry.startswith(ROOT)]
            known = (_ZIP, *library, sys.executable or "")  # a runtime need not know where it lies
            self._visible = tuple(path.rstrip("/") + "/" for path in known if path.strip("/") and path[0] == "/")

    def mount(self, path: str) -> Mount:
        """Return what is mounted at `TMP`, `/dev`, `/proc` or the root; made when it is first asked for."""
        if path not in self._mounts:
            self._mounts[path] = self._made(path)
        return self._mounts[path]

    def _made(self, path: str) -> Mount:
        if path == TMP:
            from .tmpfs import TmpFS  # noqa: PLC0415 - not every program makes files

            return TmpFS(TMP)
        if path in _DEVICES:
            from .devices import DeviceMount  # noqa: PLC0415 - not every program asks for one

            return DeviceMount(path, self.open_files)
        if not self.closed:
            return MountPoints((ROOT,))
        runtime = [path.rstrip("/") for path in self._visible if self.is_real_folder(path)]
        return MountPoints((ROOT, TMP, *_DEVICES, *runtime))

    def is_real_folder(self, path: str) -> bool:
        """Whether there is a real folder at a path."""
        try:
            return self._status(path).st_mode & _KIND == _FOLDER
        except OSError:
            return False

    def find(self, path: "Any", directory: "Any" = None) -> "Found | None":
        """Return the mount that a path leads to, the name within it, and the path as text or bytes.

        `None` for a real file, and for what is no path. Nothing need have that name. `directory` is a descriptor that
        a relative path starts from. Raises `OSError` for a path that leads nowhere (ENOENT, ENOTDIR), and `ValueError`
        as `open` does.
        """
        if type(path) is str and directory is None:  # the usual cases, which must cost next to nothing
            if path.startswith(_ARCHIVE) and _is_tidy(path):
                return self.archive, path[len(_ARCHIVE) :], path
            if self._is_plainly_real(path):
                return None
        if not isinstance(path, (str, bytes)) and not hasattr(type(path), "__fspath__"):
            return None
        path = os.fspath(path)
        text = os.fsdecode(path)
        absolute = self._absolute(text, path, directory)
        if absolute is None:
            return None
        if "\0" in absolute:
            raise ValueError("embedded null byte")
        if "/." in absolute or "//" in absolute or absolute.endswith("/"):
            absolute = self._tidy(absolute, path)
        found = self._locate(absolute)
        if found is None:
            if not text.startswith("/"):
                raise error(errno.ENOENT, path)  # the real function would start from another folder
            return None
        return (*found, path)

    def _is_plainly_real(self, path: str) -> bool:
        if self.closed:
            return path.startswith(self._visible) and "/.." not in path
        return not path.startswith(PREFIX)

    def _absolute(self, text: str, path: "Path", directory: "Any") -> "str | None":
        """Return the path from the root, `None` when only the kernel knows it, or it is the kernel's at first sight."""
        if text.startswith("/"):
            return text if self.closed or (text + "/").startswith(PREFIX + "/") else None
        folder = self.folder if self.closed else None
        if directory is not None:
            opened = self.open_files.get(directory)
            if opened is not None and not isinstance(opened, OpenDirectory):
                raise error(errno.ENOTDIR, path)
            folder = None if opened is None else opened.path
        if folder is not None and not text:
            raise error(errno.ENOENT, path)
        return folder and f"{folder}/{text}"

    def _locate(self, text: str) -> "tuple[Mount, str] | None":
        """Return mount and name of a tidy path, `None` for a real file. What is nowhere is below the root."""
        if text.startswith(ROOT) and text[len(ROOT) : len(ROOT) + 1] in ("", "/"):
            return self.archive, text[len(ROOT) + 1 :]
        if not self.closed:
            return (self.mount("/"), text[1:]) if text == PREFIX or text.startswith(PREFIX + "/") else None
        if (text + "/").startswith(self._visible):
            return None  # asked first: some runtimes lie in a temporary folder
        for path in (TMP, *_DEVICES):
            if text.startswith(path) and text[len(path) : len(path) + 1] in ("", "/"):
                return self.mount(path), text[len(path) + 1 :]
        return self.mount("/"), text[1:]

    def _tidy(self, text: str, path: "Path") -> str:
        """Return the path without `.`, `..` and needless slashes; all that these follow has to be a folder."""
        tidy = ""
        for part in text[1:].split("/"):
            if part in ("", ".", ".."):
                self._demand_folder(tidy, path)
                if part == "..":
                    tidy = tidy.rpartition("/")[0]
            else:
                tidy = f"{tidy}/{part}"
        return tidy or "/"

    def _demand_folder(self, text: str, path: "Path") -> None:
        text = text or "/"
        found = self._locate(text)
        if found is None:
            if not self.is_real_folder(text):
                raise error(errno.ENOENT, path)
            return
        mount, name = found
        if not mount.is_folder(name):
            mount.demand(name, path)
            raise error(errno.ENOTDIR, path)


def _is_tidy(path: str) -> bool:
    return "/." not in path and "//" not in path and path[-1] != "/" and "\0" not in path
