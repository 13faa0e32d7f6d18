"""The files that a lock names: from the cache, from beside the lock, or through pip; each by its hash."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from hatch_os402.cache import cache_errors, used
from hatch_os402.errors import LockError, ResolutionError, UnsatisfiableError, WheelError
from hatch_os402.files import copy_file, move_file, write_file
from hatch_os402.foreign import addresses
from hatch_os402.home import expand_user
from hatch_os402.resolution.fetch import download, place
from hatch_os402.wheels.members import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.resolution.lock.model import Locked
    from hatch_os402.resolution.pip_job import Wanted
    from hatch_os402.resolution.pip_process import Host
    from hatch_os402.resolution.target import Target


@dataclass(frozen=True)
class LockedFiles:
    """Gets the wheels of a lock into the cache."""

    lock: str
    """The lock's name, for messages."""
    cache: Path
    """The folder of wheels, each under its SHA256."""
    choices: Path
    """A folder in which is remembered which of several hashes was taken."""
    workdir: Path
    """An existing private folder."""
    find_links: Path | None
    host: Host
    addresses: Mapping[str, str]
    """Canonical name → the address that the project's own requirement gives, with what it needs to be read."""
    folders: tuple[Path, ...] = ()
    """Folders of wheels on this machine, which are looked into before pip is started (`local_folders`)."""

    def get(self, locked: Sequence[Locked], target: Target) -> dict[str, Path]:
        """Return canonical name → the wheel in the cache, of each of `locked`; its hash was checked now.

        Nothing is started and no network used when all are known. Raises `ResolutionError` when one cannot be had, or
        is another one than the lock says: nothing is taken in its place then.
        """
        found: dict[str, Path] = {}
        missing: list[Locked] = []
        for one in locked:
            path = self._known(one, target) or self._beside(one) or self._in_folders(one)
            if path is None:
                missing.append(one)
            else:
                found[one.name] = path
        if missing:
            found |= self._fetched(missing, target)
        return found

    def _known(self, one: Locked, target: Target) -> Path | None:
        """Return the file of `one` in the cache, if it is there and whole."""
        filename, sha256s = one.filename, one.sha256s
        if not filename:
            try:
                filename, sha256 = json.loads(self._choice(one, target).read_bytes())
                sha256s = (sha256,) if sha256 in one.sha256s else ()
            except (OSError, ValueError, TypeError):
                return None
        for sha256 in sha256s:
            path = place(sha256, filename, self.cache)
            with suppress(WheelError, OSError):
                if path.is_file() and hash_file(path) == sha256:
                    used(path)
                    return path
        return None

    def _beside(self, one: Locked) -> Path | None:
        """Return the file of `one` in the cache, when the lock names a file of this machine and it is there."""
        if one.path is None or not one.path.is_file():
            return None
        sha256 = hash_file(one.path)
        if sha256 not in one.sha256s:
            raise LockError(
                f"{one.path} is not the file that {self.lock} has for {one.name}: its SHA256 is {sha256}, and "
                f"{' or '.join(one.sha256s)} is locked.\nNothing of it was used. Put the right file there, or take it "
                "away."
            )
        return self._keep(one.path, sha256, move=False)

    def _in_folders(self, one: Locked) -> Path | None:
        """Return the file of `one` in the cache, when one of `folders` has it. pip passes over others, too."""
        for folder in self.folders if one.filename else ():
            path = folder / one.filename
            with suppress(WheelError, OSError):
                if path.is_file() and (sha256 := hash_file(path)) in one.sha256s:
                    return self._keep(path, sha256, move=False)
        return None

    def _fetched(self, missing: Sequence[Locked], target: Target) -> dict[str, Path]:
        """Return the files of `missing`, which pip gets: from an index, or from the lock's address if that has none."""
        folder = self.workdir / f"locked-{len(list(self.workdir.glob('locked-*')))}"
        folder.mkdir()
        try:
            self._download([self._wanted(one, by_address=one.direct) for one in missing], folder, target)
        except UnsatisfiableError:
            if not any(one.url and not one.direct for one in missing):
                raise
            self._download([self._wanted(one, by_address=bool(one.url)) for one in missing], folder, target)
        made = dict(_by_name(folder))
        return {one.name: self._checked(one, made.get(one.name), target) for one in missing}

    def _wanted(self, one: Locked, *, by_address: bool) -> Wanted:
        url = self.addresses.get(one.name, one.url) if one.direct else one.url
        return (f"{one.name} @ {url}" if by_address and url else f"{one.name}=={one.version}", one.sha256s)

    def _download(self, wanted: Sequence[Wanted], folder: Path, target: Target) -> None:
        download(wanted, folder, target, self.workdir, self.find_links, None, self.host)

    def _checked(self, one: Locked, path: Path | None, target: Target) -> Path:
        sha256 = "" if path is None else hash_file(path)
        if path is None or sha256 not in one.sha256s or (one.filename and path.name != one.filename):
            got = "nothing" if path is None else f"{path.name} with the SHA256 {sha256}"
            raise ResolutionError(
                f"pip did not fetch what {self.lock} has for {one.name} {one.version} "
                f"({one.filename or ' or '.join(one.sha256s)}): it got {got}.\nNothing of it was used."
            )
        kept = self._keep(path, sha256, move=True)
        if not one.filename:
            choice = self._choice(one, target)
            with suppress(OSError):  # remembering is a convenience
                choice.parent.mkdir(parents=True, exist_ok=True)
                write_file(choice, json.dumps([kept.name, sha256]).encode())
        return kept

    def _keep(self, path: Path, sha256: str, *, move: bool) -> Path:
        kept = place(sha256, path.name, self.cache)
        with cache_errors(self.cache):
            kept.parent.mkdir(parents=True, exist_ok=True)
            (move_file if move else copy_file)(path, kept)
        return kept

    def _choice(self, one: Locked, target: Target) -> Path:
        """Return where is remembered which file pip takes for `one`, of those that its hashes allow."""
        facts = json.dumps([one.name, one.version, sorted(one.sha256s), target.machine])
        digest = hashlib.sha256(facts.encode()).hexdigest()
        return self.choices / digest[:2] / f"{digest}.json"


def local_folders(environ: Mapping[str, str], root: Path) -> tuple[Path, ...]:
    """Return the folders of this machine that pip's `PIP_FIND_LINKS` names; relative paths start at `root`."""
    found = []
    for text in environ.get("PIP_FIND_LINKS", "").split():
        local = addresses.local_path(text) if text.startswith("file:") else expand_user(text)
        if "://" not in text.removeprefix("file://") and (folder := root / local).is_dir():
            found.append(folder)
    return tuple(found)


def _by_name(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.iterdir()):
        with suppress(InvalidWheelFilename):
            yield str(parse_wheel_filename(path.name)[0]), path
