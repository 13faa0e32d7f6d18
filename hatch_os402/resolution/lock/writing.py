"""Writing a lock: from a resolution, and the files that an index has of it, to the bytes of a pylock file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import tomli_w
from packaging.markers import Marker
from packaging.pylock import Package, PackageArchive, PackageDirectory, PackageSdist, PackageWheel, Pylock
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from hatch_os402.files import file_sha256, is_sha256
from hatch_os402.foreign import addresses
from hatch_os402.resolution.lock.agreement import relative_path, without_secrets
from hatch_os402.resolution.lock.place import WHEELHOUSE
from hatch_os402.resolution.lock.pylock import TOOL
from hatch_os402.resolution.target import PYTHON, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.lock.model import MadeFor
    from hatch_os402.resolution.resolve import Resolution

_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[Tt ](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_MAX_INTEGER = (1 << 63) - 1
"""What TOML has room for."""
_ON = "implementation_name == 'cpython' and python_version == '3.12' and sys_platform == 'linux'"


@dataclass(frozen=True)
class IndexFile:
    """One wheel of a release, as an index or a folder lists it."""

    filename: str
    sha256: str
    """Lowercase hex; empty where the index does not say it."""
    url: str = ""
    origin: str = ""
    """The page that lists it."""
    size: int | None = None
    uploaded: datetime | None = None
    """In UTC."""
    requires_python: str = ""
    yanked: bool = False


def read_listing(folder: Path) -> dict[str, tuple[IndexFile, ...]]:
    """Return canonical name → the wheels of the chosen release, from the lists in `folder` (`CandidateFilter`)."""
    found: dict[str, dict[tuple[str, str], IndexFile]] = {}
    for path in sorted(folder.glob("*.json")):
        for name, items in json.loads(path.read_text(encoding="utf-8")).items():
            for item in items:
                if (file := _index_file(item)) is not None:
                    found.setdefault(name, {}).setdefault((file.url, file.origin), file)
    return {name: tuple(files.values()) for name, files in found.items()}


def _index_file(item: Mapping[str, Any]) -> IndexFile | None:
    """Return the file that an index describes; None when its words are not of the kind that PEP 503 and 691 have.

    A size or a hash that cannot be one is as if the index did not say it.
    """
    filename, url, size = item["filename"], str(item["url"]), item["size"]
    requires_python, sha256 = item["requires_python"] or "", str(item["sha256"]).lower()
    if not isinstance(filename, str) or {"/", "\\"} & set(filename) or not isinstance(requires_python, str):
        return None
    if not is_sha256(sha256):
        sha256 = ""
    if not sha256 and url.startswith("file:") and (path := addresses.local_path(url)).is_file():
        sha256 = file_sha256(path)
    return IndexFile(
        filename,
        sha256,
        url,
        str(item["origin"]),
        size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= _MAX_INTEGER else None,
        _time(item["uploaded"]),
        requires_python,
        bool(item["yanked"]),
    )


def utc(text: str) -> datetime:
    """Return the time that `text` says (RFC 3339, as in PEP 700), in UTC, which is also meant where no zone is said.

    A date alone is its beginning. What `datetime` itself reads differs from Python to Python, and the lock would with
    it. Raises `ValueError`.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time")
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    zone = "+00:00" if (match["zone"] or "Z") in "Zz" else match["zone"]
    found = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00:00'}.{fraction}{zone}")
    return found.astimezone(timezone.utc)


def _time(text: Any) -> datetime | None:
    """Return the time that an index says; None for what is none."""
    try:
        return utc(text if isinstance(text, str) else "")
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class LockContent:
    """Everything that goes into a lock."""

    resolution: Resolution
    made_for: MadeFor
    files: Mapping[str, tuple[IndexFile, ...]]
    folder: Path
    """The project's, in which the lock will be."""
    urls: bool = False
    """Whether the addresses of the files are written."""
    before: str = ""
    """Only files from before this time were taken (RFC 3339)."""
    only_on: Mapping[str, str] = field(default_factory=dict)
    """Canonical name → the one architecture that needs it."""

    def text(self) -> bytes:
        """Return the lock, in UTF-8. Nothing in it depends on the clock, the machine or the order of an index."""
        pylock = Pylock(
            lock_version=Version("1.0"),
            environments=[
                Marker(f"{_ON} and platform_machine == '{machine}'") for machine in self.made_for.architectures
            ],
            created_by=TOOL,
            packages=[self._package(pin) for pin in self.resolution.pins],
            tool={TOOL: dict(self._tool())},
        )
        pylock.validate()
        return tomli_w.dumps(dict(pylock.to_dict())).encode()

    def _tool(self) -> Iterator[tuple[str, Any]]:
        made = self.made_for
        yield "python", made.python
        yield "architectures", list(made.architectures)
        for name in ("features", "groups", "build_from_source"):
            if listed := getattr(made, name):
                yield name.replace("_", "-"), list(listed)
        if self.before:
            yield "exclude-newer", self.before
        yield "requirements", list(made.requirements)
        yield "digest", made.digest()

    def _package(self, pin: Pin) -> Package:
        graph = self.resolution.graph
        machine = self.only_on.get(pin.name)
        requires = sorted(name for name, parents in graph.required_by.items() if pin.name in parents)
        common: dict[str, Any] = {
            "name": pin.name,
            "version": Version(pin.version),
            "marker": Marker(f"platform_machine == '{machine}'") if machine else None,
            "dependencies": [{"name": name} for name in requires] or None,
        }
        source = self.resolution.built.get(pin.name)
        if source is not None and not source.sha256:
            return Package(**common, directory=PackageDirectory(path=relative_path(source.url, self.folder)))
        one = source or pin
        if one.direct:
            local = one.url.lower().startswith("file:")
            return Package(
                **common,
                archive=PackageArchive(
                    path=relative_path(one.url, self.folder) if local else None,
                    url=None if local else without_secrets(one.url, self.folder),
                    hashes={"sha256": one.sha256},
                ),
            )
        if source is not None:
            return Package(
                **common, sdist=PackageSdist(**self._where(one.filename, one.url), hashes={"sha256": one.sha256})
            )
        return Package(**common, wheels=[self._wheel(file) for file in self._wheels(pin)])

    def _wheel(self, file: IndexFile) -> PackageWheel:
        return PackageWheel(
            **self._where(file.filename, file.url),
            upload_time=file.uploaded,
            size=file.size,
            hashes={"sha256": file.sha256},
        )

    def _where(self, filename: str, url: str) -> dict[str, Any]:
        """Return name and place: PEP 751 asks for an address or a path, and a path is the same with every mirror."""
        if self.urls and url and not url.lower().startswith("file:") and addresses.split(url) is not None:
            return {"name": filename, "url": without_secrets(url, self.folder)}
        return {"name": filename, "path": f"{WHEELHOUSE}/{filename}"}

    def _wheels(self, pin: Pin) -> list[IndexFile]:
        """Return the wheels of the release of `pin` that the target can take, by name; that of `pin` is among them."""
        listed = self.files.get(pin.name, ())
        own = [file for file in listed if (file.filename, file.sha256) == (pin.filename, pin.sha256)]
        chosen = own[0] if own else IndexFile(pin.filename, pin.sha256, pin.url)
        found = {chosen.filename: chosen}
        before = _time(self.before)
        for file in sorted(listed, key=lambda one: (one.origin != chosen.origin, one.url)):
            late = before is not None and file.uploaded is not None and file.uploaded >= before
            if file.sha256 and not late and (pin.yanked or not file.yanked) and self._fits(file):
                found.setdefault(file.filename, file)
        return [found[name] for name in sorted(found)]

    def _fits(self, file: IndexFile) -> bool:
        if len(file.filename) > addresses.MAX_FILENAME:
            return False
        try:
            tags = parse_wheel_filename(file.filename)[3]
            python = SpecifierSet(file.requires_python).contains(PYTHON, prereleases=True)
        except (InvalidWheelFilename, InvalidSpecifier):
            return False
        return python and any(not tags.isdisjoint(Target(one).tags) for one in self.made_for.architectures)


def only_on(requires: Mapping[str, Iterable[str]], architectures: Sequence[str]) -> dict[str, str]:
    """Return name → architecture, of what only one needs. `requires` is architecture → the names that it needs."""
    counts: dict[str, list[str]] = {}
    for machine in architectures:
        for name in requires[machine]:
            counts.setdefault(name, []).append(machine)
    return {name: found[0] for name, found in counts.items() if len(found) < len(architectures)}
