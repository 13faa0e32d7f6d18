"""Putting the archive's files among the files: the functions of `os` and `io` that take paths are replaced.

What the standard library builds on them (`os.path`, `pathlib`, `glob`, `shutil`, `linecache`, `tempfile`, …) follows.
What takes their place lies in files.py, which is imported when the first of them is called: many a program calls none.
"""

import _io
import builtins
import io
import os
import sys

from .index import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any
    from zipimport import zipimporter

    from .index import Index
    from .places import Places
    from .written import WrittenFinder

HOME = ROOT.rpartition("/")[0]
TEMPORARY = "/tmp"  # noqa: S108 - the program's own, in memory
ASKING = (
    "access", "getxattr", "listdir", "listxattr", "lstat", "readlink", "scandir", "stat",
)  # fmt: skip
CHANGING = (
    "chflags", "chmod", "chown", "lchflags", "lchmod", "lchown", "link", "mkdir", "mkfifo", "mknod", "remove",
    "removexattr", "rename", "replace", "rmdir", "setxattr", "symlink", "truncate", "unlink", "utime",
)  # fmt: skip
CURRENT = ("chdir", "getcwd", "getcwdb", "statvfs")
KEEPING = {"bz2", "glob", "lzma", "pathlib", "tarfile", "tempfile", "tokenize"}
"""Modules that keep a replaced function under a name of their own. Some launchers have imported them already."""


_make_places: "Callable[[], Places]"
_places: "Places | None" = None
_functions: "dict[str, Callable[..., Any]]" = {}


def places() -> "Places":
    """Return what decides where paths lead."""
    global _places  # noqa: PLW0603 - one process, one archive
    if _places is None:
        _places = _make_places()
    return _places


def install(index: "Index", *, closed: bool) -> None:
    """Put the archive's files among the files, for the rest of the process. `closed`: see places.py."""
    global _make_places  # noqa: PLW0603 - one process, one archive
    status = os.stat

    def make_places() -> "Places":
        from .places import Places  # noqa: PLC0415 - many programs need none

        return Places(index, closed=closed, status=status)

    _make_places = make_places
    method: Any = type(index.view)  # types.MethodType, without the import of types
    replaced: dict[Any, Any] = {}
    for module, name, key in _table(closed=closed):
        if original := getattr(module, name, None):
            if original not in replaced:
                # A program that was started from a file goes on to use files: then one call less counts for more.
                new = _later(key) if closed else _function(key)
                # Bound to the original, which it gets first. Unlike a function it stays the same in a class.
                replaced[original] = method(new, original)
            setattr(module, name, replaced[original])
    sys.path_hooks.insert(1, path_hook)  # behind that of the archive
    # Folders in memory have no descriptors: whoever asks is told to go by path.
    kinds = [os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks]
    for known in kinds if closed else [*kinds, os.supports_dir_fd]:
        known.update([new for original, new in replaced.items() if original in known])
    for name in KEEPING & sys.modules.keys():
        _exchange(sys.modules[name], replaced)


def _table(*, closed: bool) -> "list[tuple[ModuleType, str, str]]":
    """Return module, name and key (see files.py) of every function to be replaced."""
    opening = [(builtins, "open", "open"), (io, "open", "open"), (os, "open", "os_open")]
    opening += [(io, "open_code", "open_code"), (_io, "open_code", "open_code")]  # the latter is importlib's
    asking = [(os, name, name) for name in (*ASKING, *(CURRENT if closed else ()))]
    return [*opening, *asking, *((os, name, "change") for name in CHANGING)]


def _function(key: str) -> "Callable[..., Any]":
    if not _functions:
        from .files import FUNCTIONS  # noqa: PLC0415 - many programs need none

        _functions.update(FUNCTIONS)
    return _functions[key]


def _later(key: str) -> "Callable[..., Any]":
    """Return a function that fetches what is to be called when it is called."""

    def function(real: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        return _function(key)(real, *args, **kwargs)

    return function


def path_hook(path: str) -> "WrittenFinder | zipimporter":
    """Return the path entry finder of a folder for temporary files, or of a zip. Raises `ImportError` for others."""
    if path.startswith("/") and not path.startswith((HOME, TEMPORARY)):  # nearly every path is that of a package
        raise ImportError("not in memory", path=path)
    found = places().find(path)
    if found is not None:
        from .written import WrittenFinder, zip_finder  # noqa: PLC0415 - few programs need it

        volume, name, _ = found
        if not volume.is_folder(name):
            return zip_finder(path)
        if not volume.readonly:
            return WrittenFinder(f"{volume.top}/{name}".rstrip("/"))
    raise ImportError("not a folder for temporary files", path=path)


def _exchange(module: "ModuleType", replaced: "dict[Any, Any]") -> None:
    """Put the new functions wherever a module, or a class in it, has kept an original."""
    classes = [
        value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__
    ]
    for holder in (module, *classes):
        for name, value in list(vars(holder).items()):
            kept = value.__func__ if isinstance(value, staticmethod) else value
            if isinstance(kept, type(len)) and kept in replaced:
                new = replaced[kept]
                setattr(holder, name, staticmethod(new) if kept is not value else new)
