"""A static executable for x86_64, small enough to be written by hand."""

from __future__ import annotations

import struct

_START = 0x400078  # after the headers


def static_elf(text: bytes, *, status: int = 0) -> bytes:
    """Return an ELF (System V ABI) that writes `text` to standard output and exits with `status`."""
    code = (
        b"\xb8" + struct.pack("<I", 1)  # mov eax, the number of write
        + b"\xbf" + struct.pack("<I", 1)  # mov edi, standard output
        + b"\xbe" + struct.pack("<I", _START + 34)  # mov esi, where the text is: after this code
        + b"\xba" + struct.pack("<I", len(text))  # mov edx
        + b"\x0f\x05"  # syscall
        + b"\xb8" + struct.pack("<I", 60)  # mov eax, the number of exit
        + b"\xbf" + struct.pack("<I", status)  # mov edi
        + b"\x0f\x05"
    )  # fmt: skip
    assert len(code) == 34
    return elf_of(code + text)


X86_64, AARCH64 = 62, 183
"""Machines (`e_machine`)."""


def elf_of(content: bytes, machine: int = X86_64) -> bytes:
    """Return an ELF for `machine` that starts with the machine code at the begin of `content`."""
    size = 64 + 56 + len(content)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, machine, 1, _START, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 0x1000)
    return header + segment + content
