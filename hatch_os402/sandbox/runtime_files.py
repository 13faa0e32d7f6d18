"""What a runtime must be able to read: itself, when it is static; its installation, when it is a CPython here."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import SandboxError
from hatch_os402.runtime.elf import is_static_file
from hatch_os402.runtime.interpreters import EMPTY_ENVIRONMENT
from hatch_os402.sandbox.stand_in import offered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hatch_os402.runtime.discovery import Runtime

_TIMEOUT = 60
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


def needs_of(runtime: Runtime) -> Needs:
    """Return what `runtime` needs; it is run for that only if the user named it. Raises `SandboxError`."""
    return needs(runtime.path) if runtime.named else static_needs(runtime.path)


def static_needs(path: str | Path) -> Needs:
    """Return what the static executable at `path` needs, which is itself; nothing is run.

    This is for what an offer, a project or a client brought. Raises `SandboxError` for what is not static.
    """
    real = os.path.realpath(path)
    try:
        static = is_static_file(real)
    except OSError as error:
        raise SandboxError(f"the runtime {path} cannot be read: {error.strerror or error}.") from error
    if not static:
        raise SandboxError(
            f"the runtime {path} is not a static ELF executable, so os402 cannot run it, and it is not run here.\n"
            "Name a CPython 3.12 or cosmo-python with --runtime."
        )
    return Needs(real, static=True, readable=(real,), listable=())


@functools.cache
def needs(path: str | Path) -> Needs:
    """Return what the executable at `path` needs. Raises `SandboxError`.

    An executable that is not static is run for that, outside the sandbox, in an empty environment: only for what the
    user named (`needs_of`). What is installed beside the standard library (`site-packages`) is not needed: os402 does
    not have it either.
    """
    try:
        return static_needs(path)
    except SandboxError as error:
        if error.__cause__ is not None:  # it cannot be read
            raise
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
            env=EMPTY_ENVIRONMENT,
        ).stdout
        executable, libraries, mapped = json.loads(answer.splitlines()[-1])
        return os.path.realpath(executable), tuple(libraries), tuple(mapped)
    except OSError as error:
        raise SandboxError(f"the runtime {path} cannot be run: {error.strerror or error}.") from error
    except (subprocess.SubprocessError, ValueError, IndexError, TypeError) as error:
        raise SandboxError(
            f"the runtime {path} does not answer as a Python does. Name a CPython 3.12 or cosmo-python with --runtime."
        ) from error


def _entries(library: str) -> Iterator[str]:
    """Yield what is in the standard library's folder, without what is only installed into it."""
    try:
        names = os.listdir(library)  # noqa: PTH208 - the names alone
    except OSError:
        return
    yield from (f"{library}/{name}" for name in sorted(names) if name not in _NOT_THE_LIBRARYS)
