"""Where a path leads: into the archive, into the folder for temporary files, to a real file, or nowhere.

Two views of what lies outside the archive. A program that was started from a file (`python X.pyz`) sees the machine as
it is. One that was started from memory, as in the sandbox, sees nothing but the runtime's own files, `/proc/self`,
`/dev` and the folder for temporary files, which is in memory and where it starts. For os402's sandbox would let it see
that the server's files exist, and then refuse to open them, and no library is prepared for that.
"""

import errno
import os
import sys

from .index import ROOT
from .patching import HOME, TEMPORARY
from .tree import Archive, Skeleton, Volume, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from .index import Index
    from .scratch import Scratch

    Found: TypeAlias = tuple[Volume, str, str | bytes]

_KIND, _FOLDER = 0o170000, 0o040000  # of st_mode, without the import of stat
_RUNTIME = ("/zip", "/proc/self", "/dev")  # `/zip` is where cosmo-python has its library


class Places:
    """All that paths can lead to. One process has one."""

    def __init__(self, index: "Index", *, closed: bool, status: "Callable[[str], os.stat_result]") -> None:
        """Take the view, closed or open (see above), and the real `os.stat`."""
        self.archive = Archive(index)
        self.closed = closed
        self.watched = "" if closed else HOME
        """What a text that may lead to one of our places begins with."""
        self.folder = TEMPORARY
        """The current folder, in the closed view."""
        self._status = status
        self._scratch: Scratch | None = None
        self._skeleton: Skeleton | None = None
        self._visible: tuple[str, ...] = ()
        if closed:
            library = [entry for entry in sys.path if not entry.startswith(ROOT)]
            known = (*_RUNTIME, *library, sys.executable or "")  # a runtime need not know where it lies
            self._visible = tuple(path.rstrip("/") + "/" for path in known if path.strip("/") and path[0] == "/")

    @property
    def scratch(self) -> "Scratch":
        """The folder for temporary files."""
        if self._scratch is None:
            from .scratch import Scratch  # noqa: PLC0415 - not every program makes files

            self._scratch = Scratch(TEMPORARY)
        return self._scratch

    @property
    def skeleton(self) -> Skeleton:
        """The folders that lead to all others."""
        if self._skeleton is None:
            runtime = [path.rstrip("/") for path in self._visible if self.is_real_folder(path)]
            self._skeleton = Skeleton((ROOT, TEMPORARY, *runtime) if self.closed else (ROOT,))
        return self._skeleton

    def is_real_folder(self, path: str) -> bool:
        """Tell whether there is a real folder at a path."""
        try:
            return self._status(path).st_mode & _KIND == _FOLDER
        except OSError:
            return False

    def find(self, path: "Any") -> "Found | None":
        """Return the volume that a path leads to, the name within it, and the path as text or bytes.

        `None` for a real file, and for what is no path. Nothing need have that name. Raises `OSError` for a path that
        leads nowhere (ENOENT, ENOTDIR), and `ValueError` as `open` does.
        """
        if type(path) is str and not self.closed and not path.startswith(HOME):
            return None  # the usual case, which must cost next to nothing
        if not isinstance(path, (str, bytes)) and not hasattr(type(path), "__fspath__"):
            return None
        path = os.fspath(path)
        text = os.fsdecode(path)
        relative = self.closed and not text.startswith("/")
        if relative:
            if not text:
                raise error(errno.ENOENT, path)
            text = f"{self.folder}/{text}"
        elif not self.closed and not (text + "/").startswith(HOME + "/"):
            return None
        if "\0" in text:
            raise ValueError("embedded null byte")
        if "/." in text or "//" in text or text.endswith("/"):
            text = self._tidy(text, path)
        found = self._locate(text)
        if found is None:
            if relative:
                raise error(errno.ENOENT, path)  # the real function would start from another folder
            return None
        return (*found, path)

    def _locate(self, text: str) -> "tuple[Volume, str] | None":
        """Return volume and name of a tidy path, `None` for a real file. What is nowhere is nothing of the skeleton."""
        if text.startswith(ROOT) and text[len(ROOT) : len(ROOT) + 1] in ("", "/"):
            return self.archive, text[len(ROOT) + 1 :]
        if not self.closed:
            return (self.skeleton, text[1:]) if text == HOME or text.startswith(HOME + "/") else None
        if (text + "/").startswith(self._visible):
            return None  # asked first: some runtimes lie in a temporary folder
        if text.startswith(TEMPORARY) and text[len(TEMPORARY) : len(TEMPORARY) + 1] in ("", "/"):
            return self.scratch, text[len(TEMPORARY) + 1 :]
        return self.skeleton, text[1:]

    def _tidy(self, text: str, path: "str | bytes") -> str:
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

    def _demand_folder(self, text: str, path: "str | bytes") -> None:
        text = text or "/"
        found = self._locate(text)
        if found is None:
            if not self.is_real_folder(text):
                raise error(errno.ENOENT, path)
            return
        volume, name = found
        if not volume.is_folder(name):
            volume.demand(name, path)
            raise error(errno.ENOTDIR, path)
