"""Importing from the archive.

The archive appears as the folder `ROOT` on sys.path, through a path hook. A finder on sys.meta_path answers first, for
what can only come from the archive: it saves the walk along sys.path, and it also finds distributions.
Nothing from `importlib` but the frozen parts that every interpreter has loaded: `importlib.util` and `importlib.abc`
cost more than the import of many an application.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, PathFinder, _LoaderBasics, decode_source
from _imp import _fix_co_filename  # type: ignore[attr-defined]  # a part of CPython that typeshed does not list

from .index import ROOT, inside

if sys.version_info >= (3, 11):
    from _frozen_importlib_external import NamespaceLoader
else:
    from _frozen_importlib_external import _NamespaceLoader as NamespaceLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.metadata import DistributionFinder
    from types import CodeType, ModuleType
    from typing import Any

    from .index import Index
    from .metadata import ArchiveDistribution
    from .resources import Reader


class ArchiveSpec(ModuleSpec):
    """A spec that never has `cached`: there is no bytecode cache on disk."""

    cached = None


class ArchiveLoader(_LoaderBasics):
    """Loads one module. `exec_module` is inherited, so that tracebacks show no frame of ours."""

    def __init__(self, index: Index, name: str, stem: str) -> None:
        """Take the module's full name and its archive path without `.py`."""
        self.name = name
        self.path = f"{ROOT}/{stem}.py"
        self._index = index
        self._stem = stem

    def get_code(self, fullname: str) -> CodeType:
        """Return the module's code: its bytecode, when it is this interpreter's, else compiled from its source."""
        self._check(fullname)
        source = self._stem + ".py"
        bytecode = source + "c"
        if bytecode in self._index.files:
            view = self._index.view(bytecode)
            # PEP 552: flags 1 is an unchecked hash. Any other kind asks to be compared with the source.
            if view[:4] == MAGIC_NUMBER and (bytes(view[4:8]) == b"\1\0\0\0" or source not in self._index.files):
                code: CodeType = marshal.loads(view[16:])  # noqa: S302 - as trustworthy as the source beside it
                _fix_co_filename(code, self.path)
                return code
            if source not in self._index.files:
                version = f"{sys.version_info[0]}.{sys.version_info[1]}"
                raise ImportError(
                    f"{fullname} comes as bytecode of another Python than this one ({version}), and without its source",
                    name=fullname,
                    path=self.path,
                )
        return compile(self._index.view(source), self.path, "exec", dont_inherit=True)

    def get_source(self, fullname: str) -> str | None:
        r"""Return the module's source (PEP 263 cookies observed, newlines as `\n`), `None` when it was left out."""
        self._check(fullname)
        name = self._stem + ".py"
        return decode_source(bytes(self._index.view(name))) if name in self._index.files else None

    def get_filename(self, fullname: str) -> str:
        """Return the virtual path of the module's source, also when only its bytecode is there."""
        self._check(fullname)
        return self.path

    def get_data(self, path: str) -> bytes:
        """Return the file with that virtual path. Raises `OSError` when there is none."""
        name = inside(path)
        if name is None or name not in self._index.files:
            raise FileNotFoundError(2, "No such file in the archive", path)
        return bytes(self._index.view(name))

    def is_package(self, fullname: str) -> bool:
        """Tell whether the module is a package."""
        self._check(fullname)
        return self._stem.rpartition("/")[2] == "__init__"

    def get_resource_reader(self, fullname: str) -> Reader:
        """Return the resources beside the module."""
        self._check(fullname)
        from .resources import ArchivePath, Reader  # noqa: PLC0415 - brings much of importlib along

        return Reader(ArchivePath(self._index, self._stem.rpartition("/")[0]))

    def _check(self, fullname: str) -> None:
        # Whatever runs as `__main__` is asked for under that name too: by linecache, for one.
        if fullname not in (self.name, None, "__main__"):
            raise ImportError(f"the loader for {self.name} cannot handle {fullname}", name=fullname)


class ArchiveNamespaceLoader(NamespaceLoader):
    """What a namespace package with a portion in the archive has for a loader: its resources are found."""

    def __init__(self, index: Index, path: Iterable[str]) -> None:
        """Take the package's `__path__`."""
        self._index = index
        self._path = path

    def exec_module(self, module: ModuleType) -> None:
        """Do what the import system does for a namespace package whose spec has no loader."""
        module.__file__ = None

    def get_resource_reader(self, fullname: str) -> Reader:  # type: ignore[override]  # noqa: ARG002 - the protocol's
        """Return the resources in all portions of the package."""
        from .resources import Reader, merge  # noqa: PLC0415 - brings much of importlib along

        return Reader(merge(self._index, list(self._path)))


class FolderFinder:
    """The path entry finder for one folder of the archive."""

    def __init__(self, index: Index, folder: str) -> None:
        """Take the folder's archive path."""
        self._index = index
        self._folder = folder

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002
        """Return the spec of a module in the folder, that of a namespace portion, or `None`."""
        spec: ModuleSpec | None = _find(self._index, self._folder, fullname)
        if spec is None:
            portion = _join(self._folder, fullname.rpartition(".")[2])
            if portion in self._index.folders:
                spec = ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [_join(ROOT, portion)]
        return spec

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """Yield the name (after `prefix`) of each module in the folder and whether it is a package, for `pkgutil`."""
        seen = {"__init__"}
        for child in self._index.children(self._folder):
            path = _join(self._folder, child)
            package = not self._index.files.keys().isdisjoint((path + "/__init__.py", path + "/__init__.pyc"))
            name, _, suffix = child.rpartition(".")
            if package:
                name = child
            elif path not in self._index.files or suffix not in ("py", "pyc"):
                continue
            if name not in seen and "." not in name:
                seen.add(name)
                yield prefix + name, package

    def invalidate_caches(self) -> None:
        """Do nothing: the archive does not change."""


class ArchiveFinder:
    """The finder on sys.meta_path."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that is in the archive and cannot be meant to come from elsewhere, or `None`."""
        ours = True
        folders = []
        if path is None:
            if fullname in sys.stdlib_module_names:
                return None  # the standard library comes first on sys.path: PathFinder knows
            folders.append("")
        else:
            for entry in path:
                folder = inside(entry) if isinstance(entry, str) else None
                if folder is None:
                    ours = False  # a package with portions elsewhere: their order matters
                else:
                    folders.append(folder)
        if ours:
            for folder in folders:
                if spec := _find(self._index, folder, fullname):
                    return spec
        name = fullname.rpartition(".")[2]
        for folder in folders:
            if _join(folder, name) in self._index.folders:
                return self._find_namespace(fullname, path, target)
        return None

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterator[ArchiveDistribution]:
        """Yield the archive's distributions for `importlib.metadata`."""
        if "_os402.files" in sys.modules:
            return iter(())  # PathFinder lists the archive as it does any folder: it would find them a second time
        from .metadata import find  # noqa: PLC0415 - brings importlib.metadata along

        return find(self._index, context)

    def path_hook(self, path: str) -> FolderFinder:
        """Return the path entry finder of a virtual path. Raises `ImportError` for other paths."""
        folder = inside(path)
        if folder not in self._index.folders:
            raise ImportError("not a folder in the archive", path=path)
        return FolderFinder(self._index, folder)

    def invalidate_caches(self) -> None:
        """Do nothing: the archive does not change."""

    def _find_namespace(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        """Let PathFinder gather the portions, so that they may lie anywhere."""
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is None and spec.submodule_search_locations is not None:
            loader: Any = ArchiveNamespaceLoader(self._index, spec.submodule_search_locations)
            spec.loader = loader
        return spec


def install(index: Index, own_path: str | None) -> None:
    """Make the archive importable, for the rest of the process. `own_path`: where it lies on disk, if it does."""
    finder = ArchiveFinder(index)
    sys.path_hooks.insert(0, finder.path_hook)
    # The finder of a launcher that loads archives itself would answer before the standard library.
    sys.meta_path[:] = [other for other in sys.meta_path if not hasattr(other, "zf")]
    place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else len(sys.meta_path)
    sys.meta_path.insert(place, finder)

    sys.path[:] = [entry for entry in sys.path if entry not in ("", own_path)]
    sys.path_importer_cache.pop(own_path, None)  # type: ignore[arg-type]  # None is not in it
    sys.path.insert(_place(sys.path), ROOT)


def _place(path: list[str]) -> int:
    """Return where the archive stands on sys.path: behind the standard library, before what the host has installed."""
    standard = os.path.dirname(os.__file__)  # noqa: PTH120 - pathlib is slow to import
    start = path.index(standard) if standard in path else 0
    for place in range(start, len(path)):
        if path[place].rstrip("/\\").endswith(("site-packages", "dist-packages")):
            return place
    return len(path)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _find(index: Index, folder: str, fullname: str) -> ArchiveSpec | None:
    """Return the spec of a module that lies in a folder (an archive path)."""
    base = _join(folder, fullname.rpartition(".")[2])
    for stem in (base + "/__init__", base):
        if stem + ".py" in index.files or stem + ".pyc" in index.files:
            loader: Any = ArchiveLoader(index, fullname, stem)
            spec = ArchiveSpec(fullname, loader, origin=loader.path)
            spec.has_location = True
            if stem is not base:
                spec.submodule_search_locations = [f"{ROOT}/{base}"]
            return spec
    return None
