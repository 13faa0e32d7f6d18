"""Archives that are meant to hurt whoever opens them, and that no build writes."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from hatch_os402.archive.pack import Member, pack
from hatch_os402.artifacts.opened import open_archive
from hatch_os402.errors import ArtifactError
from hatch_os402.wheels.members import MIN_BOMB_SIZE

MANY = 1 << 20


def zipped(method, size=0):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("__main__.py", b"x = 1\n")
        with archive.open("big.bin", "w") as member:
            for _ in range(size // MANY):
                member.write(bytes(MANY))
    return file


def read_all(file):
    with open_archive(file, "x.pyz") as opened:
        return {path: len(opened.read(path)) for path in opened.members}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_are_refused_before_anything_is_read(method):
    with pytest.raises(ArtifactError, match=r"x\.pyz: '__main__\.py': has compression method \d+; only 0 and 8"):
        read_all(zipped(method))


@pytest.mark.once
def test_what_expands_beyond_bounds_is_refused_before_anything_is_read():
    assert read_all(zipped(zipfile.ZIP_DEFLATED, MANY))["big.bin"] == MANY
    with pytest.raises(ArtifactError, match="looks like a zip bomb"):
        read_all(zipped(zipfile.ZIP_DEFLATED, MIN_BOMB_SIZE + MANY))


def test_reading_ends_at_the_size_that_the_directory_states():
    """Behind ten bytes more than the bounds allow may follow: `ZipFile.read` would inflate all of it at once."""
    content = zipped(zipfile.ZIP_DEFLATED, 64 * MANY).getvalue()
    zeros, crc = bytes(64 * MANY), zlib.crc32(bytes(10))
    content = content.replace(struct.pack("<I", zlib.crc32(zeros)), struct.pack("<I", crc))
    content = content.replace(struct.pack("<I", len(zeros)), struct.pack("<I", 10))
    tracemalloc.start()
    try:
        assert read_all(io.BytesIO(content))["big.bin"] == 10
        assert tracemalloc.get_traced_memory()[1] < 8 * MANY
    finally:
        tracemalloc.stop()


@pytest.mark.once
def test_a_build_keeps_the_bounds():
    """What readers refuse is refused when it is packed."""
    members = [Member(f"{number}.bin", lambda: bytes(33 * MANY), deflate=True) for number in range(2)]
    with pytest.raises(ArtifactError, match="the archive looks like a zip bomb"):
        pack(members, io.BytesIO())
    file = io.BytesIO()
    pack(members[:1], file)
    assert read_all(file)["0.bin"] == 33 * MANY
