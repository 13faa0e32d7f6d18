"""The members of a zip file, checked by what the directory says of them, before any is read.

Python's `zipfile` changes names as it reads them, differently on Windows and from release to release; only
`ZipInfo.orig_filename` is what the file says on every host, and so the only name used here.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hatch_os402.errors import WheelError
from hatch_os402.files import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 18
"""Bytes read at a time: what a file costs in memory, however large it is."""

MAX_MEMBER_SIZE = 1 << 30
"""A file above 1 GiB cannot be meant for a sandbox that gets its program through a pipe."""

MAX_WHEEL_SIZE = 1 << 32
"""Nor can a wheel that expands to more than 4 GiB."""

MOST_RATIO = 1100
"""DEFLATE cannot do better than 1032:1, so a directory that promises more than this lies (members above 1 MiB)."""

MAX_EXPANSION_RATIO = 200
"""A wheel as a whole never expands to more than this many times its members' compressed bytes (Python and data: 3 to
20 times), when it expands to more than `MIN_BOMB_SIZE`."""

MIN_BOMB_SIZE = 1 << 26
"""64 MiB: what is smaller does no harm, whatever its ratio."""

MAX_CENTRAL_DIRECTORY = 1 << 24
"""Bytes of the central directory, all of which `zipfile` turns into objects at once: 16 MiB, for over 100,000 files."""

_END, _END64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = 20
_MAX_COMMENT = 1 << 16
_SEE_ZIP64 = 0xFFFFFFFF

_RATIO_FROM = 1 << 20
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # what every Python can read
_DRIVE = re.compile(r"[A-Za-z]:")
_BAD_BYTES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,  # zipfile: encrypted members; NotImplementedError: features that it lacks
    ValueError,  # also UnicodeDecodeError
    OverflowError,
    LookupError,
)


def refuse(filename: str, reason: str, member: str = "") -> WheelError:
    """Return the error that refuses the wheel `filename` for `reason`, found at `member`."""
    where = f"{filename}: {member!r}" if member else filename
    return WheelError(f"{where}: {reason}\nNothing of this wheel was used. Fetch it again, or pin another release.")


@contextmanager
def _reading(filename: str, member: str = "") -> Iterator[None]:
    """Turn whatever bad bytes make `zipfile` raise into a `WheelError`."""
    try:
        yield
    except _BAD_BYTES as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise refuse(filename, f"is damaged: {reason}.", member) from error
    except OSError as error:
        raise refuse(filename, f"cannot be read: {error.strerror or error}.", member) from error


def open_wheel(path: Path) -> zipfile.ZipFile:
    """Return the zip file at `path`, to be closed by the caller, or raise `WheelError`."""
    with _reading(path.name):
        with path.open("rb") as stream:
            size = _directory_size(stream)
        if size > MAX_CENTRAL_DIRECTORY:
            raise refuse(path.name, f"its directory has {size} bytes; the limit is {MAX_CENTRAL_DIRECTORY}.")
        return zipfile.ZipFile(path)


def open_zip(stream: BinaryIO, filename: str) -> zipfile.ZipFile:
    """Return the zip file in `stream`, which messages call `filename`, or raise `WheelError` as `open_wheel`."""
    with _reading(filename):
        if (size := _directory_size(stream)) > MAX_CENTRAL_DIRECTORY:
            raise refuse(filename, f"its directory has {size} bytes; the limit is {MAX_CENTRAL_DIRECTORY}.")
        return zipfile.ZipFile(stream)


def _directory_size(stream: BinaryIO) -> int:
    """Return what the zip file says of its central directory's size, in bytes; 0 when it says nothing (APPNOTE 4.3)."""
    end = stream.seek(0, os.SEEK_END)
    start = max(0, end - _END.size - _MAX_COMMENT - _LOCATOR64 - _END64.size)
    stream.seek(start)
    tail = stream.read()
    place = tail.rfind(b"PK\5\6")
    if place < 0 or place + _END.size > len(tail):
        return 0
    size: int = _END.unpack_from(tail, place)[5]
    before = place - _LOCATOR64 - _END64.size
    if before >= 0 and tail.startswith(b"PK\6\6", before) and tail.startswith(b"PK\6\7", place - _LOCATOR64):
        return max(int(_END64.unpack_from(tail, before)[8]), 0 if size == _SEE_ZIP64 else size)
    return size


def hash_file(path: Path) -> str:
    """Return the SHA256 of the file at `path` in hex, or raise `WheelError`."""
    with _reading(path.name):
        return file_sha256(path)


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the members of `archive` that are files, by the name that the file gives them, unchecked."""
    return {info.orig_filename: info for info in archive.infolist() if not info.orig_filename.endswith("/")}


def check_members(archive: zipfile.ZipFile, filename: str) -> dict[str, zipfile.ZipInfo]:
    """Return `members(archive)`, or raise `WheelError` when one of them is not a plain file at a plain place."""
    seen: set[str] = set()
    total = compressed = 0
    for info in archive.infolist():
        name = info.orig_filename
        reason = _unsafe_name(name.removesuffix("/")) or _unsafe_content(info)
        if name in seen:
            reason = "is in the zip file twice."
        if reason:
            raise refuse(filename, reason, name)
        seen.add(name)
        total += info.file_size
        compressed += info.compress_size
    if reason := unsafe_expansion(total, compressed):
        raise refuse(filename, reason)
    return members(archive)


def unsafe_expansion(total: int, compressed: int) -> str:
    """Return why no zip file may expand from `compressed` to `total` bytes, its members added up, or nothing."""
    if total > MAX_WHEEL_SIZE:
        return f"would expand to {total} bytes; the limit is {MAX_WHEEL_SIZE}."
    if total > max(MIN_BOMB_SIZE, MAX_EXPANSION_RATIO * compressed):
        times = -(-total // max(compressed, 1))  # rounded up, so that it is above the limit
        return f"looks like a zip bomb: expands {times} times (limit {MAX_EXPANSION_RATIO})."
    return ""


def read_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, filename: str = "") -> Iterator[bytes]:
    """Yield the content of a member in pieces of at most `CHUNK` bytes, or raise `WheelError`; the CRC is checked.

    It never yields, nor inflates far, more than the size that the directory states. `filename` is what errors name.
    """
    with _reading(filename or Path(archive.filename or "").name, info.orig_filename), archive.open(info) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def collision_key(path: str) -> str:
    """Return what `path` shares with every path that some file system takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def parents(path: str) -> Iterator[str]:
    """Yield the folders above `path`, the innermost first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def check_collisions(paths: Iterable[str], filename: str) -> None:
    """Raise `WheelError` when two of `paths` are one file on some file system, or one is a file and a folder."""
    taken: dict[str, str] = {}
    for path in paths:
        key = collision_key(path)
        if key in taken:
            raise refuse(filename, f"is one file with {taken[key]!r} where case or Unicode forms do not count.", path)
        taken[key] = path
    for key, path in taken.items():
        for folder in parents(key):
            if folder in taken:
                raise refuse(filename, f"is a file, and the folder of {path!r}.", taken[folder])


def _unsafe_name(name: str) -> str:
    """Return why no file may be called `name`, or nothing."""
    parts = set(name.split("/"))
    reasons = (
        (any(unicodedata.category(character) == "Cc" for character in name), "its name holds control characters."),
        ("\\" in name, "its name holds a backslash."),
        (name.startswith("/") or _DRIVE.match(name), "its path is absolute."),
        (".." in parts, "its path is outside the wheel ('..')."),
        (parts & {"", "."}, "its path has empty or '.' parts."),
    )
    return next((reason for wrong, reason in reasons if wrong), "")


def _unsafe_content(info: zipfile.ZipInfo) -> str:
    """Return why the content of a member may not be read, or nothing."""
    if info.orig_filename.endswith("/"):
        return ""
    kind = stat.S_IFMT(info.external_attr >> 16)
    lies = info.file_size > _RATIO_FROM and info.file_size > MOST_RATIO * info.compress_size
    reasons = (
        (kind == stat.S_IFLNK, "is a symbolic link."),
        (kind not in {0, stat.S_IFREG, stat.S_IFLNK}, "is a special file."),
        (info.flag_bits & _ENCRYPTED, "is encrypted."),
        (info.compress_type not in _METHODS, f"has compression method {info.compress_type}; only 0 and 8 are read."),
        (
            info.file_size > MAX_MEMBER_SIZE,
            f"would expand to {info.file_size} bytes; the limit is {MAX_MEMBER_SIZE}.",
        ),
        (lies, f"claims that {info.compress_size} bytes expand to {info.file_size}."),
    )
    return next((reason for wrong, reason in reasons if wrong), "")
