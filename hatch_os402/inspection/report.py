"""What `inspect` reports: one set of facts for the terminal, for JSON and for the page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_os402.config.options import Options
from hatch_os402.config.pyproject import project_above, read_pyproject
from hatch_os402.errors import Os402Error
from hatch_os402.inspection.contents import (
    LAUNCHER,
    NOBODY,
    ArchiveMember,
    Contents,
    Distribution,
    read_contents,
    totals,
)
from hatch_os402.inspection.needless import NeedlessFiles, needless_files
from hatch_os402.inspection.reading import Artifacts, File, read_artifacts
from hatch_os402.inspection.terms import Terms, read_terms
from hatch_os402.inspection.unused import unused_note

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hatch_os402.artifacts.sets import ArtifactSet
    from hatch_os402.offer.reading import ReadOffer

FORMAT = 1
"""Of `--json`; raised when a reader of the old format would misunderstand the new one."""

PROJECT = "project"
"""The verdict on the project's own distribution, which no wheel was vetted for."""


@dataclass(frozen=True)
class Part:
    """A distribution of the archive, or what belongs to none."""

    name: str
    version: str | None
    verdict: str | None
    """`PROJECT`, "pure", "stripped" or another of the record; None where no record says."""
    left_out: tuple[str, ...]
    """Paths of its wheel that were left out."""
    required_by: tuple[str, ...]
    files: int
    size: int
    """Bytes, unpacked; `sources`, `bytecode` and `data` together."""
    packed: int
    """Bytes in the archive."""
    sources: int
    bytecode: int
    data: int

    def to_json(self) -> dict[str, Any]:
        """Return the part as an item of `distributions` in `inspect --json`; the verdict has the record's name."""
        return {"treatment" if key == "verdict" else key: value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class BytecodeReport:
    """What is compiled, and by whom."""

    pythons: tuple[str, ...]
    """The CPython whose bytecode it is: "3.12"; with the patch release where the record says it."""
    modules: int
    """How many modules have bytecode."""
    sources_only: Mapping[str, str]
    """Paths of modules without bytecode, with the reason where the record has one. `__main__.py` never has any."""
    without_source: int
    """How many modules are bytecode alone."""


@dataclass(frozen=True)
class Inspection:
    """All that is known about one archive."""

    name: str
    project: Mapping[str, Any] | None
    """`name`, `version` and `entry_point`, from the record; `tools`, name → function, where each has an offer."""
    files: tuple[File, ...]
    archive_size: int
    """Bytes, with headers and directory."""
    compressed: bool
    parts: tuple[Part, ...]
    """The largest first; the launcher is `contents.LAUNCHER`, what belongs to nobody `contents.NOBODY`."""
    members: tuple[ArchiveMember, ...]
    """The largest first."""
    bytecode: BytecodeReport
    terms: Terms | None
    needless: tuple[NeedlessFiles, ...]
    """What a running program cannot want of dependencies."""
    recorded: bool
    """Whether the build's record was there."""
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "format": FORMAT,
            "name": self.name,
            "project": self.project,
            "artifacts": [asdict(file) for file in self.files],
            "archive": {
                "size": self.archive_size,
                "compressed": self.compressed,
                "files": len(self.members),
                **{
                    field: sum(getattr(part, field) for part in self.parts)
                    for field in ("packed", "sources", "bytecode", "data")
                },
            },
            "distributions": [part.to_json() for part in self.parts if part.name not in {LAUNCHER, NOBODY}],
            "launcher": next((part.to_json() for part in self.parts if part.name == LAUNCHER), None),
            "no_distribution": next((part.to_json() for part in self.parts if part.name == NOBODY), None),
            "bytecode": asdict(self.bytecode),
            "offer": None if self.terms is None else self.terms.to_json(),
            "needless": [asdict(one) for one in self.needless],
            "members": [asdict(member) for member in self.members],
            "recorded": self.recorded,
            "notes": list(self.notes),
        }


def inspect(named: ArtifactSet) -> Inspection:
    """Return what is known about the archive of a set of artifacts that was checked. Raises `Os402Error`."""
    artifacts = read_artifacts(named)
    contents = read_contents(artifacts.archive, named.name)
    record = artifacts.record
    project = None
    if record is not None:
        project = {key: record["project"].get(key) for key in ("name", "version", "entry_point")}
        if tools := {name: str(item.get("function")) for name, item in record.get("tools", {}).items()}:
            project["tools"] = tools
    return Inspection(
        name=artifacts.stem,
        project=project,
        files=artifacts.files,
        archive_size=len(artifacts.archive),
        compressed=any(member.packed != member.size for member in contents.members),
        parts=tuple(sorted(_parts(contents, artifacts), key=lambda part: (-part.packed, part.name))),
        members=tuple(sorted(contents.members, key=lambda member: (-member.packed, member.path))),
        bytecode=_bytecode(contents, record),
        terms=None
        if artifacts.offer is None
        else read_terms(artifacts.offer, private_names=_private_names(artifacts.offer, named.folder)),
        needless=needless_files(contents.members, None if project is None else project["name"]),
        recorded=record is not None,
        notes=(*artifacts.notes, *_unused(artifacts, contents)),
    )


def _private_names(offer: ReadOffer, folder: Path) -> tuple[str, ...]:
    """Return the names of a private environment: those of the project around `folder`, of which no value is read."""
    if not offer.payload["exec"].get("env_sha256") or (root := project_above(folder)) is None:
        return ()
    try:
        return tuple(Options(read_pyproject(root).table, root).offer.written_env)
    except Os402Error:
        return ()


def _unused(artifacts: Artifacts, contents: Contents) -> Iterator[str]:
    """Yield a note about distributions that nothing imports, where the record says what is started."""
    if artifacts.record is None:
        return
    project = artifacts.record["project"]
    tools = artifacts.record.get("tools", {})
    starts = [item.get("function") for item in tools.values()] or [project.get("entry_point")]
    if all(isinstance(entry, str) for entry in starts) and (
        note := unused_note(artifacts.archive, contents, starts, canonicalize_name(str(project["name"])))
    ):
        yield note


def _parts(contents: Contents, artifacts: Artifacts) -> list[Part]:
    recorded = {item["name"]: item for item in (artifacts.record or {}).get("distributions", ())}
    project = (artifacts.record or {}).get("project", {}).get("name")
    owned: dict[str, list[ArchiveMember]] = {item.name: [] for item in contents.distributions}
    for member in contents.members:
        owned.setdefault(member.owner, []).append(member)
    known = {item.name: item for item in contents.distributions}
    return [
        _part(name, known.get(name), recorded.get(name, {}), totals(members), contents.distributions, project)
        for name, members in owned.items()
    ]


def _part(
    name: str,
    known: Distribution | None,
    recorded: Mapping[str, Any],
    sizes: Counter[str],
    everyone: Sequence[Distribution],
    project: str | None,
) -> Part:
    required_by = recorded.get("required_by") or sorted(item.name for item in everyone if name in item.requires)
    return Part(
        name=name,
        version=known.version if known else None,
        verdict=PROJECT if name == project else recorded.get("treatment"),
        left_out=tuple(recorded.get("left_out", ())),
        required_by=tuple(required_by),
        files=sizes["files"],
        size=sizes["size"],
        packed=sizes["packed"],
        sources=sizes["source"],
        bytecode=sizes["bytecode"],
        data=sizes["data"],
    )


def _bytecode(contents: Contents, record: Mapping[str, Any] | None) -> BytecodeReport:
    stated = (record or {}).get("bytecode", {})
    reasons = stated.get("left_as_source", {})
    paths = {member.path for member in contents.members}
    sources = {path for path in paths if path.endswith(".py")}
    compiled = {path for path in paths if path.endswith(".pyc")}
    patch = stated.get("python")
    pythons = contents.compilers
    if isinstance(patch, str) and pythons == (patch.rpartition(".")[0],):
        pythons = (patch,)
    return BytecodeReport(
        pythons=pythons,
        modules=len(compiled),
        sources_only={
            path: str(reasons.get(path, "")) for path in sorted(sources - {"__main__.py"}) if path + "c" not in compiled
        },
        without_source=sum(path[:-1] not in sources for path in compiled),
    )
