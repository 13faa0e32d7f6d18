"""Whether an archive is, byte for byte, what packing its files gives."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.pack import DEFLATED, Member, pack
from hatch_os402.artifacts.opened import open_archive
from hatch_os402.files import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_os402.artifacts.opened import OpenedArchive


def packing_fault(file: BinaryIO, name: str) -> tuple[int, str]:
    """Return how many files the archive in `file` has, and why packing them gives another one, or nothing.

    Raises `ArtifactError` for one that is damaged, or would expand beyond bounds.
    """
    measured = measure(file)
    with open_archive(file, name) as archive:
        if written(lambda nowhere: pack(_members(archive), nowhere)) != measured:
            return len(
                archive.members
            ), "it has other bytes than packing its files gives: something was added or rewritten"
        return len(archive.members), ""


def _members(archive: OpenedArchive) -> Iterator[Member]:
    for path, info in archive.members.items():
        if path != INDEX:  # packing makes it anew
            yield Member(path, partial(archive.read, path), info.compress_type == DEFLATED)


def written(write: Callable[[BinaryIO], tuple[int, str]]) -> tuple[int, str]:
    """Return size and SHA256 of what `write` writes, which is kept nowhere."""
    with Path(os.devnull).open("wb") as nowhere:
        return write(nowhere)
