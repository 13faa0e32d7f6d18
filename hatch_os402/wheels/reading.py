"""A wheel, read once from beginning to end: every file's hash and size checked, nothing unpacked, nothing run.

"Binary distribution format" of the PyPA specifications (PEP 427).
"""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from hatch_os402.errors import RecordError, WheelError
from hatch_os402.resolution.nested import LARGEST, NestedArchive, is_zip, look_into
from hatch_os402.wheels import record
from hatch_os402.wheels.members import (
    check_collisions,
    check_members,
    hash_file,
    open_wheel,
    read_chunks,
    refuse,
)

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.tags import Tag

HEAD = 512
"""Bytes kept of each file: enough to see what kind of executable it is."""

MOST_OF_METADATA = 1 << 26
"""METADATA, WHEEL and RECORD are read whole: at most 64 MiB each."""

_ROOT_SCHEMES = frozenset({"purelib", "platlib"})
_OTHER_SCHEMES = frozenset({"scripts", "data", "headers"})


@dataclass(frozen=True)
class WheelFile:
    """One file of a wheel."""

    path: str
    """Where it belongs: below the root for scheme "root" (`NAME.data/purelib/` is the root), else below its scheme."""
    member: str
    """Its name in the zip file."""
    scheme: str
    """ "root", "scripts", "data" or "headers"."""
    size: int
    """Bytes."""
    sha256: str
    """Lowercase hex."""
    head: bytes
    """Its first bytes, at most `HEAD`."""
    nested: NestedArchive | None = None
    """What lies in it, when it is an archive itself."""


@dataclass(frozen=True)
class Metadata:
    """What METADATA says, as far as it is needed."""

    requires_dist: tuple[Requirement, ...]
    requires_python: str | None
    provides_extra: frozenset[str]
    """Canonical names."""


@dataclass(frozen=True)
class Wheel:
    """A wheel that was read and found honest."""

    path: Path
    filename: str
    name: str
    """Canonical (PEP 503)."""
    version: Version
    tags: frozenset[Tag]
    """As its file name says."""
    dist_info: str
    """The name of its folder of metadata, `NAME-VERSION.dist-info`, without a slash."""
    files: tuple[WheelFile, ...]
    """Sorted by path; RECORD is among them."""
    metadata: Metadata
    purelib: bool
    """`Root-Is-Purelib`."""
    broken_record: str = ""
    """What is wrong with its RECORD, where that was accepted."""

    @property
    def pure_tags(self) -> bool:
        """Whether its file name promises that no platform matters (`*-none-any`)."""
        return all(tag.abi == "none" and tag.platform == "any" for tag in self.tags)


def read_wheel(path: Path, *, expected_sha256: str | None = None, accept_broken_record: bool = False) -> Wheel:
    """Read the wheel at `path` and return what it holds.

    `expected_sha256`, in hex, is that of the whole file. With `accept_broken_record` a RECORD that is not true of the
    files is noted and no error: the hash of the whole file alone vouches for them. Raises `WheelError` for whatever is
    damaged, dishonest (RECORD, names, metadata) or dangerous (paths out of the wheel, links, collisions, bombs), naming
    the file.
    """
    filename = path.name
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise refuse(filename, f"is not the name of a wheel: {error}.") from error
    if expected_sha256 is not None and (actual := hash_file(path)) != expected_sha256.lower():
        raise refuse(filename, f"its SHA256 is {actual}, and {expected_sha256.lower()} was promised.")
    with open_wheel(path) as archive:
        infos = check_members(archive, filename)
        places = {member: _place(member, filename, name, version) for member in infos}
        check_collisions((path if scheme == "root" else member for member, (path, scheme) in places.items()), filename)
        dist_info = _dist_info(places, filename, name, version)
        files, broken = _read_files(archive, infos, places, dist_info, filename, accept=accept_broken_record)
        metadata = _read_metadata(_whole(archive, infos, f"{dist_info}/METADATA", filename), filename, name, version)
        purelib = _read_purelib(_whole(archive, infos, f"{dist_info}/WHEEL", filename), filename)
    return Wheel(path, filename, name, version, tags, dist_info, files, metadata, purelib, broken)


def read_metadata(path: Path) -> Metadata:
    """Return what METADATA of the wheel at `path` says; no other file of it is read. Raises `WheelError`."""
    filename = path.name
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise refuse(filename, f"is not the name of a wheel: {error}.") from error
    with open_wheel(path) as archive:
        infos = check_members(archive, filename)
        places = {member: _place(member, filename, name, version) for member in infos}
        dist_info = _dist_info(places, filename, name, version)
        return _read_metadata(_whole(archive, infos, f"{dist_info}/METADATA", filename), filename, name, version)


def _place(member: str, filename: str, name: str, version: Version) -> tuple[str, str]:
    """Return path and scheme of `member`: what lies in `NAME-VERSION.data` is meant for somewhere else."""
    folder, _, below = member.partition("/")
    if not below or not folder.endswith(".data"):
        return member, "root"
    scheme, _, path = below.partition("/")
    if not _names(folder, ".data", name, version) or not path or scheme not in _ROOT_SCHEMES | _OTHER_SCHEMES:
        raise refuse(filename, "is in a '.data' folder that is not of this wheel, or for no known place.", member)
    return path, "root" if scheme in _ROOT_SCHEMES else scheme


def _dist_info(places: Mapping[str, tuple[str, str]], filename: str, name: str, version: Version) -> str:
    """Return the one `.dist-info` folder, which must be named as the wheel is and hold what PEP 427 asks for."""
    tops = (path.partition("/") for path, scheme in places.values() if scheme == "root")
    found = sorted({top for top, slash, _ in tops if slash and top.endswith(".dist-info")})
    if len(found) != 1:
        raise refuse(filename, f"has {len(found) or 'no'} '.dist-info' folders, not one: {', '.join(map(repr, found))}")
    if not _names(found[0], ".dist-info", name, version):
        raise refuse(filename, "this folder is not named as the wheel is.", found[0])
    for required in ("METADATA", "WHEEL", "RECORD"):
        if f"{found[0]}/{required}" not in places:
            raise refuse(filename, "is missing.", f"{found[0]}/{required}")
    return found[0]


def _names(folder: str, suffix: str, name: str, version: Version) -> bool:
    """Whether `folder` is `NAME-VERSION` and `suffix`, however name and version are spelled."""
    stem, _, spelled = folder.removesuffix(suffix).rpartition("-")
    try:
        return canonicalize_name(stem) == name and Version(spelled) == version
    except InvalidVersion:
        return False


def _read_files(
    archive: zipfile.ZipFile,
    infos: Mapping[str, zipfile.ZipInfo],
    places: Mapping[str, tuple[str, str]],
    dist_info: str,
    filename: str,
    *,
    accept: bool,
) -> tuple[tuple[WheelFile, ...], str]:
    """Read every file once, check it against RECORD and return what is known of it.

    With `accept` a RECORD that is wrong is no error: what is wrong is returned as well, and is empty otherwise.
    """
    own = f"{dist_info}/RECORD"
    exempt = {own, *(f"{dist_info}/{signature}" for signature in record.SIGNATURES)}
    try:
        rows = record.parse(_whole(archive, infos, own, filename))
        record.check_listing(rows, infos, exempt)
        checked = {member: rows[member] for member in infos if member not in exempt}
        return _read_members(archive, infos, places, checked), ""
    except RecordError as error:
        if not accept:
            name = canonicalize_name(filename.partition("-")[0])
            known = f'\nIf it was published so, let it through: accept-broken-record = ["{name}"].'
            raise WheelError(f"{refuse(filename, f'RECORD {error}.', error.path or own)}{known}") from error
        return _read_members(archive, infos, places, {}), f"RECORD {error}: {error.path or own}"


def _read_members(
    archive: zipfile.ZipFile,
    infos: Mapping[str, zipfile.ZipInfo],
    places: Mapping[str, tuple[str, str]],
    rows: Mapping[str, record.Row],
) -> tuple[WheelFile, ...]:
    files = []
    for member, info in infos.items():
        hasher = record.Hasher(rows.get(member))
        head, chunks = b"", []
        for chunk in read_chunks(archive, info):
            head = head or chunk[:HEAD]
            hasher.update(chunk)
            if is_zip(head) and info.file_size <= LARGEST:
                chunks.append(chunk)
        path, scheme = places[member]
        nested = look_into(head, b"".join(chunks) if chunks else None)
        files.append(WheelFile(path, member, scheme, hasher.size, hasher.finish(), head, nested))
    return tuple(sorted(files, key=lambda file: (file.path.encode(), file.scheme)))


def _whole(archive: zipfile.ZipFile, infos: Mapping[str, zipfile.ZipInfo], member: str, filename: str) -> bytes:
    info = infos[member]
    if info.file_size > MOST_OF_METADATA:
        raise refuse(filename, f"has {info.file_size} bytes; the limit is {MOST_OF_METADATA}.", member)
    return b"".join(read_chunks(archive, info))


def _read_metadata(content: bytes, filename: str, name: str, version: Version) -> Metadata:
    raw, _ = parse_email(content)
    try:
        same = canonicalize_name(raw.get("name", "")) == name and Version(raw.get("version", "")) == version
        requires = tuple(Requirement(text) for text in raw.get("requires_dist", ()))
    except (InvalidVersion, InvalidRequirement) as error:
        raise refuse(filename, f"{error}.", "METADATA") from error
    if not same:
        raise refuse(filename, f"is of {raw.get('name')} {raw.get('version')}, not of {name} {version}.", "METADATA")
    extras = frozenset(canonicalize_name(extra) for extra in raw.get("provides_extra", ()))
    return Metadata(requires, raw.get("requires_python"), extras)


def _read_purelib(content: bytes, filename: str) -> bool:
    """Check the version of the format and return `Root-Is-Purelib`."""
    headers = BytesHeaderParser().parsebytes(content)
    version = str(headers.get("Wheel-Version", "")).strip()
    if version.partition(".")[0] != "1":
        raise refuse(filename, f"Wheel-Version is {version!r}; only 1.x is known.", "WHEEL")
    return str(headers.get("Root-Is-Purelib", "")).strip().lower() == "true"
