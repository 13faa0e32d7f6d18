"""Which distributions of a resolution are not needed: dropped where what requires them does without, by evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_os402.compatibility.curated import droppable, replacements

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hatch_os402.compatibility.curated import Droppable
    from hatch_os402.resolution.graph import Graph, Pin
    from hatch_os402.resolution.resolve import Resolution

_PURE = "-none-any.whl"


def without_droppable(resolution: Resolution) -> Resolution:
    """Return `resolution` without what everything that requires it is known to do without.

    What only a dropped distribution requires is dropped as well. What the project itself requires stays.
    """
    pins = {pin.name: pin for pin in resolution.pins}
    dropped: set[str] = set()
    graph = resolution.graph
    while more := {name for name, known in droppable().items() if _is_needless(name, known, graph, pins)} - dropped:
        dropped |= more
        graph = resolution.graph.without(dropped)
    if not dropped:
        return resolution
    return replace(
        resolution,
        pins=tuple(pin for pin in resolution.pins if pin.name in graph.required_by and pin.name not in dropped),
        dropped=tuple(pin for pin in resolution.pins if pin.name in graph.required_by and pin.name in dropped),
        graph=graph,
    )


def _is_needless(name: str, known: Droppable, graph: Graph, pins: Mapping[str, Pin]) -> bool:
    """Whether everything that requires `name` in `graph` does without it."""
    return all(
        parent in pins
        and parent in known.requirers
        and known.requirers[parent].contains(pins[parent].version, prereleases=True)
        and graph.required_by[parent] <= known.through.get(parent, graph.required_by[parent])
        for parent in graph.required_by.get(name, {graph.root})
    )


def hopeless(resolution: Resolution, exempt: Collection[str] = ()) -> frozenset[str]:
    """Return the names of pins that are compiled, and of which it is known that nothing can be done about it.

    `exempt` are canonical names that the user has decided about.
    """
    known = replacements()
    return frozenset(
        pin.name
        for pin in resolution.pins
        if pin.name in known and known[pin.name].hopeless and not pin.filename.endswith(_PURE)
    ) - frozenset(exempt)


def examined(resolution: Resolution, exempt: Collection[str] = ()) -> frozenset[str]:
    """Return the names of pins that are worth fetching: neither hopeless nor required by hopeless ones alone."""
    beyond = hopeless(resolution, exempt)
    kept = resolution.graph.without(beyond).required_by.keys() if beyond else resolution.graph.required_by.keys()
    return frozenset(kept) - beyond
