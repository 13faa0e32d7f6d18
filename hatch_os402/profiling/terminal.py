"""`profile` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.formatting import counted, human_size
from hatch_os402.profiling.modules import AT_IMPORT, IN_REQUEST, NEVER
from hatch_os402.profiling.report import USES, advice, facts, label, ms
from hatch_os402.terminal.layout import Column, Row, StyledText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_os402.profiling.measuring import Profile
    from hatch_os402.profiling.modules import ImportedModule
    from hatch_os402.profiling.tree import ProfileNode
    from hatch_os402.terminal.screen import Screen

_MEANINGS = {IN_REQUEST: "good", AT_IMPORT: "cool", NEVER: "bad"}
_PACKAGES = 12
_SHARE = 0.02
"""Of the whole: what takes less is not listed one by one."""
_TREE = (
    Column("where it goes (CPU)"),
    Column("total ms", right=True),
    Column("own ms", right=True, rank=3),
    Column("%", right=True, rank=1),
    Column("read", right=True, rank=4),
    Column("used", rank=2),
)
_UNUSED = (
    Column("packages that the request does not use"),
    Column("own ms", right=True),
    Column("modules", right=True, rank=3),
    Column("of", rank=2),
    Column("first imported by", rank=1),
)


def show(profile: Profile, screen: Screen, *, everything: bool = False) -> None:
    """Print a profile: what it is of, where the time goes, what is not used, what to do."""
    screen.facts([("program", profile.name), *facts(profile)])
    screen.line()
    screen.table(_TREE, [*_tree(profile, everything=everything)])
    if profile.unused:
        screen.line()
        screen.table(_UNUSED, [*_unused(profile, everything=everything)])
    screen.line()
    for line in advice(profile):
        screen.line(line, whole=line.startswith("    "))
    for note in profile.notes:
        screen.line()
        screen.line(f"note: {note}", "caution")


def _tree(profile: Profile, *, everything: bool) -> Iterator[Row]:
    modules = {module.name: module for module in profile.modules}
    least = 0.0 if everything else _SHARE * profile.tree.total
    for child in profile.tree.children:
        yield from _rows(child, "", "", modules, profile.tree.total, least)


def _rows(
    node: ProfileNode, lead: str, below: str, modules: dict[str, ImportedModule], whole: float, least: float
) -> Iterator[Row]:
    module = modules.get(node.name) if node.is_import else None
    yield (
        StyledText(lead + label(node), "" if node.is_import else "heading"),
        ms(node.total),
        ms(node.own) if node.children else "",
        f"{100 * node.total / (whole or 1):.1f}",
        human_size(module.read) if module and module.read else "",
        StyledText(USES[module.used], _MEANINGS.get(module.used, "faint")) if module else "",
    )
    shown = [child for child in node.children if child.total >= least]
    rest = [child for child in node.children if child.total < least]
    for number, child in enumerate(shown):
        last = number == len(shown) - 1 and not rest
        branch = below + ("└ " if last else "├ ")
        yield from _rows(child, branch, below + ("  " if last else "│ "), modules, whole, least)
    if rest:
        total = sum(child.total for child in rest)
        kind = "import" if all(child.is_import for child in rest) else "step"
        text = f"{below}└ {counted(len(rest), f'more {kind}')}"
        yield StyledText(text, "faint"), ms(total), "", f"{100 * total / (whole or 1):.1f}", "", ""


def _unused(profile: Profile, *, everything: bool) -> Iterator[Row]:
    packages = profile.unused if everything else profile.unused[:_PACKAGES]
    for package in packages:
        of = "archive" if package.in_archive else "standard library"
        yield package.name, ms(package.own), f"{package.modules:,}", of, package.importer
    if rest := profile.unused[len(packages) :]:
        yield StyledText(f"{len(rest)} more", "faint"), ms(sum(package.own for package in rest)), "", "", ""
