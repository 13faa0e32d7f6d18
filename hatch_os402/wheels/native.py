"""Telling native code: by a file's name and by its first bytes.

ELF: System V ABI, "ELF Header". Mach-O: Apple's `mach-o/loader.h`, `mach-o/fat.h`. PE: Microsoft, "PE Format".
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import PurePosixPath

_SUFFIX = re.compile(r"\.(?:so(?P<version>(?:\.\d+)+)?|pyd|dylib|dll|exe)$", re.IGNORECASE)
_FOLDER_OF_LIBRARIES = re.compile(r"(?:^|/)[^/]*\.(?:libs|dylibs)/", re.IGNORECASE)

_ELF_MACHINES = {
    0x03: "i386", 0x14: "ppc", 0x15: "ppc64", 0x16: "s390x", 0x28: "arm", 0x3E: "x86_64", 0xB7: "aarch64",
    0xF3: "riscv", 0x102: "loongarch",
}  # fmt: skip
_PE_MACHINES = {0x14C: "i386", 0x1C4: "arm", 0x8664: "x86_64", 0xAA64: "aarch64"}
_MACH_CPUS = {7: "i386", 12: "arm", 18: "ppc", 0x01000007: "x86_64", 0x0100000C: "aarch64", 0x01000012: "ppc64"}
_MACH_THIN = {b"\xfe\xed\xfa\xce": ">", b"\xfe\xed\xfa\xcf": ">", b"\xce\xfa\xed\xfe": "<", b"\xcf\xfa\xed\xfe": "<"}
_MACH_FAT = {
    b"\xca\xfe\xba\xbe": (">", 20),
    b"\xca\xfe\xba\xbf": (">", 32),
    b"\xbe\xba\xfe\xca": ("<", 20),
    b"\xbf\xba\xfe\xca": ("<", 32),
}
_ELF_EXECUTABLES = frozenset({2, 3})  # ET_EXEC, and ET_DYN, which is what position-independent programs have too
_ELF_IDENTS = frozenset(bytes((bits, order, 1)) for bits in (1, 2) for order in (1, 2))
_MAX_PADDING = 256
_MACH_EXECUTABLE = 2  # MH_EXECUTE
_FIRST_JAVA = 45
"""`cafebabe` begins Java classes too; the number after it is then at least this (Java 1.0), else a few."""
_MAX_DOS_STUB = 1 << 16


@dataclass(frozen=True)
class NativeKind:
    """What a native file is."""

    format: str
    """ "ELF", "Mach-O", "PE" or "unknown" (only its name says that it is native)."""
    role: str
    """ "extension module", "shared library", "executable" or "Windows launcher"."""
    architecture: str = ""
    """As the header says, several separated by "+"; "" when unknown."""

    def __str__(self) -> str:
        known = [self.format if self.format != "unknown" else "", self.architecture, self.role]
        return " ".join(word for word in known if word)


def native_kind(path: str, head: bytes) -> NativeKind | None:
    """Return what the file at `path` (with "/") that begins with `head` is, or `None` when it is not native code."""
    found = _elf(head) or _mach_o(head) or _pe(head) or _padded(head)
    suffix = _SUFFIX.search(path)
    if not found and not suffix:
        return None
    format_, architecture, executable = found or ("unknown", "", False)
    return NativeKind(format_, _role(path, suffix, executable=executable), architecture)


def is_bundled_library(path: str) -> bool:
    """Whether `path` lies in a folder `*.libs` or `.dylibs`, where auditwheel and delocate put what extensions need."""
    return _FOLDER_OF_LIBRARIES.search(path) is not None


def _role(path: str, suffix: re.Match[str] | None, *, executable: bool) -> str:
    name = PurePosixPath(path).name.lower()
    if name.endswith(".exe"):
        return "Windows launcher"
    if name.endswith((".dll", ".dylib")) or (suffix and suffix["version"]) or is_bundled_library(path):
        return "shared library"
    if suffix:
        # `import libx` would find a `libx.so` as well, but nobody names a module so.
        return "shared library" if re.fullmatch(r"lib[^.]*\.so", name) else "extension module"
    return "executable" if executable else "shared library"


def _padded(head: bytes) -> tuple[str, str, bool] | None:
    """Tell an ELF that begins some bytes later: cut off, it is one. Class, order and version must be those of ELF 1."""
    at = head.find(b"\x7fELF", 1, _MAX_PADDING)
    plausible = at > 0 and head[at + 4 : at + 7] in _ELF_IDENTS
    return _elf(head[at:]) if plausible else None


def _elf(head: bytes) -> tuple[str, str, bool] | None:
    if not head.startswith(b"\x7fELF"):
        return None
    if len(head) < 20:  # noqa: PLR2004  `e_machine` ends there
        return "ELF", "", False
    kind, machine = struct.unpack_from(">HH" if head[5:6] == b"\x02" else "<HH", head, 16)
    return "ELF", _ELF_MACHINES.get(machine, ""), kind in _ELF_EXECUTABLES


def _mach_o(head: bytes) -> tuple[str, str, bool] | None:
    magic = head[:4]
    if order := _MACH_THIN.get(magic):
        cpu, _, kind = struct.unpack_from(f"{order}III", head.ljust(16, b"\0"), 4)
        return "Mach-O", _MACH_CPUS.get(cpu, ""), kind == _MACH_EXECUTABLE
    if magic not in _MACH_FAT:
        return None
    order, size = _MACH_FAT[magic]
    (count,) = struct.unpack_from(f"{order}I", head.ljust(8, b"\0"), 4)
    if not 0 < count < _FIRST_JAVA:
        return None
    offsets = range(8, min(8 + count * size, len(head) - 3), size)
    cpus = [struct.unpack_from(f"{order}I", head, offset)[0] for offset in offsets]
    return "Mach-O", "+".join(_MACH_CPUS[cpu] for cpu in cpus if cpu in _MACH_CPUS), False


def _pe(head: bytes) -> tuple[str, str, bool] | None:
    """Tell PE by `MZ` and the offset behind it, which no text that happens to begin with "MZ" has."""
    if not head.startswith(b"MZ") or len(head) < 64:  # noqa: PLR2004  `e_lfanew` ends there
        return None
    (offset,) = struct.unpack_from("<I", head, 0x3C)
    if offset + 6 > len(head):
        return ("PE", "", True) if offset < _MAX_DOS_STUB else None
    if head[offset : offset + 4] != b"PE\0\0":
        return None
    (machine,) = struct.unpack_from("<H", head, offset + 4)
    return "PE", _PE_MACHINES.get(machine, ""), True
