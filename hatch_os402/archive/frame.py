r"""Frame: what os402 feeds to the program's standard input, `<decimal size>\n` and the bytes of the zipapp."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

_CHUNK = 1 << 20


def write_frame(zipapp: BinaryIO, size: int, file: BinaryIO) -> tuple[int, str]:
    """Copy the `size` bytes of `zipapp` behind their length to `file`; return the frame's size and SHA256 (hex)."""
    header = b"%d\n" % size
    digest = hashlib.sha256(header)
    file.write(header)
    while chunk := zipapp.read(_CHUNK):
        digest.update(chunk)
        file.write(chunk)
    return len(header) + size, digest.hexdigest()
