"""What `curated.json` knows to help: another release, another release of what requires it, or a replacement.

Like every other fix, it is resolved, fetched and vetted before it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_os402.compatibility.curated import optional_extensions, replacements
from hatch_os402.compatibility.remedies.base import RemedyKind, direct_requirements, first_that_helps
from hatch_os402.compatibility.remedies.bounds import with_extras_and_marker
from hatch_os402.compatibility.remedies.trials import Change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hatch_os402.compatibility.findings import Remedy
    from hatch_os402.compatibility.remedies.base import Lines
    from hatch_os402.compatibility.remedies.trials import SearchContext


class CuratedReleaseRemedy(RemedyKind):
    """A release whose compiled files are known to be optional."""

    names = ("release",)
    search_order = 30
    display_order = 30

    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:  # noqa: ARG002
        """Yield the releases of `name` that the evidence is about."""
        if known := optional_extensions().get(name):
            line = Requirement(f"{name}{known.versions}")
            yield from first_that_helps(name, context, "release", (Change(added=(line,)),))


class CuratedParentRemedy(RemedyKind):
    """A release of what requires it that is known not to."""

    names = ("parent",)
    search_order = 40
    display_order = 40

    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:  # noqa: ARG002
        """Yield the releases of the project's requirements that are known to do without `name`."""
        known = replacements().get(name)
        direct = direct_requirements(context)
        for text in known.parents if known else ():
            line = Requirement(text)
            if items := direct.get(canonicalize_name(line.name)):
                change = Change({item: with_extras_and_marker(item, text) for item in items})
                yield from first_that_helps(name, context, "parent", (change,))


class ReplacementRemedy(RemedyKind):
    """Another distribution that does the same work."""

    names = ("replacement",)
    search_order = 50
    display_order = 50

    def candidates(self, name: str, context: SearchContext, found: Collection[Lines]) -> Iterator[Remedy]:  # noqa: ARG002
        """Yield each distribution that is known to do the work of `name`, where the project itself requires that."""
        known = replacements().get(name)
        items = direct_requirements(context).get(name)
        for text in known.require if known and items else ():
            change = Change({item: _renamed(item, text) for item in items or ()})
            yield from first_that_helps(name, context, "replacement", (change,))


def _renamed(item: Requirement, text: str) -> Requirement:
    created = Requirement(text)
    created.marker = item.marker
    return created
