"""Putting the archive's files among the files: the functions of `os` and `io` that take paths are replaced.

What the standard library builds on them (`os.path`, `pathlib`, `glob`, `shutil`, `linecache`, `tempfile`, …) follows.
What takes their place lies in functions.py, which is imported when the first of them is called: many a program calls
none.
"""

import _frozen_importlib_external
import _io
import builtins
import io
import os
import sys
from _frozen_importlib_external import FileFinder

from ..index import PREFIX, ROOT, TMP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BytesIO
    from types import ModuleType
    from typing import Any, NoReturn

    from ..index import Index
    from .descriptors import Descriptors
    from .functions import Functions
    from .mount_table import MountTable

ASKING = (
    "access", "getxattr", "listdir", "listxattr", "lstat", "readlink", "scandir", "stat",
)  # fmt: skip
CHANGING = (
    "chflags", "chmod", "chown", "lchflags", "lchmod", "lchown", "link", "mkdir", "mkfifo", "mknod", "remove",
    "removexattr", "rename", "replace", "rmdir", "setxattr", "symlink", "truncate", "unlink", "utime",
)  # fmt: skip
NUMBERED = (
    "close", "dup", "dup2", "fchdir", "fchmod", "fchown", "fdatasync", "fstat", "fsync", "ftruncate", "get_inheritable",
    "isatty", "lseek", "posix_fadvise", "pread", "pwrite", "read", "readv", "set_inheritable", "write",
)  # fmt: skip
"""What takes a descriptor."""
CURRENT = ("chdir", "getcwd", "getcwdb", "statvfs")
KEEPING = {"bz2", "glob", "lzma", "pathlib", "tarfile", "tempfile", "tokenize"}
"""Modules that keep a replaced function under a name of their own. Some launchers have imported them already."""
BELOW = (PREFIX, TMP)


class VirtualFiles:
    """The virtual files of a process: where paths lead, and what the replaced functions do, made when it is needed."""

    def __init__(self, index: "Index", *, closed: bool) -> None:
        """Take the view of what lies outside the archive, closed or open: see mount_table.py."""
        self.closed = closed
        self._index = index
        self._status = os.stat
        self._table: MountTable | None = None
        self._functions: Functions | None = None
        self._descriptors: Descriptors | None = None
        self.open_files: dict[int, Any] = {}
        """What is open by numbers of ours."""

    def hold_body(self, body: "BytesIO") -> None:
        """Give descriptor 0 the body of the call, which has been read from it: an `OpenBody`, once somebody asks."""

        def __getattr__(name: str) -> "Any":  # noqa: N807 - as a module has it (PEP 562)
            from .devices import OpenBody  # noqa: PLC0415 - most programs take the body from `sys.stdin`

            opened = OpenBody(body, os.O_RDONLY, "<stdin>")
            if self.open_files.get(0) is waiting:  # not closed
                self.open_files[0] = opened
            return getattr(opened, name)

        waiting: Any = type(sys)("<stdin>")  # to make a class would take longer
        waiting.__getattr__ = __getattr__
        self.open_files[0] = waiting

    @property
    def table(self) -> "MountTable":
        """What decides where paths lead."""
        if self._table is None:
            from .mount_table import MountTable  # noqa: PLC0415 - many programs need none

            self._table = MountTable(self._index, closed=self.closed, status=self._status, open_files=self.open_files)
        return self._table

    @property
    def functions(self) -> "Functions":
        """What takes the place of functions."""
        if self._functions is None:
            from .functions import Functions  # noqa: PLC0415 - as above

            self._functions = Functions(self.table)
        return self._functions

    @property
    def descriptors(self) -> "Descriptors":
        """What takes the place of functions for a number of ours."""
        if self._descriptors is None:
            from .descriptors import Descriptors  # noqa: PLC0415 - as above

            self._descriptors = Descriptors(self.table)
        return self._descriptors

    def path_hook(self, path: str) -> "NoReturn":
        """Let importlib's own finders have a folder or a zip in memory. Raises `ImportError` always."""
        if path.startswith(ROOT) and self._index.is_folder(path[len(ROOT) + 1 :]):
            pass  # the importer has a hook for these
        elif not path.startswith("/") or path.startswith(BELOW):
            self.import_by_path()
        raise ImportError("left to the hooks that follow", path=path)

    def import_by_path(self) -> None:
        """Make importlib's own finders and loaders see virtual files, for the rest of the process."""
        from .tmp_importer import use_virtual_files  # noqa: PLC0415 - few programs need it

        use_virtual_files()


def install(virtual: VirtualFiles) -> None:
    """Put virtual files among the files, for the rest of the process."""
    closed = virtual.closed
    method: Any = type(virtual.import_by_path)  # types.MethodType, without the import of types
    replaced: dict[Any, Any] = {}
    for module, name, key in _table(closed=closed):
        if original := getattr(module, name, None):
            if original not in replaced:
                # A program that was started from a file goes on to use files: then one call less counts for more.
                new = _later(virtual, key) if closed else getattr(virtual.functions, key)
                # Bound to the original, which it gets first. Unlike a function it stays the same in a class.
                replaced[original] = method(new, original)
            setattr(module, name, replaced[original])
    numbered = _numbered(virtual)
    for name in NUMBERED:
        if original := getattr(os, name, None):
            setattr(os, name, method(numbered, original))
    os.fstat = method(_status_of_lent, os.fstat)
    os.dup2 = method(_replacing(virtual.open_files), os.dup2)
    _replace_file_io(virtual)
    _watch_finders(virtual)
    # Folders in memory have no descriptors: whoever asks is told to go by path.
    kinds = [os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks]
    for known in kinds if closed else [*kinds, os.supports_dir_fd]:
        known.update([new for original, new in replaced.items() if original in known])
    for name in KEEPING & sys.modules.keys():
        from .functions import exchange  # noqa: PLC0415 - under some launchers only

        exchange(sys.modules[name], replaced)


def _table(*, closed: bool) -> "list[tuple[ModuleType, str, str]]":
    """Return module, name and method (see functions.py) of every function to be replaced."""
    opening = [(builtins, "open", "open"), (io, "open", "open"), (os, "open", "os_open")]
    opening += [(io, "open_code", "open_code"), (_io, "open_code", "open_code")]  # the latter is importlib's
    asking = [(os, name, name) for name in (*ASKING, *(CURRENT if closed else ()))]
    return [*opening, *asking, *((os, name, "change") for name in CHANGING)]


def _later(virtual: VirtualFiles, key: str) -> "Callable[..., Any]":
    """Return a function that fetches what is to be called when it is called."""
    found: Any = None

    def function(real: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        nonlocal found
        if found is None:
            found = getattr(virtual.functions, key)
        return found(real, *args, **kwargs)

    return function


def _numbered(virtual: VirtualFiles) -> "Callable[..., Any]":
    """Return a function that does what the original does, or what is right for a number of ours."""
    open_files = virtual.open_files

    def function(real: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        if open_files:
            number, *others = args or (kwargs.pop("fd", None),)
            if type(number) is int and number in open_files:
                return getattr(virtual.descriptors, real.__name__)(number, *others, **kwargs)
            args = (number, *others)
        return real(*args, **kwargs)

    return function


def _replacing(open_files: "dict[int, Any]") -> "Callable[..., int]":
    """Return a function that does what `os.dup2` does, for which the target may have been a number of ours."""

    def dup2(numbered: "Any", fd: int, fd2: int, inheritable: bool = True) -> int:  # noqa: FBT001, FBT002 - as os.dup2
        found: int = numbered(fd, fd2, inheritable)
        if fd not in open_files:
            open_files.pop(fd2, None)
        return found

    return dup2


def _status_of_lent(numbered: "Any", *args: "Any", **kwargs: "Any") -> os.stat_result:
    """Do what `os.fstat` does; for a descriptor that was lent, as `os.stat` has the file: the kernel's has no name."""
    found: os.stat_result = numbered(*args, **kwargs)
    if not found.st_nlink and (inodes := sys.modules.get("_os402.vfs.inodes")):
        return inodes.status_of_lent(found)  # type: ignore[no-any-return]
    return found


def _replace_file_io(virtual: VirtualFiles) -> None:
    """Have `io.FileIO`, which opens paths in C, made when somebody asks for it."""
    names, before = vars(io), vars(io).get("__getattr__")

    def __getattr__(name: str) -> "Any":  # noqa: N807 - as a module has it (PEP 562)
        if name == "FileIO":
            from .files import file_io  # noqa: PLC0415 - few programs need it

            return names.setdefault(name, file_io(virtual.table))
        if before is not None:
            return before(name)
        raise AttributeError(f"module 'io' has no attribute {name!r}")

    del names["FileIO"]
    names["__getattr__"] = __getattr__


def _watch_finders(virtual: VirtualFiles) -> None:
    """Make `FileFinder`, which goes by C functions of `os`, see virtual files when it is first used for one."""
    external: Any = _frozen_importlib_external
    is_folder, initialise = external._path_isdir, FileFinder.__init__  # noqa: SLF001 - no other way to them

    def _path_isdir(path: str) -> bool:
        if path.startswith(BELOW):
            from .tmp_importer import asks_for_any, use_virtual_files  # noqa: PLC0415 - few programs need it

            if path.startswith(ROOT) and asks_for_any(sys._getframe(1).f_locals):  # noqa: SLF001 - no other way
                return False  # the importer's path hook comes next, and knows the archive's bytecode
            use_virtual_files()
        return is_folder(path)  # type: ignore[no-any-return]

    def __init__(self: FileFinder, path: str, *details: "Any") -> None:  # noqa: N807 - as it is called
        if path.startswith(BELOW):
            virtual.import_by_path()
        initialise(self, path, *details)

    external._path_isdir = _path_isdir  # noqa: SLF001 - as above
    FileFinder.__init__ = __init__  # type: ignore[method-assign]
