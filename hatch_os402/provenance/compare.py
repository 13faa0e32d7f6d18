"""Compare the artifacts of one build with those of a rebuild: identical, or what differs and why that is likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import EXTRAS, FRAME, RECORD, ZIPAPP
from hatch_os402.errors import ArtifactError
from hatch_os402.files import measure_file, open_file, read_file
from hatch_os402.provenance.archives import archive_differences
from hatch_os402.provenance.contents import opened_contents
from hatch_os402.provenance.difference import RebuildDifference, text_diff
from hatch_os402.provenance.offers import offer_differences, record_differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.offer.reading import ReadOffer

_LONGEST_LENGTH = 10  # of a frame: nine digits and the newline
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Comparison:
    """What came of a comparison."""

    compared: tuple[str, ...]
    """The names of the files (or of what a server serves) that were compared."""
    differences: tuple[RebuildDifference, ...]
    """Those from which the others follow, the first one first; none when all is the same."""


def compare(
    theirs: ArtifactSet | None, served: ReadOffer | None, ours: ArtifactSet, project: str, workdir: Path
) -> Comparison:
    """Compare what there is of `theirs`, and the offer that a server serves, with the rebuild `ours`.

    `project` is the canonical name of the project; `workdir` is for temporary files. Raises `ArtifactError` and
    `OfferError` for what cannot be read.
    """
    compared: list[str] = []
    found: list[RebuildDifference] = []
    if theirs is not None:
        found += _archives(theirs, ours, project, workdir, compared)
        packed = bool(found)
        for one in theirs.expanded():
            if (offer := one.offer) is not None:
                compared.append(offer.path.name)
                found += offer_differences(offer.read, _counterpart(offer.read, one.tool, ours), frame_differs=packed)
        if theirs.record is not None:
            compared.append(theirs.path(RECORD).name)
            if not found:
                found += [one for suffix in EXTRAS for one in _proofs(suffix, theirs, ours)]
            if not found:
                found += record_differences(theirs.record, ours.record or {})
                if not found and _measured(theirs, RECORD) != _measured(ours, RECORD):
                    detail = "its text is another, and no value that a rebuild gives is"
                    cause = "a record that was changed after the build"
                    found.append(RebuildDifference("record", theirs.path(RECORD).name, detail, cause))
    if served is not None:
        compared.append("the served offer")
        found += offer_differences(served, _counterpart(served, "", ours), frame_differs=bool(found))
    return Comparison(tuple(compared), tuple(found))


def _proofs(suffix: str, theirs: ArtifactSet, ours: ArtifactSet) -> Iterator[RebuildDifference]:
    """Yield how a bill of materials or a statement of provenance differs."""
    if not (theirs.has(suffix) and ours.has(suffix)) or _measured(theirs, suffix) == _measured(ours, suffix):
        return
    contents = [read_file(one.path(suffix)) for one in (theirs, ours)]
    cause = "another commit, other uncommitted changes, or another release of what built it, which it names"
    yield RebuildDifference(
        "record", theirs.path(suffix).name, "it differs", cause, text_diff(theirs.path(suffix).name, *contents)
    )


def _measured(artifacts: ArtifactSet, suffix: str) -> tuple[int, str]:
    path = artifacts.path(suffix)
    try:
        return measure_file(path)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror or error}.") from error


def _counterpart(read: ReadOffer, tool: str, ours: ArtifactSet) -> ReadOffer:
    """Return the unsigned offer of the rebuild that stands for `read`: that of its tool, else the one of its name."""
    offers = {one.tool: one.require_offer().read for one in ours.expanded()}
    if tool in offers:
        return offers[tool]
    named = [offer for offer in offers.values() if offer.payload.get("name") == read.payload.get("name")]
    if tool or (len(offers) > 1 and not named):
        what = f"the tool {tool}" if tool else f"an offer named {read.payload.get('name')!r}"
        raise ArtifactError(f"the rebuild has no offer for {what}: its tools are {', '.join(offers) or 'none'}.")
    return (named or list(offers.values()))[0]


def _archives(
    theirs: ArtifactSet, ours: ArtifactSet, project: str, workdir: Path, compared: list[str]
) -> Iterator[RebuildDifference]:
    """Yield how the archive differs, or the frame around it. Of a frame alone the archive is that within."""
    present = [suffix for suffix in (ZIPAPP, FRAME) if theirs.has(suffix)]
    compared += [theirs.path(suffix).name for suffix in present]
    differing = [suffix for suffix in present if _measured(theirs, suffix) != _measured(ours, suffix)]
    if not differing:
        return
    if differing == [FRAME] and ZIPAPP in present:
        detail = "it does not hold the archive behind its length, as a frame does"
        yield RebuildDifference("packing", theirs.path(FRAME).name, detail, "a frame of another build")
        return
    path = theirs.path(ZIPAPP) if theirs.has(ZIPAPP) else _unframed(theirs.path(FRAME), workdir / "theirs.pyz")
    pythons = (_python(theirs.record), _python(ours.record))
    with opened_contents(path) as one, opened_contents(ours.path(ZIPAPP)) as other:
        found = list(archive_differences(one, other, project, pythons))
    if not found:
        detail = "the files are the same, in the same order, and the bytes around them are not"
        cause = "another tool packed it (times, modes or another compressor), or bytes were added"
        found = [RebuildDifference("packing", theirs.path(differing[0]).name, detail, cause)]
    yield from found


def _python(record: Mapping[str, Any] | None) -> str | None:
    version = record["bytecode"].get("python") if record else None
    return version if isinstance(version, str) else None


def _unframed(frame: Path, path: Path) -> Path:
    """Write the archive in the file `frame` to `path`, and return that."""
    try:
        with open_file(frame) as source, path.open("wb") as file:
            header = source.readline(_LONGEST_LENGTH)
            if not header.rstrip(b"\n").isdigit():
                raise ArtifactError(f"{frame} is no frame: it begins with {header!r}, and not with a length.")
            while chunk := source.read(_CHUNK):
                file.write(chunk)
    except OSError as error:
        raise ArtifactError(f"{frame} cannot be read: {error.strerror or error}.") from error
    return path
