"""A build in which nothing changed: its artifacts are those of the last one, which are compared with their digests.

What a build depends on is one digest, `_inputs`: the project's own wheel, its options and the files that they name, the
runtime, the end of the offer, the resolution or the lock, the CPython that compiles, and the program that builds; with
`provenance` also the commit. A build keeps it with the digest of its record. It is answered from there when the digest
is the same, and every artifact is still, byte by byte, the one that the record describes, as is the folder `staging`.
Options that are not in `KNOWN` are always built anew.

A lock decides what is vendored by hashes, so that no index is asked, and the wheels themselves are not needed: a build
from the same lock is answered for as long as nothing else changes. Whether the lock is of the project was decided when
it was built; what that depends on, the wheel, the options and the lock's bytes, is in the digest.
"""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.artifact import WORK
from hatch_os402.artifacts.intact import intact
from hatch_os402.artifacts.names import SIGNED_SUFFIX
from hatch_os402.build.inputs import is_locked, locks, named_files, table_text, taken_lock, takes_from_environment
from hatch_os402.build.reports import report_offer
from hatch_os402.cache import cache_folder
from hatch_os402.config.expiry import Expiry, commit_time, source_date_epoch
from hatch_os402.config.hatchling import HATCHLING
from hatch_os402.errors import ArtifactError
from hatch_os402.files import measure_file, sweep
from hatch_os402.home import path_of
from hatch_os402.incremental.interpreters import InterpreterMemory
from hatch_os402.incremental.resolutions import ResolutionMemory, is_fresh, written
from hatch_os402.incremental.store import digest, program, recall, remember
from hatch_os402.resolution.lock.place import shown_lock
from hatch_os402.runtime.configured import executables
from hatch_os402.runtime.interpreters import find_compiler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hatch_os402.artifacts.artifact import Artifact
    from hatch_os402.config.project import Project
    from hatch_os402.reporting import Reporter
    from hatch_os402.resolution.resolution import Resolution
    from hatch_os402.runtime.configured import ConfiguredRuntime

KNOWN = HATCHLING | {
    "accept-broken-record", "allow-native-files", "build-from-source", "bytecode", "caller-key", "compression",
    "cookies", "docstrings", "entry-point", "exclude", "features", "finalize", "groups", "interface", "lazy-imports",
    "lock", "offer", "prepared-patterns", "provenance", "remedies", "runtime", "sbom", "schema", "sources", "staging",
    "strip-extensions", "substitutes", "tools",
}  # fmt: skip
"""The options whose whole effect is in what a record describes, and in `staging`; it depends on `_inputs` alone."""


class BuildMemory:
    """What is remembered of the builds of `project` into `directory`, and what this one depends on."""

    def __init__(self, project: Project, table: Mapping[str, Any], directory: Path) -> None:
        """`table` is the target's, as it is written: it has been validated, now or when it was the same before."""
        self._project = project
        self._table = table
        self._directory = directory
        self.prices: Sequence[Sequence[str]] = ()
        """What is reported of the price of a call: levels and messages. `answer` sets it, or whoever builds."""

    @cached_property
    def _start(self) -> tuple[str, int] | None:
        """What the end of the offer is counted from; None where that is the clock. Raises `OfferError`."""
        if "valid-until" in self._table.get("offer", {}):  # its value is in the table
            return "valid-until", 0
        if (epoch := source_date_epoch(os.environ)) is not None:
            return "SOURCE_DATE_EPOCH", epoch
        commit = commit_time(self._project.root)
        return None if commit is None else ("commit", commit)

    @cached_property
    def _executables(self) -> tuple[ConfiguredRuntime, ...]:
        """What runs the program. Raises `OptionValueError`."""
        named = self._table.get("runtime", [])
        return executables([named] if isinstance(named, str) else named, self._project.root)

    def answer(self, reporter: Reporter) -> tuple[Artifact, ...] | None:
        """Return the artifacts of the last build when this one would make the same; None when it has to be made.

        Reports what that build warned of, and its hints.
        """
        # As they are now, also if it has to be made.
        _ = self._start, self._executables, self._wheel, self._commit, program()
        if not self._usable or is_fresh(os.environ):
            return None
        kept = recall(self._folder / "builds", self._place)
        if kept is None:
            return None
        known = self._pinned()
        if known is None or self._inputs(known[0]) != kept["inputs"]:
            return None
        found = intact(self._directory, self._project.id, kept["record"])
        if found is None or kept["staged"] is None or kept["staged"] != self._staged():
            return None
        sweep(self._directory, WORK)  # what a build that was killed left there
        self._touch(found[-1].path)
        self.prices = kept["prices"]
        for level, message in kept["messages"]:
            (reporter.hint if level == "hint" else reporter.warning)(message)
        expiry = Expiry(kept["until"], kept["origin"], int(time.time()))
        report_offer(found[1].size, expiry, reporter, owned=kept["owned"])
        self._report_signatures(reporter)
        reporter.info(f"nothing changed: the artifacts are those of the last build, {known[1]}")
        return found

    def _pinned(self) -> tuple[Mapping[str, Any], str] | None:
        """Return what decides on what is vendored, and in words where it comes from; None when it has to be found."""
        if isinstance(self._lock, Path):
            return {}, f"from {shown_lock(self._lock, self._project.root)}"
        found = resolutions(self._project, self._table, self._folder, self._executables).recall_written()
        return None if found is None else (found[0], f"resolved {age(found[1])}")

    def _touch(self, record: Path) -> None:
        """Let the record be as new as the project's wheel: what asks whether a source is newer finds none."""
        made = self._project.wheel.stat().st_mtime_ns
        with suppress(OSError):
            os.utime(record, ns=(made, made))

    def keep(
        self,
        resolution: Resolution,
        artifacts: Sequence[Artifact],
        expiry: Expiry,
        messages: Sequence[tuple[str, str]],
        *,
        owned: bool,
    ) -> None:
        """Remember a build that was just made, of what this object was made for."""
        if self._usable and self._start is not None and expiry.origin == self._start[0] and self._is_as_it_was:
            content = {
                "inputs": self._inputs({} if isinstance(self._lock, Path) else written(resolution)),
                "record": artifacts[-1].sha256,
                "staged": self._staged(),
                "messages": [list(message) for message in messages],
                "until": expiry.until,
                "origin": expiry.origin,
                "owned": owned,
                "prices": list(self.prices),
            }
            remember(self._folder / "builds", self._place, content)

    @cached_property
    def _folder(self) -> Path:
        return cache_folder(os.environ)

    @cached_property
    def _usable(self) -> bool:
        """Whether the options are of a kind that can be answered."""
        try:
            _ = self._folder
        except ArtifactError:
            return False
        known = self._table.keys() <= KNOWN and not self._table.get("build-from-source") and self._lock is not True
        given = takes_from_environment(self._table)
        return known and not given and self._start is not None and self._named is not None

    @property
    def _is_as_it_was(self) -> bool:
        """Whether nothing that was read when the build began is another by now, and has been in the build or not."""
        again = BuildMemory(self._project, self._table, self._directory)
        return (again._named, again._lock, again._commit) == (self._named, self._lock, self._commit)

    @cached_property
    def _place(self) -> str:
        return digest([os.path.realpath(self._directory), self._project.id])

    @cached_property
    def _named(self) -> list[tuple[str, str]] | None:
        """What `named_files` says of the table."""
        return named_files(self._project.root, self._table)

    @cached_property
    def _lock(self) -> Path | bool:
        """The lock that is built from, as `taken_lock` says; its bytes are among the named files."""
        return taken_lock(self._project.root, self._table, required=is_locked(os.environ))

    @cached_property
    def _commit(self) -> tuple[str, bool] | None:
        """What the statement of provenance says of the project's repository."""
        if not self._table.get("provenance"):
            return None
        from hatch_os402.config.repository import commit_built  # noqa: PLC0415 - few builds have a statement

        return commit_built(self._project.root, self._directory, self._staging)

    @cached_property
    def _staging(self) -> Path | None:
        named = self._table.get("staging")
        return None if named is None else path_of(named, self._project.root)

    def _staged(self) -> str | None:
        """Return a digest of the folder `staging` as it is, None when it is not there; empty without that option."""
        if self._staging is None:
            return ""
        from hatch_os402.artifacts.staged_tree import folder_digest  # noqa: PLC0415 - as above

        return folder_digest(self._staging)

    @cached_property
    def _wheel(self) -> str:
        """The SHA256 of the project's own wheel."""
        return measure_file(self._project.wheel)[1]

    def _inputs(self, resolution: Mapping[str, Any]) -> str:
        """Return the digest of all that the artifacts depend on."""
        project, table = self._project, self._table
        local = next((item.path for item in self._executables if item.path is not None), None)
        compiles = table.get("bytecode") is not False or table.get("interface") == "mcp"
        compiler = find_compiler(local, os.environ, InterpreterMemory(self._folder).ask) if compiles else None
        return digest(
            {
                "program": program(),
                "wheel": [project.wheel.name, self._wheel],
                "project": [project.id, project.name, project.version, project.description, dict(project.scripts)],
                "groups": [sorted(project.extras), project.groups],
                "options": table_text(table),
                "named": self._named,
                "lock": str(self._lock),
                "commit": self._commit,
                "executables": [[item.arch, item.sha256, item.url] for item in self._executables],
                "start": self._start,
                "resolution": resolution,
                "compiler": [compiler.version, compiler.build] if compiler else [],
            }
        )

    def _report_signatures(self, reporter: Reporter) -> None:
        """Report a signed offer that is not of these artifacts, as the build of them does."""
        if not any(self._directory.glob(f"*{SIGNED_SUFFIX}")):
            return
        from hatch_os402.artifacts.sets import ArtifactSet  # noqa: PLC0415 - few sign where they build

        for one in ArtifactSet(self._directory / self._project.id).expanded():
            if one.has(SIGNED_SUFFIX) and one.signed_of_this_build is None:
                reporter.warning(f"{one.path(SIGNED_SUFFIX).name} is of an earlier build: sign again")


def resolutions(
    project: Project, table: Mapping[str, Any], folder: Path, runs_on: Iterable[ConfiguredRuntime]
) -> ResolutionMemory:
    """Return what is remembered of the resolutions of `project` in the cache `folder`, for what `runs_on` runs on."""
    others = [
        table.get("features", []),
        # A path says nothing of the architecture of what lies there now.
        [bool(table.get("runtime")), sorted(item.arch for item in runs_on)],
        table.get("build-from-source", []),
        sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in locks(project.root)),
    ]
    return ResolutionMemory(
        folder / "resolutions",
        root=project.root,
        metadata=_metadata(project.wheel),
        groups=[groups := table.get("groups", []), dict(project.groups) if groups else {}],
        others=others,
    )


def age(seconds: float) -> str:
    """Return how long ago something was, in words."""
    minutes = int(seconds // 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'} ago" if minutes else f"{int(seconds)} s ago"


def _metadata(wheel: Path) -> str:
    """Return the headers of METADATA in `wheel`, which was just built; nothing when there is none."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1:
                return archive.read(name).decode("utf-8", "replace").partition("\n\n")[0]
    return ""
