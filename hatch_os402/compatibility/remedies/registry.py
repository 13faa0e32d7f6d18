"""Every kind of suggested fix: in which order they are searched, and in which they are shown.

A new kind is a class in a module of its own (see `base.RemedyKind`), with an instance here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_os402.compatibility.remedies.curated_fix import CuratedParentRemedy, CuratedReleaseRemedy, ReplacementRemedy
from hatch_os402.compatibility.remedies.extra import ExtraRemedy, FeatureRemedy
from hatch_os402.compatibility.remedies.release import ReleaseRemedy
from hatch_os402.compatibility.remedies.substitute import SubstituteRemedy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_os402.compatibility.findings import Remedy
    from hatch_os402.compatibility.remedies.base import Lines, RemedyKind
    from hatch_os402.compatibility.remedies.trials import SearchContext

KINDS: tuple[RemedyKind, ...] = (
    ExtraRemedy(),
    FeatureRemedy(),
    SubstituteRemedy(),
    CuratedReleaseRemedy(),
    CuratedParentRemedy(),
    ReplacementRemedy(),
    ReleaseRemedy(),
)

MOST = 3
"""Suggested fixes shown for one incompatible distribution."""


def nearest_first(remedies: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """Return suggested fixes in the order in which they are shown; those of one kind stay as they were."""
    order = {kind.names[0]: kind.display_order for kind in KINDS}
    return tuple(sorted(remedies, key=lambda remedy: order[remedy.kind]))


def search(name: str, context: SearchContext) -> Iterator[Remedy]:
    """Yield suggested fixes for the incompatible distribution `name` as they are found, at most `MOST`.

    Raises `OutOfTimeError` when the time of `context` is over.
    """
    found: set[Lines] = set()
    for kind in sorted(KINDS, key=lambda kind: kind.search_order):
        for remedy in kind.candidates(name, context, found):
            if remedy.lines not in found:
                found.add(remedy.lines)
                yield remedy
            if len(found) == MOST:
                return
