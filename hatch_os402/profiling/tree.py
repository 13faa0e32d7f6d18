"""From several runs of the same program to one tree of medians: phases, and the imports inside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hatch_os402.profiling.running import Run

_NANO = 1e-9

INTERPRETER, FRAME, LAUNCHER, ENTRY, REQUEST, ENDING = "interpreter", "frame", "launcher", "entry", "request", "ending"
"""The phases, in the order in which they pass."""

WHOLE = "the call"
COLLECTION = "(garbage collection)"
"""A full one, as the instrument calls it; it happens inside whatever is imported then, and is not that module's own."""


@dataclass(frozen=True)
class Stats:
    """What several runs took, in seconds."""

    min: float
    median: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Stats:
        """Return the spread of `values`, of which there is one at least."""
        return cls(min(values), median(values), max(values))


@dataclass(frozen=True)
class ProfileNode:
    """A phase, a step of the launcher or an import, with all that happened inside it."""

    name: str
    own: float
    """CPU seconds, without its children's."""
    children: tuple[ProfileNode, ...] = ()
    is_import: bool = True

    @property
    def total(self) -> float:
        """CPU seconds, its children's included."""
        return self.own + sum(child.total for child in self.children)

    def walk(self, parent: ProfileNode | None = None) -> Iterator[tuple[ProfileNode, ProfileNode | None]]:
        """Yield every node of this tree, itself first, each with what it is inside of."""
        yield self, parent
        for child in self.children:
            yield from child.walk(self)

    def imports(self) -> Iterator[tuple[ProfileNode, ProfileNode | None]]:
        """Yield every import, as `walk` does."""
        return ((node, parent) for node, parent in self.walk() if node.is_import)


def merge(runs: Sequence[Run]) -> ProfileNode:
    """Return the tree of `runs`, all with an instrument: of each node the median of its own time.

    What only some runs have is the median of those.
    """
    return _merge([_whole(run) for run in runs])


@dataclass
class _Seen:
    """A node of one run: times in nanoseconds."""

    name: str
    start: int
    end: int
    inner: list[_Seen] = field(default_factory=list)
    is_import: bool = False


def _whole(run: Run) -> _Seen:
    """Return a run as one node, with its phases inside: the instrument's own time is in none of them."""
    seen = run.seen
    assert seen is not None  # noqa: S101 - these runs have an instrument
    # A thread that was still importing something at the end never left it.
    nodes = [_Seen(name, start, end or start, [], name != COLLECTION) for name, start, end, _ in seen["nodes"]]
    marks = [_Seen(*phase) for phase in seen["phases"]]
    for node, (*_, outer) in zip(nodes, seen["nodes"], strict=True):
        (nodes[outer] if outer >= 0 else marks[-outer - 1]).inner.append(node)
    phases = [_Seen(INTERPRETER, 0, seen["started"])]
    for mark in marks:
        if "." in mark.name:  # a step of the phase before, which ends with it
            phases[-1].inner.append(mark)
            phases[-1].end = mark.end
        else:
            phases.append(mark)
    if run.cpu is not None and (end := round(run.cpu / _NANO)) > seen["reported"]:
        phases.append(_Seen(ENDING, seen["reported"], end))
    return _Seen(WHOLE, 0, sum(phase.end - phase.start for phase in phases), phases)


def _merge(nodes: Sequence[_Seen]) -> ProfileNode:
    """Return the medians of `nodes`, which are one node in several runs."""
    found: dict[tuple[str, int], list[_Seen]] = {}
    for node in nodes:
        counted: Counter[str] = Counter()
        for child in node.inner:
            found.setdefault((child.name, counted[child.name]), []).append(child)
            counted[child.name] += 1  # a module can be tried twice
    own = median(max(node.end - node.start - sum(child.end - child.start for child in node.inner), 0) for node in nodes)
    return ProfileNode(nodes[0].name, own * _NANO, tuple(map(_merge, found.values())), nodes[0].is_import)


def phase(tree: ProfileNode, name: str) -> ProfileNode | None:
    """Return one of the tree's phases, None if it did not happen."""
    return next((node for node in tree.children if node.name == name), None)


def overhead(runs: Sequence[Run]) -> float:
    """Return the CPU seconds (median) that the instrument of `runs` used before the bootstrap and after the program."""

    def used(seen: Mapping[str, Any]) -> int:
        return int(seen["ready"] - seen["started"] + seen["reported"] - ended(seen))

    return median(used(run.seen) for run in runs if run.seen is not None) * _NANO


def ended(seen: Mapping[str, Any]) -> int:
    """Return when the program ended, in nanoseconds of the process's own clock."""
    return int(seen["phases"][-1][2])
