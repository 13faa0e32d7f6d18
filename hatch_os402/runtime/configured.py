"""The option `runtime`: which executable the offer runs on each architecture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import OptionValueError
from hatch_os402.files import measure, open_file
from hatch_os402.formatting import without_passwords
from hatch_os402.home import path_of
from hatch_os402.runtime import pins
from hatch_os402.runtime.ape import is_ape
from hatch_os402.runtime.elf import architecture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FIELD = "Field `tool.hatch.build.targets.os402.runtime`"
_URL = re.compile(r"(?P<arch>x86_64|aarch64):(?P<url>https?://[^\s#]+)#(?P<sha256>[0-9a-fA-F]{64})")
_PATH = re.compile(r"(?:(?P<arch>x86_64|aarch64):)?(?P<path>.+)", re.DOTALL)


@dataclass(frozen=True)
class ConfiguredRuntime:
    """What runs on one architecture."""

    arch: str
    sha256: str
    """Lowercase hex, of the ELF that os402 executes."""
    url: str | None = None
    path: Path | None = None
    """Where it lies on this machine, if it does; never part of an artifact."""


def executables(values: Sequence[str], root: Path) -> tuple[ConfiguredRuntime, ...]:
    """Return what the option's `values` mean, sorted by architecture; the pinned cosmo-python when there are none.

    Relative paths are below `root`. Raises `OptionValueError`.
    """
    if not values:
        return tuple(ConfiguredRuntime(arch, sha256) for arch, sha256 in sorted(pins.ASSIMILATED_SHA256.items()))
    found: dict[str, ConfiguredRuntime] = {}
    for value in values:
        executable = _parse(value, root)
        if executable.arch in found:
            raise OptionValueError(f"{_FIELD} names two executables for {executable.arch}")
        found[executable.arch] = executable
    return tuple(found[arch] for arch in sorted(found))


def _parse(value: str, root: Path) -> ConfiguredRuntime:
    if match := _URL.fullmatch(value):
        return ConfiguredRuntime(match["arch"], match["sha256"].lower(), url=match["url"])
    if "://" in value:
        shown = without_passwords(value)
        raise OptionValueError(f'{_FIELD} must be a path or "arch:url#sha256" (arch: x86_64 or aarch64), not {shown!r}')
    match = _PATH.fullmatch(value)
    assert match is not None  # noqa: S101 - the pattern takes any text, and empty ones were refused before
    path = path_of(match["path"], root)
    try:
        with open_file(path) as file:
            head = file.read(64)
            _, sha256 = measure(file)
    except OSError as error:
        raise OptionValueError(f"{_FIELD} names {match['path']!r}, which cannot be read: {error.strerror}") from error
    return ConfiguredRuntime(_architecture(head, value, match["arch"]), sha256, path=path)


def _architecture(head: bytes, value: str, stated: str | None) -> str:
    """Return the architecture of the ELF that begins with `head`; os402 executes nothing else."""
    if is_ape(head):
        raise OptionValueError(
            f"{_FIELD}: {value!r} is an APE, which os402 cannot execute; make it an ELF with `--assimilate`"
        )
    arch = architecture(head)
    if arch is None:
        raise OptionValueError(f"{_FIELD}: {value!r} is not an ELF executable")
    if not arch or stated not in {None, arch}:
        raise OptionValueError(
            f"{_FIELD}: {value!r} is an ELF for {arch or 'another architecture'}; os402 has x86_64 and aarch64"
        )
    return arch
