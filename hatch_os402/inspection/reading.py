"""Read what is in the artifacts of one build."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import FRAME, OFFER, SIGNED_SUFFIX, SUFFIXES, ZIPAPP
from hatch_os402.errors import ArtifactError
from hatch_os402.files import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.offer.reading import ReadOffer

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
    """The one that `ArtifactSet.offer` chooses."""
    record: Mapping[str, Any] | None
    """What `{stem}.build.json` holds, if it is there."""
    notes: tuple[str, ...]
    """Sentences about artifacts that contradict each other."""

    @property
    def frame(self) -> bytes:
        """What os402 feeds to the program before the body: the archive behind its length."""
        return _framed(self.archive)


def read_artifacts(artifacts: ArtifactSet) -> Artifacts:
    """Return what is in a set of artifacts that was checked.

    Raises `ArtifactError` if none of them holds an archive, or the frame or the record is damaged, and `OfferError` for
    an offer that cannot be read.
    """
    files, contents = _read_files(artifacts)
    notes: list[str] = []
    offer = artifacts.offer
    if offer is not None and offer.note:
        notes.append(offer.note)
    read = None if offer is None else offer.read
    archive = _archive(artifacts, contents, read, notes)
    described = artifacts.record
    _note_frame(read, archive, notes)
    return Artifacts(artifacts.name, archive, files, read, described, tuple(notes))


def _read_files(artifacts: ArtifactSet) -> tuple[tuple[File, ...], dict[str, bytes]]:
    files, contents = [], {}
    for suffix in (*SUFFIXES, SIGNED_SUFFIX):
        path = artifacts.path(suffix)
        try:
            content = read_file(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ArtifactError(f"{path} cannot be read: {error.strerror or error}.") from error
        files.append(File(path.name, len(content), hashlib.sha256(content).hexdigest()))
        contents[suffix] = content
    return tuple(files), contents


def _archive(artifacts: ArtifactSet, contents: Mapping[str, bytes], offer: ReadOffer | None, notes: list[str]) -> bytes:
    """Return the archive: of the file that was named if that has one, else out of the frame, which is what runs."""
    frame, zipapp = artifacts.path(FRAME), artifacts.path(ZIPAPP)
    from_frame = unframe(frame, contents[FRAME]) if FRAME in contents else None
    plain = contents.get(ZIPAPP)
    if from_frame is not None and plain is not None and from_frame != plain:
        notes.append(f"{frame.name} and {zipapp.name} hold different archives: build again.")
    for found in (plain, from_frame) if artifacts.named == ZIPAPP else (from_frame, plain):
        if found is not None:
            return found
    if offer is not None and (public := offer.offer.exec.stdin) is not None:
        return unframe(artifacts.path(OFFER), public)
    raise ArtifactError(
        f"{artifacts.stem} says what runs, and the archive itself is not there: neither {frame.name} nor "
        f"{zipapp.name} is beside it."
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


def _note_frame(offer: ReadOffer | None, archive: bytes, notes: list[str]) -> None:
    if offer is not None and offer.offer.exec.program_sha256 != hashlib.sha256(_framed(archive)).hexdigest():
        notes.append("The offer runs another frame than this one: build again, or look at the right artifacts.")
