"""What the kinds of suggested fixes share: which requirements may change, the trial of a change, and its result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_os402.compatibility.findings import SUBSTITUTE, Remedy
from hatch_os402.compatibility.remedies.bounds import as_declared
from hatch_os402.compatibility.remedies.trials import Change, verify
from hatch_os402.formatting import listed
from hatch_os402.resolution.markers import holds
from hatch_os402.resolution.target import Target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from hatch_os402.compatibility.remedies.trials import SearchContext
    from hatch_os402.resolution.resolve import Resolution

OPTION = "option"
"""The kind of a remedy that changes an option, and not requirements."""

Lines = tuple[str, ...]
"""The lines of one remedy, as in `Remedy.lines`."""


class RemedyKind(ABC):
    """One way to look for suggested fixes. `registry.KINDS` has an instance of each."""

    names: ClassVar[tuple[str, ...]]
    """The values of `Remedy.kind` that it yields."""
    search_order: ClassVar[int]
    """Lower ones are searched first. What is known has only to be tried, and so comes before what pip has to find."""
    display_order: ClassVar[int]
    """Lower ones are shown first: those that change least of what the project uses. Of its first name, when it yields
    remedies under several."""

    @abstractmethod
    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:
        """Yield remedies for the incompatible distribution `name` (canonical), each resolved, fetched and vetted.

        `found` are the lines of those that were found before it, which need not be tried again; it grows while the
        iterator is used. Raises `OutOfTimeError` when the time of `context` is over.
        """


def change_of(remedy: Remedy, context: SearchContext) -> Change | None:
    """Return what `remedy` changes, or None where it is an option's change."""
    if remedy.kind in {OPTION, SUBSTITUTE}:
        return None
    count = len(remedy.instead_of)
    replaced = {}
    for old, new in zip(remedy.instead_of, remedy.lines[:count], strict=True):
        for item in (*context.project.metadata.requires_dist, *context.groups):
            if as_declared(item)[0] == old:
                created = Requirement(new)
                created.marker = item.marker
                replaced[item] = created
    return Change(replaced, tuple(map(Requirement, remedy.lines[count:])))


def substitutes_line(names: Iterable[str]) -> str:
    """Return the line that sets the option `substitutes` to `names`."""
    listed = ", ".join(f'"{name}"' for name in sorted(names))
    return f"substitutes = [{listed}]"


def direct_requirements(context: SearchContext) -> Mapping[str, list[Requirement]]:
    """Return the project's requirements that hold on the target, by canonical name."""
    found: dict[str, list[Requirement]] = {}
    environment = Target(context.resolve_options.architectures[0]).environment
    for requirement in (*context.project.metadata.requires_dist, *context.groups):
        if holds(requirement, environment, ("", *context.extras)):
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def first_that_helps(
    name: str,
    context: SearchContext,
    kind: str,
    changes: tuple[Change, ...],
    found: Collection[Lines] = (),
) -> Iterator[Remedy]:
    """Yield the first of `changes` that helps, unless its lines are among `found`: then it is known to."""
    tried: list[Change] = []
    for change in changes:
        if change in tried or any(item.url for item in change.replaced):  # an address may hold a password
            continue
        tried.append(change)
        if tuple(as_declared(line)[0] for line in (*change.replaced.values(), *change.added)) in found:
            return
        if resolution := verify(context, change, frozenset({name})):
            lines = (*change.replaced.values(), *change.added)
            yield remedy_of(kind, lines, context, resolution, instead_of=tuple(change.replaced))
            return


def remedy_of(
    kind: str,
    lines: tuple[Requirement, ...],
    context: SearchContext,
    resolution: Resolution,
    *,
    instead_of: tuple[Requirement, ...] = (),
) -> Remedy:
    """Return the remedy that writes `lines` in place of `instead_of`, in the table of pyproject.toml that has them."""
    texts = [as_declared(item) for item in instead_of]
    extra = next((extra for _, extra in texts if extra), "")
    grouped = any(item in context.groups for item in instead_of)
    optional = f"project.optional-dependencies.{extra}" if extra else "project.dependencies"
    table = "dependency-groups" if grouped else optional
    declared = tuple(as_declared(line)[0] for line in lines)
    return Remedy(kind, declared, table, tuple(text for text, _ in texts), gives(context, resolution, lines))


def gives(context: SearchContext, resolution: Resolution, lines: tuple[Requirement, ...]) -> str:
    """Return which releases `lines` lead to, also of the project's own requirements, and what incompatible is gone."""
    pins = {pin.name: pin.version for pin in resolution.pins}
    before = {pin.name: pin.version for pin in context.base.pins}
    names = [str(canonicalize_name(line.name)) for line in lines]
    names += [name for name in sorted(direct_requirements(context)) if pins.get(name) != before.get(name)]
    named = [f"{name} {pins[name]}" for name in names if name in pins]
    gone = sorted(context.incompatible - pins.keys())
    without = f"without {listed(gone)}" if gone else ""
    return ", ".join([*dict.fromkeys(named), *([without] if without else [])])
