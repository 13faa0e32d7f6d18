"""Files: written whole or not at all, hashed without being held in memory; work folders that are always removed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, TypeGuard

from hatch_os402.processes.locks import has_no_locks, try_lock, wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_LOCK = "lock"
_STALE = 86_400
"""Seconds after which a work folder without a lock is taken for a leftover."""


def is_sha256(text: object) -> TypeGuard[str]:
    """Whether `text`, which somebody else states, is a SHA256 as it is written here: in lowercase hex."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def open_file(path: Path) -> BinaryIO:
    """Open the file at `path` to read its bytes. Raises `OSError`, also for what is no regular file.

    A named pipe in its place would make its reader wait for ever.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    file = open(path, "rb", opener=opener)  # noqa: SIM115 - pathlib takes no opener; the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def read_file(path: Path, most: int | None = None) -> bytes:
    """Return the content of the file at `path`. Raises `OSError` as `open_file`, and for more than `most` bytes."""
    with open_file(path) as file:
        return file.read() if most is None else _read(file, most, path)


def read_named(path: Path, most: int = 1 << 30) -> bytes:
    """Return the content of what a user names on the command line: a file, or a pipe, as a shell's `<(...)` is.

    Raises `OSError`, also for anything else, such as a device, which may never end, and for more than `most` bytes.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "neither a file nor a pipe", str(path))
    with path.open("rb") as file:  # of a folder, the system says what it is
        return _read(file, most, path)


def _read(file: BinaryIO, most: int, path: Path) -> bytes:
    content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return content


def measure(file: IO[bytes]) -> tuple[int, str]:
    """Return size (bytes) and SHA256 (lowercase hex) of `file` from its start, wherever it stands. Raises `OSError`."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def measure_file(path: Path) -> tuple[int, str]:
    """Return size (bytes) and SHA256 (lowercase hex) of the file at `path`. Raises `OSError`."""
    with open_file(path) as file:
        return measure(file)


def file_sha256(path: Path, header: bytes = b"") -> str:
    """Return the SHA256 (lowercase hex) of the file at `path` as it is with `header` over its start.

    Raises `OSError`.
    """
    digest = hashlib.sha256(header)
    with open_file(path) as file:
        file.seek(len(header))
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write; at the end it has the name `path`, in place of what had it. Raises `OSError`.

    When the body raises, what had the name is as it was, and nothing else is left. The permissions are those of any new
    file.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            yield file
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_file(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all. Raises `OSError`."""
    with replacing(path) as file:
        file.write(content)


def rewrite_file(path: Path, content: bytes) -> None:
    """Write `content` to the user's file `path`, whole or not at all: a link stays one, and permissions stay.

    Raises `OSError`.
    """
    place = path.resolve()
    mode = stat.S_IMODE(place.stat().st_mode)
    with replacing(place) as file:
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        file.write(content)


def write_new(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write `content` to the new file `path`, whole or not at all; the umask is taken from `mode`.

    Raises `FileExistsError` if something has the name, whenever it came, and `OSError`.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(partial, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
            partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def copy_file(source: Path, path: Path) -> None:
    """Copy the file `source` to `path`, whole or not at all. Raises `OSError`."""
    with source.open("rb") as content, replacing(path) as file:
        shutil.copyfileobj(content, file, _CHUNK)


def move_file(source: Path, path: Path) -> None:
    """Move the file `source` to `path`, whole or not at all, from another file system as well. Raises `OSError`."""
    try:
        source.replace(path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_file(source, path)
        source.unlink()


@contextmanager
def locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of the file `path`, which is made: one process at a time, until it lets go or ends.

    `waiting` is called once when another process holds it. On a file system without locks nothing is held. Raises
    `OSError` when the file cannot be made.
    """
    # Whoever can read a file can hold its lock, and let others wait.
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    unlock: Callable[[], None] | None = _hold_nothing
    try:
        unlock = try_lock(path)
    except OSError as error:
        if not has_no_locks(error):
            raise
    if unlock is None:
        waiting()
        unlock = wait_for_lock(path)
    try:
        yield
    finally:
        unlock()


def _hold_nothing() -> None:
    """Unlock what could not be locked."""


@contextmanager
def work_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Yield a new private folder in `parent`, `prefix` and eight characters; it is removed at the end.

    What a process that was killed left by that prefix is removed first: each folder holds a lock as long as its process
    lives, and the system releases that however it ends. Raises `OSError`.
    """
    sweep(parent, prefix)
    folder, unlock = _locked_folder(parent, prefix)
    try:
        yield folder
    finally:
        _remove(folder, unlock)


@contextmanager
def remove_if_created(directory: Path) -> Iterator[None]:
    """Remove `directory` at the end when it was not there before and is empty: a failed build leaves nothing."""
    existed = directory.exists()
    try:
        yield
    finally:
        if not existed:
            with suppress(OSError):  # not empty, or not there
                directory.rmdir()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new private folder among the system's temporary ones (see `work_folder`), for one build."""
    with work_folder(Path(tempfile.gettempdir()), "hatch-os402-build-") as folder:
        yield folder


def sweep(parent: Path, prefix: str) -> None:
    """Remove from `parent` the work folders with `prefix` whose process is no more."""
    with suppress(OSError):
        for name in os.listdir(parent):  # noqa: PTH208 - of thousands of temporary files, each would become a path
            if name.startswith(prefix):
                with suppress(OSError):
                    _sweep(parent / name)


def _sweep(folder: Path) -> None:
    found = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        return
    if not (folder / _LOCK).exists():
        try:
            folder.rmdir()  # one that is just being made is made again
        except OSError:
            if time.time() - found.st_mtime > _STALE:
                shutil.rmtree(folder, ignore_errors=True)
        return
    if (unlock := try_lock(folder / _LOCK)) is not None:
        _remove(folder, unlock)


def _locked_folder(parent: Path, prefix: str) -> tuple[Path, Callable[[], None]]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            os.close(os.open(folder / _LOCK, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            unlock = try_lock(folder / _LOCK)
        except FileNotFoundError:  # another process sweeps, and was quicker
            continue
        except OSError as error:
            if not has_no_locks(error):
                raise
            (folder / _LOCK).unlink()  # a folder without one is let alone for as long as `_STALE`
            return folder, _hold_nothing
        if unlock is None:  # as above
            continue
        if (folder / _LOCK).exists():
            return folder, unlock
        unlock()


def _remove(folder: Path, unlock: Callable[[], None]) -> None:
    """Remove `folder`, its lock last: whoever is interrupted here leaves what the next sweep recognizes."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name == _LOCK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    with suppress(OSError):
        unlock()  # Windows removes no file that is open
    shutil.rmtree(folder, ignore_errors=True)
