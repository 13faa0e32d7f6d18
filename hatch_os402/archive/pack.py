"""Pack: the zipapp, whose every byte depends on the names and contents of its members alone.

`zipfile` writes no member that was deflated elsewhere, and its own deflate, zlib's, gives other bytes on other machines
(zlib-ng, and zlib itself between releases). Members are deflated by libdeflate, of which pyproject.toml pins one
release, and the headers around them are written here: PKWARE's APPNOTE 6.3.10 without extra fields, data descriptors,
comments, directory entries or Zip64. The last member is the index by which the launcher finds the others.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import deflate

from hatch_os402.archive import index
from hatch_os402.archive.index import IndexEntry, build_index
from hatch_os402.errors import ArtifactError
from hatch_os402.wheels.members import MAX_MEMBER_SIZE, unsafe_expansion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

STORED, DEFLATED = 0, 8
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION_NEEDED = 20
_MADE_BY_UNIX = 3 << 8 | _VERSION_NEEDED
_UTF8_NAME = 1 << 11
_DATE_1980_01_01 = 0x0021
_MODE = 0o100644 << 16
_MAX_MEMBERS = 0xFFFF - 1
_MAX_BYTES = 0xFFFFFFFF - 1
_LEVEL = 9  # of libdeflate's 12; the others take four times as long for 0.4 % less
_WORTH = 15 / 16
"""What is not smaller than this part of itself when it is deflated stays stored: it is compressed already."""


@dataclass(frozen=True)
class Member:
    """One file of the archive, whose content is read when it is its turn."""

    path: str
    """Relative, with `/`."""
    read: Callable[[], bytes]
    deflate: bool = False
    """Whether it may be deflated, where that saves something."""


def pack(members: Iterable[Member], file: BinaryIO) -> tuple[int, str]:
    """Write the zip of `members`, in their order, and their index to `file`; return its size in bytes and SHA256 (hex).

    Holds one member at a time. Raises `ArtifactError` when the archive outgrows the format, and passes `OSError` on.
    """
    archive = _Archive(file)
    for member in members:
        archive.add(member)
    archive.add(Member(index.NAME, lambda: build_index(archive.places)))
    archive.finish()
    return archive.size, archive.digest.hexdigest()


class _Archive:
    """A zip that is being written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._directory: list[bytes] = []
        self.places: list[IndexEntry] = []
        self.size = 0
        self._expanded = self._packed = 0
        self.digest = hashlib.sha256()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)
        self.size += len(data)

    def add(self, member: Member) -> None:
        """Read a member and write it."""
        name, content = member.path.encode(), member.read()
        packed = _deflated(content) if member.deflate else None
        data = content if packed is None else packed
        flags = 0 if name.isascii() else _UTF8_NAME
        method = STORED if packed is None else DEFLATED
        crc = zlib.crc32(content)
        self._expanded += len(content)
        self._packed += len(data)
        if len(content) > MAX_MEMBER_SIZE:
            raise ArtifactError(
                f"{member.path} has {len(content):,} bytes, and a file of an archive at most {MAX_MEMBER_SIZE:,}.\n"
                "Leave it out with `exclude`."
            )
        shared = (_VERSION_NEEDED, flags, method, 0, _DATE_1980_01_01, crc, len(data), len(content), len(name), 0)
        self._directory.append(
            _CENTRAL.pack(b"PK\1\2", _MADE_BY_UNIX, *shared, 0, 0, 0, _MODE, min(self.size, _MAX_BYTES)) + name
        )
        self._write(_LOCAL.pack(b"PK\3\4", *shared) + name)
        self.places.append(
            IndexEntry(member.path, self.size, len(content), crc, None if packed is None else len(packed))
        )
        self._write(data)
        if self.size > _MAX_BYTES or len(self._directory) > _MAX_MEMBERS:
            raise ArtifactError(
                f"the archive outgrows the zip format at {member.path}: {len(self._directory):,} files, "
                f"{self.size:,} bytes.\nLeave files out with `exclude`."
            )

    def finish(self) -> None:
        """Write the directory (APPNOTE 4.3.12) and its end (4.3.16)."""
        if reason := unsafe_expansion(self._expanded, self._packed):  # which no reader of ours would open
            raise ArtifactError(
                f'the archive {reason}\nLeave files out with `exclude`, or set `compression = "stored"`.'
            )
        start = self.size
        for entry in self._directory:
            self._write(entry)
        count = len(self._directory)
        self._write(_END.pack(b"PK\5\6", 0, 0, count, count, self.size - start, start, 0))


def _deflated(content: bytes) -> bytes | None:
    """Return the content deflated (RFC 1951), or None where that does not save enough."""
    packed = bytes(deflate.deflate_compress(content, _LEVEL)) if content else content
    return packed if len(packed) < len(content) * _WORTH else None
