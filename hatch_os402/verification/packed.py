"""Whether an archive and its frame are exactly what packing the files in the archive gives."""

from __future__ import annotations

import io
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.pack import DEFLATED, Member, pack
from hatch_os402.artifacts.opened import open_archive
from hatch_os402.files import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_os402.artifacts.opened import OpenedArchive

_REWRITTEN = "it has other bytes than packing its files gives: something was added or rewritten"
_HEADER = slice(0, 41)
_FIRST = b"PK\3\4\0\0\0\0\13\0\0\0__main__.py"  # what the bootstrap asks of the first local header
_LONGEST_LENGTH = 10  # of a frame: nine digits and the newline


def archive_fault(file: BinaryIO, name: str) -> tuple[int, str]:
    """Return how many files the archive in `file` has, and why it is not what packing these gives, or nothing.

    `name` is for messages. Raises `ArtifactError` for one that is damaged, or would expand beyond bounds.
    """
    file.seek(0)
    if (head := file.read(_HEADER.stop))[:4] + head[6:10] + head[26:] != _FIRST:
        return 0, "it does not begin with a stored __main__.py, which every launcher looks for"
    measured = measure(file)
    with open_archive(file, name) as archive:
        same = _written(lambda nowhere: pack(_members(archive), nowhere)) == measured
        return len(archive.members), "" if same else _REWRITTEN


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


def _members(archive: OpenedArchive) -> Iterator[Member]:
    for path, info in archive.members.items():
        if path != INDEX:  # packing makes it anew
            yield Member(path, partial(archive.read, path), info.compress_type == DEFLATED)


def _written(write: Callable[[BinaryIO], tuple[int, str]]) -> tuple[int, str]:
    """Return size and SHA256 of what `write` writes, which is kept nowhere."""
    with Path(os.devnull).open("wb") as nowhere:
        return write(nowhere)
