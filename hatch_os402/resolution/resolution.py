"""A resolution: what is vendored, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_os402.resolution.graph import Graph, Pin


@dataclass(frozen=True)
class Resolution:
    """What is vendored, and why."""

    pins: tuple[Pin, ...]
    """Sorted by name; the project itself is not among them."""
    graph: Graph
    built: Mapping[str, Pin] = field(default_factory=dict)
    """Canonical name → the sdist (or the folder, see `folder_pin`), of each distribution whose wheel was built here."""
    passed_over: Mapping[str, str] = field(default_factory=dict)
    """Canonical name → the newest version that would fit, of each distribution of which that is only source."""
    dropped: tuple[Pin, ...] = ()
    """What is required and not vendored, for what requires it does without; sorted by name, not among `pins`. `graph`
    still says who requires it."""
    sources: ResolutionSources | None = field(default=None, compare=False)
    """What it depended on on this machine; None if that is not known."""

    @property
    def all_pins(self) -> tuple[Pin, ...]:
        """The pins and what was dropped, sorted by name."""
        return tuple(sorted((*self.pins, *self.dropped), key=lambda pin: pin.name)) if self.dropped else self.pins


@dataclass(frozen=True)
class ResolutionSources:
    """What pip read of this machine, besides its environment, when it resolved."""

    settings: frozenset[str] = frozenset()
    """The files of settings that pip looks for, whether they are there or not."""
    folders: frozenset[str] = frozenset()
    """The folders of `find-links`."""
    local: bool = False
    """Whether there was something else of this machine, of which nothing tells whether it changed."""
    fresh_until: float = float("inf")
    """Until when the index lets its pages be used without asking it again, in Unix seconds."""

    def merged(self, other: ResolutionSources) -> ResolutionSources:
        """Return both together."""
        return ResolutionSources(
            self.settings | other.settings,
            self.folders | other.folders,
            self.local or other.local,
            min(self.fresh_until, other.fresh_until),
        )
