"""The bill of materials and the statement of provenance of a build, as the options say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_os402.archive.entries import Entry
from hatch_os402.archive.staging import exclusion
from hatch_os402.artifacts.names import PROVENANCE, SBOM
from hatch_os402.config.repository import commit_built
from hatch_os402.errors import Os402Error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_os402.archive.modules import Compiled
    from hatch_os402.archive.staging import Tree
    from hatch_os402.artifacts.writing import Artifact, Files
    from hatch_os402.build.analysis import Analysis
    from hatch_os402.build.context import Context
    from hatch_os402.compatibility.vet import VettedWheel
    from hatch_os402.config.expiry import Expiry
    from hatch_os402.config.options import Options
    from hatch_os402.provenance.sbom import Vendored
    from hatch_os402.provenance.statement import Source


def extras(options: Options) -> tuple[str, ...]:
    """Return the suffixes of what is written beside the four artifacts."""
    return (*((SBOM,) if options.sbom else ()), *((PROVENANCE,) if options.provenance else ()))


def bill(analyzed: Analysis, build: Context) -> bytes | None:
    """Return the bill of materials, or None when the option `sbom` is not set. Raises `Os402Error`."""
    if not build.options.sbom:
        return None
    from hatch_os402.provenance.licenses import read_license  # noqa: PLC0415 - for few builds
    from hatch_os402.provenance.sbom import sbom  # noqa: PLC0415 - as above

    own, project = analyzed.vetted[0], build.project
    license_ = read_license(_file(own, "METADATA", build))
    parts = _vendored(analyzed, build)
    return sbom(project.name, project.version, project.description, license_, parts, analyzed.resolution.graph)


def with_bill(tree: Tree, content: bytes | None, analyzed: Analysis, build: Context) -> Tree:
    """Return `tree` with the bill of materials in the project's `.dist-info` (PEP 770), unless that is excluded."""
    own = analyzed.request.own
    path = f"{own.dist_info}/sboms/{build.project.id}{SBOM}"
    if content is None or exclusion(build.options.exclude)(path):
        return tree
    if any(entry.path == path for entry in tree.entries):
        raise Os402Error(
            f"the project's own wheel has {path}, where `sbom = true` puts a bill of materials.\n"
            "Give that file another name, or leave the option out."
        )
    entries = [*tree.entries, Entry.of(path, content, own.name)]
    return replace(tree, entries=tuple(sorted(entries, key=lambda entry: entry.path.encode())))


def write_proofs(
    artifacts: Sequence[Artifact],
    content: bytes | None,
    analyzed: Analysis,
    compiled: Compiled,
    expiry: Expiry,
    files: Files,
    build: Context,
) -> tuple[Artifact, ...]:
    """Write the bill, if there is one, and the statement on all other `artifacts` and on it, as the options say."""
    written = [] if content is None else [files.measured(SBOM, content)]
    if build.options.provenance:
        from hatch_os402.provenance.statement import statement  # noqa: PLC0415 - as above

        tools = {name: version for name, version in _tools(analyzed, compiled, build) if version}
        text = statement(
            (*artifacts, *written),
            _source(analyzed, files, build),
            _vendored(analyzed, build),
            valid_until={"seconds": expiry.until, "from": expiry.origin},
            tools=tools,
        )
        written.append(files.measured(PROVENANCE, text))
    return tuple(written)


def _vendored(analyzed: Analysis, build: Context) -> tuple[Vendored, ...]:
    from hatch_os402.provenance.sbom import vendored  # noqa: PLC0415 - as above

    resolution = analyzed.resolution
    return vendored(
        resolution.pins, resolution.built, analyzed.vetted, lambda verdict: _file(verdict, "METADATA", build)
    )


def _file(verdict: VettedWheel, name: str, build: Context) -> bytes:
    """Return a file of a wheel's `.dist-info`; nothing when there is none."""
    wheel = verdict.wheel
    for file in wheel.files:
        if file.path == f"{wheel.dist_info}/{name}":
            entry = Entry(file.path, file.size, file.sha256, wheel.name, source=wheel.path, member=file.member)
            return build.reader.read(entry)
    return b""


def _tools(analyzed: Analysis, compiled: Compiled, build: Context) -> Iterator[tuple[str, str]]:
    """Yield name and version of the backend that built the project's wheel, as it says, and of the compiler."""
    for line in _file(analyzed.vetted[0], "WHEEL", build).decode("utf-8", "replace").splitlines():
        key, _, value = line.partition(":")
        if key == "Generator":
            name, _, version = value.strip().partition(" ")
            yield name, version.strip("() ")
    yield "cpython", compiled.python or ""


def _source(analyzed: Analysis, files: Files, build: Context) -> Source:
    from hatch_os402.provenance.statement import Source  # noqa: PLC0415 - as above

    project = build.project
    commit, clean = commit_built(project.root, files.directory, build.options.staging) or (None, False)
    return Source(project.name, project.version, analyzed.request.entry_point, commit, clean)
