"""The report as text: a table of what cannot work, then a paragraph each; for a build's error and for `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.compatibility.advice import beside_fixes
from hatch_os402.compatibility.curated import replacements
from hatch_os402.resolution.target import PYTHON
from hatch_os402.terminal.layout import Column, StyledText, table_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_os402.compatibility.findings import Assessment, DistributionReport, Finding, Remedy
    from hatch_os402.terminal.layout import Row

_FILES_SHOWN = 3
_CHAINS_SHOWN = 3
_DIRECT = 2
"""The length of a chain from the project to a requirement of its own."""
_VERDICTS = {"pure": "good", "stripped": "caution", "substituted": "caution"}
OVERVIEW = (Column("distribution"), Column("version"), Column("verdict"), Column("required by", rank=1, folded=True))
_ERRORS = (
    Column("distribution"),
    Column("version"),
    Column("why"),
    Column("required by", rank=1, folded=True),
    Column("suggested fix", rank=2, folded=True),  # each is below as well
)
_TABLE = "[tool.hatch.build.targets.os402]"


def errors(assessment: Assessment, width: int | None = None) -> str:
    """Return the text of all errors of `assessment`, which has some; its table is `width` columns wide (None: any)."""
    found = _as_required(assessment.errors)
    noun = "distribution" if len(found) == 1 else "distributions"
    parts = [f"{len(found)} {noun} cannot run on os402 (static CPython {PYTHON}, no dynamic loading, no compilers):"]
    if len(found) > 1:
        rows = [_row(finding) for finding in found]
        table = table_lines(_ERRORS, rows, None if width is None else width - 2, rule=False)
        parts.append("\n".join(f"  {line}" for line in table))
    parts.extend(_paragraph(finding, assessment.report_on(finding.subject)) for finding in found)
    if assessment.together:
        lines = "\n".join(f"  {line}" for line in assessment.together)
        parts.append(f"The first fix of each was resolved together with the others as well:\n{lines}")
    parts.append("\n".join(_options(found, assessment)))
    return "\n\n".join(filter(None, parts))


def _as_required(findings: Sequence[Finding]) -> list[Finding]:
    """Return `findings` in the order in which a reader knows their names.

    The project comes first, then what it requires itself, each followed by what that brings, then what comes with
    something that can run.
    """
    direct = {finding.subject for finding in findings if any(len(chain) == _DIRECT for chain in finding.chains)}

    def place(finding: Finding) -> tuple[bool, tuple[str, ...]]:
        ways = [chain[1:] for chain in finding.chains] or [()]
        return min((way[:1] != () and way[0] not in direct, way) for way in ways)

    return sorted(findings, key=place)


def overview(assessment: Assessment) -> list[Row]:
    """Return the rows of a table of all distributions, whose columns are `OVERVIEW`."""
    return [
        (
            item.name,
            item.version,
            StyledText(item.verdict, _VERDICTS.get(item.verdict, "bad")),
            " -> ".join(item.chains[0][:-1]) if item.chains else "",
        )
        for item in assessment.distributions
    ]


def details(assessment: Assessment) -> str:
    """Return every native file of every distribution that has an error, a line each."""
    names = {finding.subject for finding in assessment.errors}
    return "\n".join(
        f"{item.filename}: {file.path} ({file.kind})"
        for item in assessment.distributions
        if item.name in names
        for file in item.files
    )


def note(finding: Finding) -> str:
    """Return a warning or a hint in one line."""
    title = f"{finding.subject} {finding.version}".rstrip()
    where = f" ({', '.join(map(str, finding.places[:_FILES_SHOWN]))})" if finding.places else ""
    by = f" (imported by {' -> '.join(finding.imports)})" if len(finding.imports) > 1 else ""
    message = finding.message if finding.message.startswith(title) else f"{title}: {finding.message}"
    advice = f" {finding.advice}" if finding.advice else ""
    return f"{message.removesuffix('.')}{where}{by}.{advice}"


def _row(finding: Finding) -> tuple[str, ...]:
    chain = finding.chains[0] if finding.chains else ()
    by = " -> ".join(chain[:-1]) or "the project itself"
    out = _shown(finding.remedies[0]) if finding.remedies else "-"
    return finding.subject, finding.version, finding.code, by, out


def _paragraph(finding: Finding, report_on: DistributionReport | None) -> str:
    return "\n".join(f"  {line}" for line in _lines(finding, report_on))


def _lines(finding: Finding, report_on: DistributionReport | None) -> Iterator[str]:
    yield f"{finding.subject} {finding.version}"
    files = report_on.files if report_on else ()
    if not files:
        yield f"  {finding.message}"
    for file in files[:_FILES_SHOWN]:
        yield f"  {file.path} ({file.kind})"
    if len(files) > _FILES_SHOWN:
        yield f"  and {len(files) - _FILES_SHOWN} more"
    for chain in finding.chains[:_CHAINS_SHOWN]:
        yield f"  required by {' -> '.join(chain)}" if len(chain) > 1 else "  which is the project itself"
    if len(finding.chains) > _CHAINS_SHOWN:
        yield f"  and in {len(finding.chains) - _CHAINS_SHOWN} more ways"
    for remedy in finding.remedies:
        label = (
            "Suggested fix" if remedy.kind != "replacement" else "Suggested fix, with changes to the code that uses it"
        )
        yield f"  {label}: {_described(remedy)}"
    if finding.searched:
        yield f"  {finding.searched}"
    if advice := beside_fixes(finding, report_on):
        yield f"  {advice}"


def _shown(remedy: Remedy) -> str:
    return ", ".join(remedy.lines)


def _described(remedy: Remedy) -> str:
    instead = f" instead of {', '.join(_quoted(line) for line in remedy.instead_of)}" if remedy.instead_of else ""
    lines = ", ".join(line if remedy.kind in {"option", "substitute"} else _quoted(line) for line in remedy.lines)
    gives = f" (gives {remedy.gives})" if remedy.gives else ""
    return f"{lines} in {remedy.table}{instead}{gives}"


def _quoted(line: str) -> str:
    """Return `line` as a TOML string."""
    return f"'{line}'" if '"' in line else f'"{line}"'


def _options(found: Sequence[Finding], assessment: Assessment) -> Iterator[str]:
    """Yield which options would help, had the user better knowledge."""
    items = [item for finding in found if (item := assessment.report_on(finding.subject))]
    # Of a distribution with a replacement it is known that it needs its compiled code.
    native = any(item.verdict == "native" and item.name not in replacements() for item in items)
    unavailable = any(item.verdict == "unavailable" for item in items)
    if native or unavailable:
        yield f"In {_TABLE}:"
    if native:
        yield "  `strip-extensions` names distributions that work without their extensions,"
        yield "  `allow-native-files` those whose native files are only data."
    if unavailable:
        yield "  `build-from-source` names distributions whose sdist may be built here, without compilers,"
        yield "  which runs the sdist's code on this machine."
