"""Namespace packages where files of the archive cannot be opened by path. Imported on first use."""

import sys

if sys.version_info >= (3, 11):
    from _frozen_importlib_external import NamespaceLoader
else:
    from _frozen_importlib_external import _NamespaceLoader as NamespaceLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any

    from .index import Index


class ArchiveNamespaceLoader(NamespaceLoader):
    """What a namespace package with a portion in the archive has for a loader, so that its resources are found.

    With virtual files the import system's own loader finds them.
    """

    def __init__(self, index: "Index", path: "Iterable[str]") -> None:
        """Take the package's `__path__`."""
        self._index = index
        self._path = path

    def exec_module(self, module: "ModuleType") -> None:
        """Do what the import system does for a namespace package whose spec has no loader."""
        module.__file__ = None

    def get_resource_reader(self, fullname: "Any") -> "Any":  # noqa: ARG002 - the protocol's
        """Return the resources in all portions of the package."""
        from .resources import Reader, merge  # noqa: PLC0415 - brings much of importlib along

        return Reader(merge(self._index, list(self._path)))
