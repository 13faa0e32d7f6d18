"""Importing by path what lies in memory: the import system's own finders and loaders see virtual files.

Those are `FileFinder` and the loaders of folders, and `zipimporter`. They go by C functions of `os` and `io` that
nobody can replace, but through names that can be. Imported on first use: a folder or a zip that the program has
written, a `FileFinder` for a folder of the archive.
"""

import _frozen_importlib_external
import _io
import io
import os
from _frozen_importlib_external import FileFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def use_virtual_files() -> None:
    """Make them see virtual files, for the rest of the process."""
    external: Any = _frozen_importlib_external
    external._os = os  # noqa: SLF001 - no other way in
    _io.FileIO = io.FileIO  # type: ignore[misc]  # what SourcelessFileLoader reads by


def asks_for_any(names: "dict[str, Any]") -> bool:
    """Whether these are the names of the import system's hook for folders, with the loaders that it has at first."""
    external: Any = _frozen_importlib_external
    standard = tuple(external._get_supported_file_loaders())  # noqa: SLF001 - no other way in
    return (
        names.get("cls") is FileFinder
        and names.get("loader_details") == standard
        and (standard[-2][1], standard[-1][1]) == ([".py"], [".pyc"])
    )
