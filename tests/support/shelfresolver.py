"""pip's two jobs in a build, done in this process over a folder of crafted wheels and sdists.

What pip itself does is tested with pip itself (`tests/resolution`, and the tests of the remedies that are marked so). A
search for remedies asks it some ten times, and what such tests protect is what is asked and what is made of the answers.
The rules are pip's: the newest release that fits all requirements, wheels before sdists, a step back where a
choice leads nowhere.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from hatch_os402.errors import UnsatisfiableError
from hatch_os402.resolution.pip_job import CandidateFilter
from hatch_os402.resolution.pip_process import PipAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hatch_os402.resolution.target import Target


UNFILTERED = CandidateFilter()


class Candidate:
    """A wheel or sdist: its name, version and requirements, as it says itself."""

    def __init__(self, path: Path) -> None:
        self.path, self.is_wheel = path, path.suffix == ".whl"
        if self.is_wheel:
            with ZipFile(path) as archive:
                (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
                text = archive.read(name).decode()
        else:
            with tarfile.open(path) as archive:
                (name,) = [name for name in archive.getnames() if name.endswith("/PKG-INFO")]
                text = archive.extractfile(name).read().decode()
        headers = HeaderParser().parsestr(text)
        self.name, self.version = canonicalize_name(headers["Name"]), Version(headers["Version"])
        self.requires = headers.get_all("Requires-Dist", [])

    def requirements(self, extras: frozenset[str], environment: Mapping[str, str]) -> list[Requirement]:
        """Return what it requires with `extras` where markers are decided by `environment`."""
        wanted = map(Requirement, self.requires)
        contexts = [{**environment, "extra": extra} for extra in ("", *extras)]
        return [item for item in wanted if item.marker is None or any(map(item.marker.evaluate, contexts))]

    def reported(self) -> dict[str, Any]:
        """Return its entry in pip's report."""
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        return {
            "metadata": {"name": self.name, "version": str(self.version), "requires_dist": self.requires},
            "download_info": {"url": self.path.as_uri(), "archive_info": {"hashes": {"sha256": digest}}},
            "is_direct": False,
        }


class Shelf:
    """Stands for `run_pip` and `resolve_with_pip` where the index is one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read: dict[Path, Candidate] = {}

    def run_pip(
        self, arguments: Sequence[str], target: Target, workdir: Path, *, requirements, doing: str, **_ignored
    ) -> None:
        """Do what `pip_process.run_pip` does for `download`."""
        pinned = self._pinned(requirements, target, UNFILTERED, {}, doing, deep=False)
        for candidate in pinned.values():
            shutil.copy(candidate.path, arguments[arguments.index("--dest") + 1])

    def resolve_with_pip(
        self,
        target: Target,
        workdir: Path,
        *,
        requirements: Sequence[tuple[str, Sequence[str]]],
        doing: str,
        choice: CandidateFilter = UNFILTERED,
        **_ignored,  # it is never slow, and holds nothing
    ) -> PipAnswer:
        """Do what `pip_process.resolve_with_pip` does, and return what it returns."""
        passed: dict[str, list[str]] = {}
        pinned = self._pinned(requirements, target, choice, passed, doing, deep=True)
        items = [candidate.reported() for candidate in pinned.values()]
        report = {"version": "1", "environment": target.environment, "install": items}
        return PipAnswer(report, passed, {"settings": [], "folders": [], "local": True, "fresh_until": None})

    def _pinned(self, requirements, target, choice, passed, doing, *, deep) -> dict[str, Candidate]:
        wanted = [Requirement(text) for text, _ in requirements]
        pinned = self._pin(wanted, {}, {}, target, choice, passed, deep=deep)
        if pinned is None:
            raise UnsatisfiableError(f"no releases fit together, while {doing}")
        return pinned

    def _pin(self, wanted, pinned, extras, target, choice, passed, *, deep) -> dict[str, Candidate] | None:
        if not wanted:
            return pinned
        first, *rest = wanted
        name = canonicalize_name(first.name)
        more = frozenset(first.extras) | extras.get(name, frozenset())
        fits = [pinned[name]] if name in pinned else self._candidates(first, target, choice, passed)
        for one in fits:
            if not first.url and not first.specifier.contains(one.version):
                continue
            new = name not in pinned or more != extras.get(name, frozenset())
            further = one.requirements(more, target.environment) if deep and new else []
            found = self._pin(
                [*rest, *further], {**pinned, name: one}, {**extras, name: more}, target, choice, passed, deep=deep
            )
            if found is not None:
                return found
        return None

    def _candidates(self, requirement, target, choice, passed) -> list[Candidate]:
        if requirement.url:
            return [Candidate(Path(url2pathname(urlsplit(requirement.url).path)))]
        name = canonicalize_name(requirement.name)
        if name in choice.without:
            return []
        found = [one for one in self._all() if one.name == name and requirement.specifier.contains(one.version)]
        wheels = [one for one in found if one.is_wheel and set(target.tags) & parse_wheel_filename(one.path.name)[3]]
        if name in choice.pure:
            wheels = [one for one in wheels if one.path.name.endswith("-none-any.whl")]
        sdists = [one for one in found if not one.is_wheel and name not in choice.pure]
        if not choice.source & {"*", name}:
            passed[name] = [str(one.version) for one in sdists]
            sdists = []
        both = wheels + sdists if name in choice.newest else wheels or sdists
        return sorted(both, key=lambda one: one.version, reverse=True)

    def _all(self) -> Iterator[Candidate]:
        for path in sorted(self.folder.iterdir()):
            if path not in self.read:
                self.read[path] = Candidate(path)
            yield self.read[path]
