"""Verify: derive each artifact from the bytes of the one before it, and say which link of the chain is broken."""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from hatch_os402.archive.frame import write_frame
from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.archive.pack import DEFLATED, Member, pack
from hatch_os402.artifacts.names import SIGNED_SUFFIX, SUFFIXES
from hatch_os402.artifacts.record import FORMAT
from hatch_os402.errors import OfferError, SignatureError
from hatch_os402.files import measure
from hatch_os402.offer.canonical import parse_json
from hatch_os402.offer.reading import ReadOffer, read_envelope
from hatch_os402.offer.signing import complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hatch_os402.artifacts.sets import ArtifactSet

_HEADER = slice(0, 41)
_FIRST = b"PK\3\4\0\0\0\0\13\0\0\0__main__.py"  # what the bootstrap asks of the first local header
_LONGEST_LENGTH = 10  # of a frame: nine digits and the newline


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
        self.paths = {suffix: artifacts.path(suffix) for suffix in (*SUFFIXES, SIGNED_SUFFIX)}
        self._offers: dict[str, ReadOffer] = {}

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

    def _open(self, suffix: str) -> BinaryIO:
        try:
            return self.paths[suffix].open("rb")
        except FileNotFoundError as error:
            raise _OpenError(f"{self.paths[suffix].name} is not there") from error
        except OSError as error:
            raise _BrokenError(f"{self.paths[suffix].name} cannot be read: {error.strerror}") from error

    def _archive(self) -> str:
        with self._open(".pyz") as file:
            if (head := file.read(_HEADER.stop))[:4] + head[6:10] + head[26:] != _FIRST:
                raise _BrokenError("it does not begin with a stored __main__.py, which every launcher looks for")
            return f"{self.paths['.pyz'].name}: {_check_zip(file)} files, and not a byte besides them"

    def _frame(self) -> str:
        with self._open(".stdin") as file:
            size, sha256 = measure(file)
            file.seek(0)
            header = file.readline(_LONGEST_LENGTH)
        if header != b"%d\n" % (size - len(header)):
            raise _BrokenError(f"it begins with {header!r}, and {size - len(header)} bytes follow")
        with self._open(".pyz") as file:
            zipapp_size = file.seek(0, io.SEEK_END)
            file.seek(0)
            if _written(lambda nowhere: write_frame(file, zipapp_size, nowhere)) != (size, sha256):
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
        return f"{self.paths[suffix].name}: sha256 {read.sha256}{dropped}"

    def _program(self) -> str:
        offers = [read.offer for read in self._offers.values()]
        if not offers:
            raise _OpenError("there is no offer that can be read")
        with self._open(".stdin") as file:
            _, sha256 = measure(file)
        for offer in offers:
            stated = hashlib.sha256(offer.exec.stdin).hexdigest() if offer.exec.stdin else offer.exec.stdin_sha256
            if stated != sha256:
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
            raise _OpenError(
                f"the offer expired ({min(ends)}, unix seconds), and servers refuse it; the chain may hold"
            )
        return f"until {min(ends)} (unix seconds)"

    def _record(self) -> str:
        try:
            with self._open(".build.json") as file:
                content = file.read()
        except _OpenError:
            if why := self._set.interruption():
                raise _BrokenError(f"{why}: an interrupted build; build again") from None
            raise
        try:
            stated = parse_json(content.decode())
            if stated["format"] != FORMAT:
                raise _OpenError(f"it has format {stated['format']!r}, and this version knows {FORMAT}")
            problems = list(self._record_problems(stated))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            lacks = f"it has no {error}" if isinstance(error, KeyError) else f"{type(error).__name__} {error}"
            raise _BrokenError(f"it cannot be understood ({lacks}); another version may have written it") from error
        if problems:
            raise _BrokenError("; ".join(problems))
        return f"{self.paths['.build.json'].name}: describes these files"

    def _record_problems(self, stated: dict[str, Any]) -> Iterator[str]:
        for suffix in SUFFIXES[:-1]:
            name = self.paths[suffix].name
            with suppress(_OpenError), self._open(suffix) as file:
                size, sha256 = measure(file)
                if stated["artifacts"].get(name) != {"size": size, "sha256": sha256}:
                    yield f"{name} is not what it describes"
        if read := self._offers.get(".offer.json"):
            recorded = stated["tools"][self._tool]["offer"] if self._tool else stated["offer"]["sha256"]
            if recorded != read.sha256:
                yield f"it names the offer {recorded}"
            if stated["valid_until"]["seconds"] != read.payload["valid_until"]:
                yield "it names another end of the offer"
            runs = {arch: item.sha256 for arch, item in read.offer.exec.executables.items()}
            if {arch: item["sha256"] for arch, item in stated["target"]["executables"].items()} != runs:
                yield "it names other executables"


def _link(name: str, check: Callable[[], str]) -> Link:
    try:
        return Link(name, True, check())  # noqa: FBT003 - a field with a name
    except _OpenError as error:
        return Link(name, None, str(error))
    except _BrokenError as error:
        return Link(name, False, str(error))  # noqa: FBT003
    except OfferError as error:
        return Link(name, False, error.message)  # noqa: FBT003


def _check_zip(file: BinaryIO) -> int:
    """Check that the archive is exactly what packing its files gives, and return how many they are."""
    measured = measure(file)
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            if len({info.filename for info in infos}) < len(infos):
                raise _BrokenError("two of its files have one name")
            if _written(lambda nowhere: pack(_members(archive), nowhere)) != measured:
                raise _BrokenError("it has other bytes than packing its files gives: something was added or rewritten")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise _BrokenError(f"it is damaged: {error}") from error
    return len(infos)


def _members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        if info.filename == INDEX:  # packing makes it anew
            continue
        yield Member(info.filename, partial(archive.read, info), info.compress_type == DEFLATED)


def _written(write: Callable[[BinaryIO], tuple[int, str]]) -> tuple[int, str]:
    """Return size and SHA256 of what `write` writes, which is kept nowhere."""
    with Path(os.devnull).open("wb") as nowhere:
        return write(nowhere)
