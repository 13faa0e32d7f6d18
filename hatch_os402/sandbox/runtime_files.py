"""What a runtime must be able to read: itself, when it is static; its installation, when it is a CPython here."""

from __future__ import annotations

import functools
import json
import os
import struct
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from hatch_os402.errors import SandboxError
from hatch_os402.sandbox.stand_in import offered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_TIMEOUT = 60
_PT_INTERP = 3
_LOADERS_CACHE = "/etc/ld.so.cache"

_QUESTION = """
import importlib, json, os, sys, sysconfig
base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}  # not those of a virtual environment
library, platform_library = (sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib"))
folder = platform_library + "/lib-dynload"
for name in os.listdir(folder) if os.path.isdir(folder) else ():
    if (name := name.partition(".")[0]) not in sys.argv[1:]:
        try:
            importlib.import_module(name)
        except Exception:
            pass
try:
    with open("/proc/self/maps") as file:
        mapped = sorted({line.split(None, 5)[5].rstrip() for line in file if "/" in line})
except OSError:
    mapped = []
print(json.dumps([sys._base_executable, sorted({library, platform_library}), mapped]))
"""
"""Its answer: the executable behind a virtual environment's, the standard library, and every file that is mapped when
all its extension modules are loaded (proc(5)), but those that cosmo-python lacks as well."""

_LACKING = ("_ctypes", "_lzma", "_dbm", "_tkinter", "_ctypes_test")
_NOT_THE_LIBRARYS = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Needs:
    """What is executed, and what else of the file system it needs."""

    executable: str
    static: bool
    """Whether it is one file that needs no other, as os402 has it."""
    readable: tuple[str, ...]
    """Files, and folders with all that is in them."""
    listable: tuple[str, ...]
    """Folders whose names may be seen, and those of all folders in them."""
    hidden: tuple[str, ...] = ()
    """Folders that must seem empty: what was installed beside the standard library."""

    def argv(self, args: Sequence[str]) -> tuple[str, ...]:
        """Return `args`, an offer's, as this executable must be given them.

        A CPython that is not static finds its installation by its own name, which `sys.argv` does not hold.
        """
        return (args[0] if args and self.static else self.executable, *args[1:])


@functools.cache
def needs(path: str | Path) -> Needs:
    """Return what the executable at `path` needs. It is run for that unless it is static. Raises `SandboxError`.

    What is installed beside the standard library (`site-packages`) is none of it: os402 does not have it either.
    """
    real = os.path.realpath(path)
    try:
        with open(real, "rb") as file:  # noqa: PTH123 - a real path already
            static = _is_static(file)
    except OSError as error:
        raise SandboxError(f"The runtime {path} cannot be read: {error.strerror or error}.") from error
    if static:
        return Needs(real, static=True, readable=(real,), listable=())
    executable, libraries, mapped = _asked(path)
    entries = tuple(part for library in libraries for entry in _entries(library) for part in offered(entry))
    readable = (executable, *entries, *(item for item in mapped if item.startswith("/")), _LOADERS_CACHE)
    installed = [f"{library}/{name}" for library in libraries for name in _NOT_THE_LIBRARYS]
    return Needs(
        executable,
        static=False,
        readable=tuple(dict.fromkeys(readable)),
        listable=libraries,
        hidden=tuple(folder for folder in installed if os.path.isdir(folder)),  # noqa: PTH112 - texts, as all here
    )


def _asked(path: str | Path) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    try:
        answer = subprocess.run(
            [str(path), "-I", "-W", "ignore", "-c", _QUESTION, *_LACKING],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_TIMEOUT,
        ).stdout
        executable, libraries, mapped = json.loads(answer.splitlines()[-1])
        return os.path.realpath(executable), tuple(libraries), tuple(mapped)
    except OSError as error:
        raise SandboxError(f"The runtime {path} cannot be run: {error.strerror or error}.") from error
    except (subprocess.SubprocessError, ValueError, IndexError, TypeError) as error:
        raise SandboxError(
            f"The runtime {path} does not answer as a Python does. Name a CPython 3.12 or cosmo-python with --runtime."
        ) from error


def _entries(library: str) -> Iterator[str]:
    """Yield what is in the standard library's folder, without what is only installed into it."""
    try:
        names = os.listdir(library)  # noqa: PTH208 - the names alone
    except OSError:
        return
    yield from (f"{library}/{name}" for name in sorted(names) if name not in _NOT_THE_LIBRARYS)


def _is_static(file: BinaryIO) -> bool:
    """Whether an ELF names no loader (System V ABI, program headers). What is no ELF is not static."""
    head: bytes = file.read(64)
    if head[:4] != b"\x7fELF" or len(head) < 64 or head[4] != 2 or head[5] != 1:  # noqa: PLR2004 - 64 bit, little-endian
        return False
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    if offset >= 1 << 62:  # no file reaches there, and not every one can be asked
        return False
    for index in range(count):
        file.seek(offset + index * size)
        kind = file.read(4)
        if len(kind) < 4 or int.from_bytes(kind, "little") == _PT_INTERP:  # noqa: PLR2004 - its size
            return False
    return bool(count)
