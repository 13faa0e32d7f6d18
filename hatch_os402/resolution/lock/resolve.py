"""Resolving from a lock: its pins for the target, checked as those of pip are. No index is asked what there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from hatch_os402.errors import FolderError, LockError, LockMisfitError
from hatch_os402.resolution.graph import Graph, Pin, Root, misfits, walk
from hatch_os402.resolution.resolve import Resolution, check_requires_python, union
from hatch_os402.resolution.target import PYTHON, Target
from hatch_os402.wheels.members import hash_file
from hatch_os402.wheels.reading import read_metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from hatch_os402.resolution.lock.fetching import LockedFiles
    from hatch_os402.resolution.lock.model import Lock, Locked, Selection
    from hatch_os402.wheels.reading import Wheel


@dataclass(frozen=True)
class LockResolver:
    """Resolves from `lock`."""

    lock: Lock
    files: LockedFiles
    architectures: Sequence[str]
    groups: Sequence[str] = ()
    """The names of the dependency groups that are vendored."""
    build_from_source: Collection[str] = ()
    built: Mapping[str, Pin] | None = None
    """What was built from source by now; the wheels are in `files.find_links`."""

    def resolve(self, project: Wheel, root: Root) -> Resolution:
        """Return what the lock has for the requirements of the wheel `project`, which is `root` of the graph.

        Where something is to be built from source first, that alone is returned, as sdists. Raises `LockError` naming
        all that the lock lacks, `FolderError` for a folder to be built, and `ResolutionError`.
        """
        check_requires_python(project)
        if not root.requirements and not root.groups:
            return Resolution((), Graph(root.name))
        first, *others = (Target(machine) for machine in self.architectures)
        graph, pins = self._closure(root, first, {})
        for target in others:
            more_graph, more = self._closure(root, target, pins)
            graph = graph.merged(more_graph)
            pins = union(pins, tuple(more.values()), first, target)
        if unbuilt := tuple(pin for pin in pins.values() if pin.is_sdist):
            return Resolution(unbuilt, Graph(root.name))
        return Resolution(tuple(pins[name] for name in sorted(pins)), graph)

    def _closure(self, root: Root, target: Target, known: Mapping[str, Pin]) -> tuple[Graph, dict[str, Pin]]:
        """Return the pins that `root` needs on `target`, and their graph. `known` are those of another architecture."""
        selection = self.lock.select(target, root.extras, self.groups)
        pins: dict[str, Pin] = {}
        # All at once, where all is needed: what another tool locked may be for more than this.
        missing = set(selection.locked) if self.lock.made_for else set()
        problems: list[str] = []
        while True:
            if new := [selection.locked[name] for name in sorted(missing) if name in selection.locked]:
                made = self._pins(new, target, known)
                problems += [problem for pin in made if known.get(pin.name) != pin for problem in misfits(pin, target)]
                pins |= {pin.name: pin for pin in made}
            # One archive serves every architecture: a wheel of the first one does for those that have none.
            pins |= {name: known[name] for name in missing & known.keys() - selection.locked.keys()}
            if any(pin.is_sdist for pin in pins.values()):
                return Graph(root.name), {name: pin for name, pin in pins.items() if pin.is_sdist}
            missing = set()
            graph, unmet = walk(root, pins, target, verb="locked", missing=missing)
            if not missing & (selection.locked.keys() | known.keys()):
                break
        if problems := [*problems, *unmet, *_reasons(selection, missing)]:
            listed = "\n".join(f"  {problem}" for problem in problems)
            raise LockMisfitError(
                f"{self.lock.name} does not have what {root.name} needs on CPython {PYTHON}, linux {target.machine}:\n"
                f"{listed}\n{self.lock.update}",
                tuple(problems),
            )
        return graph, {name: pins[name] for name in graph.required_by}

    def _pins(self, new: Sequence[Locked], target: Target, known: Mapping[str, Pin]) -> list[Pin]:
        """Return the pin of each of `new`; the wheels are in the cache then."""
        pins: list[Pin] = []
        wheels: list[Locked] = []
        for one in new:
            before = known.get(one.name)
            if before is not None and _same_version(before.version, one.version):
                pins.append(before)
            elif one.kind == "wheel":
                wheels.append(one)
            else:
                pins.append(self._from_source(one))
        paths = self.files.get(wheels, target)
        pins.extend(_pin(one, paths[one.name]) for one in wheels)
        return pins

    def _from_source(self, one: Locked) -> Pin:
        """Return the pin of what is built from source: its wheel, or the sdist when that is not built yet."""
        if one.name not in self.build_from_source:
            what = "a folder" if one.kind == "folder" else f"only source ({one.filename})"
            raise LockError(
                f"{self.lock.name} has {one.name} {one.version}".rstrip() + f" as {what}, and building it runs its "
                f'code here.\nAllow that with build-from-source = ["{one.name}"], or lock a release that has a wheel.'
            )
        if one.name in (self.built or {}):
            return self._built(one)
        if one.kind == "folder":
            url = "" if one.path is None else one.path.resolve().as_uri()
            raise FolderError(f"{one.name} @ {url} is a folder, and was not built.", one.name, url)
        url, direct = self.files.addresses.get(one.name, one.url), one.direct
        if one.path is not None and one.path.is_file():
            url, direct = one.path.resolve().as_uri(), True
        return Pin(one.name, one.version, one.filename, one.sha256s[0], url, direct, (), "")

    def _built(self, one: Locked) -> Pin:
        folder = self.files.find_links or Path()
        for path in sorted(folder.glob("*.whl")):
            name, version, *_ = parse_wheel_filename(path.name)
            if name == one.name:
                wheel = replace(
                    one, version=str(version), kind="wheel", filename=path.name, sha256s=(hash_file(path),), path=path
                )
                return _pin(wheel, self.files.get([wheel], Target(self.architectures[0]))[one.name])
        raise LockError(f"the wheel of {one.name}, which is built from source, is gone.")


def _pin(one: Locked, path: Path) -> Pin:
    """Return the pin of the wheel at `path`, which has lain under its hash."""
    metadata = read_metadata(path)
    return Pin(
        name=one.name,
        version=one.version or str(parse_wheel_filename(path.name)[1]),
        filename=path.name,
        sha256=path.parent.name,
        url=one.url,
        direct=one.direct,
        requires_dist=tuple(map(str, metadata.requires_dist)),
        requires_python=metadata.requires_python or "",
    )


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def _reasons(selection: Selection, missing: Collection[str]) -> list[str]:
    return [f"{name} {selection.problems[name]}" for name in sorted(missing) if name in selection.problems]


def own_addresses(root: Root) -> dict[str, str]:
    """Return canonical name → address, of the requirements of the project that give one."""
    wanted = [*root.requirements, *root.groups]
    return {str(canonicalize_name(item.name)): item.url for item in wanted if item.url}
