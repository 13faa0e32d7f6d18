"""`inspect` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_os402.formatting import counted, first_of, human_size, utc_time
from hatch_os402.inspection.contents import LAUNCHER, NOBODY
from hatch_os402.inspection.purposes import purpose
from hatch_os402.inspection.terms import INVALID, UNCHECKED, VALID
from hatch_os402.offer.build import BASE_ENV
from hatch_os402.offer.prices import usd
from hatch_os402.terminal.layout import Column, Row, StyledText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_os402.inspection.report import Inspection, Part
    from hatch_os402.inspection.terms import Terms
    from hatch_os402.terminal.screen import Screen

_LARGEST = 15
_SHOWN = 5
_MASK = "********"
_DISTRIBUTIONS = (
    Column("distribution"),
    Column("version", rank=1),
    Column("size", right=True),
    Column("%", right=True, rank=2),
    Column("sources", right=True, rank=5),
    Column("bytecode", right=True, rank=5),
    Column("data", right=True, rank=5),
    Column("verdict", rank=3),
    Column("required by", rank=4, folded=True),
)
_LARGEST_FILES = (Column("largest files"), Column("size", right=True), Column("distribution", rank=1))
_ARTIFACTS = (Column("artifact"), Column("bytes", right=True), Column("sha256 of the file"))


def show(inspection: Inspection, screen: Screen) -> None:
    """Print an inspection: what it is, its distributions, its largest files, its digests."""
    screen.facts(_summary(inspection))
    screen.line()
    screen.table(_DISTRIBUTIONS, [*_distributions(inspection)])
    screen.line()
    screen.table(_LARGEST_FILES, [*_largest(inspection)])
    if explained := [*_explained(inspection)]:
        screen.line()
        screen.facts(explained)
    screen.line()
    screen.table(_ARTIFACTS, [(file.name, f"{file.size:,}", file.sha256) for file in inspection.files])
    for note in inspection.notes:
        screen.line()
        screen.line(f"note: {note}", "caution")


def _summary(inspection: Inspection) -> list[tuple[str, str]]:
    title = inspection.name
    if inspection.project is not None:
        title = f"{inspection.project['name']} {inspection.project['version']}"
    rows: list[tuple[str, str]] = [("project", title)]
    if inspection.project is not None:
        rows.append(entry_row(inspection.project))
    rows.append(("archive", archive_text(inspection)))
    rows.append(("bytecode", bytecode_text(inspection)))
    if left := dict(inspection.bytecode.sources_only):
        rows.append(("source only", "\n".join(first_of([_because(*item) for item in left.items()], _SHOWN))))
    if inspection.needless:
        stated = [f"{one.kind}: {counted(one.files, 'file')}, {human_size(one.packed)}" for one in inspection.needless]
        rows.append(("not needed", "\n".join(stated) + "\n`hatch-os402 tune` tries to leave them out"))
    if inspection.terms is None:
        tools = inspection.project is not None and "tools" in inspection.project
        none = "one for each tool: name its file" if tools else "none beside it: a build writes one"
        rows.append(("offer", none))
    else:
        rows += [*terms_rows(inspection.terms)]
    return rows


def entry_row(project: Mapping[str, Any]) -> tuple[str, str]:
    """Say where the project starts."""
    if tools := project.get("tools"):
        return "tools", "\n".join(f"{name}: {function}" for name, function in tools.items())
    return "entry point", str(project["entry_point"])


def archive_text(inspection: Inspection) -> str:
    """Say how large the archive is and what it is made of."""
    totals = {name: sum(getattr(part, name) for part in inspection.parts) for name in ("sources", "bytecode", "data")}
    made_of = ", ".join(f"{name} {human_size(size)}" for name, size in totals.items() if size)
    how = "deflated in part" if inspection.compressed else "stored"
    return f"{human_size(inspection.archive_size)} {how}, {counted(len(inspection.members), 'file')}: {made_of}"


def bytecode_text(inspection: Inspection) -> str:
    """Say what is compiled, and by which CPython."""
    bytecode = inspection.bytecode
    if not bytecode.modules:
        return "none: every module is compiled at each start"
    text = f"{counted(bytecode.modules, 'module')}, of CPython {' and '.join(bytecode.pythons)}"
    if bytecode.without_source:
        text += f"; {bytecode.without_source:,} of them without their source"
    return text


def terms_rows(terms: Terms) -> Iterator[tuple[str, str]]:
    """Yield what an offer says, a row a subject."""
    yield "offer", f"{terms.name or '(no name)'}  sha256 of the payload {terms.sha256}"
    yield "price", price_text(terms)
    yield "limits", limits_text(terms.limits)
    if stated := environment_text(terms):
        yield "environment", stated
    yield "owner", terms.owner or "nobody yet: publishing it needs a key"
    yield "signed", signed_text(terms)
    yield (
        "valid until",
        utc_time(terms.valid_until) + (": expired, and every server refuses it" if terms.expired else ""),
    )


def price_text(terms: Terms) -> str:
    """Say what a call costs and how that comes about."""
    if terms.per_call is None:
        return "none is named"
    text = f"{usd(terms.per_call)} a call"
    if terms.per_call:
        each = f"{usd(terms.per_call / terms.min_duration)} a second, {counted(terms.min_duration, 'second')}"
        text += f" ({each}), in {', '.join(terms.tokens)}"
    return text


def limits_text(limits: Mapping[str, Any]) -> str:
    """Say what a call may use, of the payload's `limits`."""
    stated = [
        f"RAM {_binary(limits['ram_kb'] * 1024)}",
        f"output {_binary(limits['buffer_capacity'])}",
        counted(limits["cpu_units"], "CPU unit"),
        f"stack {_binary(limits['stack_kb'] * 1024)}" if limits.get("stack_kb") else "",
        "network" if limits.get("net") else "no network",
        *(f"{name.replace('_', ' ')} {limits[name]}" for name in ("tcp_bind", "tcp_connect") if limits.get(name)),
        f"kept for {limits['retain']} s",
    ]
    return ", ".join(filter(None, stated))


def environment_text(terms: Terms) -> str:
    """Say what the offer sets in the program's environment; private values are masked."""
    stated = [
        f"{name}={_MASK if value is None else value}"
        for name, value in terms.environment.items()
        if (name, value) not in BASE_ENV.items()
    ]
    if terms.private_environment:
        stated.append(f"private: only its sha256 is in the offer, {terms.private_environment}")
    return "\n".join(stated)


def signed_text(terms: Terms) -> str:
    """Say whether the offer is signed, and by whom."""
    if terms.signature == VALID:
        return f"by its owner, {terms.owner}"
    if terms.signature == INVALID:
        return f"NOT VALIDLY: {terms.signature_note}"
    if terms.signature == UNCHECKED:
        return f"there is a signature, which was not checked: {terms.signature_note}"
    return "no: `hatch-os402 sign` does"


def _binary(size: int) -> str:
    """Return `size` bytes as limits are written: in powers of 1024."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:g} {unit}" if size % factor == 0 else f"{size / factor:.1f} {unit}"
    return f"{size} B"


def _because(path: str, reason: str) -> str:
    return f"{path}: {reason}" if reason else path


def _distributions(inspection: Inspection) -> Iterator[Row]:
    whole = sum(part.packed for part in inspection.parts) or 1
    for part in inspection.parts:
        yield (
            StyledText(part.name, "heading" if part.name not in {LAUNCHER, NOBODY} else "faint"),
            part.version or "",
            human_size(part.packed),
            f"{100 * part.packed / whole:.1f}",
            *(human_size(size) if size else "" for size in (part.sources, part.bytecode, part.data)),
            verdict_text(part),
            ", ".join(part.required_by),
        )


def verdict_text(part: Part) -> str:
    """Say what became of a distribution's wheel."""
    if part.verdict is None:
        return "" if part.name in {LAUNCHER, NOBODY} else "not recorded"
    if not part.left_out:
        return part.verdict
    return f"{part.verdict} ({counted(len(part.left_out), 'file')} left out)"


def _largest(inspection: Inspection) -> Iterator[Row]:
    for member in inspection.members[:_LARGEST]:
        yield member.path, human_size(member.packed), member.owner


def _explained(inspection: Inspection) -> Iterator[tuple[str, str]]:
    """Yield what those of the largest files are for that are the launcher's."""
    for member in inspection.members[:_LARGEST]:
        if stated := purpose(member.path):
            yield member.path, stated
