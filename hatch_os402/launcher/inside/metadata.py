"""The archive's distributions for `importlib.metadata`. Imported on first use."""

from __future__ import annotations

import re
from importlib.metadata import Distribution
from typing import TYPE_CHECKING

from .index import inside
from .resources import ArchivePath

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from importlib.metadata import DistributionFinder

    from .index import Index


class ArchiveDistribution(Distribution):
    """A distribution by its `.dist-info` or `.egg-info`. Files, entry points, version and the rest are inherited."""

    def __init__(self, folder: ArchivePath) -> None:
        self._folder = folder

    def read_text(self, filename: str | os.PathLike[str]) -> str | None:
        """Return the text of a file in the folder, `None` when there is none; `""` is an `.egg-info` that is a file."""
        path = self._folder.joinpath(filename)
        return path.read_text() if path.is_file() else None

    def locate_file(self, path: str | os.PathLike[str]) -> ArchivePath:
        """Return the place of a file that RECORD names."""
        return self._folder.parent.joinpath(path)

    @property
    def _normalized_name(self) -> str:
        """The name as `entry_points` compares it, without the need to read METADATA."""
        return _name(self._folder.name)


def find(index: Index, context: DistributionFinder.Context | None) -> Iterator[ArchiveDistribution]:
    """Yield the distributions that the context asks for: by name, or all, in the folders of its path."""
    wanted = _normalize(context.name) if context is not None and context.name else None
    folders = [""] if context is None else [inside(entry) for entry in context.path if isinstance(entry, str)]
    for folder in dict.fromkeys(folders):
        for name in index.children(folder) if folder is not None else ():
            if name.endswith((".dist-info", ".egg-info")) and wanted in (None, _name(name)):
                yield ArchiveDistribution(ArchivePath(index, f"{folder}/{name}" if folder else name))


def _name(entry: str) -> str:
    """Return the normalised name of the distribution that a `NAME[-VERSION].dist-info` or `.egg-info` tells of."""
    return _normalize(entry.rpartition(".")[0].partition("-")[0])


def _normalize(name: str) -> str:
    """Normalise as PEP 503 does, and then as file names have it: with `_`."""
    return re.sub(r"[-_.]+", "_", name).lower()
