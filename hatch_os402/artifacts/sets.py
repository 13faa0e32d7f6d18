"""The files of one build that belong together: the only way from a path to a set of artifacts, and to its offer."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.names import FRAME, OFFER, RECORD, SIGNED_SUFFIX, SUFFIXES, ZIPAPP, joined, split, suffix_of
from hatch_os402.artifacts.record import misfit, read_record, tools_of
from hatch_os402.artifacts.signed import of_one_build
from hatch_os402.config.pyproject import build_command
from hatch_os402.errors import ArtifactError, OfferError
from hatch_os402.offer.reading import ReadOffer, read_offer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EARLIER = "{} is of an earlier build and is not used: sign again"
"""The note on a signed offer that signing the unsigned one beside it does not give."""

_ATTEMPTS, _PAUSE = 10, 0.02
"""How often, and after how many seconds, a set is looked at again that a build may just be replacing."""


@dataclass(frozen=True)
class ChosenOffer:
    """The offer of a set of artifacts."""

    path: Path
    read: ReadOffer
    note: str = ""
    """A sentence about the signed offer beside it, if that is of another build; else empty."""


@dataclass(frozen=True)
class ArtifactSet:
    """The files of one build beside each other, or an offer that something else wrote, with what is named like it."""

    stem: Path
    """Their path without a suffix: `dist/greeter-0.1.0`."""
    named: str = ""
    """The suffix of the file that the user named; empty: no file in particular."""
    foreign: Path | None = None
    """An offer file with another name than a build gives it."""
    tool: str = ""
    """Of a build whose tools have an offer each, the one whose offer is meant; empty otherwise."""

    @property
    def name(self) -> str:
        """What the files are called in messages: `greeter-0.1.0`, and with a tool `greeter-0.1.0.forecast`."""
        return self.stem.name + suffix_of(self.tool, "")

    @property
    def folder(self) -> Path:
        """The folder in which they lie."""
        return self.stem.parent

    def path(self, suffix: str) -> Path:
        """Return the path of the file with `suffix`, which may not be there."""
        if suffix == OFFER and self.foreign is not None:
            return self.foreign
        return joined(self.stem, suffix_of(self.tool, suffix) if suffix in {OFFER, SIGNED_SUFFIX} else suffix)

    def has(self, suffix: str) -> bool:
        """Return whether the file with `suffix` is there."""
        return self.path(suffix).is_file()

    def interruption(self) -> str:
        """Say why these files are not the ones of one build; empty if they are. Raises `ArtifactError`.

        The record must describe every file that is there. Without one, a zipapp or an offer may lie there alone: no
        interrupted build leaves that (`artifacts.writing`).
        """
        if self.foreign is not None:
            return ""
        present = [suffix for suffix in SUFFIXES if self.has(suffix)]
        try:
            record = read_record(self.path(RECORD))
        except FileNotFoundError:
            if not present or present in ([ZIPAPP], [OFFER]):
                return ""
            return f"{self.path(RECORD).name}, which is written last, is not there"
        return misfit(record, self.stem)

    def check(self) -> ArtifactSet:
        """Return this set, once it is known to be of one build. Raises `ArtifactError`."""
        for _ in range(_ATTEMPTS):
            if not (why := self.interruption()):
                return self
            time.sleep(_PAUSE)  # a build may be replacing it, which takes a moment
        raise ArtifactError(
            f"{self.stem} is an interrupted build, or was changed since it was built: {why}.\n"
            f"Build again with `{build_command(self.folder)}`; `hatch-os402 verify` checks each file."
        )

    def expanded(self) -> tuple[ArtifactSet, ...]:
        """Return this set, or one for the offer of each tool when it is of a build with several and names none."""
        if self.tool or self.foreign is not None:
            return (self,)
        tools = _tools_at(self.stem)
        return tuple(replace(self, tool=tool) for tool in tools) or (self,)

    @cached_property
    def record(self) -> Mapping[str, Any] | None:
        """What the build record holds; None if there is none. Raises `ArtifactError` for a damaged one."""
        if self.foreign is not None:
            return None
        try:
            return read_record(self.path(RECORD))
        except FileNotFoundError:
            return None

    @cached_property
    def signed_of_this_build(self) -> ReadOffer | None:
        """The signed offer beside the unsigned one if signing that gave it; None if not, or if one is not there.

        Raises `OfferError` when the unsigned one cannot be read.
        """
        if self.foreign is not None or not (self.has(OFFER) and self.has(SIGNED_SUFFIX)):
            return None
        unsigned = read_offer(self.path(OFFER))
        try:
            signed = read_offer(self.path(SIGNED_SUFFIX))
        except OfferError:
            return None
        return signed if of_one_build(unsigned.offer, signed) else None

    @cached_property
    def offer(self) -> ChosenOffer | None:
        """The offer, or None if there is none: the one answer to which offer belongs to an artifact.

        It is the file that was named; else the signed offer if it is of this build; else the unsigned one, with a note
        if there is a signed one. Raises `OfferError` for one that cannot be read.
        """
        unsigned, signed = self.path(OFFER), self.path(SIGNED_SUFFIX)
        if self.named == SIGNED_SUFFIX or not (unsigned.is_file() or self.foreign):
            return ChosenOffer(signed, read_offer(signed)) if signed.is_file() else None
        if self.foreign is not None:
            return ChosenOffer(unsigned, read_offer(unsigned))
        if self.named != OFFER and (found := self.signed_of_this_build):
            return ChosenOffer(signed, found)
        note = ""
        if signed.is_file() and not self.signed_of_this_build:
            note = f"{EARLIER.format(signed.name)}."
        return ChosenOffer(unsigned, read_offer(unsigned), note)

    def require_offer(self) -> ChosenOffer:
        """Return the offer. Raises `ArtifactError` if there is none, and `OfferError`."""
        if self.offer is None:
            raise ArtifactError(
                f"there is no offer beside {self.stem}, neither {self.path(OFFER).name} nor "
                f"{self.path(SIGNED_SUFFIX).name}.\nBuild with `{build_command(self.folder)}`."
            )
        return self.offer


def locate(path: Path) -> ArtifactSet | None:
    """Return the set of artifacts that `path` means, unchecked; None if there is no such file.

    `path` is a file of a build, a signed offer, what their names have in common (a dot at its end does not count), or
    an offer by any other name that ends with `.json`.
    """
    stem, suffix = split(path)
    if suffix:
        if not path.is_file():
            return None
        build, tool = _build_of(stem) if suffix in {OFFER, SIGNED_SUFFIX} else (stem, "")
        return ArtifactSet(build, suffix, tool=tool)
    if path.is_file():
        return ArtifactSet(path.with_suffix(""), foreign=path) if path.suffix == ".json" else None
    stem = path.with_name(path.name.rstrip(".") or path.name) if path.name else path
    build, tool = _build_of(stem)
    found = ArtifactSet(build, tool=tool)
    return found if any(found.has(suffix) for suffix in (*SUFFIXES, SIGNED_SUFFIX)) else None


def all_in(folder: Path) -> tuple[ArtifactSet, ...]:
    """Return every set of artifacts in `folder`, by name, unchecked; one that has tools is not `expanded`."""
    found = [split(path) for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    return tuple(ArtifactSet(stem) for stem in sorted({_build_of(stem)[0] for stem, suffix in found if suffix}))


def _build_of(stem: Path) -> tuple[Path, str]:
    """Return the stem of the build that an offer at `stem` is of, and the tool's name if it is that of one of several.

    `weather-0.1.0.forecast` may be a build, or the tool `forecast` of another. A build with that tool decides; one
    whose record is missing, because it was interrupted, has the frame all the same.
    """
    name, dot, tool = stem.name.rpartition(".")
    if not (dot and name) or any(joined(stem, suffix).is_file() for suffix in (RECORD, FRAME, ZIPAPP)):
        return stem, ""
    build = stem.with_name(name)
    interrupted = joined(build, FRAME).is_file() and not joined(build, RECORD).is_file()
    return (build, tool) if interrupted or tool in _tools_at(build) else (stem, "")


def _tools_at(stem: Path) -> list[str]:
    """Return the tools of the build at `stem` that have an offer each; none of one whose record cannot be read."""
    try:
        return tools_of(read_record(joined(stem, RECORD)))
    except (ArtifactError, FileNotFoundError):
        return []
