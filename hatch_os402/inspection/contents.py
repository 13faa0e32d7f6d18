"""The members of an archive, and which distribution each belongs to."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_os402.archive.assemble import is_launcher
from hatch_os402.artifacts.opened import open_archive
from hatch_os402.errors import ArtifactError, MarkerError, RecordError
from hatch_os402.resolution.markers import holds
from hatch_os402.resolution.target import ARCHITECTURES, Target
from hatch_os402.wheels import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_os402.artifacts.opened import OpenedArchive

LAUNCHER = "(launcher)"
"""Stands for the distribution of the files that belong to the launcher."""
NOBODY = "(no distribution)"
"""Stands for the distribution of the files that no RECORD lists."""

SOURCE, BYTECODE, DATA = "source", "bytecode", "data"

# The first magic number of each CPython from 3.8 on (Include/internal/pycore_magic_number.h).
_MAGICS = {3400: "3.8", 3420: "3.9", 3430: "3.10", 3450: "3.11", 3500: "3.12", 3550: "3.13", 3600: "3.14", 3650: "3.15"}
_MAGIC_SIZE = 4
_MAX_METADATA = 1 << 26
"""Bytes of a METADATA or RECORD, which are held in memory: the RECORD of 100,000 files has a fifth of that."""


@dataclass(frozen=True)
class ArchiveMember:
    """One file of the archive."""

    path: str
    size: int
    """Bytes, as the program sees them."""
    packed: int
    """Bytes that it takes in the archive, without its headers."""
    kind: str
    """`SOURCE` (.py), `BYTECODE` (.pyc) or `DATA`."""
    owner: str
    """Canonical name of its distribution, the first one's if several list it; `LAUNCHER` or `NOBODY`."""


@dataclass(frozen=True)
class Distribution:
    """What a `.dist-info` folder of the archive says."""

    name: str
    """Canonical."""
    version: str
    requires: frozenset[str]
    """Canonical names of what it requires on the target, without extras."""


@dataclass(frozen=True)
class Contents:
    """What is in one archive."""

    members: tuple[ArchiveMember, ...]
    """In the order of the archive."""
    distributions: tuple[Distribution, ...]
    """Sorted by name."""
    compilers: tuple[str, ...]
    """The CPython versions ("3.12") whose bytecode there is."""


def read_contents(archive: bytes, name: str) -> Contents:
    """Return what the zip `archive` holds, once every member was unpacked and its checksum found right.

    `name` is what messages call it. Raises `ArtifactError`.
    """
    with open_archive(io.BytesIO(archive), name) as opened:
        infos = opened.members
        contents = {path: _kept(opened, path, name) for path in infos}
    if "__main__.py" not in contents:
        raise ArtifactError(f"the archive of {name} has no __main__.py: it is no zipapp.")
    distributions, owners = _distributions(contents, name)
    members = (
        ArchiveMember(path, info.file_size, info.compress_size, kind(path), _owner(path, owners))
        for path, info in infos.items()
    )
    magics = {content[:_MAGIC_SIZE] for path, content in contents.items() if kind(path) == BYTECODE}
    return Contents(tuple(members), distributions, tuple(sorted(map(_version, magics), key=_order)))


def _kept(opened: OpenedArchive, path: str, name: str) -> bytes:
    """Read the whole member, whose checksum is compared; return what is needed of it: all of metadata, or its start."""
    whole = path.endswith((".dist-info/METADATA", ".dist-info/RECORD")) and path.count("/") == 1
    kept = b""
    for chunk in opened.chunks(path):
        if whole or not kept:
            kept += chunk if whole else chunk[:_MAGIC_SIZE]
        if len(kept) > _MAX_METADATA:
            raise ArtifactError(f"the archive of {name} is damaged: {path} has more than {_MAX_METADATA:,} bytes.")
    return kept


def kind(path: str) -> str:
    """Return what the file at an archive path is."""
    return SOURCE if path.endswith(".py") else BYTECODE if path.endswith(".pyc") else DATA


def _owner(path: str, owners: Mapping[str, str]) -> str:
    if is_launcher(path):
        return LAUNCHER
    # A RECORD written before the bytecode was does not list it.
    return owners.get(path) or owners.get(path.removesuffix("c") if kind(path) == BYTECODE else "", NOBODY)


def _distributions(contents: Mapping[str, bytes], name: str) -> tuple[tuple[Distribution, ...], dict[str, str]]:
    """Return the distributions, and the owner of each path that they list."""
    found: dict[str, Distribution] = {}
    owners: dict[str, str] = {}
    for path, content in contents.items():
        folder, _, file = path.partition("/")
        if file != "METADATA" or not folder.endswith(".dist-info"):
            continue
        headers = BytesHeaderParser().parsebytes(content)
        # `Header` objects stand for what is not ASCII.
        raw = str(headers.get("Name", "")) or folder.removesuffix(".dist-info").rpartition("-")[0]
        distribution = Distribution(
            canonicalize_name(raw),
            str(headers.get("Version", "")),
            frozenset(_requirements(map(str, headers.get_all("Requires-Dist") or ()))),
        )
        found[distribution.name] = distribution
        for owned in _listed(contents, folder, name):
            owners.setdefault(owned, distribution.name)
    return tuple(found[key] for key in sorted(found)), owners


def _listed(contents: Mapping[str, bytes], folder: str, name: str) -> Iterator[str]:
    """Yield the paths that the RECORD of a `.dist-info` folder lists; without one, what lies in the folder."""
    yield from (path for path in contents if path.startswith(folder + "/"))
    listing = f"{folder}/RECORD"
    if listing in contents:
        try:
            yield from record.parse(contents[listing])
        except RecordError as error:
            raise ArtifactError(f"the archive of {name} is damaged: {listing} {error}. Build again.") from error


def _requirements(lines: Iterable[str]) -> Iterator[str]:
    environments = [Target(machine).environment for machine in ARCHITECTURES]
    for line in lines:
        try:
            requirement = Requirement(line)
            needed = any(holds(requirement, environment) for environment in environments)
        except (InvalidRequirement, MarkerError):
            continue
        if needed:
            yield canonicalize_name(requirement.name)


def _version(magic: bytes) -> str:
    """Return the CPython whose bytecode begins with `magic`."""
    number = int.from_bytes(magic[:2], "little")
    if magic[2:] != b"\r\n":
        return "unknown"
    return next((version for start, version in reversed(_MAGICS.items()) if start <= number), "unknown")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def totals(members: Iterable[ArchiveMember]) -> Counter[str]:
    """Return the sizes of `members` added up: by kind, and `size`, `packed` and `files`."""
    found: Counter[str] = Counter()
    for member in members:
        found[member.kind] += member.size
        found.update(size=member.size, packed=member.packed, files=1)
    return found
