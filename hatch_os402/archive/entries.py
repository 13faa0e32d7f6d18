"""The entries of the staged tree, and how their bytes are read: one at a time, checked, whatever they come from."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hatch_os402.errors import Os402Error
from hatch_os402.wheels.members import CHUNK, members, open_wheel, read_chunks

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MAX_OPEN = 32
"""Wheels open at the same time; some systems allow a process few files."""


@dataclass(frozen=True)
class Entry:
    """One file of the tree. Its bytes are `content`, or the `member` of the zip file `source`, or the file `source`."""

    path: str
    """Path in the archive, with "/"."""
    size: int
    """Bytes."""
    sha256: str
    """Lowercase hex."""
    owner: str
    """Canonical name of the distribution that it belongs to; the first one's, when several have the same file."""
    also: tuple[str, ...] = ()
    """The others'."""
    source: Path | None = None
    member: str | None = None
    content: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, path: str, content: bytes, owner: str) -> Entry:
        """Return the entry that has `content` at `path`."""
        return cls(path, len(content), hashlib.sha256(content).hexdigest(), owner, content=content)


class EntryReader:
    """Reads entries, in any order. A context manager: at its end every wheel is closed."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, tuple[zipfile.ZipFile, Mapping[str, zipfile.ZipInfo]]] = OrderedDict()

    def __enter__(self) -> EntryReader:  # noqa: PYI034  typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:
            for archive, _members in self._open.values():
                stack.callback(archive.close)
            self._open.clear()

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of `entry`, or raise `Os402Error` when they are not what they were when it was staged."""
        return b"".join(self.chunks(entry))

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """Yield the bytes of `entry` in pieces; the `Os402Error` comes after the last one."""
        size = 0
        digest = hashlib.sha256()
        for chunk in self._chunks(entry):
            size += len(chunk)
            digest.update(chunk)
            yield chunk
        if (size, digest.hexdigest()) != (entry.size, entry.sha256):
            raise _changed(entry)

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        if entry.content is not None:
            yield entry.content
        elif entry.source is not None and entry.member is not None:
            archive, infos = self._archive(entry.source)
            if entry.member not in infos:
                raise _changed(entry)
            yield from read_chunks(archive, infos[entry.member])
        elif entry.source is not None:
            with entry.source.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk

    def _archive(self, path: Path) -> tuple[zipfile.ZipFile, Mapping[str, zipfile.ZipInfo]]:
        """Return the wheel at `path`, opened at most once while it is used now and then."""
        if path not in self._open:
            if len(self._open) == _MAX_OPEN:
                _, (oldest, _members) = self._open.popitem(last=False)
                oldest.close()
            archive = open_wheel(path)
            self._open[path] = archive, members(archive)
        self._open.move_to_end(path)
        return self._open[path]


def _changed(entry: Entry) -> Os402Error:
    where = f" ({entry.source.name})" if entry.source else ""
    return Os402Error(f"{entry.path!r} of {entry.owner}{where} has changed since it was checked. Build again.")
