"""`profile` as a page: an icicle of the cold start, phase by phase and import by import, and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.formatting import human_size
from hatch_os402.pages.page import Cell, Chart, ChartNode, Table, render
from hatch_os402.profiling.modules import ABSENT, AT_IMPORT, DEFERRED, IN_REQUEST, NEVER, UNSEEN
from hatch_os402.profiling.report import USES, advice, facts, label, ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_os402.profiling import tree as trees
    from hatch_os402.profiling.measuring import Profile
    from hatch_os402.profiling.modules import ImportedModule

_KINDS = {IN_REQUEST: "c", AT_IMPORT: "a", NEVER: "d", UNSEEN: "e", ABSENT: "b", DEFERRED: "g"}
_STEP = "f"
_UNIT = 1e-6
"""Seconds: what widths are counted in."""


def page(profile: Profile) -> str:
    """Return the page as HTML text."""
    modules = {module.name: module for module in profile.modules}
    legend = {_KINDS[used]: text for used, text in USES.items()} | {_STEP: "phase or step"}
    chart = Chart(
        "icicle",
        "Where a cold start goes",
        "Each width is CPU time, from left to right as it passes; what hangs below something happened inside it, and "
        "what has nothing below is its own time.",
        legend,
        _node(profile.tree, modules, profile.tree.total),
    )
    tables = (_modules(profile), _unused(profile), _savings(profile))
    subtitle = f"{profile.request.text}, measured with {profile.python.words}"
    return render(
        f"{profile.name}: a cold start",
        subtitle,
        [(name.capitalize() if name.islower() else name, stated) for name, stated in facts(profile)],
        chart,
        [table for table in tables if table is not None],
        profile.notes,
        "\n".join(advice(profile)),
    )


def _node(node: trees.ProfileNode, modules: Mapping[str, ImportedModule], whole: float) -> ChartNode:
    module = modules.get(node.name) if node.is_import else None
    stated = f"{ms(node.total)} ms, {100 * node.total / (whole or 1):.1f} %"
    if node.children:
        stated += f"; {ms(node.own)} ms of its own"
    if module is not None:
        stated += f"; {USES[module.used]}" + (f"; {human_size(module.read)} read" if module.read else "")
    return ChartNode(
        label(node),
        round(node.total / _UNIT),
        stated,
        _KINDS[module.used] if module else _STEP,
        [_node(child, modules, whole) for child in node.children],
    )


def _time(seconds: float, bar: float = 0) -> Cell:
    return Cell(ms(seconds), seconds, bar=bar)


def _modules(profile: Profile) -> Table:
    most = max((module.own for module in profile.modules), default=1) or 1
    rows = (
        (
            module.name,
            _time(module.own, module.own / most),
            _time(module.total),
            Cell(human_size(module.read) if module.read else "", module.read),
            Cell(USES[module.used], kind=_KINDS[module.used]),
            module.importer,
            "archive" if module.in_archive else "standard library",
        )
        for module in sorted(profile.modules, key=lambda module: -module.own)
    )
    heads = ("Module", "Own ms", "Total ms", "Read", "Use", "First imported by", "From")
    return Table("Modules", heads, rows, search=True, numeric=frozenset({1, 2, 3}))


def _unused(profile: Profile) -> Table | None:
    if not profile.unused:
        return None
    rows = (
        (
            package.name,
            _time(package.own),
            Cell(f"{package.modules:,}", package.modules),
            package.importer,
            "archive" if package.in_archive else "standard library",
        )
        for package in profile.unused
    )
    heads = ("Package", "Own ms", "Modules", "First imported by", "From")
    return Table("Packages that the request does not use", heads, rows, numeric=frozenset({1, 2}))


def _savings(profile: Profile) -> Table | None:
    if profile.lazy_imports is None or not profile.lazy_imports.savings:
        return None
    rows = (
        (saving.name, _time(saving.own), Cell(f"{saving.modules:,}", saving.modules))
        for saving in profile.lazy_imports.savings
    )
    caption = "CPU time of the imports that do not happen, those included that only this package needs."
    return Table("What lazy-imports saves", ("Package", "ms", "Modules"), rows, caption, numeric=frozenset({1, 2}))
