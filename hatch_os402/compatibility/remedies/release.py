"""Other releases of a distribution, or of what requires it: those that pip finds for the target."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_os402.compatibility.curated import replacements
from hatch_os402.compatibility.remedies.base import RemedyKind, direct_requirements, first_that_helps
from hatch_os402.compatibility.remedies.bounds import requirement_lines, unpinned, with_extras_and_marker
from hatch_os402.compatibility.remedies.trials import Change, discover
from hatch_os402.resolution.pip_job import CandidateFilter

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Mapping, Sequence

    from hatch_os402.compatibility.findings import Remedy
    from hatch_os402.compatibility.remedies.base import Lines
    from hatch_os402.compatibility.remedies.trials import SearchContext
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.resolve import Resolution


class ReleaseRemedy(RemedyKind):
    """A release that is pure, or releases of what requires it that do without it."""

    names = ("release", "parent")
    search_order = 60
    display_order = 30

    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:
        """Yield what makes pip choose other releases of `name`, or of what requires it.

        What is known not to exist is not looked for.
        """
        known = replacements().get(name)
        direct = name in direct_requirements(context)
        if hopeless_below(name, context):
            return
        if known and (known.hopeless or (known.never_pure and (direct or found))):
            return  # what is known to help was found already
        if known and known.never_pure:
            yield from _resolved(name, context, CandidateFilter(without=frozenset({name})), found)
            return
        pure = CandidateFilter(pure=frozenset({name}))
        resolution = yield from _resolved(name, context, pure, found)
        if resolution and all(pin.name != name for pin in resolution.pins):
            return  # there is no pure release of it, and so pip has found the parents that do without
        if not direct:
            yield from _resolved(name, context, CandidateFilter(without=frozenset({name})), found)


def hopeless_below(name: str, context: SearchContext) -> tuple[str, ...]:
    """Return the hopeless distributions that `name` brings, where the project itself requires it, in any release.

    What an extra may have brought does not count.
    """
    required = direct_requirements(context).get(name, [])
    if not required or context.extras or any(item.extras for item in required):
        return ()
    known, chains = replacements(), context.base.graph.chains
    beyond = (other for other in context.incompatible - {name} if other in known and known[other].hopeless)
    return tuple(sorted(other for other in beyond if any(chain[1] == name for chain in chains(other))))


def _resolved(
    name: str, context: SearchContext, choice: CandidateFilter, found: Collection[Lines]
) -> Generator[Remedy, None, Resolution | None]:
    """Yield the change to what pip finds under `choice`, by the project's requirements or by some for any version.

    Only those of the project's requirements take part that lead to `name`: the others do not matter for it, and what is
    found is resolved with them as well before it is shown.
    """
    direct = direct_requirements(context)
    roots = {chain[1] for chain in context.base.graph.chains(name) if len(chain) > 1}
    leading = [item for root in sorted(roots) for item in direct.get(root, ())]
    choice = CandidateFilter(
        choice.pure, choice.without, context.resolve_options.choice.source | context.incompatible - {name}
    )
    if not (resolution := discover(context, leading, choice)):
        loose = [unpinned(item) for item in leading]
        if loose == leading or not (resolution := discover(context, loose, choice)):
            return None
    yield from _explained(name, context, resolution, leading, found)
    return resolution


def _explained(
    name: str,
    context: SearchContext,
    resolution: Resolution,
    leading: Sequence[Requirement],
    found: Collection[Lines],
) -> Iterator[Remedy]:
    """Yield the shortest change to the project that leads to what `resolution` has."""
    base = {pin.name: pin for pin in context.base.pins}
    pins = {pin.name: pin for pin in resolution.pins}
    kept = [item for item in leading if (pin := pins.get(canonicalize_name(item.name))) and not _fits(item, pin)]
    replaced = [_choices(item, base, pins) for item in kept]
    moved = _moved(name, context, base, pins) - {canonicalize_name(item.name) for item in kept}
    added = [
        [Requirement(line) for line in requirement_lines(other, _version(base[other]), _version(pins[other]))]
        for other in sorted(moved)
    ]
    attempts = []
    for place in range(3):  # from the simplest specifier to the most exact
        new = {item: options[min(place, len(options) - 1)] for item, options in zip(kept, replaced, strict=True)}
        more = tuple(options[min(place, len(options) - 1)] for options in added if options)
        if new:
            attempts.append(Change(new))
        if more:
            attempts.append(Change(new, more))
    kind = "release" if moved == {name} or {canonicalize_name(item.name) for item in kept} == {name} else "parent"
    yield from first_that_helps(name, context, kind, tuple(attempts), found)


def _choices(item: Requirement, base: Mapping[str, Pin], pins: Mapping[str, Pin]) -> list[Requirement]:
    name = canonicalize_name(item.name)
    lines = requirement_lines(item.name, _version(base[name]), _version(pins[name]))
    return [with_extras_and_marker(item, line) for line in lines]


def _fits(requirement: Requirement, pin: Pin) -> bool:
    return requirement.url is None and requirement.specifier.contains(pin.version, prereleases=True)


def _version(pin: Pin) -> Version:
    return Version(pin.version)


def _moved(name: str, context: SearchContext, base: Mapping[str, Pin], pins: Mapping[str, Pin]) -> set[str]:
    """Return the distributions nearest to `name`, on the way to the project, of which another release was found."""
    level, seen = deque([name]), {name}
    while level:
        moved = {item for item in level if item in base and item in pins and pins[item].version != base[item].version}
        if moved:
            return moved
        above = {parent for item in level for parent in context.base.graph.required_by.get(item, ())} - seen
        seen |= above
        level = deque(sorted(above))
    return set()
