"""The in-toto statement with SLSA v1 provenance: which files were built, from what, and by what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_os402.__about__ import __version__
from hatch_os402.provenance.purls import purl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hatch_os402.artifacts.writing import Artifact
    from hatch_os402.provenance.sbom import Vendored

STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1"
BUILDER = purl("hatch-os402", __version__)
"""The build ran where the user ran it: what vouches for that machine is who signs the statement."""

BUILD_TYPE = "pkg:pypi/hatch-os402#docs/how-to/supply-chain.md"
"""Where the parameters are described: a file of the distribution."""


@dataclass(frozen=True)
class Source:
    """The project that was built."""

    name: str
    version: str
    entry_point: str
    commit: str | None
    """Hex; None outside of a repository."""
    clean: bool
    """Whether the project's folder was as in the commit."""


def statement(
    artifacts: Sequence[Artifact],
    source: Source,
    parts: Sequence[Vendored],
    *,
    valid_until: Mapping[str, Any],
    tools: Mapping[str, str],
) -> bytes:
    """Return the statement on `artifacts`, in UTF-8: the same bytes for the same build, without time or machine.

    `parts` are the distributions of the archive, `valid_until` says where the end of the offer comes from, `tools` are
    name → version of what took part beside hatch-os402.
    """
    content = {
        "_type": STATEMENT,
        "subject": [_subject(artifact) for artifact in artifacts],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "target": "os402",
                    "project": {"name": source.name, "version": source.version},
                    "entryPoint": source.entry_point,
                },
                "internalParameters": {"validUntil": dict(valid_until)},
                "resolvedDependencies": [*_commit(source), *map(_dependency, parts)],
            },
            "runDetails": {"builder": {"id": BUILDER, "version": {"hatch-os402": __version__, **tools}}},
        },
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _subject(artifact: Artifact) -> dict[str, Any]:
    """Return one file; that of an offer has the offer's own hash beside it, which callers pay for."""
    found: dict[str, Any] = {"name": artifact.path.name, "digest": {"sha256": artifact.sha256}}
    return {**found, "annotations": {"offerSha256": artifact.offer}} if artifact.offer else found


def _commit(source: Source) -> Iterator[dict[str, Any]]:
    if source.commit is not None:
        yield {"name": source.name, "digest": {"gitCommit": source.commit}, "annotations": {"clean": source.clean}}


def _dependency(part: Vendored) -> dict[str, Any]:
    found: dict[str, Any] = {"uri": purl(part.name, part.version, part.filename)}
    if part.sha256:
        found["digest"] = {"sha256": part.sha256}
    return {**found, "annotations": {"treatment": part.verdict}}
