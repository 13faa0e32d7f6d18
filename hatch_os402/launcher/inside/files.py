"""What functions of `os` and `io` do with paths that no kernel knows, and with all others.

Each asks first where the path leads (places.py): for a real file it calls the original. Imported by patching.py.
"""

import builtins
import errno
import os
import sys

from .patching import places
from .tree import Listing, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

    from .places import Found

MOVING = ("link", "rename", "replace")
CREATING = ("link", "mkdir", "mkfifo", "mknod", "symlink")
MAKING = (*CREATING, "rename", "replace")

_places = places()
_watched = _places.watched
"""What a path that may be ours begins with: nearly every path is text, and the others must cost next to nothing."""


def located(path: "Any") -> "Found | None":
    """Return the volume that a path leads to, the name in it, and the path as text or bytes; `None` for a real file."""
    return _places.find(path)


def _existing(path: "Any") -> "Found | None":
    """Return the same, once it is known to exist."""
    found = _places.find(path)
    if found is not None:
        volume, name, spelled = found
        volume.demand(name, spelled)
    return found


def _open(
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
    if type(file) is str and _watched and not file.startswith(_watched):
        return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
    descriptors: Any = sys.modules.get("_os402.descriptors")  # once it is imported, numbers may be ours
    ours = descriptors is not None and type(file) is int and file in descriptors.handles
    found = None if ours else _places.find(file)
    if not ours and found is None:
        return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
    from .opening import check, flags_of, open_handle, open_raw, wrap  # noqa: PLC0415 - not every program opens one

    text = (encoding, errors, newline)
    check(mode, buffering, text, closes=closefd or ours)
    if found is None:
        return open_handle(descriptors.handles[file], file, mode, buffering, text, closes=closefd)
    if opener is not None:
        number = opener(file, flags_of(mode))
        return builtins.open(number, mode, buffering, encoding, errors, newline)  # noqa: PTH123 - as above
    return wrap(open_raw(*found, mode), mode, buffering, text)


def _open_code(real: "Callable[..., Any]", path: "Any") -> "Any":
    return real(path) if _places.find(path) is None else builtins.open(path, "rb")  # noqa: PTH123 - as above


def _os_open(
    real: "Callable[..., int]", path: "Any", flags: int, mode: int = 0o777, *, dir_fd: "int | None" = None
) -> int:
    found = None if dir_fd is not None else _places.find(path)
    if found is None:
        return real(path, flags, mode, dir_fd=dir_fd)
    from .descriptors import open_number  # noqa: PLC0415 - not every program asks for one

    return open_number(*found, flags, mode)


def _stat(
    real: "Callable[..., os.stat_result]", path: "Any", *, dir_fd: "int | None" = None, follow_symlinks: bool = True
) -> os.stat_result:
    if type(path) is str and _watched and not path.startswith(_watched) and dir_fd is None and follow_symlinks:
        return real(path)
    found = None if dir_fd is not None else _existing(path)
    if found is None:
        return real(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    return found[0].status(found[1])


def _lstat(real: "Callable[..., os.stat_result]", path: "Any", *, dir_fd: "int | None" = None) -> os.stat_result:
    found = None if dir_fd is not None else _existing(path)
    return real(path, dir_fd=dir_fd) if found is None else found[0].status(found[1])


def _access(real: "Callable[..., bool]", path: "Any", mode: int, **kwargs: "Any") -> bool:
    if type(path) is str and _watched and not path.startswith(_watched):
        return real(path, mode, **kwargs)
    try:
        found = None if kwargs.get("dir_fd") is not None else _existing(path)
    except OSError:
        return False
    if found is None:
        return real(path, mode, **kwargs)
    volume, name, _ = found
    if mode & os.W_OK and volume.readonly:
        return False
    return not mode & os.X_OK or bool(volume.status(name).st_mode & 0o111)


def _listed(path: "Any") -> "Found | None":
    """Return volume, name and path of a folder to list."""
    found = _existing("." if path is None else path)
    if found is not None and found[0].is_file(found[1]):
        raise error(errno.ENOTDIR, found[2])
    return found


def _listdir(real: "Callable[..., list[Any]]", path: "Any" = None) -> "list[Any]":
    found = _listed(path)
    if found is None:
        return real(path)
    volume, name, spelled = found
    names = volume.children(name)
    return [os.fsencode(child) for child in names] if isinstance(spelled, bytes) else list(names)


def _scandir(real: "Callable[..., Any]", path: "Any" = None) -> "Any":
    found = _listed(path)
    return real(path) if found is None else Listing(*found)


def _readlink(real: "Callable[..., Any]", path: "Any", **kwargs: "Any") -> "Any":
    if found := _existing(path):
        raise error(errno.EINVAL, found[2])
    return real(path, **kwargs)


def _listxattr(real: "Callable[..., list[str]]", path: "Any" = None, **kwargs: "Any") -> "list[str]":
    return [] if _existing("." if path is None else path) else real(path, **kwargs)


def _getxattr(real: "Callable[..., bytes]", path: "Any", attribute: "Any", **kwargs: "Any") -> bytes:
    if found := _existing(path):
        raise error(errno.ENODATA, found[2])
    return real(path, attribute, **kwargs)


def _statvfs(real: "Callable[..., Any]", path: "Any") -> "Any":
    if found := _existing(path):
        raise error(errno.ENOSYS, found[2], "It is in memory, on no file system whose size could be told")
    return real(path)


def _getcwd(_: "Callable[..., Any]") -> str:
    return _places.folder


def _getcwdb(_: "Callable[..., Any]") -> bytes:
    return os.fsencode(_places.folder)


def _chdir(_: "Callable[..., Any]", path: "Any") -> None:
    found = _listed(path)
    if found is None:
        raise error(errno.EACCES, os.fspath(path), "The current folder can only be one of the program's own")
    _places.folder = f"{found[0].top}/{found[1]}".rstrip("/") or "/"


def _change(real: "Callable[..., Any]", *args: "Any", **kwargs: "Any") -> "Any":
    """Change what can be changed; refuse the rest as a file system does that cannot be written."""
    operation = real.__name__
    wanted = _MOVED if operation in MOVING else _LINKED if operation == "symlink" else _CHANGED
    paths = [args[at] if at < len(args) else kwargs.get(key) for at, key in wanted]
    relative = any(value is not None for key, value in kwargs.items() if key.endswith("dir_fd"))
    found = [None if relative else _places.find(path) for path in paths]
    ours = [item for item in found if item is not None]
    if not ours:
        return real(*args, **kwargs)
    for item in found:
        if item is not None and item[0].readonly:
            makes = item is found[-1] and operation in MAKING  # what the last path names need not be there
            raise item[0].refusal(*item[1:], creates=makes, exclusive=makes and operation in CREATING)
    if len(ours) < len(found):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), paths[0], None, paths[-1])
    volume, name, path = ours[0]
    if operation in MOVING or not hasattr(volume, operation):
        if operation not in ("rename", "replace"):
            raise error(errno.EPERM, path, f"os.{operation} is not for files in memory")
        return volume.rename(name, path, *ours[1][1:])  # type: ignore[attr-defined]  # it can be written
    return getattr(volume, operation)(name, path, *args[1:], **{key: kwargs[key] for key in kwargs if key != "path"})


_CHANGED = ((0, "path"),)
_MOVED = ((0, "src"), (1, "dst"))
_LINKED = ((1, "dst"),)


FUNCTIONS: "dict[str, Callable[..., Any]]" = {
    "access": _access,
    "change": _change,
    "chdir": _chdir,
    "getcwd": _getcwd,
    "getcwdb": _getcwdb,
    "getxattr": _getxattr,
    "listdir": _listdir,
    "listxattr": _listxattr,
    "lstat": _lstat,
    "open": _open,
    "open_code": _open_code,
    "os_open": _os_open,
    "readlink": _readlink,
    "scandir": _scandir,
    "stat": _stat,
    "statvfs": _statvfs,
}
"""What patching.py puts in the place of functions that take paths. Each is given the original first."""
