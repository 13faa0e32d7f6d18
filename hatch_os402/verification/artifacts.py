"""Verify: derive each artifact from the bytes of the one before it, and say which link of the chain is broken."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from hatch_os402.__about__ import __version__
from hatch_os402.archive.assemble import MAIN, is_launcher
from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.pack import DEFLATED
from hatch_os402.artifacts.names import (
    EXTRAS,
    OFFER,
    PROVENANCE,
    RECORD,
    SBOM,
    SIGNED_SUFFIX,
    SUFFIXES,
    ZIPAPP,
    extras_of,
)
from hatch_os402.artifacts.names import names as expected
from hatch_os402.artifacts.opened import open_archive
from hatch_os402.artifacts.record import CHECKSUM, DESCRIBED, FORMAT, is_whole, tools_of
from hatch_os402.artifacts.sets import EARLIER
from hatch_os402.artifacts.signed import of_one_build
from hatch_os402.errors import ArtifactError, BytecodeError, OfferError, PatternsError, SignatureError
from hatch_os402.files import measure, open_file
from hatch_os402.formatting import counted, utc_time
from hatch_os402.offer.canonical import parse_json
from hatch_os402.offer.reading import ReadOffer, read_envelope
from hatch_os402.offer.signing import complete
from hatch_os402.runtime.interpreters import find_compiler
from hatch_os402.verification.launching import launcher_faults
from hatch_os402.verification.listed import header_faults, listing_faults, recompiled
from hatch_os402.verification.packed import archive_fault, frame_header_faults, framed
from hatch_os402.verification.proofs import bill_faults, statement_faults
from hatch_os402.verification.recorded import NOT_DERIVED, key_faults, offer_faults, recorded_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hatch_os402.artifacts.sets import ArtifactSet

_SHOWN = 5
"""Problems of one link that are named before the rest is only counted."""


@dataclass(frozen=True)
class Link:
    """One statement that was checked."""

    name: str
    holds: bool | None
    """None: it could not be checked, or does not matter to the chain; `detail` says why."""
    detail: str


class _BrokenError(Exception):
    """A link does not hold; the text says why."""


class _OpenError(Exception):
    """A link cannot be checked; the text says why."""


def verify_artifacts(artifacts: ArtifactSet) -> tuple[Link, ...]:
    """Check a set of artifacts, whether it is of one build or not. What is not there is not checked.

    Raises `PrivateKeyError` if there is a signature and the extra "publish" is not installed.
    """
    return tuple(_Artifacts(artifacts).links())


class _Artifacts:
    """The files of one build, and what was read from them."""

    def __init__(self, artifacts: ArtifactSet) -> None:
        self._set = artifacts
        self._tool = artifacts.tool
        self.paths = {suffix: artifacts.path(suffix) for suffix in (*SUFFIXES, *EXTRAS, SIGNED_SUFFIX)}
        self._offers: dict[str, ReadOffer] = {}
        self._packed = False
        """Whether the archive is there and whole."""
        self._uncompared = ""
        """Why the launcher was compared with nothing."""
        self._stated: dict[str, Any] | None = None
        """The record, once it is known to hold."""

    def links(self) -> Iterator[Link]:
        yield _link("archive", self._archive)
        yield _link("frame", self._frame)
        yield _link("offer", lambda: self._offer(".offer.json"))
        yield _link("signed offer", lambda: self._offer(SIGNED_SUFFIX))
        yield _link("program", self._program)
        yield _link("same offer", self._same_offer)
        yield _link("signature", self._signature)
        yield _link("validity", self._validity)
        yield _link("record", self._record)
        yield _link("distributions", self._distributions)
        yield _link("launcher", self._launcher)
        yield _link("bytecode", self._bytecode)
        if self._set.has(SBOM):
            yield _link("bill of materials", self._bill)
        if self._set.has(PROVENANCE):
            yield _link("provenance", self._provenance)
        yield _link("rest of the record", self._rest)

    def _open(self, suffix: str) -> BinaryIO:
        try:
            return open_file(self.paths[suffix])
        except FileNotFoundError as error:
            raise _OpenError(f"{self.paths[suffix].name} is not there") from error
        except OSError as error:
            raise _BrokenError(f"{self.paths[suffix].name} cannot be read: {error.strerror}") from error

    def _archive(self) -> str:
        with self._open(".pyz") as file:
            number, fault = archive_fault(file, self.paths[ZIPAPP].name)
        if fault:
            raise _BrokenError(fault)
        self._packed = True
        return f"{self.paths['.pyz'].name}: {number} files, and not a byte besides them"

    def _frame(self) -> str:
        with self._open(".stdin") as file:
            if problems := list(frame_header_faults(file)):
                raise _BrokenError(_some(problems))
            size, sha256 = measure(file)
        with self._open(".pyz") as file:
            if framed(file) != (size, sha256):
                raise _BrokenError(f"it does not hold the bytes of {self.paths['.pyz'].name}")
        return f"{self.paths['.stdin'].name}: the archive behind its length, sha256 {sha256}"

    def _offer(self, suffix: str) -> str:
        with self._open(suffix) as file:
            read = read_envelope(file.read())
        self._offers[suffix] = read
        dropped = f"; os402 would not keep {', '.join(read.dropped)}" if read.dropped else ""
        if read.declared_sha256 != read.sha256:
            raise _BrokenError(f"it declares {read.declared_sha256}, and its content has {read.sha256}{dropped}")
        _ = read.offer
        unsigned = self._offers.get(OFFER)
        if suffix == SIGNED_SUFFIX != self._set.named and unsigned and not of_one_build(unsigned.offer, read):
            del self._offers[suffix]  # it was not named, so it is not what the others are about
            raise _OpenError(EARLIER.format(self.paths[suffix].name))
        return f"{self.paths[suffix].name}: sha256 {read.sha256}{dropped}"

    def _program(self) -> str:
        offers = [read.offer for read in self._offers.values()]
        if not offers:
            raise _OpenError("there is no offer that can be read")
        with self._open(".stdin") as file:
            _, sha256 = measure(file)
        for offer in offers:
            if (stated := offer.exec.program_sha256) != sha256:
                raise _BrokenError(f"the offer runs a program with sha256 {stated}, and the frame has {sha256}")
        return "the offer runs this frame"

    def _same_offer(self) -> str:
        unsigned, signed = self._pair()
        try:
            same = complete(unsigned.offer, signed.offer.owner) == signed.offer
        except SignatureError as error:
            raise _BrokenError(error.message) from error
        if not same:
            raise _BrokenError("the signed offer is another one than the unsigned; build and sign again")
        return "signing completed the owner at most"

    def _pair(self) -> tuple[ReadOffer, ReadOffer]:
        if len(self._offers) < 2:  # noqa: PLR2004 - unsigned and signed
            raise _OpenError("there is no readable pair of an unsigned and a signed offer")
        return self._offers[".offer.json"], self._offers[SIGNED_SUFFIX]

    def _signature(self) -> str:
        signed = [read for suffix, read in self._offers.items() if read.k256 is not None or suffix == SIGNED_SUFFIX]
        if not signed:
            raise _OpenError("there is no signed offer that can be read")
        for read in signed:
            if read.k256 is None or read.signature_problem:
                raise _BrokenError(read.signature_problem or "it is missing")
        return f"by the owner, {signed[0].owner}"

    def _validity(self) -> str:
        ends = [read.payload["valid_until"] for read in self._offers.values()]
        if not ends:
            raise _OpenError("there is no offer that can be read")
        if min(ends) < time.time():
            raise _OpenError(f"the offer expired on {utc_time(min(ends))}, and servers refuse it; the chain may hold")
        return f"until {utc_time(min(ends))}"

    def _record(self) -> str:
        try:
            with self._open(RECORD) as file:
                content = file.read()
        except _OpenError:
            if why := self._set.interruption():
                raise _BrokenError(f"{why}: an interrupted build; build again") from None
            raise
        name = self.paths[RECORD].name
        try:
            stated = parse_json(content.decode())
            if stated["format"] != FORMAT:
                if CHECKSUM in stated and not is_whole(content):
                    raise _BrokenError("its checksum is not the one that it states: it was changed")
                raise _OpenError(f"it has format {stated['format']!r}, and this version knows {FORMAT}")
            problems = list(key_faults(stated)) or list(self._record_problems(stated))
            if not problems and not is_whole(content):
                problems.append("its text or its checksum is not as a build writes it: it was changed")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            lacks = f"it has no {error}" if isinstance(error, KeyError) else f"{type(error).__name__} {error}"
            raise _BrokenError(f"it cannot be understood ({lacks}); another version may have written it") from error
        if problems:
            raise _BrokenError(_some(problems))
        self._stated = stated
        return f"{name}: describes these files"

    def _record_problems(self, stated: dict[str, Any]) -> Iterator[str]:
        names = [self.paths[suffix].name for suffix in DESCRIBED]
        stem, listed = self._set.stem.name, stated["artifacts"]
        if list(listed) != list(expected(stem, tools_of(stated), extras_of(stem, listed))[:-1]):
            yield f"it describes {', '.join(stated['artifacts'])}"
        more = [suffix for suffix in EXTRAS if self._set.has(suffix)]
        names += [self.paths[suffix].name for suffix in more]
        for suffix, name in zip((*DESCRIBED, *more), names, strict=True):
            with suppress(_OpenError), self._open(suffix) as file:
                size, sha256 = measure(file)
                if stated["artifacts"].get(name) != {"size": size, "sha256": sha256}:
                    yield f"{name} is not what it describes"
        if read := self._offers.get(OFFER):
            yield from offer_faults(stated, read, self._tool)
        with suppress(_OpenError), self._unpacked() as (paths, unpack):
            yield from recorded_faults(stated, paths, unpack)

    @contextmanager
    def _unpacked(self) -> Iterator[tuple[frozenset[str], Callable[[str], bytes]]]:
        """Yield the paths of the archive, and what reads one of them; of a damaged one, no more is reported."""
        if not self._packed:
            raise _OpenError("the archive is not there, or is damaged")
        with self._open(ZIPAPP) as file, open_archive(file, self.paths[ZIPAPP].name) as archive:
            yield frozenset(archive.members) - {INDEX}, archive.read

    def _distributions(self) -> str:
        with self._unpacked() as (paths, unpack):
            if problems := list(listing_faults(paths, unpack)):
                raise _BrokenError(_some(problems))
            number = sum(path.endswith(".dist-info/RECORD") for path in paths)
        if not number:
            raise _OpenError("the archive has no distribution with a RECORD")
        return f"the RECORD of {counted(number, 'distribution')} lists every file but the launcher's, with its hash"

    def _launcher(self) -> str:
        """Compare the launcher's files, which no RECORD lists, with those of this version."""
        if not self._packed:
            raise _OpenError("the archive is not there, or is damaged")
        with self._open(ZIPAPP) as file, open_archive(file, self.paths[ZIPAPP].name) as archive:
            deflated = [path for path, info in archive.members.items() if info.compress_type == DEFLATED]
            problems = list(launcher_faults(list(archive.members), deflated, archive.read))
            number = sum(map(is_launcher, archive.members))
        if not problems:
            return f"has the files of hatch-os402 {__version__}, {number} with its bytecode, for the settings in {MAIN}"
        if self._stated is None:
            raise _OpenError(f"not compared: no record says of which version it is; not of this one ({__version__})")
        if (version := self._stated["generator"]["version"]) != __version__:
            self._uncompared = f"the launcher is of hatch-os402 {version}"
            raise _OpenError(f"not compared: {self._uncompared}, and this is {__version__}")
        raise _BrokenError(f"it is not that of hatch-os402 {version}: {_some(problems)}")

    def _bytecode(self) -> str:
        with self._unpacked() as (paths, unpack):
            if not any(path.endswith(".pyc") for path in paths):
                raise _OpenError("the archive has none")
            if problems := list(header_faults(paths, unpack)):
                raise _BrokenError(_some(problems))
            if self._stated is None:
                raise _OpenError("no record says which Python compiled it")
            version = self._stated["bytecode"].get("python")
            interpreter = find_compiler(None, os.environ)
            if interpreter is None or interpreter.version != version:
                raise _OpenError(f"recorded, not derived: there is no CPython {version} here to compile it again")
            try:
                number, patterns, different = recompiled(
                    paths, unpack, interpreter, docstrings="docstrings" not in self._stated["bytecode"]
                )
            except (BytecodeError, PatternsError) as error:
                raise _OpenError(f"recorded, not derived: {error.message}") from error
        if different:
            raise _BrokenError(f"{_some(different)}: the source compiles to something else")
        alone = sum(path.endswith(".pyc") for path in paths) - number
        rest = f"; {counted(alone, 'module')} without source: recorded, not derived" if alone else ""
        also = f" and {counted(patterns, 'prepared regular expression')}" if patterns else ""
        return f"CPython {version} compiles {counted(number, 'module')}{also} to the same{rest}"

    def _bill(self) -> str:
        with self._open(SBOM) as file:
            content = file.read()
        if problems := list(bill_faults(content, self._stated)):
            raise _BrokenError(_some(problems))
        with self._unpacked() as (paths, unpack):
            packed = [path for path in sorted(paths) if path.endswith(f".dist-info/sboms/{self.paths[SBOM].name}")]
            if packed and unpack(packed[0]) != content:
                raise _BrokenError(f"{packed[0]} in the archive is another one")
        self._compared_with_record()
        return f"{self.paths[SBOM].name}: the distributions of the record" + (", as in the archive" if packed else "")

    def _provenance(self) -> str:
        with self._open(PROVENANCE) as file:
            problems = list(statement_faults(file.read(), self._stated))
        if problems:
            raise _BrokenError(_some(problems))
        self._compared_with_record()
        return f"{self.paths[PROVENANCE].name}: names these files by their hashes"

    def _compared_with_record(self) -> None:
        """Raise `_OpenError` where nothing was compared: without a record that holds."""
        if self._stated is None:
            raise _OpenError("there is no record that holds, to compare it with")

    def _rest(self) -> str:
        if self._stated is None:
            raise _OpenError("there is no record that holds")
        uncompared = f"; not compared: {self._uncompared}" if self._uncompared else ""
        raise _OpenError(f"recorded, not derived: {NOT_DERIVED}{uncompared}")


def _some(problems: Sequence[str]) -> str:
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + more


def _link(name: str, check: Callable[[], str]) -> Link:
    try:
        return Link(name, True, check())  # noqa: FBT003 - a field with a name
    except _OpenError as error:
        return Link(name, None, str(error))
    except _BrokenError as error:
        return Link(name, False, str(error))  # noqa: FBT003
    except (ArtifactError, OfferError) as error:
        return Link(name, False, error.message.partition("\n")[0])  # noqa: FBT003
