"""What functions of `os` and `io` do with paths that no kernel knows, and with all others.

Each asks first where the path leads (mount_table.py): for a real file it calls the original. Imported by patches.py.
"""

import builtins
import errno
import os

from .mount import ScandirIterator, error
from .mount_table import OpenDirectory
from .writers import note_writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import IO, Any

    from .mount_table import Found, MountTable

MOVING = ("link", "rename", "replace")
CREATING = ("link", "mkdir", "mkfifo", "mknod", "symlink")
MAKING = (*CREATING, "rename", "replace")


class Functions:
    """A method for each function, which is given the original first."""

    def __init__(self, table: "MountTable") -> None:
        self._table = table
        self._find = table.find
        # What a path that may be in memory begins with: nearly every path is text, and the others must cost next to
        # nothing.
        self._watched = table.watched
        self._open_files = table.open_files

    def open(
        self,
        real: "Callable[..., IO[Any]]",
        file: "Any",
        mode: str = "r",
        buffering: int = -1,
        encoding: "str | None" = None,
        errors: "str | None" = None,
        newline: "str | None" = None,
        closefd: bool = True,  # noqa: FBT001, FBT002 - as the function it stands for
        opener: "Any" = None,
    ) -> "IO[Any]":
        """Do what `open` does."""
        if type(file) is str and self._watched and not file.startswith(self._watched):
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        opened = self._open_files.get(file) if type(file) is int else None
        found = None if opened else self._find(file)
        if not opened and found is None:
            if type(file) is int:
                note_writer(mode)
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        from .files import check, flags_of, open_descriptor, open_raw, wrap  # noqa: PLC0415 - not every program opens one

        text = (encoding, errors, newline)
        check(mode, buffering, text, closes=closefd or bool(opened))
        if found is None:
            if isinstance(opened, OpenDirectory):
                raise error(errno.EISDIR, file)
            return open_descriptor(opened, file, mode, buffering, text, closes=closefd)  # type: ignore[arg-type]
        if opener is not None:
            number = opener(file, flags_of(mode))
            return builtins.open(number, mode, buffering, encoding, errors, newline)  # noqa: PTH123 - as above
        return wrap(open_raw(*found, mode), mode, buffering, text)

    def open_code(self, real: "Callable[..., Any]", path: "Any") -> "Any":
        """Do what `io.open_code` does."""
        return real(path) if self._find(path) is None else builtins.open(path, "rb")  # noqa: PTH123 - as above

    def os_open(
        self, real: "Callable[..., int]", path: "Any", flags: int, mode: int = 0o777, *, dir_fd: "int | None" = None
    ) -> int:
        """Do what `os.open` does."""
        found = self._find(path, dir_fd)
        if found is None:
            return real(path, flags, mode, dir_fd=dir_fd)
        from .descriptors import open_number  # noqa: PLC0415 - not every program asks for one

        return open_number(self._table, *found, flags, mode)

    def stat(
        self,
        real: "Callable[..., os.stat_result]",
        path: "Any",
        *,
        dir_fd: "int | None" = None,
        follow_symlinks: bool = True,
    ) -> os.stat_result:
        """Do what `os.stat` does."""
        if type(path) is str and self._watched and not path.startswith(self._watched) and dir_fd is None:
            return real(path, follow_symlinks=follow_symlinks)
        if type(path) is int and path in self._open_files:
            return os.fstat(path)
        found = self._existing(path, dir_fd)
        if found is None:
            return real(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        return found[0].status(found[1])

    def lstat(
        self, real: "Callable[..., os.stat_result]", path: "Any", *, dir_fd: "int | None" = None
    ) -> os.stat_result:
        """Do what `os.lstat` does."""
        found = self._existing(path, dir_fd)
        return real(path, dir_fd=dir_fd) if found is None else found[0].status(found[1])

    def access(
        self, real: "Callable[..., bool]", path: "Any", mode: int, *, dir_fd: "int | None" = None, **kwargs: "Any"
    ) -> bool:
        """Do what `os.access` does."""
        if type(path) is str and self._watched and not path.startswith(self._watched) and dir_fd is None:
            return real(path, mode, **kwargs)
        try:
            found = self._existing(path, dir_fd)
        except OSError:
            return False
        if found is None:
            return real(path, mode, dir_fd=dir_fd, **kwargs)
        mount, name, _ = found
        permissions = mount.status(name).st_mode
        if mode & os.W_OK and mount.readonly and not permissions & 0o222:
            return False
        return not mode & os.X_OK or bool(permissions & 0o111)

    def listdir(self, real: "Callable[..., list[Any]]", path: "Any" = None) -> "list[Any]":
        """Do what `os.listdir` does."""
        found = self._listed(path)
        if found is None:
            return real(path)
        mount, name, spelled = found
        names = mount.children(name)
        return [os.fsencode(child) for child in names] if isinstance(spelled, bytes) else list(names)

    def scandir(self, real: "Callable[..., Any]", path: "Any" = None) -> "Any":
        """Do what `os.scandir` does."""
        found = self._listed(path)
        return real(path) if found is None else ScandirIterator(*found)

    def readlink(self, real: "Callable[..., Any]", path: "Any", *, dir_fd: "int | None" = None) -> "Any":
        """Do what `os.readlink` does."""
        if found := self._existing(path, dir_fd):
            raise error(errno.EINVAL, found[2])
        return real(path, dir_fd=dir_fd)

    def listxattr(self, real: "Callable[..., list[str]]", path: "Any" = None, **kwargs: "Any") -> "list[str]":
        """Do what `os.listxattr` does."""
        return [] if self._existing("." if path is None else path) else real(path, **kwargs)

    def getxattr(self, real: "Callable[..., bytes]", path: "Any", attribute: "Any", **kwargs: "Any") -> bytes:
        """Do what `os.getxattr` does."""
        if found := self._existing(path):
            raise error(errno.ENODATA, found[2])
        return real(path, attribute, **kwargs)

    def statvfs(self, real: "Callable[..., Any]", path: "Any") -> "Any":
        """Do what `os.statvfs` does."""
        if found := self._existing(path):
            raise error(errno.ENOSYS, found[2], "It is in memory, on no file system whose size could be told")
        return real(path)

    def getcwd(self, _: "Callable[..., Any]") -> str:
        """Do what `os.getcwd` does."""
        return self._table.folder

    def getcwdb(self, _: "Callable[..., Any]") -> bytes:
        """Do what `os.getcwdb` does."""
        return os.fsencode(self._table.folder)

    def chdir(self, _: "Callable[..., Any]", path: "Any") -> None:
        """Do what `os.chdir` does."""
        found = self._listed(path)
        if found is None:
            raise error(errno.EACCES, os.fspath(path), "The current folder can only be one of the program's own")
        self._table.folder = f"{found[0].path}/{found[1]}".rstrip("/") or "/"

    def change(self, real: "Callable[..., Any]", *args: "Any", **kwargs: "Any") -> "Any":
        """Change what can be changed; refuse the rest as a file system does that cannot be written."""
        operation = real.__name__
        wanted = _MOVED if operation in MOVING else _LINKED if operation == "symlink" else _CHANGED
        if args and type(args[0]) is int and args[0] in self._open_files and operation in _BY_NUMBER:
            from .descriptors import Descriptors  # noqa: PLC0415 - few programs ask for it

            return getattr(Descriptors(self._table), _BY_NUMBER[operation])(*args, **kwargs)
        given = [(args[at] if at < len(args) else kwargs.get(key), kwargs.get(fd)) for at, key, fd in wanted]
        found = [self._find(path, directory) for path, directory in given]
        ours = [item for item in found if item is not None]
        if not ours:
            return real(*args, **kwargs)
        for item in found:
            if item is not None and item[0].readonly:
                makes = item is found[-1] and operation in MAKING  # what the last path names need not be there
                raise item[0].refusal(*item[1:], creates=makes, exclusive=makes and operation in CREATING)
        if len(ours) < len(found):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), given[0][0], None, given[-1][0])
        mount, name, path = ours[0]
        if operation in MOVING or not hasattr(mount, operation):
            if operation not in ("rename", "replace"):
                raise error(errno.EPERM, path, f"os.{operation} is not for files in memory")
            return mount.rename(name, path, *ours[1][1:])  # type: ignore[attr-defined]  # it can be written
        return getattr(mount, operation)(name, path, *args[1:], **{key: kwargs[key] for key in kwargs if key != "path"})

    def _existing(self, path: "Any", directory: "int | None" = None) -> "Found | None":
        """Return where a path leads, once it is known to exist."""
        found = self._find(path, directory)
        if found is not None:
            mount, name, spelled = found
            mount.demand(name, spelled)
        return found

    def _listed(self, path: "Any") -> "Any":
        """Return mount, name and path (or descriptor) of a folder to list."""
        opened = self._open_files.get(path) if type(path) is int else None
        if isinstance(opened, OpenDirectory):
            return opened.mount, opened.name, path
        found = self._existing("." if path is None else path)
        if found is not None and not found[0].is_folder(found[1]):
            raise error(errno.ENOTDIR, found[2])
        return found


_BY_NUMBER = {"chmod": "fchmod", "chown": "fchown", "truncate": "ftruncate", "utime": "utime"}
"""What takes a descriptor for a path as well, and the function that takes nothing else."""
_CHANGED = ((0, "path", "dir_fd"),)
_MOVED = ((0, "src", "src_dir_fd"), (1, "dst", "dst_dir_fd"))
_LINKED = ((1, "dst", "dir_fd"),)


def exchange(module: "ModuleType", replaced: "dict[Any, Any]") -> None:
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
