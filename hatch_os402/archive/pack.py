"""Pack: the zipapp, whose every byte depends on the names and contents of its members alone.

Written by hand rather than by `zipfile`, whose headers say which system and which Python wrote them. The format is
PKWARE's APPNOTE 6.3.10 without extra fields, data descriptors, comments, directory entries or Zip64. The last member is
the index by which the launcher finds the others.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.archive import index
from hatch_os402.archive.index import Place, build_index
from hatch_os402.errors import ArtifactError

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
_MOST_MEMBERS = 0xFFFF - 1
_MOST_BYTES = 0xFFFFFFFF - 1
_LEVEL = 9

# What zlib itself makes of _CANARY at _LEVEL; zlib-ng and others make other bytes of it.
_CANARY_SHA256 = "032355d74aef28a7acb2502a74057c2a4807aa9ad34524eae8585b8e3d7f5e5f"


@dataclass(frozen=True)
class Member:
    """One file of the archive, whose content is read when it is its turn."""

    path: str
    """Relative, with `/`."""
    read: Callable[[], bytes]
    deflate: bool = False


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
        self.places: list[Place] = []
        self.size = 0
        self.digest = hashlib.sha256()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)
        self.size += len(data)

    def add(self, member: Member) -> None:
        """Read a member and write it."""
        name, content = member.path.encode(), member.read()
        data = _deflate(content) if member.deflate else content
        flags = 0 if name.isascii() else _UTF8_NAME
        method = DEFLATED if member.deflate else STORED
        crc = zlib.crc32(content)
        shared = (_VERSION_NEEDED, flags, method, 0, _DATE_1980_01_01, crc, len(data), len(content), len(name), 0)
        self._directory.append(
            _CENTRAL.pack(b"PK\1\2", _MADE_BY_UNIX, *shared, 0, 0, 0, _MODE, min(self.size, _MOST_BYTES)) + name
        )
        self._write(_LOCAL.pack(b"PK\3\4", *shared) + name)
        self.places.append(Place(member.path, self.size, len(content), crc, len(data) if member.deflate else None))
        self._write(data)
        if self.size > _MOST_BYTES or len(self._directory) > _MOST_MEMBERS:
            raise ArtifactError(
                f"the archive outgrows the zip format at {member.path}: {len(self._directory):,} files, "
                f"{self.size:,} bytes.\nLeave files out with `exclude`."
            )

    def finish(self) -> None:
        """Write the directory (APPNOTE 4.3.12) and its end (4.3.16)."""
        start = self.size
        for entry in self._directory:
            self._write(entry)
        count = len(self._directory)
        self._write(_END.pack(b"PK\5\6", 0, 0, count, count, self.size - start, start, 0))


def _deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


def check_deflate() -> None:
    """Raise `ArtifactError` when this Python's zlib does not deflate as zlib itself does, byte for byte."""
    if hashlib.sha256(_deflate(_canary())).hexdigest() != _CANARY_SHA256:
        raise ArtifactError(
            'Field `tool.hatch.build.targets.os402.compression` is "deflated", but this Python deflates with '
            f"{zlib.ZLIB_RUNTIME_VERSION}, whose bytes differ from zlib's: the offer would depend on the machine.\n"
            'Use "stored", or build with a Python that has zlib itself.'
        )


def _canary() -> bytes:
    """Return 256 KiB that tell deflate implementations apart: words in every distance, drawn by a small generator."""
    state, words = (
        402,
        [
            b"os402",
            b"frame",
            b"offer",
            b"wheel",
            b"import",
            b"return",
            b"\n    ",
            b"self.",
            b"(",
            b")",
            b"0.",
            "é".encode(),
        ],
    )
    chunks = []
    for _ in range(1 << 16):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        chunks.append(words[(state >> 16) % len(words)])
    return b"".join(chunks)[: 1 << 18]
