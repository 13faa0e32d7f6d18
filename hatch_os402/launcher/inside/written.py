"""Importing what lies in memory beside the archive's own modules. Imported on first use.

That is what the program itself has written into the folder for temporary files, and what zip files hold.
"""

import _frozen_importlib_external
import os
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import FileFinder, SourceFileLoader, SourcelessFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any
    from zipimport import zipimporter


def zip_finder(path: str) -> "zipimporter":
    """Return what imports from a zip file in memory, or from a folder in it. Raises `ImportError` for other files."""
    from zipimport import zipimporter  # noqa: PLC0415 - few programs have zips

    # It looks for the file by this module's functions, and reads it by `open_code`, which was taught.
    external: Any = _frozen_importlib_external
    real, external._os = external._os, os  # noqa: SLF001 - for this one call
    try:
        return zipimporter(path)
    finally:
        external._os = real  # noqa: SLF001 - as above


class WrittenFinder(FileFinder):
    """The path entry finder for a folder in memory. Its parent would ask the kernel."""

    def __init__(self, path: str) -> None:
        """Take the folder's path."""
        self.path = path

    def find_spec(self, fullname: str, target: "ModuleType | None" = None) -> "ModuleSpec | None":  # noqa: ARG002
        """Return the spec of a module in the folder, that of a namespace portion, or `None`."""
        base = f"{self.path}/{fullname.rpartition('.')[2]}"
        for stem in (base + "/__init__", base):
            for suffix, kind in ((".py", SourceFileLoader), (".pyc", _BytecodeLoader)):
                if os.path.isfile(stem + suffix):  # noqa: PTH113 - pathlib is slow to import
                    loader: Any = kind(fullname, stem + suffix)
                    spec = ModuleSpec(fullname, loader, origin=stem + suffix)
                    spec.has_location = True
                    if stem is not base:
                        spec.submodule_search_locations = [base]
                    return spec
        if not os.path.isdir(base):  # noqa: PTH112 - as above
            return None
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [base]
        return spec

    def invalidate_caches(self) -> None:
        """Do nothing: nothing is cached."""


class _BytecodeLoader(SourcelessFileLoader):
    """Loads bytecode by the `open` that knows files in memory."""

    def get_data(self, path: str) -> bytes:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return file.read()
