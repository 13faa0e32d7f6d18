"""A look into the archives that a wheel's files may be, one level deep: native code may lie in them.

Only names and first bytes are looked at, and nothing is unpacked. What is not looked into is reported as well.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 1 << 26
"""Bytes of a zip file within a wheel that is looked into: 64 MiB."""

MOST_MEMBERS = 20_000
HEAD = 512

_ZIP = b"PK\3\4"
_GZIP = b"\x1f\x8b"
_OTHERS = ((b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x28\xb5\x2f\xfd", "zstd"))
_AR = (b"!<arch>\n/", b"!<thin>\n/")  # behind it the table of symbols, which a linker needs
_TAR = (257, b"ustar")
_AS_GZIP = 31  # zlib's number for the format of gzip


@dataclass(frozen=True)
class NestedArchive:
    """What lies in one file of a wheel that is an archive."""

    members: tuple[tuple[str, bytes], ...] = ()
    """Names and first bytes."""
    skipped: str = ""
    """Why it was not looked into, or not wholly; empty if it was."""
    objects: bool = False
    """Whether it is an archive of compiled objects (System V ABI, "Archive File"), which only a linker takes."""


def is_zip(head: bytes) -> bool:
    """Whether a file that begins with `head` is a zip file, so that its content is needed to look into it."""
    return head.startswith(_ZIP)


def look_into(head: bytes, content: bytes | None) -> NestedArchive | None:
    """Return what lies in the file that begins with `head`; None when it is no archive.

    `content` is the whole file when it is a zip file of at most `LARGEST` bytes, else None.
    """
    if is_zip(head):
        if content is None:
            return NestedArchive(skipped=f"it is a zip file of more than {LARGEST >> 20} MiB")
        return _zip(content)
    if head.startswith(_GZIP):
        return _gzip(head)
    if kind := next((kind for magic, kind in _OTHERS if head.startswith(magic)), ""):
        return NestedArchive(skipped=f"it is packed with {kind}")
    if head.startswith(_AR) and b"debian-binary" not in head:
        return NestedArchive(objects=True)
    return NestedArchive(skipped="it is a tar archive") if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    start, magic = _TAR
    return head[start:].startswith(magic)


def _gzip(head: bytes) -> NestedArchive:
    try:
        inner = zlib.decompressobj(_AS_GZIP).decompress(head, HEAD)
    except zlib.error:
        return NestedArchive(skipped="it is no gzip file, although it begins as one")
    return NestedArchive((("", inner),), "it is a packed tar archive" if _is_tar(inner) else "")


def _zip(content: bytes) -> NestedArchive:
    found: list[tuple[str, bytes]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            found.extend(_heads(archive, infos[:MOST_MEMBERS]))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError, LookupError) as error:
        return NestedArchive(tuple(found), f"it is a zip file that cannot be read: {error}")
    return NestedArchive(tuple(found), f"it has {len(infos):,} members" if len(infos) > MOST_MEMBERS else "")


def _heads(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[tuple[str, bytes]]:
    for info in infos:
        with archive.open(info) as member:
            yield info.filename, member.read(HEAD)
