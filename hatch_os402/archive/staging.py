"""Staging: the files of the project and of its dependencies become one tree, each file with one owner."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from hatch_os402.__about__ import __version__
from hatch_os402.archive.entries import Entry, EntryReader
from hatch_os402.errors import Os402Error
from hatch_os402.resolution.namespaces import declares_namespace, needs_pkg_resources
from hatch_os402.runtime.modules import facts
from hatch_os402.wheels import record
from hatch_os402.wheels.members import collision_key, parents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from hatch_os402.compatibility.vet import VettedWheel

WHEEL = f"Wheel-Version: 1.0\nGenerator: hatch-os402 ({__version__})\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
"""What every distribution of the tree now is, whatever its own wheel was."""

_TABLE = "[tool.hatch.build.targets.os402]"
_TRACES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", *record.SIGNATURES})
"""Files of a `.dist-info` that an installer writes, or that are true of the wheel only."""

LAUNCHER_PLACES = frozenset({"__main__.py", "__main__", "_os402", "_os402.py"})
"""Top-level names that belong to the launcher; a package of the same name would be imported instead."""

_SHOWN = 10


@dataclass(frozen=True)
class Tree:
    """The files of the archive, but for the launcher's, bytecode and RECORD."""

    entries: tuple[Entry, ...]
    """Sorted by path, as UTF-8."""
    dist_infos: Mapping[str, str] = field(default_factory=dict)
    """Canonical name → `.dist-info` folder, of every distribution that gets a RECORD."""
    warnings: tuple[str, ...] = ()


def stage(vetted_wheels: Sequence[VettedWheel], *, exclude: Sequence[str] = ()) -> Tree:
    """Return the tree of the files that `vetted_wheels` keep. The project's comes first, then its dependencies'.

    `exclude` holds patterns as in `.gitignore` for paths in the archive. Raises `Os402Error`, naming every case of
    its kind, when files of two distributions contradict each other or a file takes the launcher's place.
    """
    excluded = exclusion(exclude)
    found = [entry for verdict in vetted_wheels for entry in _entries(verdict)]
    chosen = [entry for entry in found if not excluded(entry.path)]
    _check_launcher(chosen)
    merged = _merge(chosen)
    paths = {entry.path for entry in merged}
    dist_infos = {
        verdict.wheel.name: folder
        for verdict in vetted_wheels
        if f"{(folder := verdict.wheel.dist_info)}/METADATA" in paths and not excluded(f"{folder}/RECORD")
    }
    candidates = {entry.path for entry in found} | {f"{verdict.wheel.dist_info}/RECORD" for verdict in vetted_wheels}
    candidates |= {file.path for verdict in vetted_wheels for file, _ in verdict.dropped}
    warnings = [*_idle(exclude, candidates), *(text for verdict in vetted_wheels for text in _sourceless(verdict))]
    warnings += _shadowing(merged)
    return Tree(_sorted(merged), dist_infos, tuple(warnings))


def exclusion(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a path in the archive is left out by `patterns`, which are those of `.gitignore`."""
    spec = GitIgnoreSpec.from_lines(patterns)
    return lambda path: bool(spec.match_file(path))


def records(tree: Tree, extra: Mapping[str, Iterable[tuple[str, str, int]]] | None = None) -> tuple[Entry, ...]:
    """Return the RECORD of every distribution, true of the entries that `tree` now has.

    `extra` adds files by owner: path, sha256 in hex, size in bytes (bytecode, for example).
    """
    files: dict[str, list[tuple[str, str, int]]] = {owner: list(more) for owner, more in (extra or {}).items()}
    for entry in tree.entries:
        for owner in (entry.owner, *entry.also):
            files.setdefault(owner, []).append((entry.path, entry.sha256, entry.size))
    written = []
    for owner, folder in tree.dist_infos.items():
        path = f"{folder}/RECORD"
        written.append(Entry.of(path, record.write(path, files.get(owner, ())), owner))
    return _sorted(written)


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.path.encode()))


def _entries(verdict: VettedWheel) -> Iterator[Entry]:
    """Yield what is staged of one wheel: no bytecode, for ours is made for the target, and no trace of an installer."""
    wheel = verdict.wheel
    traces = {f"{wheel.dist_info}/{name}" for name in _TRACES}
    for file in verdict.kept:
        if file.path in traces or _is_bytecode(file.path):
            continue
        if file.path == f"{wheel.dist_info}/WHEEL":
            yield Entry.of(file.path, WHEEL.encode(), wheel.name)
        else:
            yield Entry(file.path, file.size, file.sha256, wheel.name, source=wheel.path, member=file.member)
    for path, content in verdict.added().items():
        yield Entry.of(path, content, wheel.name)


def _is_bytecode(path: str) -> bool:
    return path.endswith((".pyc", ".pyo")) or "__pycache__" in path.split("/")


def _sourceless(verdict: VettedWheel) -> Iterator[str]:
    """Warn of modules that exist as bytecode only."""
    kept = {file.path for file in verdict.kept}
    for path in sorted(kept):
        if _is_bytecode(path) and "__pycache__" not in path.split("/") and f"{path[:-1]}" not in kept:
            yield f"{verdict.wheel.name} {verdict.wheel.version}: {path} is bytecode without source, and was left out."


def _idle(exclude: Sequence[str], candidates: Iterable[str]) -> Iterator[str]:
    """Warn of patterns that match nothing."""
    paths = tuple(candidates)
    for pattern in exclude:
        bare = pattern.strip().removeprefix("!")
        if bare and not bare.startswith("#") and not any(GitIgnoreSpec.from_lines([bare]).match_files(paths)):
            yield f"`exclude` in {_TABLE}: {pattern!r} matches no file of the wheels."


def _shadowing(entries: Iterable[Entry]) -> Iterator[str]:
    """Warn of modules that have the name of one of the standard library's, as the target has it."""
    standard = {name for name in facts()["modules"] if "." not in name}
    for entry in entries:
        top, _, rest = entry.path.partition("/")
        if rest == "__init__.py" or (not rest and top.endswith(".py")):
            name = top.removesuffix(".py")
            if name in standard:
                yield (
                    f"{entry.owner}: {entry.path} has the name of {name!r} of the standard library, and may be "
                    "imported instead of it, by `python FILE.pyz` even before the program starts. `exclude` in "
                    f"{_TABLE} leaves it out."
                )


def _check_launcher(entries: Iterable[Entry]) -> None:
    taken = [entry for entry in entries if entry.path.split("/")[0] in LAUNCHER_PLACES]
    if taken:
        listed = _listed([f"{entry.path} of {entry.owner}" for entry in taken])
        raise Os402Error(
            f"the launcher of the archive owns `__main__` and `_os402` at its top:\n{listed}\n"
            "Move the module into a package and name it as `entry-point`, or leave the file out with `exclude`,\n"
            f"both in {_TABLE}."
        )


def _merge(entries: Iterable[Entry]) -> list[Entry]:
    """Return `entries` with each path once: files that are the same in two distributions are one."""
    by_key: dict[str, Entry] = {}
    conflicts: list[str] = []
    examples: list[str] = []
    for entry in entries:
        key = collision_key(entry.path)
        first = by_key.setdefault(key, entry)
        if first is entry:
            continue
        if (first.path, first.sha256) == (entry.path, entry.sha256):
            by_key[key] = replace(first, also=(*first.also, entry.owner))
            continue
        if first.path == entry.path and (one := _one_namespace(first, entry)):
            by_key[key] = one
            continue
        alike = (
            "" if first.path == entry.path else f" (which has it as {entry.path}: one file where case does not count)"
        )
        conflicts.append(f"{first.path}: both {first.owner} and {entry.owner}{alike}")
        examples.append(entry.path)
    for key, entry in by_key.items():
        for folder in parents(key):
            if folder in by_key:
                file = by_key[folder]
                conflicts.append(f"{file.path}: a file of {file.owner}, and a folder of {entry.owner}")
                examples.append(file.path)
    if conflicts:
        listed = _listed(list(dict.fromkeys(conflicts)))
        raise Os402Error(
            f"two distributions claim the same place with different content:\n{listed}\n"
            "Only one can be there. Do without one of the distributions, or leave the path out of both with `exclude`\n"
            f"in {_TABLE}: exclude = ['/{examples[0]}']"
        )
    return list(by_key.values())


def _one_namespace(first: Entry, second: Entry) -> Entry | None:
    """Return the entry that stands for both, when they only declare the same namespace; else None."""
    if not first.path.endswith("/__init__.py"):
        return None
    with EntryReader() as reader:
        sources = [(reader.read(entry), entry) for entry in (first, second)]
    if not all(declares_namespace(source) for source, _ in sources):
        return None
    (_, chosen), (_, other) = sorted(sources, key=lambda item: needs_pkg_resources(item[0]))
    owners = (*chosen.also, other.owner, *other.also)
    return replace(chosen, also=tuple(dict.fromkeys(owner for owner in owners if owner != chosen.owner)))


def _listed(lines: Sequence[str]) -> str:
    more = [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join([*(f"  {line}" for line in lines[:_SHOWN]), *more])
