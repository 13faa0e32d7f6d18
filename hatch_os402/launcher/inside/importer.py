"""Importing from the archive.

The archive appears as the folder `ROOT` on sys.path, through a path hook. A finder on sys.meta_path answers first, for
what can only come from the archive: it saves the walk along sys.path. Nothing from `importlib` but the frozen parts
that every interpreter has loaded: `importlib.util` and `importlib.abc` cost more than the import of many a program.
"""

import marshal
import os
import sys
from _frozen_importlib import BuiltinImporter, ModuleSpec, _find_spec  # type: ignore[attr-defined]  # not listed by typeshed
from _frozen_importlib_external import (
    BYTECODE_SUFFIXES,
    MAGIC_NUMBER,
    SOURCE_SUFFIXES,
    PathFinder,
    SourceFileLoader,
    decode_source,
)
from _imp import _fix_co_filename  # type: ignore[attr-defined]  # a part of CPython that typeshed does not list

from .index import MODIFIED, ROOT, inside, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import CodeType, ModuleType
    from typing import Any

    from .folder_finder import FolderFinder
    from .index import Index

_UNCHECKED_HASH = b"\1\0\0\0"  # PEP 552: any other kind asks to be compared with the source


class ArchiveSpec(ModuleSpec):
    """A spec that never has `cached`: there is no bytecode cache on disk."""

    cached = None


class ArchiveLoader(SourceFileLoader):
    """Loads one module. `exec_module` is inherited, so that tracebacks show no frame of ours.

    A kind of `SourceFileLoader` for those who ask: what these do with a module's path works here too.
    """

    def __init__(self, index: "Index", name: str, stem: str) -> None:
        """Take the module's full name and its archive path without `.py`."""
        self.name = name
        self._index = index
        self._stem = stem
        self._has_source = index.is_file(stem + ".py")
        self.path = f"{ROOT}/{stem}.py" if self._has_source else f"{ROOT}/{stem}.pyc"

    def get_code(self, fullname: str) -> "CodeType":
        """Return the module's code: its bytecode, when it is this interpreter's, else compiled from its source."""
        self._check(fullname)
        source = self._stem + ".py"
        bytecode = source + "c"
        if self._index.is_file(bytecode):
            view = self._index.view(bytecode)
            if view[:4] == MAGIC_NUMBER and (view[4:8] == _UNCHECKED_HASH or not self._has_source):
                code: CodeType = marshal.loads(view[16:])  # noqa: S302 - as trustworthy as the source beside it
                if not isinstance(code, _Code):
                    raise ImportError(f"Non-code object in {self.path!r}", name=fullname, path=self.path)
                _fix_co_filename(code, f"{ROOT}/{source}")
                return code
            if not self._has_source:
                version = f"{sys.version_info[0]}.{sys.version_info[1]}"
                raise ImportError(
                    f"{fullname} comes as bytecode of another Python than this one ({version}), and without its source",
                    name=fullname,
                    path=self.path,
                )
        return self.source_to_code(self._index.view(source), self.path)  # which a program may have replaced

    def get_source(self, fullname: str) -> "str | None":
        r"""Return the module's source (PEP 263 cookies observed, newlines as `\n`), `None` when it was left out."""
        self._check(fullname)
        return decode_source(bytes(self._index.view(self._stem + ".py"))) if self._has_source else None

    def get_filename(self, fullname: "str | None" = None) -> str:
        """Return the virtual path of the module's source, or of its bytecode when that alone is there."""
        self._check(fullname)
        return self.path

    def get_data(self, path: str) -> bytes:
        """Return the file with that virtual path. Raises `OSError` when there is none."""
        name = inside(os.fspath(path))
        if name is None or not self._index.is_file(name):
            number = 21 if name is not None and self._index.is_folder(name) else 2  # EISDIR, ENOENT
            raise OSError(number, os.strerror(number), path)
        return bytes(self._index.view(name))

    def is_package(self, fullname: str) -> bool:
        """Whether the module is a package."""
        self._check(fullname)
        return self._stem.rpartition("/")[2] == "__init__" and fullname.rpartition(".")[2] != "__init__"

    def path_stats(self, path: str) -> "dict[str, Any]":
        """Return time and size of a file, by which bytecode is found stale. Raises `OSError` when there is none."""
        return {"mtime": MODIFIED, "size": len(self.get_data(path))}

    def set_data(self, path: str, data: "Any", *, _mode: int = 0o666) -> None:
        """Do nothing: no bytecode is written into the archive."""

    def _check(self, fullname: "str | None") -> None:
        # Whatever runs as `__main__` is asked for under that name too: by linecache, for one.
        if fullname not in (self.name, None, "__main__"):
            raise ImportError(f"the loader for {self.name} cannot handle {fullname}", name=fullname)


_Code = type(ArchiveLoader.get_code.__code__)  # types.CodeType, without the import of types


class ArchiveFinder:
    """The finder on sys.meta_path."""

    def __init__(
        self, index: "Index", lazy: "Iterable[str]", patched: "frozenset[str]", patch: "Callable[[Any], Any]"
    ) -> None:
        """Take the names of modules to load on first use, those of modules to change, and what changes their specs."""
        self._index = index
        self._lazy = set(lazy)
        self._patched = patched
        self._patch = patch
        self._before: list[str] = []
        self._hooks: list[Any] = []
        self._followers: list[Any] = []
        self._has_distutils = index.is_folder("_distutils_hack")
        self._suffixes = (SOURCE_SUFFIXES[:], BYTECODE_SUFFIXES[:])

    def place(self) -> None:
        """Put `ROOT` on sys.path: behind the standard library, before what the host has installed."""
        standard = os.path.dirname(getattr(os, "__file__", ""))  # noqa: PTH120 - pathlib is slow to import
        start = sys.path.index(standard) if standard in sys.path else 0
        place = len(sys.path)
        for at in range(start, place):
            if sys.path[at].rstrip("/\\").endswith(("site-packages", "dist-packages")):
                place = at
                break
        sys.path.insert(place, ROOT)
        self._before = sys.path[: place + 1]
        self._hooks = sys.path_hooks[:]
        self._followers = self._asked_next()[:1]

    def find_spec(
        self,
        fullname: str,
        path: "Sequence[str] | None" = None,
        target: "ModuleType | None" = None,  # noqa: ARG002
    ) -> "ModuleSpec | None":
        """Return the spec of a module that is in the archive and cannot be meant to come from elsewhere, or `None`.

        Also that of a module, wherever it lies, which is to be loaded later, or changed.
        """
        if fullname in self._lazy and (path is None or "." in fullname):
            return self._deferred(fullname, path)
        if fullname in self._patched:
            return self._patch(self._find_spec(fullname, path) or self._find_elsewhere(fullname, path))  # type: ignore[no-any-return]
        if fullname == "distutils" and self._has_distutils:
            from .stdlib.distutils_shim import find_spec  # noqa: PLC0415 - few programs need it

            return find_spec(fullname)
        if fullname == "ctypes":
            from .stdlib import ctypes_finder  # noqa: PLC0415 - few programs need it

            if spec := ctypes_finder.find_spec(lambda folder, name: find(self._index, folder, name)):
                return spec  # type: ignore[no-any-return]
        return self._find_spec(fullname, path)

    def _find_spec(self, fullname: str, path: "Sequence[str] | None") -> "ModuleSpec | None":
        if self._by_path():
            return None
        if path is None and fullname in sys.stdlib_module_names:
            return None  # the standard library comes first on sys.path: PathFinder knows
        for folder in self._folders(path):
            if spec := find(self._index, folder, fullname):
                return spec
        return None

    def _find_elsewhere(self, fullname: str, path: "Sequence[str] | None") -> "ModuleSpec | None":
        """Return what the finders say that are asked next."""
        for finder in self._asked_next():
            spec: ModuleSpec | None = finder.find_spec(fullname, path)
            if spec is not None:
                return spec
        return None

    def _asked_next(self) -> "list[Any]":
        """Return the finders that are asked after this one."""
        return sys.meta_path[sys.meta_path.index(self) + 1 :] if self in sys.meta_path else sys.meta_path[:]

    def _by_path(self) -> bool:
        """Whether a program has added a path hook or a suffix: then the path machinery decides, as over any folder.

        So it does when something else stands in the place of `PathFinder`, or in front of it.
        """
        return (
            sys.path_hooks != self._hooks
            or self._suffixes != (SOURCE_SUFFIXES, BYTECODE_SUFFIXES)
            or self._asked_next()[:1] != self._followers
        )

    def _folders(self, path: "Sequence[str] | None") -> "list[str]":
        """Return the folders of the archive to look in, none when what lies elsewhere may come before them."""
        if path is None:
            return [""] if sys.path[: len(self._before)] == self._before else []
        folders = []
        for entry in path:
            folder = inside(entry) if isinstance(entry, str) else None
            if folder is None:
                return []  # a package with portions elsewhere: their order matters
            folders.append(folder)
        return folders

    def path_hook(self, path: str) -> "FolderFinder":
        """Return the path entry finder of a virtual path. Raises `ImportError` for other paths."""
        folder = inside(path)
        if folder is None or not self._index.is_folder(folder):
            raise ImportError("not a folder in the archive", path=path)
        if self._suffixes != (SOURCE_SUFFIXES, BYTECODE_SUFFIXES):
            raise ImportError("left to the finder that knows all suffixes", path=path)
        from .folder_finder import FolderFinder  # noqa: PLC0415 - many programs import nothing that asks for one

        return FolderFinder(self._index, folder, find)

    def invalidate_caches(self) -> None:
        """Do nothing: the archive does not change."""

    def _deferred(self, fullname: str, path: "Sequence[str] | None") -> "ModuleSpec | None":
        from .lazy import defer  # noqa: PLC0415 - few programs want it

        self._lazy.discard(fullname)
        spec = _find_spec(fullname, path)
        return spec and defer(spec)


def install(
    index: "Index",
    own_path: "str | None",
    lazy: "Iterable[str]",
    patched: "frozenset[str]",
    patch: "Callable[[Any], Any]",
    path_hook: "Callable[[str], Any]",
) -> None:
    """Make the archive importable, for the rest of the process.

    `own_path`: where it lies on disk, if it does. `lazy`: the modules to load on first use. `patched`: those to change
    once they are executed, for which `patch` changes their specs. `path_hook`: that of what lies in memory beside the
    archive.
    """
    finder = ArchiveFinder(index, lazy, patched, patch)
    # The hook of folders stays where it is, for others put theirs in front of it. It leaves the archive to ours.
    sys.path_hooks.append(finder.path_hook)
    sys.path_hooks.insert(0, path_hook)
    # The finder of a launcher that loads archives itself would answer before the standard library.
    sys.meta_path[:] = [other for other in sys.meta_path if not hasattr(other, "zf")]
    place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else len(sys.meta_path)
    sys.meta_path.insert(place, finder)
    if built_in := patched.intersection(sys.builtin_module_names):  # nobody else would be asked for them

        def find_spec(fullname: str, path: "Any" = None, target: "Any" = None) -> "Any":  # noqa: ARG001 - the protocol's
            return patch(BuiltinImporter.find_spec(fullname)) if fullname in built_in else None

        function: Any = find_spec
        function.find_spec = find_spec  # a finder without a class, which would take as long as the rest of this
        sys.meta_path.insert(0, function)

    # cosmo-python has its library there, and its sitecustomize, which `-S` leaves out, keeps nothing else.
    own = "/zip/" if sys.flags.no_site and "/zip/Lib" in sys.path else ""
    sys.path[:] = [entry for entry in sys.path if entry not in ("", own_path) and entry.startswith(own)]
    sys.path_importer_cache.pop(own_path, None)  # type: ignore[arg-type]  # None is not in it
    finder.place()


def find(index: "Index", folder: str, fullname: str) -> "ArchiveSpec | None":
    """Return the spec of a module that lies in a folder (an archive path)."""
    if (found := index.folder(folder)) is None:
        return None
    files, folders = found
    name = fullname.rpartition(".")[2]
    stem = join(folder, name)
    package = name in folders and (found := index.folder(stem)) is not None and _has(found[0], "__init__")
    if package:
        loader: Any = ArchiveLoader(index, fullname, stem + "/__init__")
    elif _has(files, name):
        loader = ArchiveLoader(index, fullname, stem)
    else:
        return None
    spec = ArchiveSpec(fullname, loader, origin=loader.path)
    spec.has_location = True
    if package:
        spec.submodule_search_locations = [f"{ROOT}/{stem}"]
    return spec


def _has(files: "dict[str, tuple[int, ...]]", name: str) -> bool:
    return name + ".py" in files or name + ".pyc" in files
