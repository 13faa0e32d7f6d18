"""Wheels that were read and judged before: their files are not read again to be judged, only hashed as a whole.

A wheel is known by its SHA256, which is compared with the file each time. What is packed of it is compared once more,
member by member, when it is read (`archive.entries`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from hatch_os402.compatibility.vet import VettedWheel
from hatch_os402.errors import WheelError
from hatch_os402.incremental.store import digest, program, recall, remember
from hatch_os402.wheels.members import hash_file
from hatch_os402.wheels.native import NativeKind
from hatch_os402.wheels.reading import Metadata, Wheel, WheelFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_os402.config.options import Options


class VerdictMemory:
    """Verdicts under `options`, in `folder`. One that is native is not remembered: its build ends there."""

    def __init__(self, folder: Path, options: Options, *, fresh: bool) -> None:
        self._folder = folder
        self._options = options
        self._fresh = fresh
        self._known: dict[int, VettedWheel] = {}

    def wheel(self, path: Path, sha256: str) -> Wheel | None:
        """Return what is known of the wheel at `path`, whose hash is compared; None when it has to be read."""
        if self._fresh or not path.is_file():
            return None
        found = recall(self._folder, self._key(path.name, sha256))
        try:
            if found is None or hash_file(path) != sha256:
                return None
        except WheelError:
            return None
        verdict = _read(path, found)
        self._known[id(verdict.wheel)] = verdict
        return verdict.wheel

    def verdict(self, wheel: Wheel) -> VettedWheel | None:
        """Return the verdict on `wheel`, if `wheel` of this object returned it."""
        return self._known.get(id(wheel))

    def remember(self, verdict: VettedWheel, sha256: str) -> None:
        """Keep `verdict`, on a wheel with that hash."""
        if verdict.verdict != "native":
            remember(self._folder, self._key(verdict.wheel.filename, sha256), _written(verdict))

    def _key(self, filename: str, sha256: str) -> str:
        name, options = parse_wheel_filename(filename)[0], self._options
        chosen = (
            options.accept_broken_record,
            options.strip_extensions,
            options.allow_native_files,
            options.substitutes,
        )
        return digest([program(), sha256, filename, [name in names for names in chosen], list(options.exclude)])


def _written(verdict: VettedWheel) -> dict[str, Any]:
    wheel = verdict.wheel
    number = {id(file): at for at, file in enumerate(wheel.files)}
    return {
        "files": [[file.path, file.member, file.scheme, file.size, file.sha256] for file in wheel.files],
        "dist_info": wheel.dist_info,
        "requires_dist": [str(requirement) for requirement in wheel.metadata.requires_dist],
        "requires_python": wheel.metadata.requires_python,
        "provides_extra": sorted(wheel.metadata.provides_extra),
        "purelib": wheel.purelib,
        "broken_record": wheel.broken_record,
        "verdict": verdict.verdict,
        "kept": [number[id(file)] for file in verdict.kept],
        "dropped": [[number[id(file)], reason] for file, reason in verdict.dropped],
        "stripped": [[number[id(file)], asdict(kind)] for file, kind in verdict.stripped],
        "summary": verdict.summary,
        "warnings": list(verdict.warnings),
        "unseen": list(verdict.unseen),
    }


def _read(path: Path, found: Mapping[str, Any]) -> VettedWheel:
    """Return the verdict; the first bytes of files, which only a verdict needs, are not kept."""
    name, version, _, tags = parse_wheel_filename(path.name)
    files = tuple(
        WheelFile(place, member, scheme, size, sha256, b"") for place, member, scheme, size, sha256 in found["files"]
    )
    requires = tuple(Requirement(text) for text in found["requires_dist"])
    metadata = Metadata(requires, found["requires_python"], frozenset(found["provides_extra"]))
    wheel = Wheel(
        path,
        path.name,
        name,
        version,
        tags,
        found["dist_info"],
        files,
        metadata,
        found["purelib"],
        found["broken_record"],
    )
    return VettedWheel(
        wheel,
        found["verdict"],
        kept=tuple(files[at] for at in found["kept"]),
        dropped=tuple((files[at], reason) for at, reason in found["dropped"]),
        native=(),
        stripped=tuple((files[at], NativeKind(**kind)) for at, kind in found["stripped"]),
        summary=found["summary"],
        warnings=tuple(found["warnings"]),
        unseen=tuple(found["unseen"]),
    )
