"""A build in which nothing changed: its artifacts are those of the last one, which are compared with their digests.

What a build depends on is one digest, `_inputs`: the project's own wheel, its options and the files that they name, the
runtime, the end of the offer, the resolution, the CPython that compiles, and the program that builds. A build keeps it
with the digest of its record. It is answered from there when the digest is the same, and every artifact is still, byte
by byte, the one that the record describes. Options that are not in `KNOWN` are always built anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hatch_os402.artifacts.artifact import WORK, Artifact
from hatch_os402.artifacts.names import FRAME, OFFER, PROFILE, RECORD, SIGNED_SUFFIX, ZIPAPP, names, suffix_of
from hatch_os402.build.reports import report_offer
from hatch_os402.cache import cache_folder
from hatch_os402.config.expiry import Expiry, commit_time, source_date_epoch
from hatch_os402.config.hatchling import HATCHLING
from hatch_os402.config.outside import file_named, texts
from hatch_os402.errors import ArtifactError
from hatch_os402.files import measure_file, open_file, sweep
from hatch_os402.incremental.resolutions import ResolutionMemory, is_fresh, written
from hatch_os402.incremental.store import digest, program, recall, remember
from hatch_os402.runtime.configured import executables
from hatch_os402.runtime.interpreters import find_compiler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.config.project import Project
    from hatch_os402.reporting import Reporter
    from hatch_os402.resolution.resolution import Resolution
    from hatch_os402.runtime.configured import ConfiguredRuntime

KNOWN = HATCHLING | {
    "accept-broken-record", "allow-native-files", "build-from-source", "bytecode", "caller-key", "compression",
    "cookies", "docstrings", "entry-point", "exclude", "features", "finalize", "groups", "interface", "lazy-imports",
    "offer", "prepared-patterns", "remedies", "runtime", "schema", "sources", "strip-extensions", "substitutes",
    "tools",
}  # fmt: skip
"""The options whose whole effect is in the artifacts that a record describes, and depends on nothing but `_inputs`."""

LOCKED = "HATCH_OS402_LOCKED"
"""The variable that requires a lock, where no command line can: `hatch build` passes none on."""

_FROM_ENVIRONMENT = "{env:"
"""In an offer's private environment: a value that is not in the table."""

_MAX_NAMED = 1 << 26
"""Bytes of a file that an option names, above which it is not read for the digest; the build is then made anew."""
_CHUNK = 1 << 20
_RACY = 2
"""Seconds."""


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
        _ = self._start, self._executables, self._wheel, program()  # as they are now, also if it has to be made
        if not self._usable or is_fresh(os.environ):
            return None
        kept = recall(self._folder / "builds", self._place)
        if kept is None:
            return None
        known = resolutions(self._project, self._table, self._folder).recall_written()
        if known is None or self._inputs(known[0]) != kept["inputs"]:
            return None
        found = _intact(self._directory, self._project.id, kept["record"])
        if found is None:
            return None
        sweep(self._directory, WORK)  # what a build that was killed left there
        self._touch(found[-1].path)
        self.prices = kept["prices"]
        for level, message in kept["messages"]:
            (reporter.hint if level == "hint" else reporter.warning)(message)
        expiry = Expiry(kept["until"], kept["origin"], int(time.time()))
        report_offer(found[1].size, expiry, reporter, owned=kept["owned"])
        self._report_signatures(reporter)
        reporter.info(f"nothing changed: the artifacts are those of the last build, resolved {age(known[1])}")
        return found

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
        if self._usable and self._start is not None and expiry.origin == self._start[0]:
            content = {
                "inputs": self._inputs(written(resolution)),
                "record": artifacts[-1].sha256,
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
        known = self._table.keys() <= KNOWN and not self._table.get("build-from-source") and not is_locked(os.environ)
        given = any(_FROM_ENVIRONMENT in text for text in texts(self._table.get("offer", {})))
        return known and not given and self._start is not None and self._named is not None

    @cached_property
    def _place(self) -> str:
        return digest([os.path.realpath(self._directory), self._project.id])

    @cached_property
    def _named(self) -> list[tuple[str, str]] | None:
        """What `named_files` says of the table."""
        return named_files(self._project.root, self._table)

    @cached_property
    def _wheel(self) -> str:
        """The SHA256 of the project's own wheel."""
        return measure_file(self._project.wheel)[1]

    def _inputs(self, resolution: Mapping[str, Any]) -> str:
        """Return the digest of all that the artifacts depend on."""
        project, table = self._project, self._table
        local = next((item.path for item in self._executables if item.path is not None), None)
        compiles = table.get("bytecode") is not False or table.get("interface") == "mcp"
        compiler = find_compiler(local, os.environ) if compiles else None
        return digest(
            {
                "program": program(),
                "wheel": [project.wheel.name, self._wheel],
                "project": [project.id, project.name, project.version, project.description, dict(project.scripts)],
                "groups": [sorted(project.extras), project.groups],
                "options": table_text(table),
                "named": self._named,
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


def is_locked(variables: Mapping[str, str]) -> bool:
    """Whether `LOCKED` requires a lock."""
    return variables.get(LOCKED, "").strip().lower() not in {"", "0", "false", "no", "off"}


def named_files(root: Path, table: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Return every file that an option names, the profile and every lock, with their SHA256s.

    None if one is too large, or is new.

    Options have read them a moment ago: one that was changed in between must not stand here as it is now.
    """
    found = {path for text in texts(table) if (path := file_named(root, text)) is not None} | set(_locks(root))
    found |= {path for path in [root / PROFILE] if path.is_file()}
    stats = [path.stat() for path in found]
    if any(one.st_size > _MAX_NAMED or time.time() - one.st_mtime < _RACY for one in stats):
        return None
    return sorted((str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in found)


def table_text(table: Mapping[str, Any]) -> str:
    """Return `table` as one text."""
    return json.dumps(table, sort_keys=True, default=repr)


def resolutions(project: Project, table: Mapping[str, Any], folder: Path) -> ResolutionMemory:
    """Return what is remembered of the resolutions of `project` in the cache `folder`."""
    others = [
        table.get("features", []),
        table.get("runtime", []),
        table.get("build-from-source", []),
        sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in _locks(project.root)),
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


def _locks(root: Path) -> Iterator[Path]:
    return (path for path in root.glob("pylock*.toml") if path.is_file())


def _metadata(wheel: Path) -> str:
    """Return the headers of METADATA in `wheel`, which was just built; nothing when there is none."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1:
                return archive.read(name).decode("utf-8", "replace").partition("\n\n")[0]
    return ""


def _intact(directory: Path, stem: str, record_sha256: str) -> tuple[Artifact, ...] | None:
    """Return the artifacts of `stem`, the record last, when each is byte by byte what that record describes."""
    try:
        content = (directory / (stem + RECORD)).read_bytes()
        if hashlib.sha256(content).hexdigest() != record_sha256:
            return None
        record = json.loads(content)
        tools = list(record.get("tools", {}))
        if names(stem, tools) != (*record["artifacts"], stem + RECORD):
            return None
        for name, said in record["artifacts"].items():
            if not name.endswith((ZIPAPP, FRAME)) and measure_file(directory / name) != (said["size"], said["sha256"]):
                return None
        if not _framed(directory, stem, record["artifacts"]):
            return None
    except OSError:
        return None
    offers = {stem + suffix_of(tool, OFFER): said["offer"] for tool, said in record.get("tools", {}).items()}
    offers = offers or {stem + OFFER: record["offer"]["sha256"]}
    made = [
        Artifact(directory / name, said["size"], said["sha256"], offers.get(name))
        for name, said in record["artifacts"].items()
    ]
    return *made, Artifact(directory / (stem + RECORD), len(content), record_sha256)


def _framed(directory: Path, stem: str, said: Mapping[str, Any]) -> bool:
    """Whether the frame has its hash, and the zipapp is what it frames, so that its hash is the recorded one, too."""
    zipapp, frame = said[stem + ZIPAPP], said[stem + FRAME]
    header = b"%d\n" % zipapp["size"]
    whole = hashlib.sha256(header)
    with open_file(directory / (stem + FRAME)) as framed, open_file(directory / (stem + ZIPAPP)) as archive:
        if framed.read(len(header)) != header:
            return False
        while chunk := framed.read(_CHUNK):
            if archive.read(_CHUNK) != chunk:
                return False
            whole.update(chunk)
        return not archive.read(1) and whole.hexdigest() == frame["sha256"]
