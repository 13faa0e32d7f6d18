"""Index: where in the archive each file lies, prepared so that a start reads only of the folders that it needs.

It is the archive's last member, `NAME`, right before the zip's directory, which the launcher does not read. It holds:

- for each folder, `marshal` (version 2, without references) of two dictionaries, of its files and of its folders. A
  file's name has `(start, size, crc)`, and `(start, size, crc, packed)` when it is deflated: where its bytes start,
  counted from the start of the archive, how many they are, their CRC-32, and how many they are while packed. A
  folder's name has the same three numbers of its own entry, counted from the start of the content. Folders stand behind
  those in them, the root last;
- `END`: a mark, the size of the content without `END`, and start and CRC-32 of the root.

The reader is `hatch_os402/launcher/inside/index.py`.
"""

from __future__ import annotations

import marshal
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "_os402/index"
"""The archive path of the index."""

END = struct.Struct("<4s3I")
MARK = b"402\1"
_VERSION = 2


@dataclass(frozen=True)
class IndexEntry:
    """Where a file lies in the archive."""

    path: str
    """Relative, with `/`."""
    start: int
    """Of its bytes, behind the local header."""
    size: int
    crc: int
    """CRC-32 of the content."""
    packed: int | None = None
    """Its size in the archive when it is deflated."""


@dataclass
class _Folder:
    files: dict[str, tuple[int, ...]] = field(default_factory=dict)
    folders: dict[str, _Folder] = field(default_factory=dict)


def build_index(places: Iterable[IndexEntry]) -> bytes:
    """Return the content of the index of these files, which depends on nothing else (not even on their order)."""
    root = _Folder()
    for place in sorted(places, key=lambda place: place.path.encode()):
        *parents, name = place.path.split("/")
        folder = root
        for parent in parents:
            folder = folder.folders.setdefault(parent, _Folder())
        packed = () if place.packed is None else (place.packed,)
        folder.files[name] = (place.start, place.size, place.crc, *packed)
    content = bytearray()
    written: dict[int, tuple[int, int, int]] = {}  # by identity: where it starts, its size and its CRC-32
    for folder in _inner_first(root):
        folders = {name: written[id(child)] for name, child in folder.folders.items()}
        entry = marshal.dumps((folder.files, folders), _VERSION)
        written[id(folder)] = len(content), len(entry), zlib.crc32(entry)
        content += entry
    start, size, crc = written[id(root)]
    return bytes(content) + END.pack(MARK, start + size, start, crc)


def _inner_first(root: _Folder) -> Iterator[_Folder]:
    """Yield every folder behind those in it. A path may have more parts than Python has frames."""
    waiting = [(root, iter(root.folders.values()))]
    while waiting:
        folder, children = waiting[-1]
        child = next(children, None)
        if child is None:
            yield folder
            waiting.pop()
        else:
            waiting.append((child, iter(child.folders.values())))
