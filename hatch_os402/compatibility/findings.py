"""What a build found about its dependencies, as data: one verdict a distribution, findings and suggested fixes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hatch_os402.wheels.native import NativeKind

FORMAT = 1
"""Of `Assessment.to_json`; raised when a reader of the old format would misunderstand the new one."""

MISSING_MODULE = "missing-module"
NEEDS_CTYPES = "needs-ctypes"

SUBSTITUTE = "substitute"
"""The kind of a remedy that changes the option `substitutes`."""

Chain = tuple[str, ...]
"""Canonical names, from the project down to the distribution."""

Level = Literal["error", "warning", "hint"]
"""It cannot work; it will not do what it does elsewhere; somebody should know."""


@dataclass(frozen=True)
class NativeFile:
    """One file of machine code."""

    path: str
    """As its wheel names it."""
    kind: NativeKind

    def to_json(self) -> dict[str, str]:
        """Return path, format, role and architecture ("" when the header does not say)."""
        kind = self.kind
        return {"path": self.path, "format": kind.format, "role": kind.role, "architecture": kind.architecture}


@dataclass(frozen=True)
class SourceLocation:
    """Where something stands."""

    path: str
    """In the archive."""
    line: int
    """From 1."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Remedy:
    """A change to pyproject.toml after which the incompatible distribution is gone, shown to resolve for the target."""

    kind: str
    """ "release" (of it), "parent" (a release of what requires it), "extra" (one less), "replacement", "substitute" or
    "option"."""
    lines: tuple[str, ...]
    """What to write: requirements, or one option."""
    table: str = "project.dependencies"
    """The array, or the table, that the lines belong into."""
    instead_of: tuple[str, ...] = ()
    """The requirements of the project that the first of the lines replace."""
    gives: str = ""
    """What is vendored then, "pydantic 1.10.27, without pydantic-core"."""

    def to_json(self) -> dict[str, Any]:
        """Return the remedy as an item of `remedies` in `check --json`."""
        return {
            "kind": self.kind,
            "lines": list(self.lines),
            "table": self.table,
            "instead_of": list(self.instead_of),
            "gives": self.gives,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Remedy:
        """Return what `to_json` described; raises `LookupError`, `TypeError` or `ValueError` for anything else."""
        lists = {name: tuple(map(str, value[name])) for name in ("lines", "instead_of")}
        return cls(str(value["kind"]), table=str(value["table"]), gives=str(value["gives"]), **lists)


@dataclass(frozen=True)
class DistributionReport:
    """The verdict on one distribution."""

    name: str
    """Canonical (PEP 503)."""
    version: str
    filename: str
    verdict: str
    """ "pure", "stripped", "substituted" (Python in the place of compiled code), "native", "unavailable" (there is
    only an sdist), "dropped" (what requires it does without) or "unexamined" (it was not fetched: only distributions
    require it about which nothing can be done)."""
    chains: tuple[Chain, ...]
    """Every way in which the project requires it, the shortest first; bounded, see `Graph.chains`."""
    files: tuple[NativeFile, ...] = ()
    """What makes it "native"."""
    left_out: tuple[NativeFile, ...] = ()
    """What makes it "stripped"."""
    built_from: str = ""
    """The sdist, when the wheel was built here."""

    def to_json(self) -> dict[str, Any]:
        """Return the report as an item of `distributions` in `check --json`."""
        return {
            "name": self.name,
            "version": self.version,
            "file": self.filename,
            "verdict": self.verdict,
            "required_by": [list(chain) for chain in self.chains],
            "native_files": [file.to_json() for file in self.files],
            "left_out": [file.to_json() for file in self.left_out],
            "built_from": self.built_from or None,
        }


@dataclass(frozen=True)
class Finding:
    """One thing that will not work, or not as elsewhere."""

    level: Level
    code: str
    """What kind of thing it is, for programs: "native-code", "source-only", "missing-module", …"""
    subject: str
    """The canonical name of the distribution that it is about."""
    message: str
    """One sentence."""
    version: str = ""
    chains: tuple[Chain, ...] = ()
    places: tuple[SourceLocation, ...] = ()
    imports: tuple[str, ...] = ()
    """The modules that import one another, from the entry point to the place."""
    advice: str = ""
    """What to do, where that is known; a sentence."""
    remedies: tuple[Remedy, ...] = ()
    searched: str = ""
    """How the search for remedies ended, where it found none or was cut short; a sentence."""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as an item of `findings` in `check --json`."""
        return {
            "level": self.level,
            "code": self.code,
            "distribution": self.subject,
            "version": self.version or None,
            "message": self.message,
            "required_by": [list(chain) for chain in self.chains],
            "places": [{"path": place.path, "line": place.line} for place in self.places],
            "imports": list(self.imports),
            "advice": self.advice or None,
            "remedies": [remedy.to_json() for remedy in self.remedies],
            "searched": self.searched or None,
        }


@dataclass(frozen=True)
class Assessment:
    """All that a build found about the dependencies: a report on each distribution, and the findings."""

    distributions: tuple[DistributionReport, ...]
    """The project, then all others by name."""
    findings: tuple[Finding, ...] = ()
    """Errors first, then warnings, then hints."""
    together: tuple[str, ...] = field(default=())
    """The lines of each incompatible distribution's first remedy, when they were shown to resolve together."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What ends a build."""
        return self.of("error")

    def of(self, level: Level) -> tuple[Finding, ...]:
        """Return the findings of one level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    def report_on(self, name: str) -> DistributionReport | None:
        """Return the verdict on the distribution `name`."""
        return next((item for item in self.distributions if item.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values; `ok` is false when there is an error."""
        return {
            "format": FORMAT,
            "ok": not self.errors,
            "distributions": [item.to_json() for item in self.distributions],
            "findings": [finding.to_json() for finding in self.findings],
            "together": list(self.together),
        }


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return `findings`, errors first; those of one level stay as they were."""
    levels: tuple[Level, ...] = ("error", "warning", "hint")
    return tuple(sorted(findings, key=lambda finding: levels.index(finding.level)))


def merged(known: Sequence[Finding], scanned: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return both; of a distribution that is known to need `ctypes`, what is known, with the place that a scan saw."""
    warned = {finding.subject for finding in known if finding.code == NEEDS_CTYPES}
    seen = {finding.subject: finding for finding in reversed(scanned) if finding.code == NEEDS_CTYPES}
    placed = (
        replace(finding, places=seen[finding.subject].places, imports=seen[finding.subject].imports)
        if finding.code == NEEDS_CTYPES and finding.subject in seen
        else finding
        for finding in known
    )
    return (
        *placed,
        *(finding for finding in scanned if finding.code != NEEDS_CTYPES or finding.subject not in warned),
    )
