"""Which runtime runs an offer on this machine: its own cosmo-python, or what stands in for it."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import SandboxError
from hatch_os402.files import file_sha256
from hatch_os402.installation.command import python_command
from hatch_os402.runtime import pins
from hatch_os402.runtime.elf import is_static_file
from hatch_os402.runtime.fetching import find_by_sha256
from hatch_os402.runtime.interpreters import ask, find_compiler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_os402.runtime.configured import ConfiguredRuntime


@dataclass(frozen=True)
class Runtime:
    """An executable of this machine that can run an offer."""

    path: str
    words: str
    """What it is, for a person: `CPython 3.12.3, in place of cosmo-python`."""
    warning: str = ""
    """What a run with it does not show, if there is something."""
    exact: bool = False
    """Whether it is the very file that the offer runs."""
    named: bool = False
    """Whether the user named it, by `--runtime` or by having it where Pythons are looked for. Nothing else is executed
    outside the sandbox."""


def architecture() -> str:
    """Return this machine's architecture as offers name it."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def discover(
    wanted: str | None,
    *,
    python: bool = True,
    named: Path | None = None,
    configured: tuple[ConfiguredRuntime, ...] = (),
    cache: Path | None,
    environ: Mapping[str, str],
) -> Runtime:
    """Return what runs an executable of SHA256 `wanted` (lowercase hex; None: this architecture has none) here.

    In this order: `named` (by the user); the file that is `wanted`, among those that the project has `configured`
    and those fetched into `cache`; a CPython 3.12; the running Python, with a warning. The last two only stand in for a
    `python`. Raises `SandboxError`.
    """
    if named is not None:
        return _named(named, wanted)
    candidates = [item.path for item in configured if item.path and item.sha256 == wanted]
    if wanted and cache and (fetched := find_by_sha256(wanted, cache)):
        candidates.append(fetched)
    failed = ""
    for path in candidates:
        if not _is_static(path):
            failed = f"{path} is what the offer runs, and is not a static ELF executable. "
        elif not python or wanted not in pins.ASSIMILATED_SHA256.values():
            return Runtime(str(path), str(path), exact=True)  # never run outside the sandbox: nobody vouches for it
        elif answer := ask(path):
            return Runtime(str(path), f"{pins.NAME} {answer.version}", exact=True)
        else:
            failed = f"{path} is what the offer runs, and does not run on this machine. "
    if not python:
        raise SandboxError(
            f"{failed}The offer runs something else than Python, and its executable (sha256 {wanted}) is not on this "
            "machine: name it with --runtime."
        )
    if found := find_compiler(None, environ):
        words = f"CPython {found.version}, in place of {pins.NAME}"
        return Runtime(found.path, words, failed.strip(), named=True)
    version = "{}.{}.{}".format(*sys.version_info)
    return Runtime(
        sys.executable,
        f"Python {version}, in place of {pins.NAME}",
        f"{failed}There is no CPython 3.12 on this machine, so Python {version} runs the program: it ignores the "
        "archive's bytecode, and its standard library is another version's. "
        f"`{python_command('3.12')}` gets one.",
        named=True,
    )


def _is_static(path: Path) -> bool:
    try:
        return is_static_file(path)
    except OSError:
        return False


def _named(path: Path, wanted: str | None) -> Runtime:
    if not path.is_file() or not os.access(path, os.X_OK):
        raise SandboxError(f"the runtime {path} is not an executable file of this machine (--runtime).")
    if wanted is not None and file_sha256(path) == wanted:
        return Runtime(str(path), str(path), exact=True, named=True)
    if answer := ask(path):
        return Runtime(str(path), f"{path}, Python {answer.version}", named=True)
    return Runtime(
        str(path),
        str(path),
        f"{path} is neither what the offer runs nor a CPython 3.12: bytecode and standard library differ.",
        named=True,
    )
