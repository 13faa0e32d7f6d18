"""Which files os402 can execute: static ELF executables (System V ABI) for one architecture, and nothing else."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = {"x86_64": 62, "aarch64": 183}
"""`e_machine` of an ELF header, by the architecture's name in offers."""

_PT_INTERP = 3
_EXECUTABLE, _SHARED = 2, 3  # `e_type`; a position-independent executable is a shared object
_HEADER, _PROGRAM_HEADER = 64, 56


def is_static(file: IO[bytes], arch: str | None = None) -> bool:
    """Whether `file`, read from its beginning, is an ELF executable that names no loader, for `arch` if that is given.

    What is not an ELF of 64 bits is not static.
    """
    file.seek(0)
    head: bytes = file.read(_HEADER)
    if len(head) < _HEADER or head[:6] != b"\x7fELF\2\1":  # 64 bits, little-endian
        return False
    kind, machine = struct.unpack_from("<HH", head, 16)
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    if kind not in {_EXECUTABLE, _SHARED} or machine not in MACHINES.values() or size != _PROGRAM_HEADER:
        return False
    if arch is not None and machine != MACHINES.get(arch):
        return False
    if offset >= 1 << 62:  # no file reaches there, and not every one can be asked
        return False
    for index in range(count):
        file.seek(offset + index * size)
        segment = file.read(4)
        if len(segment) < 4 or int.from_bytes(segment, "little") == _PT_INTERP:  # noqa: PLR2004 - its size
            return False
    return bool(count)


def is_static_file(path: str | Path) -> bool:
    """Whether the file at `path` is such an executable. Raises `OSError`."""
    with open(path, "rb") as file:  # noqa: PTH123 - a name or a path
        return is_static(file)
