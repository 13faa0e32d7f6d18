"""`profile` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.formatting import counted, human_size
from hatch_os402.profiling.modules import AT_IMPORT, IN_REQUEST, NEVER
from hatch_os402.profiling.report import USES, advice, facts, label, ms
from hatch_os402.terminal.tables import cell, table
from hatch_os402.terminal.tables import facts as fact_table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from hatch_os402.profiling.measuring import Profile
    from hatch_os402.profiling.modules import ImportedModule
    from hatch_os402.profiling.tree import ProfileNode

_STYLES = {IN_REQUEST: "green", AT_IMPORT: "cyan", NEVER: "red"}
_PACKAGES = 12
_SHARE = 0.02
"""Of the whole: what takes less is not listed one by one."""


def show(profile: Profile, console: Console, *, everything: bool = False) -> None:
    """Print a profile: what it is of, where the time goes, what is not used, what to do."""
    console.print(fact_table([("program", profile.name), *facts(profile)]))
    console.print()
    console.print(_tree(profile, everything=everything))
    if profile.unused:
        console.print()
        console.print(_unused(profile, everything=everything))
    console.print()
    for line in advice(profile):
        console.print(cell(line), soft_wrap=line.startswith("    "))
    for note in profile.notes:
        console.print()
        console.print(cell(f"note: {note}", "yellow"))


def _tree(profile: Profile, *, everything: bool) -> RenderableType:
    made = table(
        ["where it goes (CPU)", "total ms", "own ms", "%", "read", "used"], ["total ms", "own ms", "%", "read"]
    )
    modules = {module.name: module for module in profile.modules}
    least = 0.0 if everything else _SHARE * profile.tree.total
    for child in profile.tree.children:
        _rows(made, child, "", "", modules, profile.tree.total, least)
    return made


def _rows(
    made: Table,
    node: ProfileNode,
    lead: str,
    below: str,
    modules: dict[str, ImportedModule],
    whole: float,
    least: float,
) -> None:
    module = modules.get(node.name) if node.is_import else None
    made.add_row(
        cell(lead + label(node), "" if node.is_import else "bold"),
        ms(node.total),
        ms(node.own) if node.children else "",
        f"{100 * node.total / (whole or 1):.1f}",
        human_size(module.read) if module and module.read else "",
        cell(USES[module.used], _STYLES.get(module.used, "dim")) if module else "",
    )
    shown = [child for child in node.children if child.total >= least]
    rest = [child for child in node.children if child.total < least]
    for number, child in enumerate(shown):
        last = number == len(shown) - 1 and not rest
        _rows(made, child, below + ("└ " if last else "├ "), below + ("  " if last else "│ "), modules, whole, least)
    if rest:
        total = sum(child.total for child in rest)
        kind = "import" if all(child.is_import for child in rest) else "step"
        text = f"{below}└ {counted(len(rest), f'more {kind}')}"
        made.add_row(cell(text, "dim"), ms(total), "", f"{100 * total / (whole or 1):.1f}", "", "")


def _unused(profile: Profile, *, everything: bool) -> RenderableType:
    made = table(
        ["packages that the request does not use", "own ms", "modules", "of", "first imported by"],
        ["own ms", "modules"],
    )
    packages = profile.unused if everything else profile.unused[:_PACKAGES]
    for package in packages:
        made.add_row(
            cell(package.name),
            ms(package.own),
            f"{package.modules:,}",
            "archive" if package.in_archive else "standard library",
            cell(package.importer),
        )
    if rest := profile.unused[len(packages) :]:
        made.add_row(cell(f"{len(rest)} more", "dim"), ms(sum(package.own for package in rest)), "", "", "")
    return made
