"""Which files os402 can execute: static ELF executables (System V ABI) for one architecture, and nothing else."""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MACHINES = {"x86_64": 62, "aarch64": 183}
"""`e_machine` of an ELF header, by the architecture's name in offers."""

MAGIC = b"\x7fELF"

_PT_INTERP = 3
_EXECUTABLE, _SHARED = 2, 3  # `e_type`; a position-independent executable is a shared object
_HEADER, _PROGRAM_HEADER = 64, 56
_MACHINE = slice(18, 20)


def architecture(head: bytes) -> str | None:
    """Return the name in offers of the architecture that an ELF which begins with `head` is for; "" for another one.

    None when it is no ELF, or too short to say. Little-endian, as both are.
    """
    if not head.startswith(MAGIC) or len(head) < _MACHINE.stop:
        return None
    machine = int.from_bytes(head[_MACHINE], "little")
    return next((name for name, number in MACHINES.items() if number == machine), "")


def is_static(file: IO[bytes], arch: str | None = None) -> bool:
    """Whether `file`, read from its beginning, is an ELF executable that names no loader, for `arch` if that is given.

    What is not an ELF of 64 bits is not static.
    """
    file.seek(0)
    head: bytes = file.read(_HEADER)
    if not _is_64_bit(head):
        return False
    kind, machine = struct.unpack_from("<HH", head, 16)
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    if kind not in {_EXECUTABLE, _SHARED} or machine not in MACHINES.values() or size != _PROGRAM_HEADER:
        return False
    if arch is not None and machine != MACHINES.get(arch):
        return False
    if offset >= 1 << 62:  # no file reaches there, and not every one can be asked
        return False
    for segment in _segments(file, head):
        if len(segment) < 4 or int.from_bytes(segment[:4], "little") == _PT_INTERP:  # noqa: PLR2004 - its size
            return False
    return bool(count)


def interpreter(path: str | Path) -> str | None:
    """Return the dynamic linker that the ELF at `path` names; None when it names none, or is none of 64 bits."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a name or a path
            head = file.read(_HEADER)
            for segment in _segments(file, head) if _is_64_bit(head) else ():
                kind, _, at, _, _, length, *_ = struct.unpack("<IIQQQQQQ", segment)
                if kind == _PT_INTERP:
                    file.seek(at)
                    return file.read(length).rstrip(b"\0").decode()
    except (OSError, ValueError, OverflowError, struct.error):
        pass
    return None


def _is_64_bit(head: bytes) -> bool:
    return len(head) == _HEADER and head.startswith(MAGIC + b"\2\1")  # 64 bits, little-endian


def _segments(file: IO[bytes], head: bytes) -> Iterator[bytes]:
    """Yield every program header, cut off where the file ends."""
    (offset,), (size, count) = struct.unpack_from("<Q", head, 32), struct.unpack_from("<HH", head, 54)
    for index in range(count):
        file.seek(offset + index * size)
        yield file.read(_PROGRAM_HEADER)


def is_static_file(path: str | Path) -> bool:
    """Whether the file at `path` is such an executable. Raises `OSError`."""
    with open(path, "rb") as file:  # noqa: PTH123 - a name or a path
        return is_static(file)
