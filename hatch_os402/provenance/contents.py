"""What is in an archive, as two of them are compared: files by their hashes, who owns them, and how they are packed."""

from __future__ import annotations

import csv
import hashlib
import io
import shlex
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_os402.archive.index import NAME as INDEX
from hatch_os402.errors import ArtifactError, WheelError
from hatch_os402.wheels.members import check_members, open_wheel, read_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DIST_INFO = ".dist-info"
_MAX_READ = 1 << 26
"""Bytes of a file that are held in memory, to show how it differs."""


@dataclass(frozen=True)
class PackedFile:
    """One file of an archive."""

    sha256: str
    deflated: bool


class ArchiveContents:
    """The files of one archive, in its order, without its index."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        """Take the open archive. Raises `WheelError` for one that is damaged, or would expand too far."""
        self._archive = archive
        self._infos = check_members(archive, name)
        self.files: Mapping[str, PackedFile] = {
            path: PackedFile(self._sha256(info), info.compress_type == zipfile.ZIP_DEFLATED)
            for path, info in self._infos.items()
            if path != INDEX
        }

    def read(self, path: str) -> bytes:
        """Return the content of a file, of a very large one its beginning; nothing when there is none."""
        info, content = self._infos.get(path), b""
        for chunk in [] if info is None else read_chunks(self._archive, info):
            content += chunk
            if len(content) > _MAX_READ:
                break
        return content

    def _sha256(self, info: zipfile.ZipInfo) -> str:
        digest = hashlib.sha256()
        for chunk in read_chunks(self._archive, info):
            digest.update(chunk)
        return digest.hexdigest()

    @cached_property
    def distributions(self) -> dict[str, str]:
        """Canonical name → version, by the names of `.dist-info` folders."""
        found = {}
        for path in self.files:
            folder, _, file = path.partition("/")
            if file == "METADATA" and folder.endswith(_DIST_INFO):
                name, _, version = folder.removesuffix(_DIST_INFO).partition("-")
                found[str(canonicalize_name(name))] = version
        return found

    @cached_property
    def owners(self) -> dict[str, str]:
        """Path → canonical name of the distribution whose RECORD lists it."""
        found = {}
        for path in self.files:
            folder, _, file = path.partition("/")
            if file == "RECORD" and folder.endswith(_DIST_INFO):
                name = str(canonicalize_name(folder.removesuffix(_DIST_INFO).partition("-")[0]))
                text = self.read(path).decode("utf-8", "replace")
                with suppress(csv.Error):  # a RECORD that is none: what it lists has no owner
                    found.update({row[0]: name for row in csv.reader(io.StringIO(text)) if row})
        return found

    @cached_property
    def generators(self) -> frozenset[str]:
        """What the WHEEL files say made them."""
        lines = {
            line.partition(":")[2].strip()
            for path in self.files
            if path.count("/") == 1 and path.endswith(f"{_DIST_INFO}/WHEEL")
            for line in self.read(path).decode("utf-8", "replace").splitlines()
            if line.startswith("Generator:")
        }
        return frozenset(lines)


@contextmanager
def opened_contents(path: Path) -> Iterator[ArchiveContents]:
    """Yield what is in the archive at `path`. Raises `ArtifactError` for what cannot be read."""
    try:
        with open_wheel(path) as archive:
            yield ArchiveContents(archive, path.name)
    except WheelError as error:
        reason, _, _ = error.message.partition("\n")
        raise ArtifactError(f"{reason}\n`hatch-os402 verify {shlex.quote(str(path))}` checks each file.") from error
