"""`check --audit`: known vulnerabilities of the pins, and names that several indexes serve."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from hatch_os402.build import resolving
from hatch_os402.errors import AuditError, Os402Error, ResolutionError
from hatch_os402.formatting import escaped
from hatch_os402.installation.command import missing_module
from hatch_os402.provenance.advisories import Advisory, advisories
from hatch_os402.resolution.origins import SharedName, shared_names
from hatch_os402.resolution.pip_job import CandidateFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.build.analysis import Analysis
    from hatch_os402.build.context import Context


@dataclass(frozen=True)
class Audit:
    """What came of an audit."""

    asked: int
    """Pins that were asked about."""
    advisories: tuple[Advisory, ...] | None
    """None when nobody could be asked."""
    shared: tuple[SharedName, ...]
    problems: tuple[str, ...]
    """Why a part of the audit could not be made, each a message."""

    @property
    def passed(self) -> bool:
        """Whether everything was asked, and nothing found that needs to be changed."""
        return self.advisories == () and not self.problems

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        return {"passed": self.passed, **asdict(self)}


def audit(found: Analysis, build: Context, url: str) -> Audit:
    """Ask the service at `url` about the pins, and every index about their names. Raises `Os402Error`."""
    pins, problems = found.resolution.pins, []
    known: tuple[Advisory, ...] | None = None
    try:
        known = advisories(pins, url, build.workdir / "audit")
    except ModuleNotFoundError as error:
        raise Os402Error(f"--audit asks for known vulnerabilities: {missing_module(error.name, 'audit')}") from error
    except AuditError as error:
        problems.append(error.message)
    shared: tuple[SharedName, ...] = ()
    listing = build.workdir / "audited"
    try:
        if pins:
            build.reporter.info("asking every index for these names, without the lock")
            now = resolving.resolve(found.request, build, CandidateFilter(listing=str(listing)))
            shared = tuple(shared_names(listing, now.pins))
    except ResolutionError as error:
        reason = error.message.partition("\n")[0].rstrip(":.")  # the lines that follow are about the build
        problems.append(f"the indexes could not be asked who serves which name: {reason}.")
    return Audit(len(pins), known, shared, tuple(problems))


def show_audit(result: Audit) -> None:
    """Print what was found, and what could not be asked."""
    for line in _lines(result):
        click.echo(escaped(line))


def _lines(result: Audit) -> Iterator[str]:
    for one in result.advisories or ():
        aliases = f" ({', '.join(one.aliases)})" if one.aliases else ""
        fixed = f"fixed in {' and '.join(one.fixed_in)}" if one.fixed_in else "no release fixes it"
        yield f"vulnerable: {one.name} {one.version}: {one.id}{aliases}: {one.description}; {fixed}"
    for name in result.shared:
        served = f"{name.name} is served by {' and '.join((*name.serving, *name.others))}"
        yield f"warning: {served}, with other files: pip takes the highest version of all of them, {name.version} now"
    if result.shared:
        yield (
            "  Pin what you checked: `hatch-os402 lock` keeps the SHA256 of each file, and no index can change it. Or "
            "let one index decide: PIP_INDEX_URL alone, without PIP_EXTRA_INDEX_URL."
        )
    for problem in result.problems:
        yield from problem.split("\n")
    if result.advisories == ():
        yield f"no known vulnerability in {result.asked} distribution{'' if result.asked == 1 else 's'}"
