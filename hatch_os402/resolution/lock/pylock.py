"""Reading a pylock file (PEP 751): that of hatch-os402, and those of uv, pip, pdm and others."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from packaging.pylock import (
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from hatch_os402.errors import LockError
from hatch_os402.files import is_sha256
from hatch_os402.foreign import addresses
from hatch_os402.resolution.lock.model import Locked, MadeFor, Selection
from hatch_os402.resolution.lock.place import COMMAND
from hatch_os402.resolution.markers import UNDECIDABLE, reason
from hatch_os402.resolution.target import PYTHON

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from packaging.pylock import Package

    from hatch_os402.resolution.target import Target

TOOL = "hatch-os402"

_WITH_BUILD = 5
"""Hyphens in the name of a wheel that has a build number (PEP 427)."""

_EXPORTS = {
    "uv": "uv export --format pylock.toml -o {name}",
    "pip": "pip lock -o {name} .",
    "pdm": "pdm export -f pylock -o {name}",
}


@dataclass(frozen=True)
class PylockFile:
    """A pylock file."""

    name: str
    project: str
    """The canonical name of the project, which other tools list as well."""
    folder: Path
    """Where its relative paths start."""
    pylock: Pylock
    made_for: MadeFor | None
    _selections: dict[tuple[object, ...], Selection] = field(default_factory=dict, repr=False, compare=False)
    """What was selected before: a large lock of another tool has ten thousand names of wheels to be read."""

    @property
    def update(self) -> str:
        """See `Lock.update`."""
        if self.made_for is not None:
            return f"Run `{COMMAND}`, and commit what it writes."
        by = self.pylock.created_by.partition(" ")[0].lower()
        command = _EXPORTS.get(by, "").format(name=self.name)
        return f"Lock again with {by}{f' (`{command}`)' if command else ''}, or use `{COMMAND}`."

    def versions(self) -> dict[str, str]:
        """Return canonical name → version of all that has one, for any target."""
        return {package.name: str(package.version) for package in self.pylock.packages if package.version is not None}

    def select(self, target: Target, extras: Collection[str], groups: Collection[str]) -> Selection:
        """See `Lock.select`; each entry is decided on by its own marker. Raises `LockError`."""
        key = target.machine, frozenset(extras), frozenset(groups)
        if key not in self._selections:
            self._selections[key] = self._select(target, extras, groups)
        return self._selections[key]

    def _select(self, target: Target, extras: Collection[str], groups: Collection[str]) -> Selection:
        pylock = self.pylock
        known_groups = {*(pylock.dependency_groups or ()), *(pylock.default_groups or ())}
        wanted: dict[str, Any] = {
            "environment": target.environment,
            "tags": target.tags,
            "extras": sorted(set(extras) & set(pylock.extras or ())),
            "dependency_groups": sorted({*(pylock.default_groups or ()), *(set(groups) & known_groups)}),
        }
        try:
            list(replace(pylock, packages=()).select(**wanted))
        except (PylockSelectError, *UNDECIDABLE) as error:
            raise LockError(
                f"{self.name} was not made for CPython {PYTHON} on linux {target.machine}: {error}.\n{self.update}"
            ) from error
        locked: dict[str, Locked] = {}
        problems: dict[str, str] = {}
        twice: set[str] = set()
        for package in pylock.packages:
            if package.name == self.project:
                continue
            try:
                chosen = list(replace(pylock, packages=(_by_build(package),), environments=None).select(**wanted))
            except PylockSelectError as error:
                problems[package.name] = _reason(package, error)
                continue
            except UNDECIDABLE as error:
                problems[package.name] = f"has a marker that cannot be decided: {reason(error)}"
                continue
            for _, found in chosen:
                if package.name in locked:
                    twice.add(package.name)
                try:
                    locked[package.name] = self._locked(package, found)
                except ValueError as error:
                    problems[package.name] = str(error)
        for name in twice:
            del locked[name]
            problems[name] = "is there twice, and the markers of both hold"
        return Selection(locked, {name: why for name, why in problems.items() if name not in locked})

    def wheels(self, chosen: Locked, target: Target) -> list[Locked]:
        """Return every wheel of the release of `chosen` that fits `target`; it alone where it is no release's.

        Those that cannot be used, as their hash or name is none, are left out.
        """
        found: list[Locked] = []
        for package in self.pylock.packages:
            if chosen.direct or package.name != chosen.name or str(package.version) != chosen.version:
                continue
            for wheel in package.wheels or ():
                if not parse_wheel_filename(wheel.filename)[3].isdisjoint(target.tags):
                    with suppress(ValueError):
                        found.append(self._locked(package, wheel))
        return found or [chosen]

    def _locked(self, package: Package, found: object) -> Locked:
        """Return what `found`, the chosen file of `package`, is. Raises `ValueError` for what cannot be used."""
        version = "" if package.version is None else str(package.version)
        if isinstance(found, PackageDirectory):
            return Locked(package.name, version, "folder", path=self.folder / found.path, direct=True)
        if not isinstance(found, (PackageWheel, PackageSdist, PackageArchive)):
            raise ValueError("is a reference to a repository, and reading it would start a program here")  # noqa: TRY004 - the type is the file's, not a caller's
        path = None if found.path is None else self.folder / found.path
        url = found.url or ""
        if addresses.split(url) is None:
            raise ValueError(f"has an address that cannot be read, {addresses.shown_address(url)}")
        filename = (
            found.filename
            if not isinstance(found, PackageArchive)
            else addresses.filename(url)
            if url
            else unquote(str(found.path)).replace("\\", "/").rpartition("/")[2]
        )
        sha256 = {name.lower(): value for name, value in found.hashes.items()}.get("sha256", "").lower()
        if not is_sha256(sha256):  # it becomes a path in the cache
            raise ValueError(f"has no SHA256, but {', '.join(sorted(found.hashes))}")
        if {"/", "\\"} & set(filename):
            raise ValueError(f"has a file with an impossible name, {filename!r}")
        kind = "wheel" if filename.endswith(".whl") else "sdist"
        direct = isinstance(found, PackageArchive)
        return Locked(package.name, version, kind, filename, (sha256,), url, path, direct)  # type: ignore[arg-type]  # one of two words


def read_pylock(content: bytes, *, name: str, folder: Path, project: str) -> PylockFile:
    """Read the pylock file with `content`. `name` is for messages. Raises `LockError`."""
    try:
        table = tomllib.loads(content.decode())
        _refuse_long_names(table)
        pylock = Pylock.from_dict(table)
        made_for = _made_for((table.get("tool") or {}).get(TOOL))
    except (ValueError, PylockValidationError, RecursionError, TypeError, AttributeError, LookupError) as error:
        raise LockError(
            f"{name} is no lock that can be read (PEP 751, lock-version 1): {error}.\nWrite it again with `{COMMAND}`, "
            "or with the tool that made it."
        ) from error
    return PylockFile(name, str(canonicalize_name(project)), folder, pylock, made_for)


def _refuse_long_names(table: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a name of a wheel that no file can have; `packaging` would make all its tags."""
    for package in table.get("packages", ()):
        for wheel in package.get("wheels", ()):
            if any(
                len(addresses.filename(str(wheel.get(key, "")))) > addresses.MAX_FILENAME
                for key in ("name", "path", "url")
            ):
                raise ValueError(f"the name of a wheel has more than {addresses.MAX_FILENAME} characters")


def _made_for(table: Mapping[str, Any] | None) -> MadeFor | None:
    """Return what `[tool.hatch-os402]` says. Raises `ValueError` when it was changed by hand."""
    if table is None:
        return None
    lists = {
        name: tuple(map(str, table.get(name, ())))
        for name in ("architectures", "requirements", "features", "groups", "build-from-source")
    }
    found = MadeFor(str(table.get("python")), **{name.replace("-", "_"): value for name, value in lists.items()})
    if found.digest() != table.get("digest"):
        raise ValueError(f"[tool.{TOOL}] is not what its `digest` was made of")
    return found


def _by_build(package: Package) -> Package:
    """Return `package` with the wheels sorted as pip prefers them where their tags are equal: by build number."""
    if not any(wheel.filename.count("-") == _WITH_BUILD for wheel in package.wheels or ()):
        return package

    def key(wheel: PackageWheel) -> tuple[object, ...]:
        build = parse_wheel_filename(wheel.filename)[2]
        return bool(build), build, wheel.filename

    return replace(package, wheels=sorted(package.wheels or (), key=key, reverse=True))


def _reason(package: Package, error: PylockSelectError) -> str:
    """Return why nothing of `package` fits the target."""
    version = f" {package.version}" if package.version else ""
    if "No wheel found" not in str(error):
        return f"{version.strip()} cannot be used: {error}".strip()
    others = []
    for wheel in package.wheels or ():
        try:
            tags = parse_wheel_filename(wheel.filename)[3]
        except InvalidWheelFilename:
            continue
        others.append(min(f"{tag.interpreter}-{tag.abi}-{tag.platform}" for tag in tags))
    return f"{version.strip()} has no wheel for the target, only for {', '.join(sorted(set(others))[:4])}".strip()
