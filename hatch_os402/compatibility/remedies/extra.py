"""Leaving out an extra of a requirement, or a feature of the project, that alone brings a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.compatibility.findings import Remedy
from hatch_os402.compatibility.remedies.base import OPTION, RemedyKind, direct_requirements, gives, remedy_of
from hatch_os402.compatibility.remedies.bounds import without_extra
from hatch_os402.compatibility.remedies.trials import Change, seconds_left, verify
from hatch_os402.resolution.graph import Root, walk
from hatch_os402.resolution.target import Target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hatch_os402.compatibility.remedies.base import Lines
    from hatch_os402.compatibility.remedies.trials import SearchContext


class ExtraRemedy(RemedyKind):
    """A requirement of the project without one of its extras."""

    names = ("extra",)
    search_order = 10
    display_order = 10

    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:  # noqa: ARG002
        """Yield a remedy for each extra that alone brings `name`."""
        for requirements in direct_requirements(context).values():
            for requirement in requirements:
                for extra in sorted(requirement.extras if not requirement.url else ()):
                    less = without_extra(requirement, extra)
                    change = Change({requirement: less})
                    if not _still_required(name, context, change) and (
                        resolution := verify(context, change, frozenset({name}))
                    ):
                        yield remedy_of("extra", (less,), context, resolution, instead_of=(requirement,))


class FeatureRemedy(RemedyKind):
    """The option `features` without one of the project's extras."""

    names = (OPTION,)
    search_order = 20
    display_order = 20

    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:  # noqa: ARG002
        """Yield a remedy for each feature that alone brings `name`."""
        for feature in sorted(context.extras):
            change = Change(without_feature=feature)
            if not _still_required(name, context, change) and (
                resolution := verify(context, change, frozenset({name}))
            ):
                left = ", ".join(f'"{extra}"' for extra in sorted(context.extras - {feature}))
                leads_to = gives(context, resolution, ())
                yield Remedy(OPTION, (f"features = [{left}]",), "tool.hatch.build.targets.os402", gives=leads_to)


def _still_required(name: str, context: SearchContext, change: Change) -> bool:
    """Whether `name` would still be required after `change`, were all releases the same. Raises `OutOfTimeError`."""
    seconds_left(context)  # a requirement may have thousands of extras
    root = Root(context.project.name, change.requirements(context), change.extras(context), change.groups(context))
    pins = {pin.name: pin for pin in context.base.pins}
    graphs = (walk(root, pins, Target(machine))[0] for machine in context.resolve_options.architectures)
    return any(name in graph.required_by for graph in graphs)
