"""RECORD: the list of a distribution's files with their hashes and sizes, read and written.

"Recording installed projects" and "Binary distribution format" of the PyPA specifications (PEP 376, PEP 427).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_os402.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
"""The hashes that are accepted: PEP 427 asks for sha256 or better and forbids md5 and sha1."""

SIGNATURES = frozenset({"RECORD.jws", "RECORD.p7s"})
"""Files beside RECORD that it need not list, since they sign it."""


@dataclass(frozen=True)
class Row:
    """What RECORD says of one file: the hash as written (`sha256=…`, base64url without padding) and the size, or ""."""

    path: str
    digest: str
    size: str

    @property
    def algorithm(self) -> str:
        """The name of the hash. Raises `RecordError` when there is none or it is too weak."""
        name = self.digest.partition("=")[0]
        if not name:
            raise RecordError("gives no hash for it", self.path)
        if name not in ALGORITHMS:
            known = ", ".join(sorted(ALGORITHMS))
            raise RecordError(f"hashes it with {name[:20]!r}, which is not one of {known}", self.path)
        return name

    def check(self, digest: bytes, size: int) -> None:
        """Raise `RecordError` unless the file has this hash (raw bytes) and this size (bytes)."""
        if self.size and self.size != str(size):
            raise RecordError(f"says that it has {self.size[:20]} bytes, and it has {size}", self.path)
        if self.digest.partition("=")[2].rstrip("=") != encode(digest):
            raise RecordError("gives another hash for it: the file was changed", self.path)


def encode(digest: bytes) -> str:
    """Return a raw hash as RECORD writes it: base64url without padding."""
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def parse(content: bytes) -> dict[str, Row]:
    """Return the rows of RECORD by path, or raise `RecordError`."""
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        rows = [Row(path, digest, size) for path, digest, size in filter(None, lines)]
    except (csv.Error, ValueError) as error:
        raise RecordError(f"is not a table of paths, hashes and sizes: {error}") from error
    by_path: dict[str, Row] = {}
    for row in rows:
        if row.path in by_path:
            raise RecordError("lists it twice", row.path)
        by_path[row.path] = row
    return by_path


def check_listing(rows: Mapping[str, Row], files: Collection[str], exempt: Collection[str]) -> None:
    """Raise `RecordError` unless `rows` and `files` name the same files, apart from those in `exempt`."""
    listed = set(rows)
    for path in sorted(listed.symmetric_difference(files).difference(exempt)):
        raise RecordError("lists it, and it is missing" if path in listed else "does not list it", path)


def write(path: str, files: Iterable[tuple[str, str, int]]) -> bytes:
    """Return a RECORD that lies at `path` and lists `files` (path, sha256 in hex, size in bytes) and itself, sorted."""
    rows = [(name, f"sha256={encode(bytes.fromhex(digest))}", str(size)) for name, digest, size in files]
    rows.append((path, "", ""))
    rows.sort(key=lambda row: row[0].encode())
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


class Hasher:
    """Hashes one file as it is read, for us (sha256) and for its row in RECORD."""

    def __init__(self, row: Row | None) -> None:
        self._row = row
        self._sha256 = hashlib.sha256()
        other = row is not None and row.algorithm != "sha256"
        self._promised = hashlib.new(row.algorithm) if row and other else self._sha256
        self.size = 0

    def update(self, chunk: bytes) -> None:
        """Add the next bytes of the file."""
        self.size += len(chunk)
        self._sha256.update(chunk)
        if self._promised is not self._sha256:
            self._promised.update(chunk)

    def finish(self) -> str:
        """Return the sha256 in hex, or raise `RecordError` when the file is not as its row says."""
        if self._row:
            self._row.check(self._promised.digest(), self.size)
        return self._sha256.hexdigest()
