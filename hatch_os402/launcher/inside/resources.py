"""Files of the archive for `importlib.resources`, where they cannot be opened by path. Imported on first use.

With virtual files the standard library's own readers do it.
"""

from __future__ import annotations

import errno
import os
import pathlib
import sys
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, overload

from .index import ROOT, inside

if sys.version_info >= (3, 11):
    from importlib.resources.abc import Traversable, TraversableResources
else:
    from importlib.abc import Traversable, TraversableResources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any, Literal, NoReturn

    from .index import Index


class ArchivePath(Traversable):
    """A file or folder of the archive, or the name of one that does not exist: a small, read-only `pathlib.Path`."""

    def __init__(self, index: Index, path: str) -> None:
        """Take an archive path."""
        self._index = index
        self._path = path

    def __str__(self) -> str:
        return f"{ROOT}/{self._path}" if self._path else ROOT

    def __fspath__(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return f"ArchivePath({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArchivePath) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self._path)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return str(self).rpartition("/")[2]

    @property
    def parent(self) -> ArchivePath:
        """The folder it lies in; the root's is the root."""
        return ArchivePath(self._index, self._path.rpartition("/")[0])

    def exists(self) -> bool:
        """Tell whether it is a file or a folder."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Tell whether it is a file."""
        return self._index.is_file(self._path)

    def is_dir(self) -> bool:
        """Tell whether it is a folder."""
        return self._index.is_folder(self._path)

    def iterdir(self) -> Iterator[ArchivePath]:
        """Yield what is in the folder, sorted by name."""
        if not self.is_dir():
            raise self._error(errno.ENOTDIR if self.is_file() else errno.ENOENT)
        return (self.joinpath(name) for name in self._index.children(self._path))

    def joinpath(self, *descendants: str | os.PathLike[str]) -> ArchivePath:
        """Return the path below this one. Raises `ValueError` for a path that leads out of the archive."""
        path = inside("/".join([str(self), *(os.fspath(part) for part in descendants)]))
        if path is None:
            raise ValueError(f"{descendants} leads out of the archive")
        return ArchivePath(self._index, path)

    def __truediv__(self, child: str | os.PathLike[str]) -> ArchivePath:
        return self.joinpath(child)

    @overload
    def open(
        self,
        mode: Literal["r"] = "r",
        buffering: int = ...,
        encoding: str | None = ...,
        errors: str | None = ...,
        newline: str | None = ...,
    ) -> TextIOWrapper: ...
    @overload
    def open(self, mode: Literal["rb"], buffering: int = ...) -> BytesIO: ...
    def open(
        self,
        mode: str = "r",
        buffering: int = -1,  # noqa: ARG002 - as pathlib's
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        """Open the file for reading: `"r"` (text, UTF-8 unless told otherwise) or `"rb"`."""
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(f"the archive can only be read, not opened with mode {mode!r}")
        stream = BytesIO(self.read_bytes())
        return stream if mode == "rb" else TextIOWrapper(stream, encoding or "utf-8", errors, newline)

    def read_bytes(self) -> bytes:
        """Return the file's bytes."""
        if not self.is_file():
            raise self._error(errno.EISDIR if self.is_dir() else errno.ENOENT)
        return bytes(self._index.view(self._path))

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        r"""Return the file's text, UTF-8 unless told otherwise, newlines as `\n`."""
        with self.open("r", -1, encoding, errors) as file:
            return file.read()

    def _error(self, number: int) -> OSError:
        return OSError(number, os.strerror(number), str(self))


class Reader(TraversableResources):
    """The resources of one package or module."""

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder

    def files(self) -> Traversable:
        """Return the folder."""
        return self._folder

    def resource_path(self, resource: str) -> str:
        """Raise `FileNotFoundError`: without virtual files nothing can be opened by path."""
        raise FileNotFoundError(errno.ENOENT, "No path to open this resource by", resource)


class MergedFolder(Traversable):
    """The portions of a namespace package as one folder; of files with one name, the first counts."""

    def __init__(self, portions: list[Traversable]) -> None:
        self._portions = portions

    @property
    def name(self) -> str:
        """The name of the first portion."""
        return self._portions[0].name

    def is_dir(self) -> bool:
        """Return true."""
        return True

    def is_file(self) -> bool:
        """Return false."""
        return False

    def iterdir(self) -> Iterator[Traversable]:
        """Yield what is in any of the portions."""
        names = sorted({child.name for portion in self._portions for child in portion.iterdir()})
        return (self.joinpath(name) for name in names)

    def joinpath(self, *descendants: str | os.PathLike[str]) -> Traversable:
        """Return the path below this one: a folder is again merged."""
        if not descendants:
            return self
        names = [os.fspath(part) for part in descendants]
        found: list[Traversable] = [portion.joinpath(*names) for portion in self._portions]
        folders = [path for path in found if path.is_dir()]
        for path in found:
            if path.is_file():
                return path
        return MergedFolder(folders) if len(folders) > 1 else (folders or found)[0]

    def __truediv__(self, child: str | os.PathLike[str]) -> Traversable:
        return self.joinpath(child)

    def open(self, *_: Any, **__: Any) -> NoReturn:
        """Raise `IsADirectoryError`, as the other ways of reading do."""
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self.name)

    read_bytes = open  # noqa: A003 - the method above is meant
    read_text = open  # noqa: A003 - the method above is meant


def merge(index: Index, paths: list[str]) -> Traversable:
    """Return the folder made of all these, virtual paths or real ones."""
    archive_paths = [(path, inside(path)) for path in paths]
    portions: list[Traversable] = [
        pathlib.Path(path) if archive_path is None else ArchivePath(index, archive_path)
        for path, archive_path in archive_paths
    ]
    return MergedFolder(portions) if len(portions) > 1 else portions[0]
