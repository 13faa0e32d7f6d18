"""Who requires whom: the closure of requirements over pinned distributions, computed with `packaging` alone.

This is the check that does not trust the resolver: from the project's requirements and the target's environment it
walks the metadata of the pins, and whatever is missing, does not fit or is not required at all is an error.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from hatch_os402.errors import MarkerError, ResolutionError
from hatch_os402.formatting import without_passwords
from hatch_os402.resolution.markers import holds
from hatch_os402.resolution.target import PYTHON

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from hatch_os402.resolution.target import Target


SDISTS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar")
"""How the names of sdists end (PEP 625, and what indexes took before it)."""

MAX_CHAINS = 100
"""Chains that are looked for, shortest first."""

_MAX_STEPS = 20_000


@dataclass(frozen=True)
class Pin:
    """One distribution as resolved: exactly one file, a wheel unless there is only an sdist."""

    name: str
    """Canonical name (PEP 503)."""
    version: str
    filename: str
    """The file's name; its address is not part of any artifact."""
    sha256: str
    """Lowercase hex."""
    url: str
    """Where pip found it, for fetching only; never recorded."""
    direct: bool
    """Whether the requirement itself gave the address (PEP 508 URL)."""
    requires_dist: tuple[str, ...]
    requires_python: str
    yanked: bool = False

    @property
    def is_sdist(self) -> bool:
        """Whether the release has no wheel for the target, only source."""
        return self.filename.endswith(SDISTS)


@dataclass(frozen=True)
class Root:
    """The project, as the resolver sees it."""

    name: str
    requirements: tuple[Requirement, ...]
    """`Requires-Dist` of its own wheel."""
    extras: frozenset[str] = frozenset()
    """The extras that are vendored (option `features`), canonical."""
    groups: tuple[Requirement, ...] = ()
    """The requirements of the dependency groups that are vendored (option `groups`)."""


@dataclass(frozen=True)
class Graph:
    """A checked closure. Its edges: canonical name → canonical names of those that require it, the project included."""

    root: str
    required_by: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def merged(self, other: Graph) -> Graph:
        """Return the union of two graphs of the same project."""
        names = self.required_by.keys() | other.required_by.keys()
        empty: frozenset[str] = frozenset()
        return Graph(
            self.root,
            {name: self.required_by.get(name, empty) | other.required_by.get(name, empty) for name in sorted(names)},
        )

    def without(self, names: Collection[str]) -> Graph:
        """Return the graph in which `names` require nothing, and what nothing else requires then is gone."""
        parents = {name: above - frozenset(names) for name, above in self.required_by.items()}
        children: dict[str, set[str]] = {}
        for name, above in parents.items():
            for parent in above:
                children.setdefault(parent, set()).add(name)
        reached, stack = {self.root}, [self.root]
        while stack:
            new = children.get(stack.pop(), set()) - reached
            reached |= new
            stack.extend(new)
        return Graph(self.root, {name: above & reached for name, above in parents.items() if name in reached})

    def chains(self, name: str, most: int = MAX_CHAINS) -> tuple[tuple[str, ...], ...]:
        """Return the chains from the project to `name`, the shortest first, each without repetition.

        In a dense graph there are more chains than anybody can read, or count: at most `most` are returned.
        """
        found: list[tuple[str, ...]] = []
        queue: deque[tuple[str, ...]] = deque([(name,)])
        steps = 0
        while queue and len(found) < most and steps < _MAX_STEPS:
            steps += 1
            chain = queue.popleft()
            if chain[0] == self.root:
                found.append(chain)
                continue
            queue.extend(
                (parent, *chain) for parent in sorted(self.required_by.get(chain[0], ())) if parent not in chain
            )
        return tuple(found)


def check(root: Root, pins: Sequence[Pin], target: Target) -> Graph:
    """Return the graph of `pins`, or raise `ResolutionError` naming everything that does not hold for `target`."""
    problems: list[str] = []
    by_name = {pin.name: pin for pin in pins}
    problems.extend(f"{pin.name} {pin.version}: resolved twice" for pin in pins if by_name[pin.name] is not pin)
    problems.extend(problem for pin in pins for problem in misfits(pin, target))
    graph, missing = walk(root, by_name, target)
    problems.extend(missing)
    idle = by_name.keys() - graph.required_by.keys()
    problems.extend(
        f"{name} {by_name[name].version}: resolved, but nothing requires it on the target" for name in sorted(idle)
    )
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise ResolutionError(
            f"what pip resolved does not hold for CPython {PYTHON} on linux {target.machine}:\n{listed}\n"
            "Nothing of it was used. If the metadata of a distribution is wrong, pin another release of it."
        )
    return graph


def walk(
    root: Root, pins: Mapping[str, Pin], target: Target, *, verb: str = "resolved", missing: set[str] | None = None
) -> tuple[Graph, list[str]]:
    """Return the graph that `pins` span from `root` on `target`, and a sentence for each requirement not met.

    `verb` is what was done to the pins. The canonical names that are required and have no pin are added to `missing`.
    """
    edges: dict[str, set[str]] = {}
    problems: list[str] = []
    seen: set[tuple[str, str]] = set()
    known: dict[str, tuple[Requirement, ...]] = {}
    queue: deque[tuple[str, Requirement, str]] = deque()

    def enqueue(parent: str, requirements: Iterable[Requirement], extra: str) -> None:
        if (parent, extra) not in seen:
            seen.add((parent, extra))
            queue.extend((parent, requirement, extra) for requirement in requirements)

    enqueue(root.name, (*root.requirements, *root.groups), "")
    for extra in sorted(root.extras):
        enqueue(root.name, root.requirements, extra)
    while queue:
        parent, requirement, extra = queue.popleft()
        if not _applies(parent, requirement, target, extra, problems):
            continue
        name = canonicalize_name(requirement.name)
        extras = ("", *sorted(canonicalize_name(wanted) for wanted in requirement.extras))
        if name == root.name:  # `project[extra]` within the project, or a plugin of the project's
            required = root.requirements
        elif (pin := pins.get(name)) is None:
            problems.append(f"{parent} requires {without_passwords(str(requirement))}, which was not {verb}")
            (set() if missing is None else missing).add(name)
            continue
        else:
            edges.setdefault(name, set()).add(parent)
            if not (requirement.url or requirement.specifier.contains(pin.version, prereleases=True)):
                problems.append(f"{parent} requires {requirement}, but {name} {pin.version} was {verb}")
            required = known.get(name) or known.setdefault(name, tuple(_requirements(pin, problems)))
        for wanted in extras:
            enqueue(name, required, wanted)
    return Graph(root.name, {name: frozenset(parents) for name, parents in sorted(edges.items())}), problems


def _applies(parent: str, requirement: Requirement, target: Target, extra: str, problems: list[str]) -> bool:
    try:
        return holds(requirement, target.environment, [extra])
    except MarkerError as error:
        problems.append(f"of what {parent} requires, {error.problem}")
        return False


def _requirements(pin: Pin, problems: list[str]) -> Iterator[Requirement]:
    for text in pin.requires_dist:
        try:
            yield Requirement(text)
        except InvalidRequirement as error:
            problems.append(f"{pin.name} {pin.version}: Requires-Dist {text!r} is invalid: {error}")


def misfits(pin: Pin, target: Target) -> Iterator[str]:
    """Yield what is wrong with the wheel of `pin` itself."""
    if pin.is_sdist:  # it is classified later, with all that cannot be used
        return
    try:
        name, version, _, tags = parse_wheel_filename(pin.filename)
        same = canonicalize_name(name) == pin.name and version == Version(pin.version)
    except (InvalidWheelFilename, InvalidVersion) as error:
        yield f"{pin.name} {pin.version}: {error}"
        return
    if not same:
        yield f"{pin.name} {pin.version}: its wheel is named {pin.filename}"
    if tags.isdisjoint(target.tags):
        yield f"{pin.name} {pin.version}: {pin.filename} is for another platform"
    try:
        if not SpecifierSet(pin.requires_python).contains(PYTHON, prereleases=True):
            yield f"{pin.name} {pin.version}: requires Python {pin.requires_python}"
    except InvalidSpecifier as error:
        yield f"{pin.name} {pin.version}: {error}"
