from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hatch_os402.wheels.native import native_kind

HEAD = 512


def elf(machine: int, kind: int = 3, order: str = "<") -> bytes:
    data = 1 if order == "<" else 2
    return b"\x7fELF\x02" + bytes([data, 1]) + bytes(9) + struct.pack(f"{order}HH", kind, machine) + bytes(44)


def mach_o(magic: bytes, cpu: int, kind: int, order: str) -> bytes:
    return magic + struct.pack(f"{order}III", cpu, 0, kind) + bytes(16)


def pe(machine: int, offset: int = 0x80) -> bytes:
    return (b"MZ" + bytes(58) + struct.pack("<I", offset)).ljust(offset, b"\0") + b"PE\0\0" + struct.pack("<H", machine)


def fat(magic: bytes, *cpus: int, order: str = ">", size: int = 20) -> bytes:
    entries = b"".join(struct.pack(f"{order}I", cpu).ljust(size, b"\0") for cpu in cpus)
    return magic + struct.pack(f"{order}I", len(cpus)) + entries


@pytest.mark.parametrize(
    ("path", "head", "reported"),
    [
        ("m/_x.cpython-312-x86_64-linux-gnu.so", elf(0x3E), "ELF x86_64 extension module"),
        ("m/_x.abi3.so", elf(0xB7), "ELF aarch64 extension module"),
        ("m/_x.so", elf(0x16, order=">"), "ELF s390x extension module"),
        ("m/libx.so", elf(0x3E), "ELF x86_64 shared library"),
        ("m/libx.so.1.2", elf(0x3E), "ELF x86_64 shared library"),
        ("m.libs/foo-1234.so", elf(0x3E), "ELF x86_64 shared library"),
        ("m/.dylibs/x.so", elf(0x3E), "ELF x86_64 shared library"),
        ("bin/tool", elf(0x28, kind=2), "ELF arm executable"),
        ("bin/tool", elf(0x9999, kind=2), "ELF executable"),
        ("m/data.txt", elf(0x3E), "ELF x86_64 executable"),
        ("m/x.o", elf(0x3E, kind=1), "ELF x86_64 shared library"),
        ("m/x", b"\x7fELF", "ELF shared library"),
        ("m/_x.so", mach_o(b"\xcf\xfa\xed\xfe", 0x0100000C, 8, "<"), "Mach-O aarch64 extension module"),
        ("m/_x.so", mach_o(b"\xfe\xed\xfa\xce", 18, 8, ">"), "Mach-O ppc extension module"),
        ("m/libx.dylib", mach_o(b"\xce\xfa\xed\xfe", 7, 6, "<"), "Mach-O i386 shared library"),
        ("bin/tool", mach_o(b"\xfe\xed\xfa\xcf", 0x01000007, 2, ">"), "Mach-O x86_64 executable"),
        ("m/_x.so", fat(b"\xca\xfe\xba\xbe", 0x01000007, 0x0100000C), "Mach-O x86_64+aarch64 extension module"),
        ("m/x", fat(b"\xca\xfe\xba\xbf", 7, 0x01000007, size=32), "Mach-O i386+x86_64 shared library"),
        ("m/x", fat(b"\xbe\xba\xfe\xca", 7, order="<"), "Mach-O i386 shared library"),
        ("m/_x.cp312-win_amd64.pyd", pe(0x8664), "PE x86_64 extension module"),
        ("m/_X.PYD", pe(0x14C), "PE i386 extension module"),
        ("m/x.dll", pe(0xAA64, offset=0xF8), "PE aarch64 shared library"),
        ("m/t64.exe", pe(0x8664), "PE x86_64 Windows launcher"),
        ("m/tool", pe(0x8664), "PE x86_64 executable"),
        ("m/tool", pe(0x8664, offset=0x1000)[:HEAD], "PE executable"),
        ("m/_x.so", b"", "extension module"),
        ("m/x.so.1", b"text", "shared library"),
        ("m/x.exe", b"", "Windows launcher"),
    ],
)
def test_native_files_are_told(path, head, reported):
    assert str(native_kind(path, head)) == reported


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("m/__init__.py", b"import os\n"),
        ("m/empty", b""),
        ("m/_x.c", b"#include <Python.h>\n"),
        ("m/_x.pyx", b"cdef int x\n"),
        ("m/Main.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(40)),
        ("m/Old.class", b"\xca\xfe\xba\xbe\x00\x03\x00\x2d" + bytes(40)),
        ("m/text", b"MZ is how this text begins, and it goes on and on for more than sixty-four bytes."),
        ("m/short", b"MZ"),
        ("m/dos", b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(200)),
        ("m/notes.sold", b""),
        ("m/so", b""),
        ("m/x.so.txt", b""),
        ("m/x.so.d/y", b""),
        ("m/elf", b"ELF\x7f"),
        ("m/lib.a", b"!<arch>\n"),
        ("m/program.wasm", b"\0asm\1\0\0\0"),
    ],
)
def test_other_files_are_not_native(path, head):
    assert native_kind(path, head) is None


@given(
    path=st.text(max_size=20),
    head=st.binary(max_size=80),
    magic=st.sampled_from([b"", b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe"]),
)
def test_no_bytes_are_too_strange(path, head, magic):
    native_kind(path, magic + head)


@given(
    start=st.sampled_from(
        [
            elf(0x3E),
            pe(0x8664),
            pe(0x8664, offset=0x1000)[:HEAD],
            mach_o(b"\xcf\xfa\xed\xfe", 12, 8, "<"),
            fat(b"\xca\xfe\xba\xbe", 7, 12),
            fat(b"\xbf\xba\xfe\xca", 7, order="<", size=32),
        ]
    ),
    changes=st.lists(st.tuples(st.integers(4, HEAD - 1), st.integers(0, 255)), max_size=12),
    cut=st.integers(4, HEAD),
)
def test_damaged_headers_give_a_verdict(start, changes, cut):
    """Huge counts and offsets included: what is said is short, and a native file's name is believed in any case."""
    head = bytearray(start.ljust(HEAD, b"\0"))
    for place, value in changes:
        head[place] = value
    found = native_kind("m/_x.so", bytes(head[:cut]))
    assert found is not None
    assert found.role == "extension module"
    assert len(str(found)) < 400
    native_kind("m/data", bytes(head[:cut]))


@pytest.mark.parametrize("count", [0, 45, 2**16, 2**32 - 1])
def test_a_fat_header_with_a_huge_count_is_no_fat_header(count):
    assert native_kind("m/data", b"\xca\xfe\xba\xbe" + struct.pack(">I", count) + bytes(400)) is None


def test_the_running_python_is_native():
    with Path(sys.executable).resolve().open("rb") as stream:
        kind = native_kind("bin/python", stream.read(HEAD))
    assert kind is not None
    assert kind.format in {"ELF", "Mach-O", "PE"}
    assert kind.architecture


@pytest.mark.parametrize(
    ("path", "head", "reported"),
    [
        ("m/x.dat", b"\0" + elf(0x3E), "ELF x86_64 executable"),
        ("m/x.py", b"#!/bin/sh\nexit\n" + elf(0xB7), "ELF aarch64 executable"),
    ],
)
def test_native_files_that_hide_are_told(path, head, reported):
    assert str(native_kind(path, head)) == reported


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("m/x.py", b'MAGIC = b"\\x7fELF"\n'),
        ("m/magic", b"0 string \x7fELF executable"),
    ],
)
def test_what_only_speaks_of_it_is_not(path, head):
    assert native_kind(path, head) is None
