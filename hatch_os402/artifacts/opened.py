"""Open the archive of a build, which may be anybody's: what its directory claims is checked before anything is read.

The bounds are those of wheels (`hatch_os402/wheels/members.py`), of which archives are made, and which `pack` keeps.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from hatch_os402.errors import ArtifactError, WheelError
from hatch_os402.wheels.members import check_members, open_zip, read_chunks

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator, Mapping


class OpenedArchive:
    """An archive whose members are plain files that do not expand beyond bounds."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        """Take the open zip file. Raises `WheelError` for what no build writes."""
        self._archive, self._name = archive, name
        self.members: Mapping[str, zipfile.ZipInfo] = check_members(archive, name)
        """By their paths, in the order of the archive."""

    def read(self, path: str) -> bytes:
        """Return the content of a member, never more than its directory says. Raises `KeyError` and `WheelError`."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the content in pieces; at the end the checksum was right. Raises `KeyError` and `WheelError`."""
        return read_chunks(self._archive, self.members[path], self._name)


@contextmanager
def open_archive(file: BinaryIO, name: str) -> Iterator[OpenedArchive]:
    """Yield the archive in `file`, which messages call `name`.

    Raises `ArtifactError`, also when a member that is read in the body turns out to be damaged.
    """
    try:
        with open_zip(file, name) as archive:
            yield OpenedArchive(archive, name)
    except WheelError as error:
        reason, _, _ = error.message.partition("\n")
        raise ArtifactError(f"the archive of {reason}\nBuild again.") from error
