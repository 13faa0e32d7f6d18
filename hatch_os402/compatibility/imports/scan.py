"""The scan of a build: from verdicts to findings about imports and behaviours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hatch_os402.archive.entries import Entry
from hatch_os402.compatibility.findings import MISSING_MODULE, NEEDS_CTYPES, Finding, SourceLocation
from hatch_os402.compatibility.imports.facts import Guard
from hatch_os402.compatibility.imports.memory import facts_of
from hatch_os402.compatibility.imports.reach import NOWHERE, Archive, module_names, reach
from hatch_os402.compatibility.imports.source import behaviour_table
from hatch_os402.compatibility.imports.unused import ArchivedFile, described, unused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.archive.entries import EntryReader
    from hatch_os402.compatibility.findings import Level
    from hatch_os402.compatibility.imports.facts import ModuleFacts
    from hatch_os402.compatibility.imports.reach import Library, Missing, Reached, Suspect
    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.resolution.graph import Graph

_REQUIRE = "If the program needs it, add the distribution that has it to the project's dependencies."

_TAKEN_OUT = (".so", ".pyd")


@dataclass(frozen=True)
class Scanned:
    """What a scan found."""

    findings: tuple[Finding, ...]
    """Warnings and hints that everybody should read."""
    quiet: tuple[Finding, ...]
    """Hints about what is guarded, optional or only possible."""
    unused: tuple[Finding, ...] = ()
    """A hint about distributions that nothing imports, if there are any."""


def scan(
    starts: Sequence[str],
    vetted_wheels: Sequence[VettedWheel],
    graph: Graph,
    library: Library,
    *,
    excluded: Callable[[str], bool],
    lazy: Collection[str] = (),
    reader: EntryReader,
    memory: Path,
) -> Scanned:
    """Follow the imports from `starts` through the files that `vetted_wheels` keep, the project's first.

    `excluded` tells which archive paths are left out; `lazy` names top-level modules that are loaded when they are
    first used; `memory` is a folder that remembers modules.
    """
    archive, entries = archive_of(vetted_wheels, excluded, reader, memory)
    owners = {path: item.owner for path, item in entries.items()}
    reached = reach(starts, archive, library, frozenset(lazy))
    project = vetted_wheels[0].wheel.name
    versions = {verdict.wheel.name: str(verdict.wheel.version) for verdict in vetted_wheels}
    findings: list[Finding] = []
    quiet: list[Finding] = []
    for finding, loud in (*_missing(reached, owners, project), *_behaviours(reached, owners, project)):
        complete = Finding(
            finding.level if loud else "hint",
            finding.code,
            finding.subject,
            finding.message,
            versions[finding.subject],
            graph.chains(finding.subject) if finding.subject != project else ((project,),),
            finding.places,
            finding.imports,
            advice=finding.advice,
        )
        (findings if loud else quiet).append(complete)
    superfluous = tuple(_unused(starts, vetted_wheels[0], entries, graph, reader, memory))
    return Scanned(tuple(findings), tuple(quiet), superfluous)


def _unused(
    starts: Sequence[str],
    own: VettedWheel,
    entries: Mapping[str, Entry],
    graph: Graph,
    reader: EntryReader,
    memory: Path,
) -> Iterator[Finding]:
    """Yield a hint about distributions that nothing imports."""
    project = own.wheel.name
    files = {path: ArchivedFile(item.owner, item.size, partial(reader.read, item)) for path, item in entries.items()}

    def facts(path: str) -> ModuleFacts | None:
        return facts_of(entries[path].sha256, files[path].read, memory)

    if sizes := unused(starts, files, project, facts):
        direct = [name for name in sizes if project in graph.required_by.get(name, ())]
        message, advice = described(sizes, files, direct)
        yield Finding("hint", "unused", project, message, str(own.wheel.version), ((project,),), advice=advice)


def archive_of(
    vetted_wheels: Sequence[VettedWheel], excluded: Callable[[str], bool], reader: EntryReader, memory: Path
) -> tuple[Archive, dict[str, Entry]]:
    """Return the modules of the archive that `vetted_wheels` give, and its files by path.

    The first wheel that has a path has the file. `excluded`, `memory`: as `scan` takes them.
    """
    entries = {
        file.path: Entry(
            file.path, file.size, file.sha256, verdict.wheel.name, source=verdict.wheel.path, member=file.member
        )
        for verdict in reversed(vetted_wheels)
        for file in verdict.kept
        if not excluded(file.path)
    }
    entries |= {
        path: Entry.of(path, content, verdict.wheel.name)
        for verdict in reversed(vetted_wheels)
        for path, content in verdict.added().items()
        if not excluded(path)
    }
    paths = module_names(entries)

    def facts(module: str) -> ModuleFacts | None:
        item = entries[paths[module]]
        return facts_of(item.sha256, lambda: reader.read(item), memory)

    archive = Archive(paths, _tops(entries), _parts(entries), _left_out(vetted_wheels), facts)
    return archive, entries


def _tops(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(path.split("/")[0].removesuffix(".py") for path in paths)


def _parts(paths: Iterable[str]) -> frozenset[str]:
    return frozenset(
        part.removesuffix(".py") for path in paths if ".dist-info/" not in path for part in path.split("/")
    )


def _left_out(vetted_wheels: Sequence[VettedWheel]) -> dict[str, str]:
    """Return, by dotted name, the native modules that were left out and have no source beside them."""
    found = {}
    for verdict in vetted_wheels:
        for file, _ in verdict.stripped:
            if file.path.lower().endswith(_TAKEN_OUT):
                folder, _, name = file.path.rpartition("/")
                found[".".join([*folder.split("/"), name.partition(".")[0]]).lstrip(".")] = file.path
    kept = {path for verdict in vetted_wheels for path in (*(file.path for file in verdict.kept), *verdict.added())}
    return {name: path for name, path in found.items() if f"{name.replace('.', '/')}.py" not in kept}


def _missing(reached: Reached, owners: dict[str, str], project: str) -> Iterator[tuple[Finding, bool]]:
    """Yield a finding for each package that is missing in each module, and whether it is a warning for everybody."""
    kinds: tuple[tuple[Sequence[Missing], Level, str], ...] = (
        (reached.missing, "warning", MISSING_MODULE),
        (reached.partial, "hint", NEEDS_CTYPES),
    )
    for found, level, code in kinds:
        grouped: dict[tuple[str, str, bool], list[Missing]] = {}
        for item in found:
            grouped.setdefault((item.path, item.wanted.partition(".")[0], item.certain), []).append(item)
        for (path, _, certain), items in grouped.items():
            message = f"imports {items[0].wanted}, {items[0].reason}"
            places = tuple(SourceLocation(path, item.line) for item in items)
            # A dependency that imports what it does not require knows why, in most cases.
            advice = _REQUIRE if owners[path] == project and items[0].reason == NOWHERE else ""
            yield (
                Finding(level, code, owners[path], message, places=places, imports=items[0].chain, advice=advice),
                certain,
            )


def _behaviours(reached: Reached, owners: dict[str, str], project: str) -> Iterator[tuple[Finding, bool]]:
    """Yield a hint for each kind of behaviour in each module, and whether it is a warning for everybody."""
    grouped: dict[tuple[str, str, bool], list[Suspect]] = {}
    for suspect in reached.suspects:
        own = owners[suspect.path] == project
        call = suspect.call
        # Of a dependency, only what fails when it is imported: an executor that is made there starts no thread yet.
        at_once = call.kind == "processes" and call.guard is Guard.NONE and not call.in_function
        loud = call.guard < Guard.FAILURE if own else at_once
        grouped.setdefault((suspect.path, call.kind, loud), []).append(suspect)
    for (path, kind, loud), suspects in grouped.items():
        names = " and ".join(dict.fromkeys(suspect.call.what for suspect in suspects))
        message = f"calls {names}: {behaviour_table()[kind]['message']}"
        places = tuple(SourceLocation(path, suspect.call.line) for suspect in suspects)
        yield Finding("hint", kind, owners[path], message, places=places, imports=suspects[0].chain), loud
