"""Several suggested fixes as one: of two bounds of one distribution the tighter stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_os402.compatibility.findings import SUBSTITUTE, Remedy
from hatch_os402.compatibility.remedies.base import change_of, substitutes_line
from hatch_os402.substitutes import substitutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hatch_os402.compatibility.remedies.trials import Change, SearchContext
    from hatch_os402.resolution.resolve import Resolution

_UPPER = {"<": 0, "<=": 1}
_LOWER = {">=": 0, ">": 1}
"""Operators of one side, each with its place among bounds by the same version."""


@dataclass(frozen=True)
class Merged:
    """What several fixes change."""

    change: Change
    lines: tuple[str, ...]
    """What to write: requirements, and the option `substitutes` at the end."""
    substituted: frozenset[str]
    """The canonical names whose compiled code is replaced."""

    def fits(self, resolution: Resolution) -> bool:
        """Whether what is substituted has a substitute in the release that `resolution` has of it."""
        pins = {pin.name: pin for pin in resolution.pins}
        names = self.substituted & pins.keys()
        return all(substitutes()[name].versions.contains(pins[name].version, prereleases=True) for name in names)


def merged(remedies: Mapping[str, Remedy], context: SearchContext) -> Merged | None:
    """Return what `remedies` change, each for a canonical name; None where they contradict, or one is an option."""
    substituted = frozenset(name for name, remedy in remedies.items() if remedy.kind == SUBSTITUTE)
    others = [remedy for name, remedy in remedies.items() if name not in substituted]
    tight = _tight(Requirement(line) for remedy in others if change_of(remedy, context) for line in remedy.lines)
    replaced: dict[str, str] = {}
    for remedy in others:
        if change_of(remedy, context) is None:
            return None
        for old, line in zip(remedy.instead_of, remedy.lines, strict=False):
            if replaced.setdefault(old, new := str(_of(line, tight))) != new:
                return None
    added = [str(line) for line in tight if str(line) not in replaced.values()]
    whole = Remedy("parent", (*replaced.values(), *added), instead_of=tuple(replaced))
    option = [substitutes_line(context.substitutes | substituted)] if substituted else []
    change = change_of(whole, context)
    return Merged(change, (*map(str, tight), *option), substituted) if change else None


def _tight(lines: Iterable[Requirement]) -> list[Requirement]:
    """Return `lines` without those that another of them makes needless."""
    kept: list[Requirement] = []
    for line in lines:
        place = next((place for place, other in enumerate(kept) if tighter(other, line)), None)
        if place is None:
            kept.append(line)
        else:
            kept[place] = tighter(kept[place], line) or line
    return kept


def _of(line: str, tight: Sequence[Requirement]) -> Requirement:
    """Return what stands for `line` among `tight`."""
    return next((item for item in tight if tighter(item, Requirement(line)) == item), Requirement(line))


def tighter(one: Requirement, other: Requirement) -> Requirement | None:
    """Return the one of two requirements whose releases all meet the other, too; None where neither is seen to."""
    if one == other or _subject(one) != _subject(other):
        return one if one == other else None
    if not (one.specifier and other.specifier):
        return one if one.specifier else other
    (first, *more), (second, *rest) = one.specifier, other.specifier
    for operators, upper in ((_UPPER, True), (_LOWER, False)):
        if not (more or rest) and first.operator in operators and second.operator in operators:
            bounds = [(Version(item.version), operators[item.operator]) for item in (first, second)]
            return one if (bounds[0] <= bounds[1]) is upper else other
    return None


def _subject(item: Requirement) -> tuple[str, frozenset[str], str, str]:
    return canonicalize_name(item.name), frozenset(item.extras), str(item.marker or ""), item.url or ""
