"""Compare an archive with its rebuild: the differences from which the others follow, each with its likely cause."""

from __future__ import annotations

from dataclasses import fields
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from hatch_os402.archive.assemble import MAIN, OWNER, is_launcher
from hatch_os402.launcher import settings_of
from hatch_os402.provenance.difference import RebuildDifference, text_diff

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from hatch_os402.provenance.contents import ArchiveContents

_SIDES = ("artifact", "rebuild")


def archive_differences(
    theirs: ArchiveContents, ours: ArchiveContents, project: str, pythons: Sequence[str | None] = (None, None)
) -> Iterator[RebuildDifference]:
    """Yield how the archive `theirs` differs from the rebuild `ours`, in the order of the archive.

    `project` is the canonical name of the project, `pythons` are the versions that compiled each, as far as they are
    known. What follows from another difference (RECORD, the bytecode of a changed source) is left out.
    """
    if theirs.generators != ours.generators:
        listed = [", ".join(sorted(one.generators)) or "nothing" for one in (theirs, ours)]
        yield RebuildDifference(
            "launcher",
            "WHEEL",
            f"{listed[0]} made the artifact, {listed[1]} the rebuild",
            "another release of hatch-os402: install the one that built the artifact, then rebuild",
        )
        return
    found = list(_Comparison(theirs, ours, project, pythons).differences())
    places = {path: place for place, path in enumerate(dict.fromkeys([*ours.files, *theirs.files]))}
    yield from sorted(found, key=lambda one: places.get(one.where, -1)) or _packing(theirs, ours)


class _Comparison:
    """Two archives of one project, and what of them is explained already."""

    def __init__(
        self, theirs: ArchiveContents, ours: ArchiveContents, project: str, pythons: Sequence[str | None]
    ) -> None:
        self._theirs, self._ours = theirs, ours
        self._project, self._pythons = project, pythons
        self._owners = {**ours.owners, **theirs.owners}
        self._explained = {path for path in self._owners if path.endswith(".dist-info/RECORD")}

    def differences(self) -> Iterator[RebuildDifference]:
        yield from self._releases()
        yield from self._settings()
        only = [self._only(self._theirs, self._ours), self._only(self._ours, self._theirs)]
        yield from self._bytecode_or_sources_alone(only)
        yield from self._moved(only)
        for side, paths in zip(_SIDES, only, strict=True):
            yield from (self._alone(path, side) for path in paths if not self._follows(path, paths))
        yield from self._changed({path for paths in only for path in paths})

    def _only(self, one: ArchiveContents, other: ArchiveContents) -> list[str]:
        return [path for path in one.files if path not in other.files and path not in self._explained]

    def _owner(self, path: str) -> str:
        return OWNER if is_launcher(path) else self._owners.get(path, self._project)

    def _releases(self) -> Iterator[RebuildDifference]:
        """Yield the distributions that are not the same on both sides; all their files are explained by that."""
        theirs, ours = self._theirs.distributions, self._ours.distributions
        changed = {name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)}
        self._explained |= {path for path, owner in self._owners.items() if owner in changed}
        for name in sorted(changed):
            if name in theirs and name in ours:
                cause = (
                    "another version of the project: check out the commit that was built"
                    if name == self._project
                    else "a release that is newer or older: build from the lock or the record of the artifact"
                )
                detail = f"version {theirs[name]} in the artifact, {ours[name]} in the rebuild"
                yield RebuildDifference("release", name, detail, cause)
            else:
                side = _SIDES[name in ours]
                cause = "other requirements (`dependencies`, `features`, `groups`), of the project or of a release"
                yield RebuildDifference("distribution", name, f"it is in the {side} alone", cause)

    def _settings(self) -> Iterator[RebuildDifference]:
        """Yield the options that `__main__.py` states."""
        mains = [side.read(MAIN) for side in (self._theirs, self._ours)]
        if mains[0] == mains[1]:
            return
        stated = [settings_of(main) for main in mains]
        if stated[0] is None or stated[1] is None or stated[0] == stated[1]:
            return
        self._explained.add(MAIN)
        for one in fields(stated[0]):
            theirs, ours = (getattr(settings, one.name) for settings in stated)
            if theirs != ours:
                option = one.name.replace("_", "-")
                detail = f"`{option}` is {theirs!r} in the artifact, {ours!r} in the rebuild"
                yield RebuildDifference("option", MAIN, detail, f"another `{option}`", text_diff(MAIN, *mains)[-6:])

    def _bytecode_or_sources_alone(self, only: Sequence[list[str]]) -> Iterator[RebuildDifference]:
        """Yield that one side has no bytecode, or no sources; take the files that this explains from `only`."""
        for side, other, paths in zip(_SIDES, _SIDES[::-1], only, strict=True):
            bare = self._ours if side == "artifact" else self._theirs
            full = self._theirs if side == "artifact" else self._ours
            compiled = [path for path in paths if path.endswith(".pyc") and path[:-1] in bare.files]
            if compiled and not any(path.endswith(".pyc") for path in bare.files):
                detail = f"the {side} has {len(compiled)} compiled modules, the {other} has none"
                cause = "another `bytecode`, or no CPython 3.12 where it was built"
                yield RebuildDifference("bytecode", compiled[0], detail, cause)
                paths[:] = [path for path in paths if path not in set(compiled)]
            plain = [
                path for path in paths if path.endswith(".py") and f"{path}c" in bare.files and f"{path}c" in full.files
            ]
            if plain:
                detail = f"{len(plain)} sources are in the {side} alone, beside bytecode that both have"
                yield RebuildDifference("option", plain[0], detail, "another `sources`")
                paths[:] = [path for path in paths if path not in set(plain)]

    def _moved(self, only: Sequence[list[str]]) -> Iterator[RebuildDifference]:
        """Yield the files that have another path, which takes them from `only`, with their bytecode."""
        places: dict[str, list[str]] = {}
        for path in only[1]:
            places.setdefault(self._ours.files[path].sha256, []).append(path)
        for path in list(only[0]):
            if path.endswith(".pyc") or not self._theirs.read(path):
                continue
            if others := places.get(self._theirs.files[path].sha256):
                other = others.pop(0)
                detail = f"it is {other} in the rebuild, with the same content"
                yield RebuildDifference("file", path, detail, self._why_alone(path, "moved"))
                for paths, gone in zip(only, (path, other), strict=True):
                    paths[:] = [one for one in paths if one not in {gone, f"{gone}c"}]

    @staticmethod
    def _follows(path: str, paths: Collection[str]) -> bool:
        return path.endswith(".pyc") and path[:-1] in paths

    def _alone(self, path: str, side: str) -> RebuildDifference:
        return RebuildDifference(
            "option" if "/sboms/" in path else "file",
            path,
            f"it is in the {side} alone",
            self._why_alone(path, "added or removed"),
        )

    def _why_alone(self, path: str, what: str) -> str:
        owner = self._owner(path)
        if "/sboms/" in path:
            return "another `sbom`"
        if owner == OWNER:
            return "another hatch-os402 with the same version, or another `interface`"
        if owner != self._project:
            return f"another `exclude` or `strip-extensions`, or another wheel of {owner} with the same version"
        return f"a file of the project that was {what}: another commit, an uncommitted change, or another `exclude`"

    def _changed(self, alone: set[str]) -> Iterator[RebuildDifference]:
        theirs, ours = self._theirs.files, self._ours.files
        changed = [
            path
            for path in ours
            if path in theirs and theirs[path].sha256 != ours[path].sha256 and path not in self._explained
        ]
        sources = {path for path in changed if path.endswith(".py")} | alone
        bytecode = [path for path in changed if path.endswith(".pyc") and path[:-1] not in sources]
        if bytecode:
            yield self._recompiled(bytecode)
        rest = [path for path in changed if not path.endswith(".pyc")]
        roots = [path for path in rest if "/sboms/" not in path]
        yield from (self._differing(path) for path in roots or rest)

    def _recompiled(self, paths: Sequence[str]) -> RebuildDifference:
        theirs, ours = self._pythons
        first = paths[0]
        sourceless = first[:-1] not in self._ours.files
        detail = f"{len(paths)} compiled modules differ" + ("" if sourceless else ", and their sources do not")
        if theirs != ours and theirs and ours:
            cause = f"another CPython: {theirs} compiled the artifact, {ours} the rebuild"
        elif theirs and ours:
            cause = (
                "other sources, which the archive does not have"
                if sourceless
                else f"bytecode that CPython {ours} does not make of these sources: it was changed after the build"
            )
        else:
            cause = "another CPython 3.12 (the record of the artifact would name it), or bytecode that was changed"
        return RebuildDifference("bytecode", first, detail, cause, text_diff(first, *self._both(first)))

    def _both(self, path: str) -> tuple[bytes, bytes]:
        return self._theirs.read(path), self._ours.read(path)

    def _differing(self, path: str) -> RebuildDifference:
        theirs, ours = self._both(path)
        owner = self._owner(path)
        diff = text_diff(path, theirs, ours)
        if theirs.replace(b"\r\n", b"\n") == ours.replace(b"\r\n", b"\n"):
            counts = [content.count(b"\r\n") for content in (theirs, ours)]
            detail = f"{counts[0]} lines end with CRLF in the artifact, {counts[1]} in the rebuild"
            cause = "line endings, for example of another `core.autocrlf` of git"
            return RebuildDifference("line endings", path, detail, cause, diff)
        if owner == OWNER:
            return RebuildDifference(
                "launcher", path, "it differs", "another hatch-os402 with the same version, or a changed launcher", diff
            )
        if path.endswith(".dist-info/METADATA") and owner == self._project:
            return self._metadata(path, theirs, ours, diff)
        if owner != self._project:
            return RebuildDifference(
                "file",
                path,
                f"it differs, in {owner} {self._ours.distributions.get(owner, '')}".rstrip(),
                f"another wheel of {owner} with the same version, or a file that was changed after the build",
                diff,
            )
        cause = "another commit of the project, an uncommitted change, or a file that was changed after the build"
        return RebuildDifference("source", path, "it differs", cause, diff)

    @staticmethod
    def _metadata(path: str, theirs: bytes, ours: bytes, diff: tuple[str, ...]) -> RebuildDifference:
        stated = [_headers(content) for content in (theirs, ours)]
        names = sorted({*stated[0], *stated[1]})
        changed = [name for name in names if sorted(stated[0].get(name, [])) != sorted(stated[1].get(name, []))]
        if not changed or "metadata-version" in changed:
            cause = "another hatchling (or another build backend), which writes METADATA another way"
        elif "requires-dist" in changed or "provides-extra" in changed:
            cause = "other `dependencies` or extras in pyproject.toml"
        else:
            cause = "another pyproject.toml, or another file that it names (readme, license)"
        detail = f"it differs in {', '.join(changed)}" if changed else "its layout differs, and no value does"
        return RebuildDifference("metadata", path, detail, cause, diff)


def _headers(metadata: bytes) -> Mapping[str, list[str]]:
    message = HeaderParser().parsestr(metadata.decode(errors="replace"))
    found: dict[str, list[str]] = {}
    for name, value in message.items():
        found.setdefault(name.lower(), []).append(" ".join(str(value).split()))
    found["description"] = [*found.get("description", []), str(message.get_payload()).replace("\r\n", "\n")]
    return found


def _packing(theirs: ArchiveContents, ours: ArchiveContents) -> Iterator[RebuildDifference]:
    """Yield in what two archives with the same files differ all the same."""
    pairs = zip(theirs.files, ours.files, strict=False)
    if list(theirs.files) != list(ours.files):
        first = next(((one, other) for one, other in pairs if one != other), None)
        where = first[0] if first else MAIN
        detail = f"the files are the same in another order: here the rebuild has {first[1] if first else 'nothing'}"
        yield RebuildDifference("order", where, detail, "the archive was packed again, or listed by another tool")
        return
    packed = [path for path in ours.files if theirs.files[path].deflated != ours.files[path].deflated]
    if packed:
        how = "deflated in the rebuild alone" if ours.files[packed[0]].deflated else "deflated in the artifact alone"
        yield RebuildDifference("option", packed[0], f"{len(packed)} files are {how}", "another `compression`")
