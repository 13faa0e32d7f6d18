"""Read the artifacts of one build that lie beside each other, whichever of them was named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402 import record
from hatch_os402.artifacts import SIGNED_SUFFIX, SUFFIXES
from hatch_os402.errors import ArtifactError
from hatch_os402.offer.reading import ReadOffer, read_offer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST_LENGTH = 10
"""Bytes of a frame's first line: nine digits at most and the newline, as the bootstrap reads them."""


@dataclass(frozen=True)
class File:
    """One artifact as it lies there."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    """Lowercase hex, of the file."""


@dataclass(frozen=True)
class Artifacts:
    """What was found of one build."""

    stem: str
    """What the names have in common: `greeter-0.1.0`."""
    archive: bytes
    """The zipapp: out of the frame, else the `.pyz`."""
    files: tuple[File, ...]
    """Those that are there, in the order in which a build writes them."""
    offer: ReadOffer | None
    """The signed offer if it is there, else the unsigned one."""
    record: Mapping[str, Any] | None
    """What `{stem}.build.json` holds, if it is there and describes this archive."""
    notes: tuple[str, ...]
    """Sentences about artifacts that contradict each other."""

    @property
    def frame(self) -> bytes:
        """What os402 feeds to the program before the body: the archive behind its length."""
        return _framed(self.archive)


def read_artifacts(path: Path) -> Artifacts:
    """Return the artifacts that belong to `path`: any of them, or what their names have in common.

    Raises `ArtifactError` if `path` is not there, nothing beside it holds an archive, or frame or record are damaged,
    and `OfferError` for an offer that cannot be read.
    """
    suffix = next((suffix for suffix in (SIGNED_SUFFIX, *SUFFIXES) if path.name.endswith(suffix)), "")
    stem = path.name[: len(path.name) - len(suffix)]
    paths = {suffix: path.with_name(stem + suffix) for suffix in (*SUFFIXES, SIGNED_SUFFIX)}
    if not suffix and path.is_file():
        raise ArtifactError(
            f"{path} is no artifact of a build: these end with {', '.join((*SUFFIXES, SIGNED_SUFFIX))}."
        )
    if not any(item.is_file() for item in ([path] if suffix else paths.values())):
        raise ArtifactError(
            f"There is no artifact {path}{'' if suffix else '.*'}. Build it with `hatch build -t os402`."
        )
    files, contents = _read_files(paths)
    notes: list[str] = []
    offer = _read_offer(paths)
    archive = _archive(path, suffix, paths, contents, offer, notes)
    described = _read_record(paths[".build.json"], contents.get(".build.json"))
    if described is not None and not _describes(described, paths[".pyz"].name, archive):
        notes.append(
            f"{paths['.build.json'].name} describes another archive than this one, and is not used. "
            "`hatch-os402 verify` names what is broken."
        )
        described = None
    _note_frame(offer, archive, notes)
    return Artifacts(stem, archive, files, offer, described, tuple(notes))


def _read_files(paths: Mapping[str, Path]) -> tuple[tuple[File, ...], dict[str, bytes]]:
    files, contents = [], {}
    for suffix, path in paths.items():
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ArtifactError(f"{path} cannot be read: {error.strerror or error}.") from error
        files.append(File(path.name, len(content), hashlib.sha256(content).hexdigest()))
        contents[suffix] = content
    return tuple(files), contents


def _read_offer(paths: Mapping[str, Path]) -> ReadOffer | None:
    present = [paths[suffix] for suffix in (SIGNED_SUFFIX, ".offer.json") if paths[suffix].is_file()]
    return read_offer(present[0]) if present else None


def _archive(
    path: Path,
    suffix: str,
    paths: Mapping[str, Path],
    contents: Mapping[str, bytes],
    offer: ReadOffer | None,
    notes: list[str],
) -> bytes:
    """Return the archive: of the file that was named if that has one, else out of the frame, which is what runs."""
    from_frame = unframe(paths[".stdin"], contents[".stdin"]) if ".stdin" in contents else None
    plain = contents.get(".pyz")
    if from_frame is not None and plain is not None and from_frame != plain:
        notes.append(f"{paths['.stdin'].name} and {paths['.pyz'].name} hold different archives: build again.")
    for found in (plain, from_frame) if suffix == ".pyz" else (from_frame, plain):
        if found is not None:
            return found
    if offer is not None and (public := offer.offer.exec.stdin) is not None:
        return unframe(path, public)
    raise ArtifactError(
        f"{path} says what runs, and the archive itself is not there: neither {paths['.stdin'].name} nor "
        f"{paths['.pyz'].name} lies beside it."
    )


def unframe(path: Path, frame: bytes) -> bytes:
    """Return the archive in `frame`, the content of `path`. Raises `ArtifactError` if it is not framed as for os402."""
    head, newline, archive = frame.partition(b"\n")
    if not newline or not head.isdigit() or len(head) >= _LONGEST_LENGTH:
        raise ArtifactError(
            f"{path} is no frame: it begins with {frame[:12]!r}, and a frame with its size in decimal and a newline."
        )
    if len(archive) < int(head):
        raise ArtifactError(f"{path} is cut off: it announces {int(head):,} bytes, and {len(archive):,} follow.")
    return archive[: int(head)]


def _framed(archive: bytes) -> bytes:
    return b"%d\n%b" % (len(archive), archive)


def _read_record(path: Path, content: bytes | None) -> dict[str, Any] | None:
    if content is None:
        return None
    try:
        found = json.loads(content)
        stated = found["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"The record {path} is damaged: {error or type(error).__name__}. Build again.") from error
    if stated != record.FORMAT:
        raise ArtifactError(
            f"The record {path} has format {stated!r}, and this version of hatch-os402 reads {record.FORMAT}. "
            "Use the version that built it, or build again."
        )
    if fault := _record_fault(found):
        raise ArtifactError(f"The record {path} is damaged: {fault}. Build again.")
    return dict(found)


def _record_fault(found: Mapping[str, Any]) -> str:
    """Say which of the parts that are read here is not as a build writes it, or nothing."""
    for name, kind in (("project", dict), ("artifacts", dict), ("distributions", list), ("bytecode", dict)):
        if not isinstance(found.get(name), kind):
            return f"it has no `{name}`"
    for item in found["distributions"]:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            return "a distribution in it has no name"
        if not all(isinstance(item.get(name, []), list) for name in ("required_by", "left_out")):
            return f"it does not list what requires {item['name']}, or what was left out"
    if not isinstance(found["bytecode"].get("left_as_source", {}), dict):
        return "it does not name the modules without bytecode"
    return ""


def _describes(described: Mapping[str, Any], name: str, archive: bytes) -> bool:
    stated = described["artifacts"].get(name)
    return isinstance(stated, dict) and stated.get("sha256") == hashlib.sha256(archive).hexdigest()


def _note_frame(offer: ReadOffer | None, archive: bytes, notes: list[str]) -> None:
    if offer is None:
        return
    execution = offer.offer.exec
    stated = hashlib.sha256(execution.stdin).hexdigest() if execution.stdin else execution.stdin_sha256
    if stated != hashlib.sha256(_framed(archive)).hexdigest():
        notes.append("The offer runs another frame than this one: build again, or look at the right artifacts.")
