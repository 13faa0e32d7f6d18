"""Whether an archive and its frame are exactly what packing the files in the archive gives."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.pack import DEFLATED, Member, pack
from hatch_os402.files import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, IndexError)
"""What zipfile raises for archives that somebody damaged: a place before the file's start is an `OSError`."""
_HEADER = slice(0, 41)
_FIRST = b"PK\3\4\0\0\0\0\13\0\0\0__main__.py"  # what the bootstrap asks of the first local header
_LONGEST_LENGTH = 10  # of a frame: nine digits and the newline


def archive_faults(file: BinaryIO) -> Iterator[str]:
    """Yield why the archive is not exactly what packing its files gives."""
    file.seek(0)
    if (head := file.read(_HEADER.stop))[:4] + head[6:10] + head[26:] != _FIRST:
        yield "it does not begin with a stored __main__.py, which every launcher looks for"
        return
    measured = measure(file)
    try:
        with zipfile.ZipFile(file) as archive:
            if len(set(archive.namelist())) < len(archive.namelist()):
                yield "two of its files have one name"
            elif _written(lambda nowhere: pack(_members(archive), nowhere)) != measured:
                yield "it has other bytes than packing its files gives: something was added or rewritten"
    except _DAMAGE as error:
        yield f"it is damaged: {error}"


def frame_header_faults(file: BinaryIO) -> Iterator[str]:
    """Yield what is wrong with the beginning of the frame."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    header = file.readline(_LONGEST_LENGTH)
    if header != b"%d\n" % (size - len(header)):
        yield f"it begins with {header!r}, and {size - len(header)} bytes follow"


def framed(zipapp: BinaryIO) -> tuple[int, str]:
    """Return size and SHA256 of the frame of `zipapp`."""
    size = zipapp.seek(0, io.SEEK_END)
    zipapp.seek(0)
    return _written(lambda nowhere: write_frame(zipapp, size, nowhere))


def _members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        if info.filename == INDEX:  # packing makes it anew
            continue
        yield Member(info.filename, partial(archive.read, info), info.compress_type == DEFLATED)


def _written(write: Callable[[BinaryIO], tuple[int, str]]) -> tuple[int, str]:
    """Return size and SHA256 of what `write` writes, which is kept nowhere."""
    with Path(os.devnull).open("wb") as nowhere:
        return write(nowhere)
