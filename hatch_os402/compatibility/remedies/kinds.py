"""Ways out for a distribution that cannot work: found by resolving for the target, never guessed.

For each offender: another release of it that is pure; another release of what requires it; an extra or a feature that
brings it; what is known to replace it. Each is a line for pyproject.toml, and each was resolved, fetched and judged
before it is shown (`trials.verify`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_os402.compatibility.curated import optional_extensions, replacements
from hatch_os402.compatibility.findings import Remedy
from hatch_os402.compatibility.remedies.bounds import (
    as_declared,
    requirement_lines,
    unpinned,
    with_extras_and_marker,
    without_extra,
)
from hatch_os402.compatibility.remedies.trials import Change, discover, verify
from hatch_os402.resolution.graph import Root, walk
from hatch_os402.resolution.pip_process import CandidateFilter
from hatch_os402.resolution.target import Target

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence

    from hatch_os402.compatibility.remedies.trials import SearchContext
    from hatch_os402.resolution.graph import Pin
    from hatch_os402.resolution.resolve import Resolution

OPTION = "option"
"""The kind of a remedy that changes an option, and not requirements."""

MOST = 3
"""Ways out shown for one offender."""

_KINDS = ("extra", OPTION, "release", "parent", "replacement")


def nearest_first(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """Return ways out in the order in which they are told: those that change least of what the project uses first."""
    return tuple(sorted(remedies, key=lambda remedy: _KINDS.index(remedy.kind)))


def search(name: str, context: SearchContext) -> Iterator[Remedy]:
    """Yield the ways out for the offender `name` as they are found, at most `MOST`.

    Raises `OutOfTimeError` when the time of `context` is over.
    """
    seen: set[tuple[str, ...]] = set()
    for remedy in _candidates(name, context, seen):
        if remedy.lines not in seen:
            seen.add(remedy.lines)
            yield remedy
        if len(seen) == MOST:
            return


def change_of(remedy: Remedy, context: SearchContext) -> Change | None:
    """Return what `remedy` changes, or None where it is an option's change."""
    if remedy.kind == OPTION:
        return None
    count = len(remedy.instead_of)
    replaced = {}
    for old, new in zip(remedy.instead_of, remedy.lines[:count], strict=True):
        for item in (*context.project.metadata.requires_dist, *context.groups):
            if as_declared(item)[0] == old:
                made = Requirement(new)
                made.marker = item.marker
                replaced[item] = made
    return Change(replaced, tuple(map(Requirement, remedy.lines[count:])))


def _candidates(name: str, context: SearchContext, seen: Collection[tuple[str, ...]]) -> Iterator[Remedy]:
    """Yield the ways out, those that are found soonest first: what is known has only to be tried."""
    yield from _extras(name, context)
    yield from _evidence(name, context)
    yield from _replacements(name, context)
    yield from _releases(name, context, seen)


def _direct(context: SearchContext) -> Mapping[str, list[Requirement]]:
    """Return the project's requirements that hold on the target, by canonical name."""
    found: dict[str, list[Requirement]] = {}
    for requirement in (*context.project.metadata.requires_dist, *context.groups):
        if any(_applies(requirement, context, extra) for extra in ("", *context.extras)):
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def _applies(requirement: Requirement, context: SearchContext, extra: str) -> bool:
    environment = Target(context.resolve_options.architectures[0]).environment | {"extra": extra}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def _extras(name: str, context: SearchContext) -> Iterator[Remedy]:
    """Yield what leaves out an extra, or a feature of the project, that alone brings `name`."""
    for requirements in _direct(context).values():
        for requirement in requirements:
            for extra in sorted(requirement.extras if not requirement.url else ()):
                less = without_extra(requirement, extra)
                change = Change({requirement: less})
                if not _reached(name, context, change) and (resolution := verify(context, change, frozenset({name}))):
                    yield _remedy("extra", (less,), context, resolution, instead_of=(requirement,))
    for feature in sorted(context.extras):
        change = Change(without_feature=feature)
        if not _reached(name, context, change) and (resolution := verify(context, change, frozenset({name}))):
            left = ", ".join(f'"{extra}"' for extra in sorted(context.extras - {feature}))
            gives = _gives(context, resolution, ())
            yield Remedy(OPTION, (f"features = [{left}]",), "tool.hatch.build.targets.os402", gives=gives)


def _reached(name: str, context: SearchContext, change: Change) -> bool:
    """Whether `name` would still be required after `change`, were all releases the same."""
    root = Root(context.project.name, change.requirements(context), change.extras(context), change.groups(context))
    pins = {pin.name: pin for pin in context.base.pins}
    graphs = (walk(root, pins, Target(machine))[0] for machine in context.resolve_options.architectures)
    return any(name in graph.required_by for graph in graphs)


def _evidence(name: str, context: SearchContext) -> Iterator[Remedy]:
    """Yield the releases of `name` for which it is known that their compiled part may be left out."""
    if known := optional_extensions().get(name):
        line = Requirement(f"{name}{known.versions}")
        yield from _first(name, context, "release", (Change(added=(line,)),))


def _releases(name: str, context: SearchContext, seen: Collection[tuple[str, ...]]) -> Iterator[Remedy]:
    """Yield what makes pip choose other releases of `name`, or of what requires it.

    `seen` are the lines that need not be tried again.
    """
    pure = CandidateFilter(pure=frozenset({name}))
    found = yield from _found(name, context, pure, seen)
    if found and all(pin.name != name for pin in found.pins):
        return  # there is no pure release of it, and so pip has found the parents that do without
    if name not in _direct(context):
        yield from _found(name, context, CandidateFilter(without=frozenset({name})), seen)


def _found(
    name: str, context: SearchContext, choice: CandidateFilter, seen: Collection[tuple[str, ...]]
) -> Generator[Remedy, None, Resolution | None]:
    """Yield the change to what pip finds under `choice`, by the project's requirements or by some for any version.

    Only those of the project's requirements take part that lead to `name`: the others have no say in it, and what is
    found is resolved with them as well before it is shown.
    """
    direct = _direct(context)
    roots = {chain[1] for chain in context.base.graph.chains(name) if len(chain) > 1}
    leading = [item for root in sorted(roots) for item in direct.get(root, ())]
    choice = CandidateFilter(
        choice.pure, choice.without, context.resolve_options.choice.source | context.incompatible - {name}
    )
    if not (found := discover(context, leading, choice)):
        loose = [unpinned(item) for item in leading]
        if loose == leading or not (found := discover(context, loose, choice)):
            return None
    yield from _explained(name, context, found, leading, seen)
    return found


def _explained(
    name: str,
    context: SearchContext,
    found: Resolution,
    leading: Sequence[Requirement],
    seen: Collection[tuple[str, ...]],
) -> Iterator[Remedy]:
    """Yield the shortest change to the project that leads to where `found` shows that a way is."""
    base = {pin.name: pin for pin in context.base.pins}
    pins = {pin.name: pin for pin in found.pins}
    kept = [item for item in leading if (pin := pins.get(canonicalize_name(item.name))) and not _fits(item, pin)]
    replaced = [_choices(item, base, pins) for item in kept]
    moved = _moved(name, context, base, pins) - {canonicalize_name(item.name) for item in kept}
    added = [
        [Requirement(line) for line in requirement_lines(other, _version(base[other]), _version(pins[other]))]
        for other in sorted(moved)
    ]
    attempts = []
    for place in range(3):  # from the roundest number to the most exact
        new = {item: options[min(place, len(options) - 1)] for item, options in zip(kept, replaced, strict=True)}
        more = tuple(options[min(place, len(options) - 1)] for options in added if options)
        if new:
            attempts.append(Change(new))
        if more:
            attempts.append(Change(new, more))
    kind = "release" if moved == {name} or {canonicalize_name(item.name) for item in kept} == {name} else "parent"
    yield from _first(name, context, kind, tuple(attempts), seen)


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


def _first(
    name: str,
    context: SearchContext,
    kind: str,
    changes: tuple[Change, ...],
    seen: Collection[tuple[str, ...]] = (),
) -> Iterator[Remedy]:
    """Yield the first of `changes` that helps, unless its lines are among `seen`: then it is known to."""
    tried: list[Change] = []
    for change in changes:
        if change in tried or any(item.url for item in change.replaced):  # an address may hold a password
            continue
        tried.append(change)
        if tuple(as_declared(line)[0] for line in (*change.replaced.values(), *change.added)) in seen:
            return
        if resolution := verify(context, change, frozenset({name})):
            lines = (*change.replaced.values(), *change.added)
            yield _remedy(kind, lines, context, resolution, instead_of=tuple(change.replaced))
            return


def _replacements(name: str, context: SearchContext) -> Iterator[Remedy]:
    """Yield what is known to do the work of `name`, or the releases of its parents that are known to do without it."""
    known = replacements().get(name)
    if known is None:
        return
    direct = _direct(context)
    for text in known.parents:
        line = Requirement(text)
        if items := direct.get(canonicalize_name(line.name)):
            change = Change({item: with_extras_and_marker(item, text) for item in items})
            yield from _first(name, context, "parent", (change,))
    if items := direct.get(name):
        for text in known.require:
            change = Change({item: _renamed(item, text) for item in items})
            yield from _first(name, context, "replacement", (change,))


def _renamed(item: Requirement, text: str) -> Requirement:
    made = Requirement(text)
    made.marker = item.marker
    return made


def _remedy(
    kind: str,
    lines: tuple[Requirement, ...],
    context: SearchContext,
    resolution: Resolution,
    *,
    instead_of: tuple[Requirement, ...] = (),
) -> Remedy:
    texts = [as_declared(item) for item in instead_of]
    extra = next((extra for _, extra in texts if extra), "")
    grouped = any(item in context.groups for item in instead_of)
    optional = f"project.optional-dependencies.{extra}" if extra else "project.dependencies"
    table = "dependency-groups" if grouped else optional
    gives = _gives(context, resolution, lines)
    return Remedy(kind, tuple(as_declared(line)[0] for line in lines), table, tuple(text for text, _ in texts), gives)


def _gives(context: SearchContext, resolution: Resolution, lines: tuple[Requirement, ...]) -> str:
    """Return which releases `lines` lead to, and which offenders are gone."""
    pins = {pin.name: pin.version for pin in resolution.pins}
    named = [f"{name} {pins[name]}" for line in lines if (name := canonicalize_name(line.name)) in pins]
    gone = sorted(context.incompatible - pins.keys())
    without = f"without {' and '.join(gone)}" if gone else ""
    return ", ".join([*dict.fromkeys(named), *([without] if without else [])])
