"""Opening, listing and asking for files of the archive by path: the functions of `os` and `io`, taught about `ROOT`.

Each function is replaced by one that looks at the path first: a path elsewhere goes to the original, untouched. What
the standard library builds on them (`os.path`, `pathlib`, `glob`, `shutil`, `linecache`, …) follows.
"""

from __future__ import annotations

import _io
import builtins
import errno
import io
import os
import sys

from .tree import HOME, Listing, children, error, find, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from collections.abc import Callable
    from types import ModuleType
    from typing import IO, Any

    from .index import Index

CHANGING = (
    "chflags", "chmod", "chown", "lchflags", "lchmod", "lchown", "link", "mkdir", "mkfifo", "mknod", "remove",
    "removexattr", "rename", "replace", "rmdir", "setxattr", "symlink", "truncate", "unlink", "utime",
)  # fmt: skip
CREATING = ("link", "mkdir", "mkfifo", "mknod", "symlink")
KEEPING = ("bz2", "glob", "pathlib", "tarfile", "tokenize")
"""Modules that keep a replaced function under a name of their own. Some launchers have imported them already."""

_index: Index


def install(index: Index) -> None:
    """Make the archive's files readable by path, for the rest of the process."""
    global _index  # noqa: PLW0603 - one process, one archive
    _index = index
    replaced: dict[Any, Any] = {}
    method: Any = type(index.view)  # types.MethodType, without the import of types

    def replace(module: ModuleType, name: str, new: Callable[..., Any]) -> None:
        if original := getattr(module, name, None):
            # Bound to the original, which it gets first. Unlike a function it stays what it is as a class attribute.
            replaced[original] = replaced.get(original) or method(new, original)
            setattr(module, name, replaced[original])

    replace(builtins, "open", _open)
    replace(io, "open", _open)
    replace(io, "open_code", _open_code)
    replace(_io, "open_code", _open_code)  # by which importlib reads source
    replace(os, "open", _os_open)
    replace(os, "stat", _stat)
    replace(os, "lstat", _lstat)
    replace(os, "access", _access)
    replace(os, "listdir", _listdir)
    replace(os, "scandir", _scandir)
    replace(os, "readlink", _readlink)
    replace(os, "listxattr", _listxattr)
    replace(os, "getxattr", _getxattr)
    for name in CHANGING:
        replace(os, name, _change)
    for known in (os.supports_dir_fd, os.supports_effective_ids, os.supports_fd, os.supports_follow_symlinks):
        known.update([new for original, new in replaced.items() if original in known])
    for name in KEEPING:
        if name in sys.modules:
            _exchange(sys.modules[name], replaced)
    if "ssl" in sys.modules:
        _teach(sys.modules["ssl"])
    else:
        sys.meta_path.insert(0, SslFinder())


def ours(path: Any) -> str | bytes | None:
    """Return a path that may lie in the archive, as text or bytes; `None` for all else, also descriptors."""
    if type(path) is str:
        return path if path.startswith(HOME) else None
    if not isinstance(path, (str, bytes)):
        if not hasattr(type(path), "__fspath__"):
            return None
        path = os.fspath(path)
    return path if os.fsdecode(path).startswith(HOME) else None


def located(path: Any) -> tuple[str | bytes, str] | tuple[None, None]:
    """Return a path in the archive and the name of what lies there. Raises `OSError` when nothing does."""
    spelled = ours(path)
    if spelled is None or (name := find(_index, spelled)) is None:
        return None, None
    return spelled, name


# Each of these first looks at plain text, which nearly every path is: the others must cost next to nothing.


def _open(
    real: Callable[..., IO[Any]],
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,  # noqa: FBT001, FBT002 - as the function it stands for
    opener: Any = None,
) -> IO[Any]:
    if (type(file) is str and not file.startswith(HOME)) or opener is not None or ours(file) is None:
        return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
    from .opening import open_file  # noqa: PLC0415 - not every program opens one

    stream = open_file(_index, file, mode, buffering, encoding, errors, newline, closefd)
    return real(file, mode, buffering, encoding, errors, newline) if stream is None else stream


def _open_code(real: Callable[..., Any], path: Any) -> Any:
    return real(path) if ours(path) is None else builtins.open(path, "rb")  # noqa: PTH123 - as above


def _os_open(real: Callable[..., int], path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
    if (type(path) is str and not path.startswith(HOME)) or ours(path) is None:
        return real(path, flags, *args, **kwargs)
    try:
        spelled, _ = located(path)
    except FileNotFoundError:
        if flags & os.O_CREAT:
            raise error(errno.EROFS, os.fspath(path)) from None
        raise
    if spelled is None:
        return real(path, flags, *args, **kwargs)
    if flags & os.O_CREAT and flags & os.O_EXCL:
        raise error(errno.EEXIST, spelled)
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC):
        raise error(errno.EROFS, spelled)
    raise error(
        errno.EOPNOTSUPP,
        spelled,
        "The archive is in memory: its files have no descriptors, use open() instead of os.open()",
    )


def _stat(
    real: Callable[..., os.stat_result], path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True
) -> os.stat_result:
    if type(path) is str and not path.startswith(HOME) and dir_fd is None and follow_symlinks:
        return real(path)
    spelled, name = located(path)
    if spelled is None or name is None:
        return real(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    return status(_index, name)


def _lstat(real: Callable[..., os.stat_result], path: Any, *, dir_fd: int | None = None) -> os.stat_result:
    if type(path) is str and not path.startswith(HOME) and dir_fd is None:
        return real(path)
    spelled, name = located(path)
    return real(path, dir_fd=dir_fd) if spelled is None or name is None else status(_index, name)


def _access(real: Callable[..., bool], path: Any, mode: int, **kwargs: Any) -> bool:
    if type(path) is str and not path.startswith(HOME):
        return real(path, mode, **kwargs)
    try:
        spelled, name = located(path)
    except OSError:
        return False
    if spelled is None:
        return real(path, mode, **kwargs)
    return not mode & os.W_OK and not (mode & os.X_OK and name in _index.files)


def _listdir(real: Callable[..., list[Any]], path: Any = None) -> list[Any]:
    spelled, name = located(path)
    if spelled is None or name is None:
        return real(path)
    if name in _index.files:
        raise error(errno.ENOTDIR, spelled)
    names = children(_index, name)
    return [os.fsencode(child) for child in names] if isinstance(spelled, bytes) else names.copy()


def _scandir(real: Callable[..., Any], path: Any = None) -> Any:
    spelled, name = located(path)
    if spelled is None or name is None:
        return real(path)
    if name in _index.files:
        raise error(errno.ENOTDIR, spelled)
    return Listing(_index, name, spelled)


def _readlink(real: Callable[..., Any], path: Any, **kwargs: Any) -> Any:
    spelled, _ = located(path)
    if spelled is None:
        return real(path, **kwargs)
    raise error(errno.EINVAL, spelled)


def _listxattr(real: Callable[..., list[str]], path: Any = None, **kwargs: Any) -> list[str]:
    return real(path, **kwargs) if located(path)[0] is None else []


def _getxattr(real: Callable[..., bytes], path: Any, attribute: Any, **kwargs: Any) -> bytes:
    spelled, _ = located(path)
    if spelled is None:
        return real(path, attribute, **kwargs)
    raise error(errno.ENODATA, spelled)


def _change(real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Refuse what would change the archive: EROFS, or the error that says that there is nothing to change."""
    for place, path in enumerate((*args[:2], *kwargs.values())):
        spelled = ours(path)
        if spelled is None:
            continue
        creates = place > 0 or real.__name__ in CREATING
        try:
            if find(_index, spelled) is None:
                continue
        except FileNotFoundError:
            if not creates:
                raise
        else:
            if real.__name__ in CREATING:
                raise error(errno.EEXIST, spelled)
        raise error(errno.EROFS, spelled)
    return real(*args, **kwargs)


def _exchange(module: ModuleType, replaced: dict[Any, Any]) -> None:
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


class SslFinder:
    """Waits on sys.meta_path for the import of `ssl`, whose C code opens certificates by path."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of `ssl` as the other finders know it, made to teach the module once it is loaded."""
        if fullname != "ssl":
            return None
        sys.meta_path.remove(self)
        from _frozen_importlib import _find_spec  # type: ignore[attr-defined]  # noqa: PLC0415

        spec: ModuleSpec | None = _find_spec(fullname, path, target)
        loader: Any = spec and spec.loader
        if loader is not None:
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                _teach(module)

            loader.exec_module = exec_module
        return spec


def _teach(ssl: ModuleType) -> None:
    from .tls import teach  # noqa: PLC0415 - few programs need it

    teach(ssl)
