"""The folders of the archive, as the path machinery asks for them. Imported when it first does."""

from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import FileFinder

from .index import ROOT, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from .index import Index


class FolderFinder(FileFinder):
    """The path entry finder for one folder of the archive.

    A kind of `FileFinder`, which `pkgutil` and `pkg_resources` list by path.
    """

    def __init__(self, index: "Index", folder: str, find: "Callable[[Index, str, str], ModuleSpec | None]") -> None:
        """Take the folder's archive path, and what finds a module in a folder (importer.py)."""
        self._index = index
        self._find = find
        self._folder = folder
        self.path = join(ROOT, folder) if folder else ROOT

    def find_spec(self, fullname: str, target: "ModuleType | None" = None) -> "ModuleSpec | None":  # noqa: ARG002
        """Return the spec of a module in the folder, that of a namespace portion, or `None`."""
        spec: ModuleSpec | None = self._find(self._index, self._folder, fullname)
        if spec is None:
            portion = join(self._folder, fullname.rpartition(".")[2])
            if self._index.is_folder(portion):
                spec = ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [join(ROOT, portion)]
        return spec

    def iter_modules(self, prefix: str = "") -> "Iterator[tuple[str, bool]]":
        """Yield the name (after `prefix`) of each module in the folder and whether it is a package, for `pkgutil`."""
        seen = {"__init__"}
        for child in self._index.children(self._folder):
            path = join(self._folder, child)
            package = any(self._index.is_file(path + init) for init in ("/__init__.py", "/__init__.pyc"))
            name, _, suffix = child.rpartition(".")
            if package:
                name = child
            elif suffix not in ("py", "pyc") or not self._index.is_file(path):
                continue
            if name not in seen and "." not in name:
                seen.add(name)
                yield prefix + name, package

    def invalidate_caches(self) -> None:
        """Do nothing: the archive does not change."""
