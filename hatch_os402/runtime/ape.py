"""What of an APE is needed here: its ELF header, so that an ELF is made of it without running it.

The facts are those of Cosmopolitan's `ape/specification.md` (v0.1).
"""

from __future__ import annotations

import re

from hatch_os402.runtime.elf import architecture

HEAD = 8192
"""Bytes from the start of the file within which an APE keeps its ELF headers."""

_MAGICS = (b"MZqFpD='", b"jartsr='", b"APEDBG='")
_HEADER_SIZE = 64
_PRINTF = re.compile(rb"printf '([^']*)'")
_OCTAL = re.compile(rb"\\([0-7]{1,3})")


def is_ape(head: bytes) -> bool:
    """Whether a file that begins with `head` is an APE."""
    return head.startswith(_MAGICS)


def elf_header(head: bytes, arch: str) -> bytes | None:
    """Return the 64 bytes which, put over its first 64, make the APE that begins with `head` an ELF for `arch`.

    `head` is its first `HEAD` bytes. None when it has no header for `arch` (`x86_64` or `aarch64`). This is what
    `--assimilate` does on a machine of that architecture: the shell script at the start of the file holds each header
    as the octal escapes of a `printf`.
    """
    for match in _PRINTF.finditer(head[:HEAD]):
        header = _OCTAL.sub(lambda octal: bytes([int(octal[1], 8) & 0xFF]), match[1])
        if len(header) == _HEADER_SIZE and architecture(header) == arch:
            return header
    return None
