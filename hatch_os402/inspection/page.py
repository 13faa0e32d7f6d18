"""`inspect` as a page: a treemap of the archive by distribution, folder and file, and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_os402.formatting import counted, first_of, human_size
from hatch_os402.inspection import terminal
from hatch_os402.inspection.contents import BYTECODE, DATA, SOURCE
from hatch_os402.inspection.purposes import purpose
from hatch_os402.pages.page import Cell, Chart, ChartNode, Table, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.inspection.contents import ArchiveMember
    from hatch_os402.inspection.report import Inspection, Part

_KINDS = {SOURCE: "a", BYTECODE: "b", DATA: "c"}
_LEGEND = {"a": "source", "b": "bytecode", "c": "data"}


def page(inspection: Inspection) -> str:
    """Return the page as HTML text."""
    project = inspection.project
    title = f"{project['name']} {project['version']}" if project else inspection.name
    chart = Chart(
        "treemap",
        "What takes the room",
        "Each area is as large as what it stands for takes in the archive: distributions, their folders, their files.",
        _LEGEND,
        _root(inspection),
    )
    tables = (_distributions(inspection), _members(inspection), _artifacts(inspection))
    return render(title, terminal.archive_text(inspection), _facts(inspection), chart, tables, inspection.notes)


def _facts(inspection: Inspection) -> Iterator[tuple[str, str]]:
    if inspection.project:
        name, text = terminal.entry_row(inspection.project)
        yield name.capitalize(), text
    yield "Bytecode", terminal.bytecode_text(inspection)
    if left := dict(inspection.bytecode.sources_only):
        yield "Source only", ", ".join(first_of([*left], 3))
    if inspection.terms is not None:
        for name, stated in terminal.terms_rows(inspection.terms):
            yield name.capitalize(), stated


def _root(inspection: Inspection) -> ChartNode:
    whole = sum(part.packed for part in inspection.parts)
    tree: dict[str, Any] = {}
    for member in inspection.members:
        *folders, name = member.path.split("/")
        place = tree.setdefault(member.owner, {})
        for folder in folders:
            place = place.setdefault(folder + "/", {})
        place[name] = member
    versions = {part.name: part.version for part in inspection.parts}
    distributions = [
        _group(name, members, whole, also=f" {versions[name]}" if versions.get(name) else "")
        for name, members in tree.items()
    ]
    return ChartNode(
        inspection.name, whole, f"{human_size(whole)}, {counted(len(inspection.members), 'file')}", "", distributions
    )


def _group(name: str, content: dict[str, Any], whole: int, also: str = "") -> ChartNode:
    children = [
        _group(child, item, whole) if isinstance(item, dict) else _leaf(child, item, whole)
        for child, item in content.items()
    ]
    value = sum(child.value for child in children)
    return ChartNode(name.rstrip("/") + also, value, f"{_share(value, whole)}, {_count(content)}", "", children)


def _leaf(name: str, member: ArchiveMember, whole: int) -> ChartNode:
    unpacked = "" if member.size == member.packed else f", unpacked {human_size(member.size)}"
    return ChartNode(
        name, member.packed, f"{_share(member.packed, whole)}, {member.kind}{unpacked}", _KINDS[member.kind]
    )


def _share(size: int, whole: int) -> str:
    return f"{human_size(size)}, {100 * size / (whole or 1):.1f} %"


def _count(content: dict[str, Any]) -> str:
    def count(item: Any) -> int:
        return sum(map(count, item.values())) if isinstance(item, dict) else 1

    return counted(count(content), "file")


def _sized(size: int, bar: float = 0) -> Cell:
    return Cell(human_size(size) if size else "", size, bar=bar)


def _distributions(inspection: Inspection) -> Table:
    largest = max((part.packed for part in inspection.parts), default=1) or 1
    whole = sum(part.packed for part in inspection.parts) or 1

    def row(part: Part) -> tuple[str | Cell, ...]:
        return (
            part.name,
            part.version or "",
            _sized(part.packed, part.packed / largest),
            Cell(f"{100 * part.packed / whole:.1f}", part.packed),
            Cell(f"{part.files:,}", part.files),
            _sized(part.sources),
            _sized(part.bytecode),
            _sized(part.data),
            terminal.verdict_text(part),
            ", ".join(part.required_by),
        )

    heads = ("Distribution", "Version", "Size", "%", "Files", "Sources", "Bytecode", "Data", "Verdict", "Required by")
    return Table("Distributions", heads, map(row, inspection.parts), numeric=frozenset(range(2, 8)))


def _members(inspection: Inspection) -> Table:
    rows = (
        (
            member.path,
            _sized(member.packed),
            Cell(member.kind, kind=_KINDS[member.kind]),
            member.owner,
            purpose(member.path),
        )
        for member in inspection.members
    )
    return Table(
        "Files", ("Path", "Size", "Kind", "Distribution", "What it is for"), rows, search=True, numeric=frozenset({1})
    )


def _artifacts(inspection: Inspection) -> Table:
    rows = ((file.name, Cell(f"{file.size:,}", file.size), file.sha256) for file in inspection.files)
    return Table("Artifacts", ("File", "Bytes", "SHA256 of the file"), rows, numeric=frozenset({1}))
